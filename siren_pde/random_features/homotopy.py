"""A path from the problem linearised to the problem itself, along which Newton's method is led.

R_s(u) = (1 − s) (R(0) + R′(0) u) + s R(u) is affine at s = 0 and the problem's residual at s = 1.
For a flow it is Stokes' at first, and its inertia comes in little by little: what Newton's method
makes of the whole problem from nothing may have small residuals and be no solution, where the path
leads to the one that laminar flow turns into. How far s goes at once follows from how well each
linear model predicts the next residual.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Tensor

from siren_pde.collocation.objective import Objective
from siren_pde.processes.processes import Processes
from siren_pde.random_features.features import with_output
from siren_pde.random_features.output_layer import weighted_size
from siren_pde.random_features.output_system import OutputSystem, Weights

FIRST, LEAST = 0.1, 1e-3
"""The first step along the path, and the smallest."""
AGREEING = 2.0
"""A residual this much larger than its linear model predicts is what there is at this s."""
CONTRACTING = 0.5
"""Newton's steps leave this share of what the linear model did not predict, or are too bold."""
CORRECTIONS = 6
"""So many Newton steps have to do at one s."""
EASY, LONGER = 3, 2.0
"""Up to so many say that the path is straight: the next piece of it is longer."""


def partly(objective: Objective, s: float) -> Objective:
    """R_s in place of the residuals R."""
    return replace(objective, collocated=objective.collocated.partly(s))


@dataclass(frozen=True)
class Move:
    """A Newton step on R_s: where it leads, ‖R_s‖ as the linear model predicts it, and as it is."""

    theta: Tensor
    predicted: float
    reached: float


Newton = Callable[[Tensor, float], Move]
"""One step on R_s from θ: whatever solves the linearised equations may be led along the path."""


@dataclass(frozen=True)
class Place:
    """θ that solves R_s as well as it can be, and the Newton steps that it took to get there."""

    theta: Tensor
    s: float
    steps: int


def followed(
    newton: Newton,
    start: Tensor,
    *,
    deadline: float = math.inf,
    processes: Processes = Processes(),
) -> Place:
    """The farthest place on the path from `start`: s is 1 unless steps became too small, or the
    `deadline` has passed, for the first of the `processes` that share the steps.
    """
    here = _corrected(newton, Place(start, 0.0, 0)) or Place(start, 0.0, 1)
    length = FIRST
    while here.s < 1 and length >= LEAST and processes.before(deadline):
        s = min(here.s + length, 1.0)
        there = _corrected(newton, Place(here.theta, s, here.steps))
        if there is None:
            here, length = replace(here, steps=here.steps + CORRECTIONS), length / 2
        else:
            length *= LONGER if there.steps - here.steps <= EASY else 1.0
            here = there
    return here


def _corrected(newton: Newton, at: Place) -> Place | None:
    """Newton's method at one s; None where it does not get to what its linear models predict."""
    excess = None
    for number in range(1, CORRECTIONS + 1):
        move = newton(at.theta, at.s)
        if not math.isfinite(move.reached):
            return None
        at = replace(at, theta=move.theta, steps=at.steps + 1)
        if move.reached <= AGREEING * move.predicted:
            return at
        beyond = move.reached - move.predicted
        if number > 1 and excess is not None and beyond > CONTRACTING * excess:
            return None
        excess = beyond
    return None


@final
class OutputHomotopy:
    """Newton's steps on R_s for the output layers of frozen features.

    `weights` are the factors of the conditions' rows, those that balance them at the zero field.
    """

    def __init__(self, objective: Objective) -> None:
        self.objective = objective
        start = objective.parameters
        self.weights: Weights = OutputSystem.of(partly(objective, 0.0), start).balance()

    def newton(self, theta: Tensor, s: float) -> Move:
        """One undamped step from θ."""
        objective = partly(self.objective, s)
        system = OutputSystem.of(objective, theta)
        system.weigh(self.weights)
        size, fit = system.size, system.solve()
        moved = theta + with_output(objective.field, torch.zeros_like(theta), fit.x)
        reached = float(weighted_size(objective, moved, self.weights))
        return Move(moved, float(fit.relative_residual) * size, reached)
