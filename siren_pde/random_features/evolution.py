"""Evolutions in time: which problems are one, and the slabs of time that they are solved in.

All domains of an evolution are cylinders in time, so points are drawn as for the whole problem and
squeezed into the slab; only the initial conditions are replaced, by values handed over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import torch

from siren_pde.calculus.derivatives import Laplace
from siren_pde.calculus.jets import Jet
from siren_pde.calculus.operators import d
from siren_pde.calculus.points import Points
from siren_pde.calculus.vectors import Vector
from siren_pde.collocation.collocated import Collocated
from siren_pde.collocation.expression import Expression, Unknown
from siren_pde.collocation.objective import Objective
from siren_pde.collocation.quadrature import Sobol
from siren_pde.collocation.residual import BoundResidual
from siren_pde.collocation.sampling import Sampling, shares
from siren_pde.domains.base import Domain
from siren_pde.errors import ConfigError
from siren_pde.fields.ansatz import held_on
from siren_pde.fields.base import Field
from siren_pde.fields.derived.stretched import GridStretching
from siren_pde.optimisers.reached import Reached
from siren_pde.problem import Condition, Problem

PROBES = 64
"""Points of a domain that are moved in time, to see whether it is a cylinder."""


@dataclass(frozen=True)
class Evolution:
    """Time: an axis, the problem's interval [low, high] of it, and the order in ∂/∂t."""

    axis: int
    low: float
    high: float
    order: int

    def until(self, problem: Problem, time: float, *, going: bool = True) -> Reached:
        """That a problem is solved until a time, and whether a method goes on from there."""
        return Reached(problem.axes[self.axis], self.low, time, going)

    def initial(self, problem: Problem) -> list[Condition]:
        """The conditions at the start of time."""
        low = problem.bounds[0][self.axis]
        return [c for c in problem.conditions if _flat(c.domain, self.axis, low)]

    def initial_residuals(self, collocated: Collocated) -> Collocated:
        """The residuals of the initial conditions alone."""
        first = self.initial(collocated.problem)
        selected = collocated.select(lambda rows: rows.condition in first)
        assert selected is not None, "an evolution has initial conditions"
        return selected


@dataclass(frozen=True)
class Slab:
    """The part start ≤ t ≤ end of an evolution, with axes stretched by `stretch`."""

    evolution: Evolution
    start: float
    end: float
    stretch: tuple[GridStretching, ...] = ()

    def __call__(self, points: Points) -> Points:
        """Points of the whole problem, moved into the slab, and denser where axes are stretched."""
        time, columns = self.evolution, list(points.positions.unbind(1))
        share = (columns[time.axis] - time.low) / (time.high - time.low)
        columns[time.axis] = self.start + (self.end - self.start) * share
        weights = points.weights
        for along in self.stretch:
            x = along.inverse(columns[along.axis])
            columns[along.axis] = x
            weights = weights / along.derivative(x, 1)
        return replace(points, positions=torch.stack(columns, 1), weights=weights)


def evolution_of(objective: Objective) -> Evolution | None:
    """The axis along which a problem starts from initial conditions and has no final ones.

    None where there is no such axis, where an unknown is constant along it, which is the same in
    all slabs, where a residual takes one at another point of it (`at(u, t=p.t - 1)`), where the
    field itself holds what does not last along it, and for measured data, which lie where they lie.
    """
    problem, field = objective.collocated.problem, objective.field
    domains = [c.domain for c in problem.conditions]
    if any(domain.is_data for domain in domains):
        return None
    if not all(network.inputs for network in field.networks().values()):
        return None
    constant = {i for network in field.networks().values() for i in network.constant}
    elsewhen = {i for r in objective.collocated.rows for p in r.residual.places for i in p}
    sides = enumerate(zip(*problem.bounds, strict=True))
    starting = [
        (i, low, high)
        for i, (low, high) in sides
        if i not in constant | elsewhen
        and _starts_alone(domains, i, low, high)
        and all(_spans(d, i, low, high) for d in held_on(field))
    ]
    named = [side for side in starting if problem.axes[side[0]] == "t"]
    if not starting:
        return None
    axis, low, high = (named or starting)[0]
    plans = [plan for r in objective.collocated.rows for plan in r.residual.plans.values()]
    keys = [key for plan in plans for key in plan.keys]
    orders = [2 * (axis in k.axes) if isinstance(k, Laplace) else k.count(axis) for k in keys]
    return Evolution(axis, low, high, max(orders))


def require_evolution(objective: Objective, method: str) -> Evolution:
    """The evolution that a problem is. Raises ConfigError if it is none."""
    evolution = evolution_of(objective)
    if evolution is None:
        raise ConfigError(
            f"`{method}` needs an evolution: initial conditions such as `@on(box.at(t=0))`, "
            "conditions for all times elsewhere, and no measured data."
        )
    return evolution


def _starts_alone(domains: list[Domain], axis: int, low: float, high: float) -> bool:
    """Whether some domains lie at the low end of an axis, and all others reach from end to end."""
    flat = [_flat(domain, axis, low) for domain in domains]
    return any(flat) and all(
        at_start or _spans(domain, axis, low, high)
        for domain, at_start in zip(domains, flat, strict=True)
    )


