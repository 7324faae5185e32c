"""Make mistakes in the package on purpose, one at a time, and see which of them the tests notice.

    python tools/mutation.py [--count 200] [--seed 0] [--modules calculus fields/engine …]
                             [--jobs 2] [--out FILE.json]

A mutant is one changed place: an operator, a comparison, a constant, a condition, a returned value,
an order of arguments, a statement left out. Each is tried in a temporary copy against the tests
that mirror its module, until the first one fails; tests that are marked slow, or fail without any
mistake, are left out. A mutant that survives is a place where a mistake would go unnoticed, or one
that means the same; tuning constants outside of functions and messages of errors are let be.

Source: DeMillo, Lipton and Sayward, Hints on test data selection, IEEE Computer 11 (1978).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import SimpleQueue

from mistakes import ROOT, Mutant, mutants

PACKAGE = "siren_pde"
MODULES = ("calculus", "numerics", "collocation", "fields/engine")
TESTS = {
    "calculus": ("calculus", "collocation/test_objective.py"),
    "numerics": ("numerics", "optimisers", "collocation/test_quadrature.py", "random_features"),
    "collocation": ("collocation", "solving", "random_features"),
    "fields/engine": ("fields/test_fields.py", "fields/test_periodic.py", "fields", "collocation"),
    "fields": ("fields", "collocation/test_objective.py"),
    "domains": ("domains", "collocation/test_quadrature.py"),
    "optimisers": ("optimisers", "solving"),
}
"""Where mistakes in a part of the package should be noticed, the fastest tests first."""
PATIENCE = 3.0
"""A run that takes this many times as long as without a mistake does not end."""

OUTCOMES = {None: "killed", 0: "survived", 1: "killed", 2: "killed"}
"""By the exit code of pytest: 2 where not even the tests could be collected."""


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant: killed, by a test or by taking too long, or survived."""

    file: str
    line: int
    kind: str
    before: str
    after: str
    outcome: str
    by: str
    seconds: float


def drawn(modules: Sequence[str], count: int, seed: int) -> list[Mutant]:
    """`count` mutants of the modules, all places as likely as each other."""
    folders = [ROOT / PACKAGE / module for module in modules]
    files = [
        f for folder in folders for f in ([folder] if folder.is_file() else folder.rglob("*.py"))
    ]
    every = [mutant for file in sorted(set(files)) for mutant in mutants(file)]
    return random.Random(seed).sample(every, min(count, len(every)))


# ── trials ────────────────────────────────────────────────────────────────────────────────────────


def tests_around(file: str) -> tuple[str, ...]:
    """The tests that should notice a mistake in a file."""
    inner = Path(file).relative_to(PACKAGE)
    wing = max((w for w in TESTS if inner.is_relative_to(w)), key=len, default="")
    names = (f"tests/{name}" for name in TESTS.get(wing, (str(inner.parent),)))
    return tuple(name for name in names if (ROOT / name).exists())


def mirror(file: str) -> tuple[str, ...]:
    """The tests of the file itself, if they are in one file: they come first."""
    inner = Path(file).relative_to(PACKAGE)
    name = f"tests/{inner.parent}/test_{inner.name}"
    return (name,) if (ROOT / name).exists() else ()


def copied(target: Path) -> Path:
    """A copy of what tests need."""
    for name in (PACKAGE, "tests", "problems", "benchmarks", "tools", "pyproject.toml"):
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "pictures")
            shutil.copytree(source, target / name, ignore=ignored)
        else:
            shutil.copy(source, target / name)
    return target


