"""Damage files of every kind at random, read them, and report what must not happen.

    python tools/fuzz.py [--count 100000] [--seed 1] [--only NAME]

Each kind is read by a process of its own, with 4 × its size + 256 MB of memory beyond what it has
at the start, and 5 seconds of computing for each file; HDF5 by another process yet, with its own
limits. A process that ends otherwise than by finishing counts as a crash. Kinds that take a
process for each file get fewer: see `Kind.share`.
"""

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.fuzzing import bad, corpus, mutants, tried


def worker(name: str, count: int, seed: int) -> None:
    """Read damaged files of one kind, and print how that ended."""
    kinds = corpus()
    kind = next(kind for kind in kinds if kind.name == name)
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limit = held + 4 * len(kind.data) + (256 << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    ends = Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        for data in mutants(kind, kinds, count, seed):
            ends += tried(kind, data, Path(folder))
        left = [path for path in Path(folder).iterdir() if not path.name.startswith(name)]
    ends["left something behind"] += len(left)
    print(json.dumps(ends))


def main() -> None:
    """Read damaged files of all kinds, or of one."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=100_000, help="files, over all kinds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="the name of a kind")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        worker(options.only, options.count, options.seed)
        return
    shares = {k.name: k.share for k in corpus() if options.only in (None, k.name)}
    whole, total, wrong = options.count / sum(shares.values()), Counter[str](), Counter[str]()
    started = time.monotonic()
    for name, share in shares.items():
        each = math.ceil(share * whole)
        words = ["--worker", "--only", name, "--count", str(each), "--seed", str(options.seed)]
        done = subprocess.run(
            [sys.executable, __file__, *words], capture_output=True, text=True, check=False
        )
        if done.returncode:
            wrong[f"{name}: the process ended with {done.returncode}: {done.stderr[-300:]}"] += 1
            continue
        ends = Counter(json.loads(done.stdout.splitlines()[-1]))
        total.update({"files": each, "read": ends["read"], "refused": ends["refused"]})
        for end, number in bad(ends).items():
            wrong[f"{name}: {end}"] += number
            print(f"{name}: {number} × {end}", flush=True)
        print(f"{name:24} {each} files, {ends['refused']} refused, {ends['read']} read", flush=True)
    for what, number in wrong.items():
        print(f"{number} × {what}")
    print(f"{dict(total)} in {time.monotonic() - started:.0f} s; {sum(wrong.values())} failures")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
