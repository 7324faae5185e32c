"""A condition's residual at its points: what an objective is made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from siren_pde.points import Points
from siren_pde.problem import Condition, Problem
from siren_pde.residuals import Light


@dataclass(frozen=True)
class Sample:
    """A condition's residual at its points, with the scale (n,) of its rows."""

    light: Light
    points: Points
    scale: Tensor

    @property
    def condition(self) -> Condition:
        """The condition sampled."""
        return self.light.condition

    def blocks(self, size: int) -> Iterator[tuple[Points, Tensor]]:
        """The points and their scale in consecutive pieces of at most `size`."""
        for start in range(0, len(self.points), size):
            piece = slice(start, start + size)
            yield self.points.select(piece), self.scale[piece]


def sample(light: Light, points: Points) -> Sample:
    """A condition's residual at points, rows scaled to weighted means."""
    mean = points.weights / points.weights.sum()
    return Sample(light, points, (light.condition.weight * mean).sqrt())


def shares(problem: Problem, n: int) -> dict[str, int]:
    """How many points each condition takes when an equation in the interior takes n.

    Conditions on lower-dimensional domains, such as boundaries, take a quarter as many; conditions
    that say how many they want, so many.
    """
    top = max(c.domain.dimension for c in problem.conditions)
    usual = {c.name: n if c.domain.dimension == top else n // 4 for c in problem.conditions}
    return {c.name: c.points or max(usual[c.name], 1) for c in problem.conditions}
