"""How well each condition holds, by itself: its residual beside the terms that it is made of.

The scale cannot vanish with the data: it is the size of the residual's terms, each derivative of
the residual by a channel times how large that channel is anywhere in the problem, and what is left
of the residual where its terms are taken away.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from siren_pde.calculus.derivatives import Laplace
from siren_pde.calculus.points import Points
from siren_pde.collocation.collocated import Collocated
from siren_pde.collocation.evaluation import Rows
from siren_pde.collocation.expression import Channels, Site
from siren_pde.collocation.objective import Objective
from siren_pde.collocation.quadrature import Sobol
from siren_pde.collocation.residual import BoundResidual
from siren_pde.estimates.linearised import values
from siren_pde.fields.base import Field
from siren_pde.fields.engine.plan import Plan
from siren_pde.numerics.least_squares import least_norm
from siren_pde.random_features.features import half_lengths

LOOKS = 512
"""Points at which the size of channels is measured in the interior."""
PEAKED, PEAKS = 2**15, 32
"""Data are looked at in so many points, and residuals at so many of these too, where data are
largest: a source may lie between all others.
"""
SLIGHT = 1e-3
"""A derivative is no smaller a term than this share of the unknown over half-lengths of the box:
u' = 0 is held by a residual that is small beside u, of which nothing else is left.
"""
NOTHING = 1e-8
"""An unknown that is a smaller share of the largest one may be zero but for rounding."""


@dataclass(frozen=True)
class OwnResidual:
    """The root mean square of a condition's residual, and of its terms, at fresh points.

    `smooth` is the share of it that quadratic functions of the coordinates make up: what is left
    for want of features is not smooth, a contradiction is. With `nothing` in it, a condition is
    about unknowns that are next to zero, of which there is nothing but rounding.
    """

    residual: float
    terms: float
    measured: bool
    smooth: float
    nothing: bool = False

    @property
    def relative(self) -> float:
        """The residual beside its terms: of order one where nothing is solved."""
        if math.isfinite(self.residual) and self.terms > 0:
            return self.residual / self.terms
        return math.inf if self.residual != 0 else 0.0


def own_residuals(answer: Objective) -> dict[str, OwnResidual]:
    """The residual of each condition of an answer, unweighted, beside its own terms."""
    inside = {r.condition.name: r for r in answer.collocated.interior}
    places = [r.points.select(slice(0, LOOKS)) for r in inside.values()]
    answer = replace(answer, collocated=_with_peaks(answer))
    empty = _empty(answer)
    return {
        rows.condition.name: _own(answer, rows, places, empty) for rows in answer.collocated.rows
    }


def _empty(answer: Objective) -> set[str]:
    """The functions among the networks that are next to zero beside another."""
    sizes: dict[str, float] = {}
    for rows in answer.collocated.rows:
        some = rows.points.select(slice(0, LOOKS))
        for (name, _), channels in values(rows.residual, answer.field, some).items():
            sizes[name] = max(sizes.get(name, 0.0), rms(channels[0]))
    networks = answer.field.networks()
    functions = {name: size for name, size in sizes.items() if networks[name].inputs}
    largest = max(functions.values(), default=0.0)
    return {name for name, size in functions.items() if size < NOTHING * largest}


def _with_peaks(answer: Objective) -> Collocated:
    """The points of an answer, and those of many more where the data of conditions are largest."""
    many = answer.collocated.with_rule(Sobol(PEAKED)).with_count(PEAKED)
    rows = []
    for own, other in zip(answer.collocated.rows, many.rows, strict=True):
        if not own.points.data and len(other.points) > PEAKS:
            data = other.residual.zero_field_residual(answer.field, other.points)
            size = torch.nan_to_num(data.abs().amax(1), posinf=0.0)
            index = size.topk(PEAKS).indices
            points = Points.concatenate([own.points, other.points.select(index)])
            own = replace(own, points=points, scale=torch.cat([own.scale, other.scale[index]]))
        rows.append(own)
    return replace(answer.collocated, rows=tuple(rows))


def _own(answer: Objective, rows: Rows, places: list[Points], empty: set[str]) -> OwnResidual:
    """One condition; of its components, that which holds least."""
    bound, field = rows.residual, answer.field
    channels = values(bound, field, rows.points)
    r, seeds = bound.seeds(field, rows.points, channels)
    r = r * bound.fineness(field, rows.points)[:, None]
    largest = _sizes(bound, field, rows.points.select(slice(0, LOOKS)))
    for points in places:
        for name, size in _sizes(bound, field, points).items():
            largest[name] = torch.maximum(largest[name], size)
    for name, plan in bound.plans.items():
        slight = SLIGHT * largest[name][0].max() * _inverse_lengths(answer, plan)[:, None]
        largest[name] = torch.maximum(largest[name], slight)
    each = [_component(r[:, j], seed, channels, largest) for j, seed in enumerate(seeds)]
    ratios = [own[0] / own[1] if own[1] else float(own[0] > 0) for own in each]
    worst = ratios.index(max(ratios))
    smooth = _smooth_share(rows.points.positions, r[:, worst])
    residual, terms, data = each[worst]
    involved = {site.network for site, seed in seeds[worst].items() if bool(seed.any())}
    nothing = involved <= empty and data <= SLIGHT * terms
    return OwnResidual(residual, terms, bool(rows.points.data), smooth, nothing)


def _inverse_lengths(answer: Objective, plan: Plan) -> Tensor:
    """What a function of size one and the length of the box has for derivatives (S,)."""
    half = half_lengths(answer)
    pairs = [
        sum(half[i] ** -2 for i in key.axes)
        if isinstance(key, Laplace)
        else math.prod(1 / half[i] for i in key)
        for key in plan.keys
    ]
    return answer.parameters.new_tensor(pairs)


def _smooth_share(x: Tensor, r: Tensor) -> float:
    """Which share of a residual r (n,) at x (n, d) quadratic functions explain."""
    size = float(r.abs().max())
    if not size or not math.isfinite(size):
        return 0.0
    low, high = x.amin(0), x.amax(0)
    y = 2 * (x - low) / torch.where(high > low, high - low, torch.ones_like(low)) - 1
    pairs = torch.combinations(torch.arange(x.shape[1], device=x.device), with_replacement=True)
    a = torch.cat([torch.ones_like(y[:, :1]), y, y[:, pairs].prod(2)], dim=1)
    b = r / size
    fitted = a @ least_norm(a, b)
    return float(fitted.square().sum() / b.square().sum())


def _sizes(bound: BoundResidual, field: Field, points: Points) -> dict[Site, Tensor]:
    """The root mean square of each channel (S, outputs), of a Laplacian that of its terms.

    Those of other places are taken at the points too, which may be another condition's.
    """
    bound = replace(bound, places=())
    sizes = {name: _rms(c, 1) for name, c in values(bound, field, points).items()}
    laplacians = {
        name: [key for key in plan.keys if isinstance(key, Laplace)]
        for name, plan in bound.plans.items()
    }
    terms = {
        name: Plan.closing({(i, i) for key in keys for i in key.axes})
        for name, keys in laplacians.items()
        if keys
    }
    apart = replace(bound, plans=terms)
    for name, c in values(apart, field, points).items() if terms else ():
        parts = _rms(c, 1)
        for key in laplacians[name]:
            each = [parts[terms[name].index[i, i]] for i in key.axes]
            sizes[name][bound.plans[name].index[key]] = torch.stack(each).sum(0)
    return sizes


def _component(
    r: Tensor,
    seeds: Channels,
    channels: Channels,
    largest: Channels,
) -> tuple[float, float, float]:
    """The size of one component r (n,), of its terms, and of what in these is no unknown."""
    rest, terms = r.clone(), 0.0
    for name, seed in seeds.items():
        rest = rest - (seed * channels[name]).sum((0, 2))
        terms += float((_rms(seed, 1) * largest[name]).sum())
    return rms(r), terms + rms(rest), rms(rest)


def rms(x: Tensor) -> float:
    """The root mean square of numbers, without the overflow and underflow of squares."""
    return float(_rms(x.flatten(), 0))


def _rms(x: Tensor, axis: int) -> Tensor:
    largest = x.abs().amax(axis, keepdim=True)
    safe = torch.where(largest > 0, largest, torch.ones_like(largest))
    root: Tensor = (x / safe).square().mean(axis).sqrt()
    return root * largest.squeeze(axis)
