"""Performance profiles: which share of problems each solver has done, by how much slower than the
fastest it may be (Dolan and Moré, Mathematical Programming 91, 2002).
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from siren_pde.suites.standings import Result


@final
@dataclass(frozen=True)
class Steps:
    """A share that rises in steps: of so many cases, those whose number is at most τ.

    `numbers` are finite and in ascending order.
    """

    numbers: tuple[float, ...]
    cases: int

    @staticmethod
    def of(values: Sequence[float]) -> Steps:
        """Of one number for each case, infinite where it was never reached."""
        return Steps(tuple(sorted(v for v in values if math.isfinite(v))), len(values))

    def at(self, tau: float) -> float:
        """The share of cases whose number is at most τ."""
        return bisect.bisect_right(self.numbers, tau) / self.cases if self.cases else 0.0

    @property
    def last(self) -> float:
        """The share for τ → ∞: that of the cases which were reached at all."""
        return len(self.numbers) / self.cases if self.cases else 0.0


def performance_ratios(times: Mapping[str, Sequence[float]]) -> dict[str, Steps]:
    """The profile of each solver, from the seconds t (p,) that each takes for the same problems.

    ρ(τ) is the share of problems with t ≤ τ · min over solvers of t. Seconds are infinite where a
    problem is not done; where none does it, it is done by none for any τ.
    """
    best = [min(column) for column in zip(*times.values(), strict=True)]
    return {
        name: Steps.of([_ratio(t, least) for t, least in zip(row, best, strict=True)])
        for name, row in times.items()
    }


def _ratio(seconds: float, least: float) -> float:
    if not math.isfinite(seconds):
        return math.inf
    return seconds / least if least > 0 else 1.0


def compared(results: Sequence[Result], tolerance: float) -> dict[str, list[float]]:
    """Seconds until an error by solver, for every problem and seed that all of them were given.

    Empty unless there are two solvers, and such problems.
    """
    table: dict[str, dict[tuple[str, int], float]] = {}
    for each in results:
        row = table.setdefault(each.solver, {})
        row[each.problem, each.seed] = each.time_to(tolerance)
    shared = [
        case for case in next(iter(table.values()), {}) if all(case in t for t in table.values())
    ]
    if len(table) < 2 or not shared:
        return {}
    return {name: [row[case] for case in shared] for name, row in table.items()}


def reached(results: Sequence[Result], tolerance: float) -> dict[str, Steps]:
    """The share of its cells that each solver brings to an error, by seconds."""
    times: dict[str, list[float]] = {}
    for each in results:
        times.setdefault(each.solver, []).append(each.time_to(tolerance))
    return {name: Steps.of(row) for name, row in times.items()}
