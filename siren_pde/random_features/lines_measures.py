"""How large functions and errors of a march by lines are, beside the solution."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from siren_pde.numerics.radau import Radau
from siren_pde.random_features.implicit import Collocation, Level, Stages
from siren_pde.random_features.lines_field import Piece
from siren_pde.random_features.lines_start import Discretised
from siren_pde.random_features.stages import Basis

PLACED = 40
"""Places in space at which crossings are compared."""


def places(at: Discretised) -> Tensor:
    """Where sizes are measured (n, d)."""
    return at.lasting.rows[0].points.positions


def scales(at: Discretised, parts: Sequence[Tensor]) -> Tensor:
    """The sizes (orders, networks) of functions and of their slopes."""
    return torch.stack([at.basis.sizes(part, places(at)) for part in parts])


def rate(at: Discretised, level: Level, scale: Tensor) -> float:
    """How fast the solution changes, per unit of time and beside its sizes (networks,)."""
    rates = [
        (at.basis.sizes(slope, places(at)) / scale) ** (1 / k)
        for k, slope in enumerate((*level.parts[1:], level.top), 1)
    ]
    known = torch.stack(rates)[:, scale > 0]
    return float(known.max()) if known.numel() else 0.0


def error_in_time(
    at: Discretised, radau: Radau, level: Level, stages: Stages, scale: Tensor
) -> float:
    """The error of a slab beside the sizes (orders, networks): what its polynomials have for slopes
    at the start, less those that they should have, and what that leads to. Errors of slopes that
    move functions by less than their own size in a slab are none.

    Source: the estimator of RADAU5 (Hairer and Wanner, § IV.8), here for derivatives of any order.
    """
    length, defects = stages.linear.length, []
    slopes = (*level.parts[1:], level.top)
    for part, known, slope in zip(stages.parts[:-1], level.parts, slopes, strict=True):
        defects.append(length * slope - radau.first @ (part - known))
    e, worst = stages.linear.filtered(defects), 0.0
    for k, defect in enumerate(defects):
        usual = torch.maximum(scale[k], scale[0] / length**k)
        worst = max(worst, float((at.basis.sizes(e, places(at)) / usual).max()))
        e = radau.rate / length * e - defect / length
    return worst if math.isfinite(worst) else math.inf


def error_in_space(collocation: Collocation, level: Level, stages: Stages, scale: Tensor) -> float:
    """What the residuals that waves leave do to the solution in a slab, beside its size."""
    linear, lines = stages.linear, collocation.lines
    r = lines.residual(level.time + linear.length * collocation.radau.nodes, stages.parts)
    power, worst = (collocation.radau.rate / linear.length) ** lines.order, 0.0
    for rows in lines.components():
        slope = power * linear.slopes[-1][rows]
        size = norm(slope) or norm(linear.slopes[0][rows])
        if size:
            worst = max(worst, norm(r[:, rows]) * math.sqrt(slope.shape[1]) / size)
    return worst / float(scale.max())


def norm(x: Tensor) -> float:
    """The Euclidean norm of all entries."""
    return float(torch.linalg.vector_norm(x))


def sampled(at: Discretised, radau: Radau, piece: Piece, times: Tensor) -> Tensor:
    """The solution (k, …) at times in a slab and some places, network after network."""
    few = at.whole.collocated.interior[0].points.positions[:PLACED]
    parts = at.basis.split(piece.at(radau, times))
    each = [part @ at.basis.waves[name].values(few).T for name, part in parts.items()]
    return torch.cat([values.flatten(1) for values in each], 1)


def difference(basis: Basis, here: Tensor, there: Tensor) -> float:
    """How far apart samples are, relative to the first: the worst of the networks."""
    outputs = [network.outputs for network in basis.field.networks().values()]
    width, start, worst = here.shape[1] // sum(outputs), 0, 0.0
    for count in outputs:
        own = slice(start, start + count * width)
        apart, size = norm(here[:, own] - there[:, own]), norm(here[:, own])
        worst, start = max(worst, apart / size if size else float(apart > 0)), own.stop
    return worst
