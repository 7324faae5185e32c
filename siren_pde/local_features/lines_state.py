"""Where a march by the method of lines on boxes stands."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from siren_pde.collocation.objective import Objective
from siren_pde.fields.base import Field
from siren_pde.local_features.discretised import Waves
from siren_pde.local_features.lines_crossing import Crossing
from siren_pde.numerics.box_tree import BoxTree
from siren_pde.optimisers.base import Iterate
from siren_pde.random_features.evolution import Evolution

KNOWN = 0.1
"""The share of steps after which it is known how long a crossing will take."""
COMPARED = 1024
"""Places at which crossings are compared."""
WORSE = 1.5
"""Smaller boxes that leave so many times as much as the larger ones did are rounding: derivatives
of high order, and steps that are short beside them, ask for larger ones.
"""


@dataclass(frozen=True, eq=False)
class Complete:
    """A crossing that got through, its values at some places, how far (relative) those are from the
    one before, and how long it took.
    """

    crossing: Crossing
    values: Tensor
    difference: float
    seconds: float

    @property
    def text(self) -> str:
        """What it is, in words."""
        unknowns, steps = self.crossing.space.assembly.unknowns, len(self.crossing.levels) - 1
        text = f"{steps} steps on boxes with {unknowns} unknowns"
        if math.isinf(self.difference):
            return text
        return f"{text}, {self.difference:.1e} from those solved more coarsely"


@dataclass(frozen=True, eq=False)
class State:
    """The boxes, and where the march on them stands: not begun while they are adapted, in a number
    of `rounds`. `scale` (networks,) are the sizes of unknowns, `best` the last crossing that got
    through, and `seconds` those that the present one has had. Smaller boxes are not tried any more
    where they have not helped.
    """

    whole: Objective
    time: Evolution
    steady: bool
    tree: BoxTree
    waves: Waves
    tolerance: float
    scale: Tensor
    crossing: Crossing | None = None
    best: Complete | None = None
    rounds: int = 0
    helps: bool = True
    seconds: float = 0.0

    @property
    def expected(self) -> float:
        """The seconds that the crossing will still take, if it goes on as the last one went."""
        assert self.best is not None and self.crossing is not None
        now, before = self.crossing.levels[-1].time, self.best.crossing.levels[1:]
        share = sum(level.time <= now for level in before) / len(before)
        return self.seconds * (1 - share) / share if share > KNOWN else 0.0


def made_worse(crossing: Crossing, before: Crossing) -> bool:
    """Whether smaller boxes than those of the crossing before have left more than they did."""
    smaller = len(crossing.space.tree) != len(before.space.tree)
    return smaller and crossing.left >= WORSE * before.left


def values_of(whole: Objective, field: Field) -> Tensor:
    """The values (n,) of all networks at places of the equations inside."""
    points = whole.collocated.interior[0].points.positions[:COMPARED]
    with torch.no_grad():
        return torch.cat([net(points).flatten() for net in field.networks().values()])


def shown(state: State, crossing: Crossing, note: str) -> Iterate[State]:
    """The solution of a crossing so far."""
    problem, end = state.whole.collocated.problem, crossing.levels[-1].time
    reached = None if crossing.done else state.time.until(problem, end)
    objective = crossing.objective()
    theta = objective.parameters
    difference = 1.0 if state.best is None else min(state.best.difference, 1.0)
    known = state.best is not None and math.isfinite(state.best.difference)
    error = difference if known else math.nan
    loss = theta.new_tensor(difference**2 / 2)
    return Iterate(objective, theta, loss, state, note, "", reached, error=error)
