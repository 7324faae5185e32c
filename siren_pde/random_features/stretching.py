"""Where axes are stretched in one space dimension: at layers, and where solutions are steep."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from siren_pde.calculus.jets import Jet
from siren_pde.calculus.operators import d
from siren_pde.calculus.points import Points
from siren_pde.calculus.vectors import Vector
from siren_pde.collocation.expression import Expression, Unknown
from siren_pde.collocation.objective import Objective
from siren_pde.collocation.residual import evaluate
from siren_pde.fields.base import Field
from siren_pde.fields.derived.stretched import GridStretching
from siren_pde.problem import Problem
from siren_pde.random_features.evolution import Evolution, Slab

PROFILE = 4001
"""Points across space at which slopes are looked for."""
STEEP = 2.5
"""A slope this many times the mean one stands out."""
BROKEN, LAYER, SUDDEN = 1e-2, 1e-3, 1e-3
"""What breaks a boundary condition, and the shares of space and of the first slab's time that the
layer is resolved to.
"""
WIDE = 0.1
"""A layer that takes this share of space needs no stretching any more."""


def _profile(problem: Problem, axis: int, time: float, field: Field) -> Points:
    """Equidistant points across one-dimensional space, at one time."""
    low, high = problem.bounds
    space, like = 1 - axis, next(field.parameters())
    x = torch.linspace(low[space], high[space], PROFILE, dtype=like.dtype, device=like.device)
    columns = [x, torch.full_like(x, time)]
    positions = torch.stack(columns[::-1] if axis == 0 else columns, 1)
    return Points(problem.axes, positions, torch.ones_like(x))


def incompatible_ends(
    objective: Objective, evolution: Evolution, initial: Field
) -> tuple[float, ...]:
    """The ends of one-dimensional space where the initial values break a boundary condition.

    There the solution has a layer that starts with no width. A condition is broken where its
    residual is more than `BROKEN` of the largest that it would have anywhere in space.
    """
    problem = objective.collocated.problem
    (low, high), axis = problem.bounds, evolution.axis
    if len(low) != 2:
        return ()
    space, broken, first = 1 - axis, set(), evolution.initial(problem)
    points = _profile(problem, axis, low[axis], initial)
    for rows in objective.collocated.rows:
        if rows.condition.domain.dimension == len(low) or rows.condition in first:
            continue
        r = rows.residual.at(initial, points).abs().sum(1)
        for index, end in ((0, low[space]), (-1, high[space])):
            touched = bool((rows.points.positions[:, space] == end).any())
            if touched and float(r[index]) > BROKEN * float(r.max()):
                broken.add(end)
    return tuple(sorted(broken))


def grid_stretching(
    problem: Problem, slab: Slab, before: Field | None, ends: tuple[float, ...]
) -> tuple[GridStretching, ...]:
    """How axes are stretched where a slab's solution is steep, in one space dimension: around the
    peaks of |u_x| at its start, and at `ends` with layers, and after the start of those.

    Not in more dimensions, where no slope stands out of the mean, and along periodic axes, which
    would not go on as they have begun.
    """
    low, high = problem.bounds
    axis, start = slab.evolution.axis, slab.start
    space = 1 - axis
    if len(low) != 2 or (before and any(space in f.periodic for f in before.networks().values())):
        return ()
    if before is None:
        layers = [(end, LAYER * (high[space] - low[space])) for end in ends]
    else:
        x, slopes = _slopes(problem, axis, start, before)
        layers = _layers(x, slopes, ends) + _peaks(x, slopes)
    if not layers:
        return ()
    centres, widths = zip(*layers, strict=True)
    across = GridStretching(space, low[space], high[space], centres, widths)
    if before is not None or not ends:
        return (across,)
    moment = SUDDEN * (slab.end - start)
    return (across, GridStretching(axis, start, slab.end, (start,), (moment,)))


def _slopes(problem: Problem, axis: int, time: float, before: Field) -> tuple[Tensor, Tensor]:
    """Places x (n,) across space and the derivatives u_x (n, m) there."""
    space, points = 1 - axis, _profile(problem, axis, time, before)

    def slopes(p: Points, *unknowns: Unknown) -> list[Jet]:
        scalars = [c for u in unknowns for c in (u if isinstance(u, Vector) else [u])]
        return [d(c, p.coordinates[space]) for c in scalars]

    values = evaluate(before, Expression("slopes", slopes), points)
    return points.positions[:, space], values


def _layers(x: Tensor, slopes: Tensor, ends: Sequence[float]) -> list[tuple[float, float]]:
    """Place and width of the layers at ends: how far it is to half the change of u_x."""
    layers, size = [], float(x[-1] - x[0])
    for end in ends:
        change = torch.linalg.vector_norm(slopes - slopes[0 if end == float(x[0]) else -1], dim=1)
        far = (x - end).abs()[change > 0.5 * change.max()]
        if float(far.min()) < WIDE * size:
            layers.append((end, max(LAYER * size, 0.25 * float(far.min()))))
    return layers


def _peaks(x: Tensor, slopes: Tensor) -> list[tuple[float, float]]:
    """Place and width of the peaks of |u_x|."""
    from scipy.signal import find_peaks, peak_widths  # half a second, which most runs do not need

    size = torch.linalg.vector_norm(slopes, dim=1).cpu().numpy()
    peaks, _ = find_peaks(size, height=STEEP * size.mean(), prominence=size.max() / 10)
    step = float(x[1] - x[0])
    widths = 0.5 * step * peak_widths(size, peaks, rel_height=0.5)[0]
    spread = [max(float(w), 2 * step) for w in widths]
    return list(zip(x[peaks.tolist()].tolist(), spread, strict=True))
