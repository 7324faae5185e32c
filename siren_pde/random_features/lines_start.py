"""Where a march by lines starts: places in space, waves that hold initial values, and slopes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.collocation.evaluation import Rows
from siren_pde.collocation.objective import Objective
from siren_pde.fields.derived.projected import Projected
from siren_pde.fields.siren import Siren
from siren_pde.numerics.least_squares import least_squares
from siren_pde.random_features.evolution import Evolution
from siren_pde.random_features.implicit import Level
from siren_pde.random_features.stages import Basis, Lines, at_lines
from siren_pde.random_features.symbol import data_wavenumbers
from siren_pde.random_features.waves import EXTENDED, extended, terms_of, waves_of

PLACES = 2.0
"""Places in the interior for each function of space."""
NEGLIGIBLE, LEAST = 1e-3, 1e-12
"""Functions of space that are a smaller share of the largest than the first, of the tolerance, or
than the second, are left out.
"""
STEEP = 300
"""Functions of space in one dimension, at the first tolerance, that say a solution is steep."""
FEWEST, FEWEST_EACH = 8, 4
"""Waves along one axis of space, and along each of several beyond those of the data, that the first
crossing begins with.
"""
NEWTON = 30
"""Steps to the initial values and to the first slope."""
STRICT = 1e4
"""How much more conditions for all times weigh than initial values, which may break them: what is
left of them would be made good at once, by slopes that grow as slabs shrink.
"""
SETTLED = 1e-13
"""Moves this small end Newton's method."""


@dataclass(frozen=True, eq=False)
class Discretised:
    """An evolution at lines: conditions for all times, and those at the start, for `top` waves
    along an axis of space, and the `shares` (d,) of them along all.
    """

    whole: Objective
    time: Evolution
    top: int
    shares: tuple[float, ...]
    lasting: Lines
    initial: Lines

    @staticmethod
    def of(
        whole: Objective, time: Evolution, top: int, shares: tuple[float, ...], tolerance: float
    ) -> Discretised:
        """With `top` waves along an axis, of which functions are made that matter beside a
        tolerance.
        """
        field, problem = whole.field, whole.collocated.problem
        sides = list(zip(*problem.bounds, strict=True))
        waves, first = {}, [r.condition for r in time.initial_residuals(whole.collocated).rows]
        for name, network in field.networks().items():
            tops = [math.ceil(share * top) for share in shares]
            each = waves_of(network, sides, time.axis, tops)
            if extended(network, time.axis) and top:
                inner = whole.collocated.interior[0]
                many = _placed(inner, whole, time, each.count).points.positions
                each = each.mixed(many, max(NEGLIGIBLE * tolerance, LEAST))
            waves[name] = each
        basis, most = Basis(field, waves), max(w.count for w in waves.values())
        rows = whole.collocated.rows
        lasting = tuple(_placed(r, whole, time, most) for r in rows if r.condition not in first)
        initial = tuple(_placed(r, whole, time, most) for r in rows if r.condition in first)
        return Discretised(
            whole,
            time,
            top,
            shares,
            Lines(basis, lasting, time.axis, time.order),
            Lines(basis, initial, time.axis, time.order),
        )

    def wider(self, factor: float, tolerance: float) -> Discretised:
        """With so many times the waves."""
        top = int(factor * self.top) + 1
        return Discretised.of(self.whole, self.time, top, self.shares, tolerance)

    @property
    def steep(self) -> bool:
        """Whether so many waves across one dimension say that stretched coordinates have to."""
        networks = self.whole.field.networks().values()
        stretched = any(extended(network, self.time.axis) for network in networks)
        alone = len(self.whole.collocated.problem.axes) == 2
        return alone and stretched and max(w.count for w in self.basis.waves.values()) > STEEP

    @property
    def basis(self) -> Basis:
        """The functions of space."""
        return self.lasting.basis


def _placed(rows: Rows, whole: Objective, time: Evolution, most: int) -> Rows:
    """A condition at places in space: equidistant ones across one dimension, else as drawn."""
    bounds = rows.condition.domain.bounds
    space = [i for i in range(len(bounds[0])) if i != time.axis]
    wide = [i for i in space if bounds[0][i] < bounds[1][i]]
    domain = rows.condition.domain
    first = bounds[0][time.axis] == bounds[1][time.axis]
    if len(space) != 1 or len(wide) != 1 or domain.dimension + first < len(bounds[0]):
        full = 4 if first else 1  # what is no interior has a quarter of its points
        drawn = whole.collocated.with_count(full * max(int(PLACES * most), 1)).rows
        own = next(r for r in drawn if r.condition is rows.condition)
        return at_lines(own, time.axis)
    axis, n = wide[0], max(int(PLACES * most), 2)
    low, high = bounds[0][axis], bounds[1][axis]
    like = rows.points.positions
    x = low + (high - low) * (torch.arange(n, dtype=like.dtype) + 0.5) / n
    positions = like.new_zeros((n, len(bounds[0])))
    positions[:, axis] = x
    times = positions.clone()
    times[:, time.axis] = bounds[0][time.axis]
    inside = rows.condition.domain.contains(times, 1e-9 * (high - low))
    points = Points(rows.points.axes, positions[inside], torch.ones_like(x[inside]))
    normals = rows.points.normals
    if normals is not None:
        points = replace(points, normals=normals[:1].expand(len(points), -1))
    scale = points.positions.new_full((len(points),), len(points) ** -0.5)
    return replace(rows, points=points, scale=scale)


