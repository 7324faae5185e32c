"""Where a march by lines stands: the crossing under way, and the last one that got through."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from siren_pde.optimisers.base import Iterate
from siren_pde.random_features.crossing import Crossing
from siren_pde.random_features.lines_field import field_of

GAINED, SMALL, SURELY = 0.02, 1e-5, 0.1
"""What is left of the error of a crossing by one of a hundredth of its tolerance: 0.003 to 0.013 on
eight evolutions. Where two differ by less than the second, their waves may lack the same: then the
third is said to be left.
"""
KNOWN = 0.02
"""The share of slabs after which it is known how long a crossing will take."""


@dataclass(frozen=True, eq=False)
class Complete:
    """A crossing that got through: its difference from the one before, how long it took, and the
    share that its difference is of the one before's.
    """

    crossing: Crossing
    difference: float
    seconds: float
    falling: float = 0.0

    @property
    def error(self) -> float:
        """About its relative error, what initial values miss included; NaN if it is the first."""
        left = min(max(GAINED if self.difference > SMALL else SURELY, self.falling), 1.0)
        known = math.isfinite(self.difference)
        return left * self.difference + self.crossing.missed if known else math.nan

    @property
    def text(self) -> str:
        """What it is, in words."""
        text = (
            f"{len(self.crossing.pieces)} slabs are solved to a tolerance of "
            f"{self.crossing.collocation.tolerance:.0e}"
        )
        if math.isinf(self.difference):
            return text
        return f"{text}, {self.difference:.1e} from those solved more coarsely"


@dataclass(frozen=True, eq=False)
class State:
    """The crossing under way, for how many seconds it has been, and the last one that got through;
    or time slabs that take over where the solution is `steep`, and whether they have been tried.
    """

    crossing: Crossing
    seconds: float = 0.0
    best: Complete | None = None
    steep: Iterate[Any] | None = None
    marched: bool = False

    @property
    def expected(self) -> float:
        """The seconds that the crossing will still take, if it goes on as the last one went."""
        assert self.best is not None
        now, before = self.crossing.level.time, [p.end for p in self.best.crossing.pieces]
        share = sum(end <= now for end in before) / len(before)
        return self.seconds * (1 - share) / share if share > KNOWN else 0.0


def shown(at: Iterate[State], state: State, note: str) -> Iterate[State]:
    """The slabs that are solved, joined; those of the iterate before while there are none."""
    crossing = state.crossing
    if not crossing.pieces:
        before = at.reached and replace(at.reached, going=True)
        return replace(at, state=state, note=note, reached=before)
    time, problem = crossing.at.time, crossing.at.whole.collocated.problem
    reached = None if crossing.done else time.until(problem, crossing.pieces[-1].end)
    field = field_of(crossing.pieces, crossing.at.time.axis, crossing.collocation.radau)
    objective = replace(crossing.at.whole, field=field)
    theta = objective.parameters
    size = crossing.collocation.tolerance if state.best is None else state.best.difference
    loss = theta.new_tensor(min(size, 1.0) ** 2 / 2)
    error = math.nan if state.best is None else state.best.error
    return Iterate(objective, theta, loss, state, note, "", reached, error=error)
