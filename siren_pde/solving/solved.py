"""The solved part of an answer that a march did not get to the end of: its residuals there."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from siren_pde.calculus.points import Points
from siren_pde.collocation.objective import Objective
from siren_pde.optimisers.reached import Reached


@dataclass(frozen=True)
class Until:
    """Moves points of a whole problem into its solved part, in proportion along the axis.

    All domains of an evolution are cylinders, so points stay where their conditions hold.
    """

    axis: int
    start: float
    end: float
    reached: float

    def __call__(self, points: Points) -> Points:
        """The points, those at the start where they were."""
        columns = list(points.positions.unbind(1))
        share = (columns[self.axis] - self.start) / (self.end - self.start)
        columns[self.axis] = self.start + (self.reached - self.start) * share
        return replace(points, positions=torch.stack(columns, 1))


def solved_part(objective: Objective, reached: Reached | None) -> Objective:
    """The residuals in what is solved; all of them if that is everything, or nothing."""
    if reached is None or not reached.anything:
        return objective
    problem = objective.collocated.problem
    axis = problem.axes.index(reached.axis)
    low, high = (corner[axis] for corner in problem.bounds)
    move = Until(axis, low, high, reached.value)
    moved = objective.collocated.at(replace(objective.collocated.sampling, move=move))
    return replace(objective, collocated=moved)