def first_waves(whole: Objective, time: Evolution) -> tuple[int, tuple[float, ...]]:
    """How many waves a crossing begins with along an axis, and the shares (d,) of them along all:
    across several, as many more as their data have.
    """
    axes = len(whole.collocated.problem.axes)
    if axes < 3:
        return (FEWEST if axes > 1 else 0), (1.0,) * axes
    held = [FEWEST_EACH + EXTENDED * k / math.pi for k in data_wavenumbers(whole)]
    held[time.axis] = 0.0
    return math.ceil(max(held)), tuple(k / max(held) for k in held)


def suits(objective: Objective, time: Evolution) -> bool:
    """Whether a march by lines can solve an evolution: plain sine networks, nothing elsewhere, and
    equations that are affine in the highest derivatives in time.
    """
    networks = objective.field.networks().values()
    if not all(isinstance(n.network if isinstance(n, Projected) else n, Siren) for n in networks):
        return False
    collocated = objective.collocated
    if any(rows.residual.places or rows.residual.branches for rows in collocated.rows):
        return False
    return all(_affine_in_slopes(rows, time.axis) for rows in collocated.rows)


def _affine_in_slopes(rows: Rows, time: int) -> bool:
    residual, points = rows.residual, rows.residual.sample
    generator = torch.Generator(device=points.positions.device).manual_seed(1)
    low, high = (residual.random_channels(points, generator) for _ in range(2))
    for site, plan in residual.plans.items():
        for i, key in enumerate(plan.keys):
            if not any(order for order, _ in terms_of(key, time)):
                high[site][i] = low[site][i]
    middle = {site: (low[site] + high[site]) / 2 for site in low}
    with torch.no_grad():
        a, b, c = (residual.residual(residual.structure, points, at) for at in (low, high, middle))
    kept = torch.isfinite(a) & torch.isfinite(b) & torch.isfinite(c)
    size = torch.maximum(a.abs(), b.abs()).clamp_min(1e-300)
    return bool((((a + b) / 2 - c).abs()[kept] <= 1e-9 * size[kept]).all())


def initial_level(at: Discretised) -> tuple[Level, float] | None:
    """The coefficients that meet the initial conditions, with the slopes that equations give them,
    and the relative residual of the first at other places; None where that is not possible.

    Conditions without derivatives in time hold from the start on.
    """
    like = at.whole.parameters
    times, zero = like.new_tensor([at.time.low]), like.new_zeros((1, at.basis.size))
    known = _solved([at.initial, at.lasting], times, fixed=(), free=[zero] * at.time.order)
    if known is None:
        return None
    top = _solved([at.lasting], times, fixed=tuple(known), free=[zero])
    if top is None:
        return None
    return Level(at.time.low, tuple(part[0] for part in known), top[0][0]), _left(at, known)


def _solved(
    each: Sequence[Lines], times: Tensor, *, fixed: tuple[Tensor, ...], free: list[Tensor]
) -> list[Tensor] | None:
    """The parts that make residuals at one time least, after those that are `fixed`: those of the
    first lines, and of further ones where these depend on no other parts.
    """
    parts, size = free, len(free[0][0])
    for _ in range(NEWTON):
        matrices, residuals = [], []
        for number, lines in enumerate(each):
            above = [torch.zeros_like(free[0])] * (1 + lines.order - len(fixed) - len(parts))
            r, slopes = lines.linearised(times, [*fixed, *parts, *above])
            rest = sum((slope[0].abs().sum(1) for slope in slopes[len(fixed) + len(parts) :]), 0)
            matrix = torch.cat([s[0] for s in slopes[len(fixed) : len(fixed) + len(parts)]], 1)
            kept = torch.linalg.vector_norm(matrix, dim=1) > 0
            if number:
                kept &= rest == 0
            matrices.append(matrix[kept])
            residuals.append(r[0][kept])
        a, b = torch.cat(matrices), torch.cat(residuals)
        if not (bool(torch.isfinite(a).all()) and bool(torch.isfinite(b).all())):
            return None
        if not len(a):
            return parts
        lengths = torch.linalg.vector_norm(a, dim=1)
        lengths[len(matrices[0]) :] /= STRICT
        move = least_squares(a / lengths[:, None], b / lengths).x
        parts = [p - m[None] for p, m in zip(parts, torch.split(move, size), strict=True)]
        far = float(torch.linalg.vector_norm(move))
        if far <= SETTLED * float(torch.linalg.vector_norm(torch.cat(parts))):
            return parts
        if not math.isfinite(far):
            return None
    return parts


def _left(at: Discretised, fitted: Sequence[Tensor]) -> float:
    """The residual of the initial conditions at other places, beside that of the zero field."""
    moved = []
    for rows in at.initial.rows:
        shifted = rows.points.positions.clone()
        if len(shifted) > 1:
            shifted[:-1] = (shifted[:-1] + shifted[1:]) / 2
        moved.append(replace(rows, points=replace(rows.points, positions=shifted)))
    fresh = replace(at.initial, rows=tuple(moved))
    times, zero = fitted[0].new_tensor([at.time.low]), torch.zeros_like(fitted[0])
    r = fresh.residual(times, [*fitted, zero])
    data = fresh.residual(times, [zero] * (len(fitted) + 1))
    size = float(torch.linalg.vector_norm(data))
    return float(torch.linalg.vector_norm(r)) / size if size else float(r.abs().max())
