"""What every peer says as it runs: lines of JSON, with a clock that stops while it is measured.

    python NAME.py PROBLEM --seconds S --seed N --threads T --out FILE.jsonl

| event | what it has besides |
|---|---|
| `imported`, `compiled` | `seconds` that loading the library, or compiling its steps, took |
| `error` | `seconds` of training so far; `error` and `error_max`, relative, in L² and the maximum |
| `ended` | `seconds`, `parameters`, `recipe` (one line), `versions` |

Imports, compilation and measuring are not counted as training. A failure is an exception.
Only NumPy is imported here: each peer has a virtual environment of its own.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from problems import PROBLEMS, PeerProblem

FOLDER = Path(__file__).resolve().parent
sys.path.sort(key=lambda each: Path(each or ".").resolve() == FOLDER)
"""This folder last: its scripts bear the names of the libraries that they import."""

FIRST, FACTOR = 0.5, 1.5
"""Seconds until an error is first measured, and by how much later each time: 16 in 180 s."""
Values = Callable[[np.ndarray], Any]
"""What a solution is at points (n, 2): values (n,) or (n, 1)."""


@dataclass
class Clock:
    """Seconds since it was made, as `now` tells them, except those that were paused."""

    now: Callable[[], float] = time.perf_counter
    paused: float = 0.0
    since: float | None = None
    started: float = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.now()

    @property
    def seconds(self) -> float:
        """Counted so far."""
        now = self.now() if self.since is None else self.since
        return now - self.started - self.paused

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """What is done inside is not counted."""
        self.since = self.now()
        try:
            yield
        finally:
            self.paused += self.now() - self.since
            self.since = None


@dataclass
class Run:
    """One run of a peer: what it was asked for, its clock, and the lines that it has written."""

    problem: PeerProblem
    budget: float
    seed: int
    threads: int
    out: Path
    clock: Clock = field(default_factory=Clock)
    next: float = FIRST

    @staticmethod
    def asked(
        arguments: Sequence[str] | None = None, own: Mapping[str, Any] = MappingProxyType({})
    ) -> Run:
        """By the command line; a peer may have problems of its `own` beside those of all."""
        parser = argparse.ArgumentParser(description="A peer of siren_pde.")
        every = {**PROBLEMS, **own}
        parser.add_argument("problem", choices=[*every])
        parser.add_argument("--seconds", type=float, default=180.0)
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--threads", type=int, default=1)
        parser.add_argument("--out", type=Path, required=True)
        given = parser.parse_args(arguments)
        given.out.write_text("")
        return Run(every[given.problem], given.seconds, given.seed, given.threads, given.out)

    def say(self, event: str, seconds: float, **more: Any) -> None:
        """Add a line."""
        line = {"event": event, "seconds": round(seconds, 4), **more}
        with self.out.open("a") as file:
            file.write(json.dumps(line) + "\n")

    @contextmanager
    def uncounted(self, event: str) -> Iterator[None]:
        """Imports, or a compilation, by which the library makes itself ready: they are told."""
        before = self.clock.now()
        with self.clock.stopped():
            yield
        self.say(event, self.clock.now() - before)

    @property
    def seconds(self) -> float:
        """Training seconds so far."""
        return self.clock.seconds

    @property
    def left(self) -> float:
        """Training seconds that are left."""
        return self.budget - self.seconds

    @property
    def over(self) -> bool:
        """Whether the time is over."""
        return self.left <= 0

    def look(self, values: Values) -> None:
        """Measure the error if it is time to."""
        if self.seconds >= self.next:
            self.measure(values)

    def measure(self, values: Values) -> float:
        """Measure the relative L² error now, whatever the time."""
        seconds = self.seconds
        with self.clock.stopped():
            error, largest = self.problem.errors(np.asarray(values(self.problem.points())))
            if not math.isfinite(error):
                raise FloatingPointError(f"after {seconds:.1f} s the solution is not finite")
            self.say("error", seconds, error=error, error_max=largest)
            while self.next <= seconds:
                self.next *= FACTOR
        return error

    def ended(
        self, values: Values, *, parameters: int, recipe: str, packages: Sequence[str]
    ) -> None:
        """Measure the last error, and say what was used: `packages` by their names on an index."""
        self.measure(values)
        versions = {name: version(name) for name in packages}
        self.say("ended", self.seconds, parameters=parameters, recipe=recipe, versions=versions)
