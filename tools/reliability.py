"""Try the promises about runs, files and failures, and write what was measured to RELIABILITY.md.

    python tools/reliability.py [--quick] [--only WORD] [--out RELIABILITY.md]

Half an hour on two cores; `--quick` tries a tenth of everything and writes nothing unless told.
"""

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tools.deaths import deaths  # noqa: E402
from tools.kills import commands, run, writers  # noqa: E402
from tools.promises import Row, accuracy, flips, laws, leak, sizes  # noqa: E402

HEAD = """# Reliability

Written by `make reliability`, which tries every promise and counts.

"""
LIMITS = """
What is not promised: equal bits on another machine, with another number of threads, or with another
release of torch; anything after `fsync` has returned and the disk has lost it. HDF5 and MATLAB
files of strangers are parsed in a child process, since the C library is not safe against damage. A
problem file is Python: it is trusted code. A time budget is read from the clock, so that what it
decides differs from run to run; budgets in steps do not.
"""


def counted(kept: int, tries: int) -> tuple[str, bool]:
    """How often something was kept, in words, and whether always."""
    return f"{kept} of {tries}", kept == tries


# ── what has tests ────────────────────────────────────────────────────────────────────────────


def tested(promise: str, tried: str, *words: str) -> Callable[[float], Row]:
    """A promise that tests try."""

    def row(share: float) -> Row:
        done = run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words], ROOT)
        counts = {
            kind: int(n) for n, kind in re.findall(r"(\d+) (passed|failed|error)", done.stdout)
        }
        passed, total = counts.get("passed", 0), sum(counts.values())
        return Row(promise, tried, f"{passed} of {total}", done.returncode == 0 and passed > 0)

    return row


def fuzzed(share: float) -> Row:
    """Damaged files of every kind that is read."""
    count = round(100_000 * share)
    done = run([sys.executable, "tools/fuzz.py", "--count", str(count)], ROOT)
    lines = done.stdout.strip().splitlines() or ["nothing was said"]
    return Row(
        "every file that cannot be read is refused by type, in bounded time and memory",
        f"{count} damaged files over all readers",
        lines[-1],
        done.returncode == 0,
    )


ROWS: dict[str, Callable[[float], Row]] = {
    "writers": lambda share: Row(
        "`kill -9` at any moment leaves whole files, and loses one interval at most",
        "writers of checkpoints killed at random moments",
        *counted(*writers(round(200 * share))),
    ),
    "commands": lambda share: Row(
        "`siren-pde resume RUN` goes on, given the folder and the unchanged file: to the same "
        "course and exit code, and of `sdf` to a mesh",
        "commands killed at random moments: Adam, Gauss-Newton, a march, `sdf`",
        *counted(*commands(max(round(9 * share), 1), max(round(3 * share), 1))),
    ),
    "matrix": tested(
        "a solve goes on bit by bit: parameters, loss and state of the method",
        "methods × Sobol and Monte-Carlo points × float32 and float64; marches and choices × both "
        "rules; larger states once; all but those in other processes too",
        "tests/runs/test_resume_matrix.py",
        "tests/runs/test_continued.py",
    ),
    "processes": deaths,
    "shared": tested(
        "several processes compute what one does, and what they cannot share says so",
        "1, 2, 3 and 4 processes: gradients, methods, least squares, solves",
        *("tests/processes/test_shared.py", "tests/processes/test_refusals.py"),
    ),
    "launches": tested(
        "torchrun's jobs: the outcome is told, no end but a death begins them again, which goes on "
        "with runs of their own to equal bits, and no process outlives torchrun",
        "a budget, deaths while the file is read and late, in the folder of an earlier run; groups "
        "of the script's own; Ctrl-C, and torchrun killed; other launchers",
        *("tests/processes/test_launches.py", "tests/processes/test_attempts.py"),
    ),
    "signals": tested(
        "Ctrl-C, SIGTERM and SIGHUP keep what was reached, and say so by their exit codes",
        "one of three signals at each of nine places of a solve, and two in a row",
        "tests/runs/test_signals.py",
    ),
    "flips": flips,
    "disk": tested(
        "a full disk, a folder that is gone or closed: a typed error, the last checkpoint whole",
        "at every write of a run, and by the limits of the system",
        "tests/runs/test_folder.py",
    ),
    "hostile": tested(
        "nothing of a file is run, nothing outside the run is touched",
        "hostile descriptions, shapes, names and references, and thousands changed at random",
        *("tests/runs/test_hostile_states.py", "tests/io/test_malicious_files.py"),
    ),
    "fuzz": fuzzed,
    "finite": tested(
        "NaN and infinity end a solve by type, name where they are, and are never the best",
        "in a residual, data, a boundary condition, a gradient, a search; at first and later",
        "tests/solving/test_non_finite.py",
    ),
    "degenerate": tested(
        "arguments and domains that make no sense are refused by type before any work",
        "numbers, names, boxes, booleans, methods, budgets",
        *("tests/test_degenerate.py", "tests/cli/test_mistakes.py"),
    ),
    "clouds": tested(
        "degenerate clouds are refused, or read as is said",
        "few, equal, collinear, planar, doubled, far and unoriented points",
        *("tests/scans/test_deduplicated.py", "tests/scans/test_prepare.py"),
    ),
    "sizes": sizes,
    "inputs": tested(
        "what a file declares is not believed before it is there; nothing is guessed",
        "declared sizes, archives, lines, columns, decimal commas, byte orders",
        *("tests/io/test_damaged_files.py", "tests/io/test_refused_inputs.py"),
    ),
    "operators": tested(
        "derivatives are right, and exact solutions kill their residuals",
        "jets against nested autograd, operators, every problem with an exact solution",
        *("tests/calculus", "tests/test_problems.py"),
    ),
    "accuracy": accuracy,
    "laws": laws,
    "golden": tested(
        "files of earlier formats are read to the values that they had",
        "tests/golden",
        "tests/io/test_golden.py",
    ),
    "leak": leak,
}


HERE = {"flips", "accuracy", "laws", "leak"}
"""What is tried in this process, before others are started."""
JOBS = 2
"""Processes at the same time."""


def timed(name: str, share: float) -> Row:
    """One row, and a line that says how long it took."""
    started = time.monotonic()
    row = ROWS[name](share)
    words = {"kept": row.kept, "figure": row.figure}
    print(f"{name}: {json.dumps(words)} in {time.monotonic() - started:.0f} s", flush=True)
    return row


def main() -> None:
    """Try the promises, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--only", choices=ROWS, help="one of them")
    parser.add_argument("--out", type=Path, help="where the table is written")
    options = parser.parse_args()
    began, share = time.monotonic(), 0.1 if options.quick else 1.0
    names = [name for name in ROWS if options.only in (None, name)]
    done = {name: timed(name, share) for name in names if name in HERE}
    with ThreadPoolExecutor(JOBS) as pool:
        others = [name for name in names if name not in HERE]
        done |= zip(others, pool.map(timed, others, [share] * len(others)), strict=True)
    rows = [done[name] for name in names]
    table = ["| promise | tried | kept |", "|---|---|---|"]
    table += [f"| {row.promise} | {row.tried} | {row.figure} |" for row in rows]
    took = f"\n{(time.monotonic() - began) / 60:.0f} minutes on {os.cpu_count()} cores.\n"
    out = options.out or (None if options.quick or options.only else ROOT / "RELIABILITY.md")
    if out is not None:
        out.write_text(HEAD + "\n".join(table) + "\n" + took + LIMITS)
    if not all(row.kept for row in rows):
        sys.exit("a promise was not kept")


if __name__ == "__main__":
    main()
