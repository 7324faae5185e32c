"""The error of a march in equal slabs of equal features: one matrix for all, factorised once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from siren_pde.collocation.evaluation import Rows
from siren_pde.collocation.expression import Expression
from siren_pde.collocation.objective import Objective
from siren_pde.collocation.quadrature import Sobol
from siren_pde.collocation.residual import BoundResidual
from siren_pde.estimates.companions import Companions
from siren_pde.estimates.defect import FRESH, balance, points_for
from siren_pde.estimates.linearised import error_rows
from siren_pde.estimates.sizes import POINTS, SEED, Size
from siren_pde.estimates.slabs import FEWEST, March, SlabError
from siren_pde.fields.base import Field
from siren_pde.fields.derived.shifted import Shifted
from siren_pde.fields.parameters import parameters_of, split
from siren_pde.fields.system import parts
from siren_pde.numerics.least_squares import Factor
from siren_pde.problem import Condition
from siren_pde.random_features.evolution import Slab, Slabs
from siren_pde.random_features.features import output_coefficients
from siren_pde.random_features.output_system import OutputSystem
from siren_pde.random_features.symbol import steady

DENSER = 1.6
"""Times as many points as elsewhere: with fewer, nothing holds the ends of slabs, and noise grows
from slab to slab.
"""
EQUAL = 1e-9
"""Slabs whose lengths differ by less than this are equal."""


def repeats(answer: Objective, march: March) -> bool:
    """Whether all pieces are one, shifted in time, but for their output layers."""
    lengths = [b - a for a, b in zip(march.times, march.times[1:], strict=False)]
    if len(lengths) < 2 or max(lengths) - min(lengths) > EQUAL * max(lengths):
        return False
    for piece in march.pieces:
        if not all(isinstance(network, Shifted) for network in piece.networks().values()):
            return False
        if not all(map(torch.equal, _hidden(piece), _hidden(march.pieces[0]))):
            return False
    return steady(answer, march.evolution)


def _hidden(field: Field) -> list[Tensor]:
    """What of the parameters is no output layer, network by network."""
    networks, each = field.networks(), split(field, parameters_of(field))
    return [part[: part.numel() - networks[name].output_size] for name, part in each.items()]


@dataclass(frozen=True, eq=False)
class Values:
    """An unknown at points of the first slab: of features of the answer, and of the error."""

    rows: Rows
    answer: Tensor
    error: Tensor

    def size(self, field: Field, axis: int, by: float, given: tuple[Tensor, Tensor]) -> Size:
        """The sizes in the slab `by` later, from the coefficients of the answer and the error."""
        positions = self.rows.points.positions.clone()
        positions[:, axis] += by
        there = replace(self.rows.points, positions=positions)
        base = self.rows.residual.zero_field_residual(field, there).flatten()
        c, d = given
        e = self.error @ d
        u = base + self.answer @ c + e
        w = there.weights.repeat_interleave(self.rows.residual.components)
        return Size(float(w @ e.square()), float(w @ u.square()))


def steady_errors(answer: Objective, march: March, companions: Companions) -> Iterator[SlabError]:
    """The error of slab after slab, by products with the same matrices.

    Every slab starts from the initial conditions' own values at the end of the one before, as the
    march does.
    """
    time, first = march.evolution, march.pieces[0]
    length = march.times[1] - march.times[0]
    features = companions.of(replace(answer, field=first))
    slab = Slab(time, march.times[0], march.times[1])
    few = points_for(replace(answer, field=first), features)
    count = math.ceil(DENSER * few)
    drawn = Slabs.of(answer, time).slab(slab, None, count=count, seed=answer.seed + FRESH)
    own, other = replace(drawn, field=first), replace(drawn, field=features)
    a, b = _matrix(own), _matrix(other)
    initial = time.initial_residuals(drawn.collocated)
    end = initial.shifted(time.axis, length)
    ahead = _matrix(replace(own, collocated=end)), _matrix(replace(other, collocated=end))
    slices = drawn.collocated.slices
    rows = torch.arange(len(a), device=a.device)
    starts = torch.cat([rows[slices[r.condition.name]] for r in initial.rows])
    scale = torch.cat([a.new_full((s.stop - s.start,), balance(b[s])) for s in slices.values()])
    factor = Factor.of(b * scale[:, None])
    values = _values(answer, (first, features), slab, n=max(POINTS // len(march.pieces), FEWEST))
    before: tuple[Tensor, Tensor] | None = None
    share = 1 / len(march.pieces)
    for k, piece in enumerate(march.pieces):
        by, c = march.times[k] - march.times[0], output_coefficients(piece, parameters_of(piece))
        r = a @ c + drawn.collocated.shifted(time.axis, by).zero_field_residual(first)
        if before is not None:
            r[starts] = a[starts] @ c - ahead[0] @ before[0] - ahead[1] @ before[1]
        r = scale * r
        d = -factor.solve(r)
        left, size = float((r + scale * (b @ d)).norm()), float(r.norm())
        sizes = {n: v.size(first, time.axis, by, (c, d)) for n, v in values.items()}
        shared = {n: Size(share * s.error, share * s.unknown) for n, s in sizes.items()}
        yield SlabError(shared, left / size if size else 0.0, 0.0)
        before = (c, d)


def _matrix(objective: Objective) -> Tensor:
    return OutputSystem.of(objective, objective.parameters).matrix


def _values(
    answer: Objective, fields: tuple[Field, Field], slab: Slab, *, n: int
) -> dict[str, Values]:
    """Every unknown at n points of the first slab."""
    field, like, problem = fields[0], answer.parameters, answer.collocated.problem
    own, each = replace(answer, field=field), {}
    for name in parts(field):
        domain = problem.home(name, parts(field))
        p = slab(Sobol(n)(domain, seed=SEED, dtype=like.dtype, device=like.device))
        expression = Expression(name, lambda p, unknown: unknown, (name,))
        bound = BoundResidual.planned(expression, field, p)
        rows = Rows(Condition(expression.function, domain), bound, p, torch.ones_like(p.weights))
        each[name] = Values(rows, *(error_rows(own, f, rows)[1] for f in fields))
    return each
