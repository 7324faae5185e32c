"""Cells of a benchmark suite: a problem, a field, a method and a seed, each a run of its own."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from siren_pde.files.json_values import JSON
from siren_pde.files.literals import Literal
from siren_pde.suites.members import folder_name
from siren_pde.suites.outcomes import Statement
from siren_pde.suites.sweep import Job

OWN = "own"
"""The field, or the method, of the problem's file, or else what `solve` chooses itself."""
CELLS = "cells"
"""The folder of all runs, in that of the suite."""
PROGRAM = (sys.executable, "-m", "siren_pde")


@dataclass(frozen=True)
class Task(ABC):
    """What is done for a cell, and how one sees that it has been."""

    kind = ""
    """How results are to be read: of a solve, of a fit, or of a script that measures."""

    @abstractmethod
    def statement(self) -> Statement:
        """What a run has to have done. Raises StorageError if its file cannot be read."""

    @abstractmethod
    def anew(self, folder: Path, seed: int, threads: int) -> tuple[str, ...]:
        """The command that does it in a folder."""

    @abstractmethod
    def go_on(self, folder: Path) -> tuple[str, ...]:
        """The command that goes on in a folder; empty where nothing can."""


@final
@dataclass(frozen=True)
class Solve(Task):
    """`siren-pde solve`: `network` and `limits` are options by name, `method` None the own one."""

    file: Path
    method: str | None = None
    network: Mapping[str, float] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)
    values: tuple[tuple[str, Literal], ...] = ()
    estimate: str = "quick"
    kind = "solve"

    def statement(self) -> Statement:
        """The file, and all options but the seed, which the folder has."""
        options: dict[str, JSON] = {
            "method": self.method,
            "limits": dict(self.limits),
            "network": dict(self.network),
            "estimate": self.estimate,
            "assigned": dict(self.values),
        }
        return Statement.of(self.file, options)

    def anew(self, folder: Path, seed: int, threads: int) -> tuple[str, ...]:
        """The solve."""
        words = [*PROGRAM, "solve", str(self.file), "--out", str(folder), "--json"]
        words += ["--seed", str(seed), "--threads", str(threads), "--estimate", self.estimate]
        words += ["--method", self.method] if self.method else []
        for name, value in (*self.network.items(), *self.limits.items()):
            words += [f"--{name}", str(value)]
        for name, each in self.values:
            words += ["--set", f"{name}={each!r}"]
        return tuple(words)

    def go_on(self, folder: Path) -> tuple[str, ...]:
        """From its last checkpoint."""
        return (*PROGRAM, "resume", str(folder), "--json")


@final
@dataclass(frozen=True)
class Fit(Task):
    """`siren-pde sdf`: the mesh goes beside the run, `reference` is the true surface."""

    points: Path
    reference: Path | None
    seconds: float = 30.0
    fast: bool = False
    kind = "sdf"

    def statement(self) -> Statement:
        """The points, and what is made of them."""
        reference = None if self.reference is None else str(self.reference.resolve())
        options: dict[str, JSON] = {
            "reference": reference,
            "seconds": self.seconds,
            "fast": self.fast,
        }
        return Statement.of(self.points, options)

    def anew(self, folder: Path, seed: int, threads: int) -> tuple[str, ...]:
        """The fit."""
        words = [*PROGRAM, "sdf", str(self.points), "--out", str(folder / "mesh.ply"), "--force"]
        words += ["--run", str(folder), "--seconds", str(self.seconds), "--seed", str(seed)]
        words += ["--threads", str(threads), "--json", *(["--fast"] if self.fast else [])]
        words += [] if self.reference is None else ["--reference", str(self.reference)]
        return tuple(words)

    def go_on(self, folder: Path) -> tuple[str, ...]:
        """From its last checkpoint."""
        return (*PROGRAM, "resume", str(folder), "--json")


@final
@dataclass(frozen=True)
class Script(Task):
    """A Python script whose last line is JSON, what it has measured."""

    file: Path
    arguments: tuple[str, ...] = ()
    kind = "script"

    def statement(self) -> Statement:
        """The script and its arguments."""
        return Statement.of(self.file, {"arguments": list(self.arguments)})

    def anew(self, folder: Path, seed: int, threads: int) -> tuple[str, ...]:
        """The script, whose result becomes a run's."""
        child = (sys.executable, "-m", "siren_pde.suites.script_child")
        return (*child, str(folder), str(self.file), *self.arguments)

    def go_on(self, folder: Path) -> tuple[str, ...]:
        """No script goes on."""
        return ()


@final
@dataclass(frozen=True)
class Cell:
    """One run of a suite, by the names that its page shows."""

    problem: str
    field: str
    method: str
    seed: int
    task: Task

    @property
    def label(self) -> str:
        """The name of its folder, which says all that is not the problem's own."""
        own = [name for name in (self.field, self.method) if name != OWN]
        return folder_name(",".join([self.problem, *own, f"seed={self.seed}"]))

    @property
    def names(self) -> dict[str, JSON]:
        """What it is, as the store has it."""
        own = {"problem": self.problem, "field": self.field, "method": self.method}
        return {**own, "seed": self.seed}

    def job(self, root: Path, threads: int) -> Job[Cell]:
        """The same, to be run in the folder of a suite."""
        folder = root / CELLS / self.label
        return Job(
            member=self,
            label=self.label,
            folder=folder,
            statement=self.task.statement(),
            anew=self.task.anew(folder, self.seed, threads),
            go_on=self.task.go_on(folder),
        )
