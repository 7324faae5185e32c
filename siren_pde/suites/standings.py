"""What the results of a suite come to: medians over seeds, worst seeds, seconds until an error."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import final

from siren_pde.files.json_values import JSON, Description
from siren_pde.suites.cells import OWN
from siren_pde.suites.outcomes import FAILED
from siren_pde.suites.peers import is_peer, solver_name

TOLERANCES = (1e-3, 1e-6, 1e-9)
"""Errors whose time is told: of a sketch, of engineering, of a reference."""


@final
@dataclass(frozen=True)
class Result:
    """What came of one cell; numbers that are not known are NaN."""

    line: Description

    @property
    def names(self) -> tuple[str, str, str]:
        """Problem, field and method."""
        cell = _record(self.line.get("cell"))
        return _text(cell, "problem"), _text(cell, "field", OWN), _text(cell, "method", OWN)

    @property
    def problem(self) -> str:
        """The problem."""
        return self.names[0]

    @property
    def solver(self) -> str:
        """A peer, or the field and the method, as far as they are not the problem's own."""
        _, field, method = self.names
        return solver_name(method, field)

    @property
    def seed(self) -> int:
        """The seed."""
        value = _record(self.line.get("cell")).get("seed")
        return value if isinstance(value, int) else 0

    @property
    def outcome(self) -> str:
        """How it ended."""
        return _text(self.line, "outcome")

    @property
    def ran(self) -> str:
        """The method that ran, as it calls itself."""
        return _text(self.line, "ran")

    @property
    def failed(self) -> bool:
        """Whether it has no result."""
        return self.outcome == FAILED

    def number(self, name: str) -> float:
        """A number of the line."""
        return real(self.line.get(name))

    @property
    def curve(self) -> list[tuple[float, float]]:
        """Seconds and errors on the way."""
        rows = self.line.get("curve")
        pairs = rows if isinstance(rows, list) else []
        return [(real(pair[0]), real(pair[1])) for pair in pairs if isinstance(pair, list)]

    def time_to(self, tolerance: float) -> float:
        """Seconds until the error was known to be at most that; infinite if it never was."""
        reached = [seconds for seconds, error in self.curve if error <= tolerance]
        return min(reached, default=math.inf)

    @property
    def measured(self) -> Mapping[str, float]:
        """Numbers by name, of a script or a fit."""
        return {name: real(value) for name, value in _record(self.line.get("measured")).items()}


@final
@dataclass(frozen=True)
class Standing:
    """The cells of one problem, field and method: all seeds."""

    results: tuple[Result, ...]

    @property
    def first(self) -> Result:
        """That of the first seed, which has the names."""
        return self.results[0]

    @property
    def key(self) -> tuple[str, str, str]:
        """Problem, field and method."""
        return self.first.names

    @property
    def is_peer(self) -> bool:
        """Whether a solver of others made them."""
        return is_peer(self.key[1])

    @property
    def failed(self) -> list[Result]:
        """Those without a result."""
        return [each for each in self.results if each.failed]

    def over(self, name: str, reduced: Callable[[Sequence[float]], float] | None = None) -> float:
        """The median of a number over seeds, or what `reduced` makes of it; NaN unless all that
        have a result know it.
        """
        values = [each.number(name) for each in self.results if not each.failed]
        if not values or any(map(math.isnan, values)):
            return math.nan
        return (reduced or statistics.median)(values)

    def time_to(self, tolerance: float) -> float:
        """The median of the seconds until an error; a seed that never reaches it takes for ever."""
        return statistics.median_high([each.time_to(tolerance) for each in self.results])

    @property
    def outcome(self) -> str:
        """How all ended: one word, or each with its number."""
        counts: dict[str, int] = {}
        for each in self.results:
            counts[each.outcome] = counts.get(each.outcome, 0) + 1
        if len(counts) == 1:
            return next(iter(counts))
        return ", ".join(f"{name} {count}" for name, count in counts.items())

    @property
    def reason(self) -> str:
        """Why the first one failed, or ended otherwise than it should."""
        told = [*self.failed, *(r for r in self.results if r.outcome != "converged")]
        return _text(told[0].line, "reason") if told else ""


def results_of(lines: Sequence[Description], kind: str | None = None) -> list[Result]:
    """All, or those of one kind: `solve`, `sdf` (fits) or `script`."""
    return [Result(line) for line in lines if kind is None or line.get("kind") == kind]


def standings(results: Sequence[Result]) -> list[Standing]:
    """The results by problem, field and method, in order."""
    groups: dict[tuple[str, str, str], list[Result]] = {}
    for each in results:
        groups.setdefault(each.names, []).append(each)
    return [Standing(tuple(sorted(group, key=lambda r: r.seed))) for group in groups.values()]


def real(value: JSON) -> float:
    """A number, NaN where there is none."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number else math.nan  # type: ignore[arg-type]


def _record(value: JSON) -> Description:
    return value if isinstance(value, Mapping) else {}


def _text(values: Description, name: str, otherwise: str = "") -> str:
    value = values.get(name)
    return value if isinstance(value, str) else otherwise