def pytest(copy: Path, *arguments: str, seconds: float | None = None) -> tuple[int | None, str]:
    """The exit code of the tests in a copy, None if they take longer, and what they print."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow"]
    command += ["--hypothesis-profile=ci", *arguments]
    threads = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    environment = {**os.environ, **threads, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, text=True, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        return None, ""
    return done.returncode, done.stdout


@dataclass(frozen=True)
class Baseline:
    """Tests without a mistake: which fail even so, and how long all of them take."""

    failing: tuple[str, ...]
    seconds: float

    @staticmethod
    def of(copy: Path, tests: Sequence[str]) -> Baseline:
        """Run them once."""
        started = time.monotonic()
        code, text = pytest(copy, *tests)
        if code not in (0, 1):
            sys.exit(f"the tests cannot be run without a mistake:\n{text[-2000:]}")
        return Baseline(tuple(_failed(text)), time.monotonic() - started)


def _failed(text: str) -> list[str]:
    return re.findall(r"^(?:FAILED|ERROR) (tests/.*?)(?: - .*)?$", text, flags=re.M)


def tried(mutant: Mutant, copy: Path, tests: Sequence[str], baseline: Baseline) -> Verdict:
    """Write a mutant into a copy, run the tests until one fails, and write back what was there."""
    file = copy / mutant.file
    original, started = file.read_text(), time.monotonic()
    left_out = [word for name in baseline.failing for word in ("--deselect", name)]
    try:
        file.write_text(mutant.text)
        limit = PATIENCE * baseline.seconds + 10
        code, text = pytest(copy, "-x", *tests, *left_out, seconds=limit)
    finally:
        file.write_text(original)
    names = _failed(text)
    by = names[0] if names else {None: "time", 0: ""}.get(code, f"exit code {code}")
    told = {k: v for k, v in asdict(mutant).items() if k != "text"}
    seconds = round(time.monotonic() - started, 1)
    return Verdict(**told, outcome=OUTCOMES.get(code, "unclear"), by=by, seconds=seconds)


def judged(chosen: Sequence[Mutant], jobs: int) -> Iterator[Verdict]:
    """The verdicts, in the order of the mutants, `jobs` of them tried at the same time."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        free: SimpleQueue[Path] = SimpleQueue()
        for number in range(jobs):
            free.put(copied(Path(folder) / str(number)))

        def in_a_copy(work, *arguments):
            copy = free.get()
            try:
                return work(copy, *arguments)
            finally:
                free.put(copy)

        suites = sorted({tests_around(mutant.file) for mutant in chosen})
        ready = dict(
            zip(suites, pool.map(lambda s: in_a_copy(Baseline.of, s), suites), strict=True)
        )
        for suite, baseline in ready.items():
            told = f", failing without a mistake: {', '.join(baseline.failing)}"
            print(f"{' '.join(suite)}: {baseline.seconds:.0f} s{told * bool(baseline.failing)}")

        def verdict(mutant: Mutant) -> Verdict:
            suite = tests_around(mutant.file)
            tests = [*mirror(mutant.file), *suite]
            return in_a_copy(lambda copy: tried(mutant, copy, tests, ready[suite]))

        yield from pool.map(verdict, chosen)


# ── report ────────────────────────────────────────────────────────────────────────────────────────


def shown(v: Verdict) -> str:
    """A verdict in one line."""
    before, after = (" ".join(text.split())[:60] for text in (v.before, v.after))
    return f"{v.outcome:8} {v.file}:{v.line}  {v.kind}: {before} → {after}  {v.by} ({v.seconds} s)"


def summary(verdicts: Sequence[Verdict]) -> str:
    """How many of the mutants of each folder were killed."""
    every = Counter(str(Path(v.file).parent) for v in verdicts)
    killed = Counter(str(Path(v.file).parent) for v in verdicts if v.outcome == "killed")
    rows = [f"| {name} | {killed[name]} | {every[name]} |" for name in sorted(every)]
    rows.append(f"| together | {killed.total()} | {every.total()} |")
    return "\n".join(["| folder | killed | mutants |", "|---|---|---|", *rows])


def main() -> None:
    """Read the arguments, try the mutants, and print and keep the verdicts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--modules", nargs="+", default=MODULES, metavar="FOLDER")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, help="a JSON file for all verdicts")
    options = parser.parse_args()
    verdicts = []
    for verdict in judged(drawn(options.modules, options.count, options.seed), options.jobs):
        verdicts.append(verdict)
        print(shown(verdict), flush=True)
        if options.out:
            options.out.parent.mkdir(parents=True, exist_ok=True)
            answer = {"seed": options.seed, "mutants": [asdict(v) for v in verdicts]}
            options.out.write_text(json.dumps(answer, indent=1, ensure_ascii=False) + "\n")
    print(summary(verdicts))


if __name__ == "__main__":
    main()
