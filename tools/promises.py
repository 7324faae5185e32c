"""Promises that are tried by measuring: files, sizes, memory, the accuracy of shipped problems."""

import json
import os
import random
import resource
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from siren_pde import Adam, Box, Budget, Every, Problem, Siren, lap, on, solve
from siren_pde.cli.script import read_script
from siren_pde.errors import StorageError
from siren_pde.runs.folder import Run
from siren_pde.testing import LawError, check_problem
from tools.kills import run

ROOT = Path(__file__).parents[1]
SECONDS, HELD = 3.0, 3.5
"""Five million points may take so long, and so many times the file."""
QUICK, SEEDS = 4.0, (3, 4, 5)
"""Problems that took so many seconds at most are solved again, by seeds that made no table."""
LIKE, ROUNDING = 30.0, 1e-13
"""By how much an error may exceed the worst of the gallery, which is never less than rounding: near
it, errors of other features differ as much.
"""


@dataclass(frozen=True)
class Row:
    """A promise, how it was tried, what came of it, and whether it was kept."""

    promise: str
    tried: str
    figure: str
    kept: bool


UNREAD = "its checksum is wrong", "it is not a checkpoint", "it has format"
"""What is said of a file that was not parsed."""


# ── files ─────────────────────────────────────────────────────────────────────────────────────


def small() -> Problem:
    """A problem that is solved in no time."""
    square = Box(x=(0, 1), y=(0, 1))

    @on(square)
    def equation(p, u):  # type: ignore[no-untyped-def]
        return lap(u) + 1

    @on(square.boundary)
    def edge(p, u):  # type: ignore[no-untyped-def]
        return u

    return Problem(equation, edge)


def flips(share: float) -> Row:
    """Single bits flipped in a checkpoint: all are noticed before anything is read."""
    count, noticed, rng = round(300 * share), 0, random.Random(2)
    with tempfile.TemporaryDirectory() as name:
        given = {"budget": Budget(steps=5), "quiet": True, "estimate": "none"}
        solve(small(), Siren(2, width=16), Adam(batch=64), run=name, **given)  # type: ignore[arg-type]
        with Run.opened(name) as opened:
            path = max((Path(name) / "checkpoints").glob("step-*.h5"))
            sound = path.read_bytes()
            for _ in range(count):
                bits, at = bytearray(sound), rng.randrange(8 * len(sound))
                bits[at // 8] ^= 1 << at % 8
                path.write_bytes(bits)
                try:
                    opened.checkpoints.read(path, 5)
                except StorageError as error:
                    noticed += any(words in str(error) for words in UNREAD)
    return Row(
        "damage is noticed before a file is parsed",
        f"{count} single bits flipped in a checkpoint",
        f"{noticed} of {count}",
        noticed == count,
    )


def leak(share: float) -> Row:
    """Two thousand steps with a run folder hold no more memory and no more files than a quarter."""
    steps, seen = round(2000 * share), dict[int, tuple[float, int]]()

    def look(report):  # type: ignore[no-untyped-def]
        if report.step in (steps // 4, steps):
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            held = pages * resource.getpagesize() / 1e6
            seen[report.step] = held, len(os.listdir("/proc/self/fd"))

    with tempfile.TemporaryDirectory() as name:
        given = {"budget": Budget(steps=steps), "quiet": True, "estimate": "none", "run": name}
        each = {"callbacks": [Every(steps=1)(look)], "checkpoint_every": Every(steps=20)}
        solve(small(), Siren(2, width=16), Adam(batch=64), **given, **each)  # type: ignore[arg-type]
    (first, files), (last, more) = seen[steps // 4], seen[steps]
    return Row(
        "memory and open files do not grow",
        f"{steps} steps with a checkpoint every 20",
        f"{last - first:+.1f} MB, {more - files:+d} files",
        last - first < 5 and more == files,
    )


def sizes(share: float) -> Row:
    """Five million points are read at once."""
    count = round(5_000_000 * share)
    done = run([sys.executable, "benchmarks/loading.py", "--only", str(count)], ROOT)
    if done.returncode:
        return Row("a large file is read in seconds", f"{count} points", done.stderr[-200:], False)
    cells = done.stdout.strip().splitlines()[-1].strip("| ").split(" | ")
    seconds, held = float(cells[2].split()[0]), float(cells[3].split()[0])
    return Row(
        "a large file is read in seconds, and holds little more than itself",
        f"{count} points with normals, binary PLY",
        f"{seconds:.1f} s of computing, {held:.1f} times the file",
        seconds < SECONDS and held < HELD,
    )


# ── problems ──────────────────────────────────────────────────────────────────────────────────


def gallery() -> dict[str, Any]:
    """What was measured of each problem of the gallery."""
    known: dict[str, Any] = json.loads((ROOT / "problems" / "gallery.json").read_text())
    return known


def text_of(name: str) -> str:
    """The file of a problem."""
    return (ROOT / "problems" / f"{name}.py").read_text()


def accuracy(share: float) -> Row:
    """The problems of the gallery that are solved in no time, again, by other seeds than there."""
    known = gallery()
    quick = [name for name, row in known.items() if max(row["seconds"]) <= QUICK]
    quick = quick[:: round(1 / share)]
    right, tries, worst = 0, 0, 0.0
    for name in quick:
        script = read_script(ROOT / "problems" / f"{name}.py")
        for seed in SEEDS:
            s = solve(script.problem, script.field, script.method, seed=seed, quiet=True)
            off = s.error() / max(*known[name]["errors"], ROUNDING)
            right, tries, worst = right + (off <= LIKE), tries + 1, max(worst, off)
    return Row(
        "solves with no options are as accurate as the gallery says, whatever the seed",
        f"{len(quick)} problems, seeds {SEEDS[0]} to {SEEDS[-1]}, at most {LIKE:g} times the error",
        f"{right} of {tries}, the worst {worst:.1f} times",
        right == tries,
    )


def laws(share: float) -> Row:
    """Every shipped problem obeys the laws that anyone may check a problem by."""
    names = [name for name in gallery() if "problem = " in text_of(name)][:: round(1 / share)]
    kept, broken = 0, list[str]()
    for name in names:
        script = read_script(ROOT / "problems" / f"{name}.py")
        try:
            check_problem(script.problem, script.field)  # type: ignore[arg-type]
            kept += 1
        except LawError as error:
            broken.append(f"{name}: {error}")
    for words in broken:
        print(words, flush=True)
    return Row(
        "every shipped problem obeys the laws of problems",
        "`check_problem` on all files of problems/ that state one",
        f"{kept} of {len(names)}",
        kept == len(names),
    )
