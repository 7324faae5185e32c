"""Solvers of others as cells of a suite, beside ours: scripts in `benchmarks/peers`.

All solve some of `problems`; files in `benchmarks/NAME` are those that a peer is published with.

A script that needs a library has `requirements/NAME.txt` beside it and runs in a virtual
environment of its own, `.peers/NAME`, which `make peers` makes; others run in ours.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from siren_pde.errors import ConfigError
from siren_pde.files.json_values import JSON
from siren_pde.suites.cells import OWN, Cell, Solve, Task
from siren_pde.suites.outcomes import Statement

PEER = "peer"
"""The field of a peer's cells: what peers fit is theirs."""
PROBLEMS = ("poisson_scales", "helmholtz", "wave", "burgers")
"""Files of `problems` that peers solve too, as `benchmarks/peers/problems.py` states them."""
SEEDS, SECONDS = 2, 180.0
"""Of each peer and problem, where nothing else is asked for."""
CHILD = "siren_pde.suites.peer_child"


@final
@dataclass(frozen=True)
class PeerSolve(Task):
    """What a peer's script makes of a problem in some seconds of training."""

    script: Path
    problem: str
    seconds: float = SECONDS
    kind = "solve"

    @property
    def name(self) -> str:
        """The peer's."""
        return self.script.stem

    @property
    def requirements(self) -> Path:
        """The file of what its environment holds, where it has one of its own."""
        return self.script.parent / "requirements" / f"{self.name}.txt"

    @property
    def python(self) -> Path:
        """The interpreter that runs it, whether it is there or not."""
        if not self.requirements.is_file():
            return Path(sys.executable)
        return self.script.parents[2] / ".peers" / self.name / "bin" / "python"

    @property
    def options(self) -> dict[str, JSON]:
        """What it was asked for, without the seed, which the folder has."""
        pinned = self.requirements.read_text() if self.requirements.is_file() else ""
        return {"problem": self.problem, "seconds": self.seconds, "requirements": pinned}

    def statement(self) -> Statement:
        """The script, and all options but the seed."""
        return Statement.of(self.script, self.options)

    def anew(self, folder: Path, seed: int, threads: int) -> tuple[str, ...]:
        """The script, whose lines become a run's."""
        asked = (str(self.script), self.problem, str(self.seconds), str(seed), str(threads))
        return (sys.executable, "-m", CHILD, str(folder), *asked)

    def go_on(self, folder: Path) -> tuple[str, ...]:
        """No peer goes on."""
        return ()


def peer_cells(
    cells: Iterable[Cell],
    base: Path,
    names: Collection[str] = (),
    seeds: int | None = None,
    seconds: float | None = None,
) -> tuple[Cell, ...]:
    """A cell for each peer and seed beside those of ours whose problem peers solve.

    `base` is the folder of the repository; of `names` all peers if it is empty. Raises ConfigError
    for a name that no peer has, and where there is nothing to compare with.
    """
    own = {
        each.task.file for each in cells if isinstance(each.task, Solve) and not each.task.values
    }
    scripts = _scripts(base / "benchmarks" / "peers", names)
    offered = {script: _offered(base, script) for script in scripts}
    found = [
        (problem, script)
        for problem in dict.fromkeys(problem for each in offered.values() for problem in each)
        for script in scripts
        if offered[script].get(problem) in own
    ]
    if not found:
        raise ConfigError(
            f"peers solve {', '.join(PROBLEMS)} of `problems`, and what is in a folder of "
            "`benchmarks` that bears their name; this suite has none of that. Give a suite that "
            "has, such as `pde`, or leave `--peers` out."
        )
    return tuple(
        Cell(problem, PEER, script.stem, seed, PeerSolve(script, problem, seconds or SECONDS))
        for problem, script in found
        for seed in range(seeds or SEEDS)
    )


def _offered(base: Path, script: Path) -> dict[str, Path]:
    """The files of what a script solves: of `problems`, and of a folder of its own."""
    own = sorted((base / "benchmarks" / script.stem).glob("*.py"))
    files = [*(base / "problems" / f"{name}.py" for name in _solves(script)), *own]
    return {file.stem: file.resolve() for file in files}


def _scripts(folder: Path, names: Collection[str]) -> list[Path]:
    """The scripts of peers: files that run by themselves."""
    every = [p.resolve() for p in sorted(folder.glob("*.py")) if "__main__" in p.read_text()]
    known = [script.stem for script in every]
    if wrong := [name for name in names if name not in known]:
        raise ConfigError(
            f"there is no peer `{wrong[0]}` in `{folder}`. Its peers are {', '.join(known)}."
        )
    return [script for script in every if not names or script.stem in names]


def _solves(script: Path) -> Sequence[str]:
    """What a script says that it solves, `PROBLEMS = (…)` at its top level; all if it does not."""
    for line in ast.parse(script.read_bytes()).body:
        if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "PROBLEMS":
            return tuple(ast.literal_eval(line.value))
    return PROBLEMS


def is_peer(field: str) -> bool:
    """Whether a cell of this field is a peer's."""
    return field == PEER


def solver_name(method: str, field: str) -> str:
    """A peer's name, or method and field as far as they are not the problem's own."""
    parts = [name for name in (method, field) if name not in (OWN, PEER)]
    return ", ".join(parts) or OWN
