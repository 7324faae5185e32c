"""Where a problem's residuals are taken: how many points each condition has, and which."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as made
from typing import TypeAlias

import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.collocation.grading import graded, some_graded
from siren_pde.collocation.quadrature import Quadrature
from siren_pde.errors import ConfigError
from siren_pde.fields.base import Field, Network
from siren_pde.fields.derived.projected import Projected
from siren_pde.problem import Condition, Problem

Counts: TypeAlias = Mapping[Condition, int] | Mapping[str, int] | Mapping[Condition | str, int]
"""Numbers of points, by conditions or their names."""


def drawn_to_residuals(residuals: Tensor, n: int, share: float, seed: int) -> Tensor:
    """n of N candidates, by index: a `share` of them in proportion to |residual| (N,).

    The rest is uniform, so that no region is ever left unwatched. Source: residual-based adaptive
    distribution (Wu et al., Comput. Methods Appl. Mech. Eng. 403, 2023), k = 1.
    """
    size = residuals.abs()
    density = (1 - share) + share * size / size.mean().clamp_min(torch.finfo(size.dtype).tiny)
    generator = torch.Generator(device=residuals.device).manual_seed(seed)
    return torch.multinomial(density, n, replacement=True, generator=generator)


def shares(problem: Problem, n: int) -> dict[str, int]:
    """How many points each condition takes when an equation in the interior takes n.

    Conditions on lower-dimensional domains, such as boundaries, take a quarter as many; conditions
    that say how many they want, so many.
    """
    top = max(c.domain.dimension for c in problem.conditions)
    usual = {c.name: n if c.domain.dimension == top else n // 4 for c in problem.conditions}
    return {c.name: c.points or max(usual[c.name], 1) for c in problem.conditions}


def in_coordinates(field: Field, axes: tuple[str, ...]) -> Field:
    """The field for a problem in the coordinates `axes`: networks of some of them, projected.

    It is the field itself where all networks take all coordinates. Raises ConfigError for networks
    of coordinates that the problem does not have.
    """

    def projected(network: Network) -> Network:
        if network.of in ((), axes):
            return network
        strange = [name for name in network.of if name not in axes]
        if strange:
            raise ConfigError(
                f"a network is a function of {', '.join(network.of)}, but the problem has the "
                f"coordinates {', '.join(axes)}. Name some of these: `of=({axes[-1]!r},)`."
            )
        return Projected(network, [axes.index(name) for name in network.of], len(axes))

    partial = any(network.of not in ((), axes) for network in field.networks().values())
    return field.rebuilt(projected) if partial else field


def require_matching(problem: Problem, field: Field, counts: Mapping[str, int]) -> None:
    """Raise ConfigError unless the field takes the problem's coordinates, and counts its names."""
    names, axes = [c.name for c in problem.conditions], ", ".join(problem.axes)
    unknown = sorted(set(counts) - set(names))
    if unknown:
        raise ConfigError(f"`points` names {unknown}, but the conditions are {names}.")
    for name, network in field.networks().items():
        if network.inputs not in (0, len(problem.axes)):
            few = ", ".join(repr(axis) for axis in problem.axes[: network.inputs])
            some = f", or say which of them it takes, `Siren({network.inputs}, of=({few},))`"
            raise ConfigError(
                f"the field `{name}` takes {network.inputs} coordinates, but the problem has "
                f"{len(problem.axes)}: {axes}. Write `Siren({len(problem.axes)})`"
                f"{some if network.inputs < len(problem.axes) else ''}."
            )


@dataclass(frozen=True, eq=False)
class Part:
    """Some of the `count` points of a condition, and which of them, by `numbers` (n,).

    Their weights are to be multiplied by one factor for all parts, so that the sum over them is
    that of the parts' `total`.
    """

    points: Points
    numbers: Tensor
    count: int
    total: Tensor


@dataclass(frozen=True)
class Sampling:
    """Where a problem's residuals are taken: a rule, how many points each condition has, a seed.

    `emphasis` multiplies the weights of the conditions it names; `move` takes points where they
    shall be. Weights are those when the share `used` of the budget is spent.
    """

    problem: Problem
    rule: Quadrature
    counts: Mapping[str, int]
    seed: int
    emphasis: Mapping[str, float] = made(default_factory=dict)
    move: Callable[[Points], Points] | None = None
    used: float = 1.0

    def draw(self, like: Tensor) -> dict[str, Points]:
        """Points for every condition, by name, of the dtype and on the device of `like`."""
        drawn = {}
        for condition in self.problem.conditions:
            rule, seed = self._rule(condition)
            points = rule(condition.domain, seed=seed, dtype=like.dtype, device=like.device)
            if condition.refine_towards is not None:
                points = graded(points, condition.domain, condition.refine_towards)
            drawn[condition.name] = points if self.move is None else self.move(points)
        return drawn

    def part(self, condition: Condition, of: Callable[[int], slice], like: Tensor) -> Part:
        """Those of all n points of a condition that the slice of(n) chooses, as `Quadrature.part`
        draws them.
        """
        rule, seed = self._rule(condition)
        points, first, count = rule.part(condition.domain, of, seed=seed, like=like)
        total = points.weights.sum()
        if condition.refine_towards is not None:
            points = some_graded(points, condition.domain, condition.refine_towards, first=first)
        points = points if self.move is None else self.move(points)
        numbers = torch.arange(first, first + len(points), device=like.device)
        return Part(points, numbers, count, total)

    def _rule(self, condition: Condition) -> tuple[Quadrature, int]:
        """The rule of a condition, and its seed."""
        conditions = self.problem.conditions
        number = [c.name for c in conditions].index(condition.name)
        return self.rule.with_count(self.counts[condition.name]), (
            self.seed * len(conditions) + number
        )

    def scale(self, condition: Condition, points: Points, total: Tensor | None = None) -> Tensor:
        """The factor (n,) of a condition's rows at its points: √(weight · wᵢ / Σw); `total` is Σw
        where these are a part of all.
        """
        mean = points.weights / (points.weights.sum() if total is None else total)
        return (self.weight(condition) * mean).sqrt()

    def weight(self, condition: Condition) -> float:
        """The weight of a condition's mean square, its emphasis included."""
        return condition.weight_at(self.used) * self.emphasis.get(condition.name, 1.0)

    def with_count(self, n: int) -> Sampling:
        """n points in the interior, the matching number on boundaries, and all measured ones."""
        free = (c for c in self.problem.conditions if not c.points)
        whole = {c.name: c.domain.count for c in free if c.domain.count is not None}
        return replace(self, counts={**shares(self.problem, n), **whole})

    def at_most(self, n: int) -> Sampling:
        """The same with n points of each condition at most, by the measure of the rule."""
        return replace(self, counts={name: min(n, count) for name, count in self.counts.items()})

    def times(self, factor: int) -> Sampling:
        """`factor` times as many points everywhere."""
        return replace(self, counts={name: factor * n for name, n in self.counts.items()})