def _flat(domain: Domain, axis: int, at: float) -> bool:
    return domain.bounds[0][axis] == domain.bounds[1][axis] == at


def _spans(domain: Domain, axis: int, low: float, high: float) -> bool:
    """Whether a domain is a cylinder from end to end: its points may move along the axis."""
    ends = {(piece.bounds[0][axis], piece.bounds[1][axis]) for piece in domain.pieces}
    if ends != {(low, high)}:
        return False
    x = Sobol(PROBES)(domain).positions
    x[:, axis] = low + (x[:, axis] - low + (high - low) / 2) % (high - low)
    return bool(domain.contains(x, 1e-9 * (high - low)).all())


@dataclass(frozen=True)
class HandedOver:
    """The residual that is each unknown, and its first order − 1 derivatives in time."""

    evolution: Evolution

    def __call__(self, p: Points, *unknowns: Unknown) -> list[Jet]:
        """All of them at points p."""
        t = p.coordinates[self.evolution.axis]
        parts: list[Jet] = []
        for u in unknowns:
            components = list(u) if isinstance(u, Vector) else [u]
            for k in range(self.evolution.order):
                parts += [d(c, *[t] * k) if k else c for c in components]
        return parts


@dataclass(frozen=True, eq=False)
class Slabs:
    """How an evolution is taken apart: the whole problem, its time, and the state handed over.

    `state` is the residual that is each unknown and its first order − 1 derivatives in time,
    planned once for all slabs. `whole` has been planned already: its residuals serve every slab.
    """

    whole: Objective
    evolution: Evolution
    state: BoundResidual
    handover: ClassVar[str] = "handover"
    """The name of the condition that a slab starts with."""

    @staticmethod
    def of(whole: Objective, evolution: Evolution) -> Slabs:
        """For an objective that is an evolution."""
        points = whole.collocated.rows[0].points
        expression = Expression("state", HandedOver(evolution))
        return Slabs(whole, evolution, BoundResidual.planned(expression, whole.field, points))

    def slab(self, slab: Slab, before: Field | None, *, count: int, seed: int) -> Objective:
        """The residuals in a slab that starts from where the field `before` has ended.

        There are `count` points in the interior.
        """
        problem, residuals = self._problem(slab, before)
        return self._drawn(problem, residuals, slab, count=count, seed=seed)

    def constant_in_time(
        self, slab: Slab, before: Field | None, *, count: int, seed: int
    ) -> Objective:
        """What a slab starts with, as conditions for all of its time: the field that stays."""
        problem, residuals = self._problem(slab, before)
        inner = max((c.domain for c in problem.conditions), key=lambda domain: domain.dimension)
        first = self.evolution.initial(problem)
        everywhere = Problem(*(replace(c, domain=inner) for c in first), name=problem.name)
        return self._drawn(everywhere, residuals, slab, count=count, seed=seed)

    def starts_affinely(self, before: Field | None) -> bool:
        """Whether what a slab starts with is affine in the field, as what is handed over is."""
        first = self.evolution.initial_residuals(self.whole.collocated)
        return before is not None or first.affine

    def _problem(
        self, slab: Slab, before: Field | None
    ) -> tuple[Problem, dict[str, BoundResidual]]:
        """The problem with its initial conditions replaced by the end of `before`, if any."""
        problem, residuals = self.whole.collocated.problem, self.whole.collocated.residuals
        if before is None:
            return problem, residuals
        first = self.evolution.initial(problem)
        others = [c for c in problem.conditions if c not in first]
        initial = first[0]
        handover = Condition(
            self._handed_over(before, slab.start), initial.domain, weight=initial.weight
        )
        expression = Expression(handover.name, handover.residual, self.state.expression.arguments)
        bound = replace(self.state, expression=expression)
        residuals = {name: r for name, r in residuals.items() if name != handover.name}
        return Problem(*others, handover, name=problem.name), {**residuals, handover.name: bound}

    def _handed_over(self, before: Field, start: float) -> Callable[..., list[Jet]]:
        """The state less that of the field before, which is taken at the slab's start whatever the
        time of a point.
        """
        state = HandedOver(self.evolution)

        def handover(p: Points, *unknowns: Unknown) -> list[Jet]:
            positions = p.positions.clone()
            positions[:, self.evolution.axis] = start
            known = self.state.at(before, replace(p, positions=positions))
            return [u - known[:, i] for i, u in enumerate(state(p, *unknowns))]

        return handover

    def _drawn(
        self,
        problem: Problem,
        residuals: dict[str, BoundResidual],
        slab: Slab,
        *,
        count: int,
        seed: int,
    ) -> Objective:
        whole = self.whole.collocated.sampling
        sampling = Sampling(problem, whole.rule, shares(problem, count), seed, move=slab)
        collocated = Collocated.drawn(sampling, self.whole.field, residuals)
        return replace(self.whole, collocated=collocated)
