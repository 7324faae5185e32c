"""What the benchmarks share: arguments, seeds, alternating timing, memory, tables, JSON lines.

A script prints progress if asked, a Markdown table, and at last one JSON line; on standard error,
so that nobody parses it by mistake, the machine that the numbers belong to.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import torch

import siren_pde  # its names are loaded on use: memory is measured here

if TYPE_CHECKING:
    from siren_pde import Problem, Solution
    from siren_pde.solving.report import Report

THREADS = 2
T = TypeVar("T")


# ── what is asked ─────────────────────────────────────────────────────────────────────────────────


def parser(text: str) -> argparse.ArgumentParser:
    """A parser that describes the script by its docstring as it stands."""
    return argparse.ArgumentParser(
        description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def seeded_parser(text: str, seeds: int) -> argparse.ArgumentParser:
    """A parser for tables of problems: how many seeds and threads, which problems, and a log."""
    made = parser(text)
    made.add_argument("--threads", type=int, default=THREADS)
    made.add_argument("--seeds", type=int, default=seeds)
    made.add_argument("--only", default="", help="problems whose name holds this text")
    made.add_argument("--log", action="store_true", help="print what each solve tries")
    return made


def machine() -> dict[str, object]:
    """The processor, the threads, and the versions that numbers depend on."""
    return {
        "processor": _processor(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "siren_pde": siren_pde.__version__,
    }


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    named = re.search(r"model name\s*:\s*(.*)", path.read_text()) if path.exists() else None
    return " ".join(named[1].split()) if named else platform.machine()


def prepare(threads: int | None = THREADS) -> None:
    """Fix the number of threads unless it is left as it is, and say on standard error where."""
    if threads is not None:
        torch.set_num_threads(threads)
    print(json.dumps(machine()), file=sys.stderr, flush=True)


# ── what is solved ────────────────────────────────────────────────────────────────────────────────


def chosen(cases: Mapping[str, object], only: str) -> Iterator[str]:
    """The names that hold a text, in order."""
    return (name for name in cases if only in name)


def log(report: Report) -> None:
    """A callback that prints what a solve tries."""
    print(f"    {report.seconds:6.2f} s  {report.iterate.note or 'start'}", flush=True)


def solved(
    name: str,
    problem: Problem,
    options: argparse.Namespace,
    figures: Callable[[Solution], tuple[float, ...]],
    **choices: object,
) -> tuple[tuple[float, ...], ...]:
    """The figures of one solve per seed, as columns: all first figures, all second ones, ….

    `choices` are those of `solve`.
    """
    rows = []
    for seed in range(options.seeds):
        calls = [log] if getattr(options, "log", False) else []
        solution = siren_pde.solve(problem, seed=seed, quiet=True, callbacks=calls, **choices)
        rows.append(figures(solution))
        if calls:
            print(name, seed, *rows[-1], solution.stop_reason, flush=True)
    return tuple(zip(*rows, strict=True))


# ── how long it takes, and how much memory ────────────────────────────────────────────────────────


def timed(run: Callable[[], T]) -> tuple[float, T]:
    """Wall-clock seconds, and what came."""
    started = time.perf_counter()
    result = run()
    return time.perf_counter() - started, result


def median_time(run: Callable[[], T], repeats: int, warm: int = 0) -> tuple[float, T]:
    """The median of the seconds of several runs after `warm` others, and what the last one gave."""
    runs = [timed(run) for _ in range(warm + repeats)]
    return statistics.median(seconds for seconds, _ in runs[warm:]), runs[-1][1]


@dataclass(frozen=True)
class Alternation:
    """Seconds of several sides that took turns, so that what slows a machine slows all of them."""

    rounds: tuple[tuple[float, ...], ...]

    @staticmethod
    def of(sides: Sequence[Callable[[], object]], rounds: int, warm: int = 0) -> Alternation:
        """Let each side run once per round, after `warm` rounds that do not count."""
        for _ in range(warm):
            for side in sides:
                side()
        return Alternation(tuple(tuple(timed(s)[0] for s in sides) for _ in range(rounds)))

    def milliseconds(self, side: int) -> float:
        """The median of a side."""
        return 1e3 * statistics.median(seconds[side] for seconds in self.rounds)

    def ratio(self, above: int, below: int) -> float:
        """The median over rounds of the time of one side by that of another."""
        return statistics.median(seconds[above] / seconds[below] for seconds in self.rounds)


def peak_memory() -> float:
    """The most memory this process has held so far, in MB.

    Linux counts in `ru_maxrss` what the process that started this one held, in `VmHWM` it does not.
    """
    path = Path("/proc/self/status")
    highest = re.search(r"VmHWM:\s+(\d+) kB", path.read_text()) if path.exists() else None
    return (
        int(highest[1]) if highest else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ) / 1024


def alone(script: str, *arguments: object) -> str:
    """What the script prints when it runs in a process of its own, with a memory of its own."""
    command = [sys.executable, script, *map(str, arguments)]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


# ── what is printed ───────────────────────────────────────────────────────────────────────────────

Row = Mapping[str, object]


def cells(row: Row, columns: Mapping[str, Callable[[Row], str]]) -> str:
    """One line of a Markdown table."""
    return f"| {' | '.join(show(row) for show in columns.values())} |"


def head(titles: Iterable[str]) -> str:
    """The first two lines of a Markdown table."""
    titles = list(titles)
    return f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}"


def table(rows: Sequence[Row], columns: Mapping[str, Callable[[Row], str]]) -> None:
    """Print a Markdown table; `columns` says, under each title, how a row shows there."""
    print(head(columns))
    for row in rows:
        print(cells(row, columns))


def as_json(value: object) -> None:
    """Print one JSON line, the numbers of NumPy included."""
    print(json.dumps(value, default=float), flush=True)


def wanted(row: Row) -> str:
    """The error and the seconds that a row is held to, if it is."""
    error, seconds = row["wanted"]
    return f"{error:.0e} in {seconds:g} s" if error else ""
