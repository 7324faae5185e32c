"""The residuals of a problem at collocation points: what is known before any field has values."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.collocation.evaluation import Rows
from siren_pde.collocation.expression import Expression
from siren_pde.collocation.quadrature import Quadrature, Sobol
from siren_pde.collocation.residual import BoundResidual
from siren_pde.collocation.rows import (
    Chosen,
    Drawn,
    Share,
    equally_weighted,
    shares_of,
    signs_of,
)
from siren_pde.collocation.sampling import (
    Counts,
    Sampling,
    in_coordinates,
    require_matching,
    shares,
)
from siren_pde.fields.base import Field
from siren_pde.problem import Condition, Problem
from siren_pde.processes.processes import Processes

ROUNDING = 1e4
"""Below this curvature, relative to the rounding unit, residuals count as affine in the field."""
PLANNED = 256
"""Points of a condition at which several processes plan its residual, each of them for itself."""


@dataclass(frozen=True, eq=False)
class Collocated:
    """All conditions of a problem at their points, each residual planned once.

    Copies at other points and with other weights share the planned residuals. Where several
    `processes` share them, each draws and evaluates its `own`; who looks at `rows` draws them all.
    """

    sampling: Sampling
    rows: Sequence[Rows]
    processes: Processes = Processes()

    @staticmethod
    def planned(
        problem: Problem,
        field: Field,
        points: Counts | None = None,
        *,
        rule: Quadrature | None = None,
        seed: int = 0,
        processes: Processes | None = None,
    ) -> Collocated:
        """Plan the residuals of a problem for fields of the structure of `field`.

        `points` is the number of points of each condition, by the condition or its name, and `rule`
        the quadrature that places them (default `Sobol(1024)`); dtype and device are the field's.
        Several `processes` plan at a few points, and share the rest.

        Raises ConfigError if the field takes other coordinates, or `points` names no condition, and
        ResidualError, naming the condition, if a residual cannot be evaluated.
        """
        given = {c if isinstance(c, str) else c.name: n for c, n in (points or {}).items()}
        field = in_coordinates(field, problem.axes)
        require_matching(problem, field, given)
        rule = rule or Sobol(1024)
        sampling = Sampling(problem, rule, {**shares(problem, rule.n), **given}, seed)
        if processes is None or not processes.several:
            return Collocated.drawn(sampling, field, {})
        few = Collocated.drawn(sampling.at_most(PLANNED), field, {})
        return replace(few, processes=processes).at(sampling)

    @staticmethod
    def drawn(
        sampling: Sampling, field: Field, residuals: Mapping[str, BoundResidual]
    ) -> Collocated:
        """Draw the points of a sampling; what is not among the `residuals`, by the names of
        conditions, is planned for the structure of `field`.
        """
        points, rows = sampling.draw(next(field.parameters())), []
        for c in sampling.problem.conditions:
            at = points[c.name]
            bound = residuals.get(c.name) or BoundResidual.planned(Expression.of(c), field, at)
            rows.append(Rows(c, bound, at, sampling.scale(c, at)))
        return Collocated(sampling, tuple(rows))

    @property
    def problem(self) -> Problem:
        """The problem whose residuals these are."""
        return self.sampling.problem

    @property
    def seed(self) -> int:
        """The seed of the points."""
        return self.sampling.seed

    @property
    def residuals(self) -> dict[str, BoundResidual]:
        """The planned residual of each condition, by name."""
        return {condition.name: residual for condition, residual in self.bound}

    @property
    def bound(self) -> tuple[tuple[Condition, BoundResidual], ...]:
        """The conditions and their planned residuals."""
        if isinstance(self.rows, Drawn):
            return self.rows.bound
        return tuple((r.condition, r.residual) for r in self.rows)

    @property
    def like(self) -> Tensor:
        """Something of the dtype and on the device of the points."""
        return self.rows.like if isinstance(self.rows, Drawn) else self.rows[0].points.positions

    @property
    def count(self) -> int:
        """N, the number of rows of r, those of all processes."""
        return sum(self._sizes)

    @property
    def _sizes(self) -> list[int]:
        if self.processes.several and isinstance(self.rows, Drawn):
            return [share.rows.residual.components * share.count for share in self.shares]
        return [rows.count for rows in self.rows]

    @property
    def slices(self) -> dict[str, slice]:
        """Which rows of r belong to which condition."""
        sizes = self._sizes
        ends = list(itertools.accumulate(sizes))
        return {n: slice(e - k, e) for n, e, k in zip(self.residuals, ends, sizes, strict=True)}

    @property
    def weights(self) -> dict[str, float]:
        """The weight of each condition's mean square, by name."""
        return {condition.name: self.sampling.weight(condition) for condition, _ in self.bound}

    # ── the same residuals elsewhere ──────────────────────────────────────────────────────────

    def at(self, sampling: Sampling, *, like: Tensor | None = None) -> Collocated:
        """The same residuals at the points of another sampling of the problem.

        They have the dtype and device of `like`, or of these.
        """
        like = self.like if like is None else like
        if self.processes.several:
            return self._shared(sampling, like.new_empty(0), {})
        points = sampling.draw(like)
        rows = (self._moved(r, points[r.condition.name], sampling) for r in self.rows)
        return replace(self, sampling=sampling, rows=tuple(rows))

    def _shared(self, sampling: Sampling, like: Tensor, chosen: Mapping[str, Chosen]) -> Collocated:
        """At points that each process draws its own part of."""
        rows = Drawn(sampling, self.bound, like, self.measured, chosen)
        return replace(self, sampling=sampling, rows=rows)

    def redrawn(self, seed: int, used: float = 1.0) -> Collocated:
        """At fresh points, weighted as when a share of the budget is `used`."""
        return self.at(replace(self.sampling, seed=seed, used=used))

    def with_rule(self, rule: Quadrature, *, like: Tensor | None = None) -> Collocated:
        """At the points of another rule, n of them in the interior; `like` as for `at`."""
        counts = shares(self.problem, rule.n)
        return self.at(replace(self.sampling, rule=rule, counts=counts), like=like)

    def with_count(self, n: int) -> Collocated:
        """At n interior points, as `Sampling.with_count` says."""
        return self.at(self.sampling.with_count(n))

    def chosen_among(self, candidates: Collocated, index: Mapping[str, Tensor]) -> Collocated:
        """At some of the `candidates`, by their numbers (n,), for the conditions named there: with
        equal weights.
        """
        if self.processes.several:
            chosen = {name: Chosen(candidates.sampling, each) for name, each in index.items()}
            return self._shared(self.sampling, self.like.new_empty(0), chosen)
        among = {r.condition.name: r.points for r in candidates.rows}
        points = {n: equally_weighted(among[n].select(each)) for n, each in index.items()}
        rows = (
            self._moved(r, points.get(r.condition.name, r.points), self.sampling) for r in self.rows
        )
        return replace(self, rows=tuple(rows))

    def shifted(self, axis: int, by: float) -> Collocated:
        """At points shifted along an axis, with the scales that they have."""
        rows = []
        for r in self.rows:
            positions = r.points.positions.clone()
            positions[:, axis] += by
            rows.append(replace(r, points=replace(r.points, positions=positions)))
        return replace(self, rows=tuple(rows))

    def partly(self, share: float) -> Collocated:
        """With a share in [0, 1] of what is not linear in the field: see `BoundResidual`."""
        rows = (replace(r, residual=replace(r.residual, share=share)) for r in self.rows)
        return replace(self, rows=tuple(rows))

    def select(self, keep: Callable[[Rows], bool]) -> Collocated | None:
        """The conditions that `keep` says alone, None if there are none."""
        rows = tuple(r for r in self.rows if keep(r))
        return replace(self, rows=rows) if rows else None

    def weighted_boundaries(self, weight: float) -> Collocated:
        """Boundary conditions (of lower dimension, not data) counting `weight` times."""
        others = {*self.measured, *self.inner}
        emphasis = {name: weight for name in self.residuals if name not in others}
        sampling = replace(self.sampling, emphasis=emphasis)
        if isinstance(self.rows, Drawn):
            return self._shared(sampling, self.rows.like, self.rows.chosen)
        rows = (self._moved(r, r.points, sampling) for r in self.rows)
        return replace(self, sampling=sampling, rows=tuple(rows))

    @property
    def interior(self) -> tuple[Rows, ...]:
        """The conditions on the widest domains that hold no measured data."""
        inner = self.inner
        return tuple(r for r in self.rows if r.condition.name in inner)

    @property
    def inner(self) -> frozenset[str]:
        """The names of the conditions that `interior` has."""
        top = max(c.domain.dimension for c in self.problem.conditions)
        wide = {c.name for c, _ in self.bound if c.domain.dimension == top}
        return frozenset(wide - self.measured)

    @property
    def measured(self) -> frozenset[str]:
        """The names of the conditions whose points hold measured data."""
        if isinstance(self.rows, Drawn):
            return self.rows.measured
        return frozenset(r.condition.name for r in self.rows if r.points.data)

    @staticmethod
    def _moved(rows: Rows, points: Points, sampling: Sampling) -> Rows:
        return replace(rows, points=points, scale=sampling.scale(rows.condition, points))

    # ── what several processes share ──────────────────────────────────────────────────────────

    @cached_property
    def shares(self) -> list[Share]:
        """What this process has of each condition: all processes call for theirs where points are
        still to be drawn.
        """
        return shares_of(self.rows, self.processes)

    @cached_property
    def own(self) -> Collocated:
        """What this process evaluates: so many of the points of each condition, with the scales
        that they have among all, and none of the conditions that it has no point of.
        """
        if not self.processes.several:
            return self
        rows = (share.rows for share in self.shares)
        return replace(self.alone, rows=tuple(r for r in rows if len(r.points)))

    @property
    def alone(self) -> Collocated:
        """The same residuals, all of them evaluated by this process, whatever others do."""
        return replace(self, processes=Processes()) if self.processes.several else self

    def dot(self, first: Tensor, second: Tensor) -> Tensor:
        """The inner product of two vectors of rows, each process's own (N,), without axes."""
        return self.processes.summed(first @ second)[0]

    def signs(self, generator: torch.Generator, like: Tensor) -> Tensor:
        """Random signs for the own rows (N,), the same ones whoever evaluates a row."""
        return signs_of(self.shares, generator, like)

    # ── what the residuals are ────────────────────────────────────────────────────────────────

    @property
    def curvature(self) -> float:
        """How far the residuals are from affine in the field, relative to their size."""
        return max(residual.curvature for _, residual in self.bound)

    @property
    def affine(self) -> bool:
        """Whether the residuals are affine in the field, to rounding."""
        return self.curvature < ROUNDING * torch.finfo(self.like.dtype).eps

    def data_residuals(self) -> Collocated | None:
        """The residuals of measured data alone, None if there are none."""
        return self.select(lambda rows: bool(rows.points.data))

    def zero_field_residual(self, field: Field) -> Tensor:
        """All scaled residuals (N,) of fields that vanish, without evaluating any network."""
        each = (
            r.scale[:, None] * r.residual.zero_field_residual(field, r.points) for r in self.rows
        )
        return torch.cat([r.flatten() for r in each])
