"""Slabs of time: a problem in [t₀, t₁] that starts from where the slab before has ended.

All domains of an evolution are cylinders in time, so points are drawn as for the whole problem and
squeezed into the slab; only the initial conditions are replaced, by values handed over.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import torch
from scipy.signal import find_peaks, peak_widths
from torch import Tensor

from siren_pde.calculus.derivatives import Laplace
from siren_pde.calculus.operators import d
from siren_pde.calculus.points import Points
from siren_pde.calculus.vectors import Vector
from siren_pde.collocation.quadrature import Sobol
from siren_pde.collocation.residual import evaluate
from siren_pde.collocation.sampling import Sample
from siren_pde.domains.base import Domain
from siren_pde.domains.cloud import PointCloud
from siren_pde.fields.ansatz import held_on
from siren_pde.fields.base import Field
from siren_pde.fields.derived.stretched import GridStretching
from siren_pde.fields.engine.plan import Plan
from siren_pde.problem import Condition, Problem

PROFILE = 4001
"""Points across space at which slopes are looked for."""
PROBES = 64
"""Points of a domain that are moved in time, to see whether it is a cylinder."""
STEEP = 2.5
"""A slope this many times the mean one stands out."""
BROKEN, LAYER, SUDDEN = 1e-2, 1e-3, 1e-3
"""What breaks a boundary condition, and the shares of space and of the first slab's time that the
layer is resolved to.
"""
WIDE = 0.1
"""A layer that takes this share of space needs no stretching any more."""


@dataclass(frozen=True)
class Evolution:
    """Time: an axis, the problem's interval [low, high] of it, and the order in ∂/∂t."""

    axis: int
    low: float
    high: float
    order: int


@dataclass(frozen=True)
class Slab:
    """The part begin ≤ t ≤ end of an evolution, with axes stretched by `stretch`."""

    evolution: Evolution
    begin: float
    end: float
    stretch: tuple[GridStretching, ...] = ()

    def __call__(self, points: Points) -> Points:
        """Points of the whole problem, moved into the slab, and denser where axes are stretched."""
        time, columns = self.evolution, list(points.positions.unbind(1))
        share = (columns[time.axis] - time.low) / (time.high - time.low)
        columns[time.axis] = self.begin + (self.end - self.begin) * share
        weights = points.weights
        for along in self.stretch:
            x = along.inverse(columns[along.axis])
            columns[along.axis] = x
            weights = weights / along.derivative(x, 1)
        return replace(points, positions=torch.stack(columns, 1), weights=weights)


def evolution(problem: Problem, plans: Iterable[Plan], field: Field) -> Evolution | None:
    """The axis along which a problem starts from initial conditions and has no final ones.

    `plans` are the derivatives that its residuals take. None where there is no such axis, where the
    field itself holds what does not last along it, and for measured data, which lie where they lie.
    """
    domains = [c.domain for c in problem.conditions]
    if any(isinstance(domain, PointCloud) for domain in domains):
        return None
    sides = enumerate(zip(*problem.bounds, strict=True))
    found = [
        (i, low, high)
        for i, (low, high) in sides
        if _starts_alone(domains, i, low, high)
        and all(_spans(d, i, low, high) for d in held_on(field))
    ]
    named = [side for side in found if problem.axes[side[0]] == "t"]
    if not found:
        return None
    axis, low, high = (named or found)[0]
    keys = [key for plan in plans for key in plan.keys]
    orders = [2 * (axis in k.axes) if isinstance(k, Laplace) else k.count(axis) for k in keys]
    return Evolution(axis, low, high, max(orders))


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


def _initial(problem: Problem, axis: int) -> list[Condition]:
    low = problem.bounds[0][axis]
    return [c for c in problem.conditions if _flat(c.domain, axis, low)]


def initial_names(problem: Problem, axis: int) -> set[str]:
    """The names of the conditions at the begin of an axis."""
    return {c.name for c in _initial(problem, axis)}


def slab_problem(problem: Problem, slab: Slab, before: Field | None) -> Problem:
    """The problem with its initial conditions replaced by the end of the field `before`, if any."""
    if before is None:
        return problem
    time = slab.evolution
    first = _initial(problem, time.axis)
    others = [c for c in problem.conditions if c not in first]
    begin = Condition(_handed_over(before, slab), first[0].domain)
    return Problem(*others, begin, name=problem.name)


def still_problem(problem: Problem, axis: int) -> Problem:
    """The initial conditions asked everywhere: the field that stays as it begins."""
    inner = max((c.domain for c in problem.conditions), key=lambda domain: domain.dimension)
    first = _initial(problem, axis)
    return Problem(*(replace(c, domain=inner) for c in first), name=problem.name)


def _profile(problem: Problem, axis: int, time: float, field: Field) -> Points:
    """Equidistant points across one-dimensional space, at one time."""
    low, high = problem.bounds
    space, like = 1 - axis, next(field.parameters())
    x = torch.linspace(low[space], high[space], PROFILE, dtype=like.dtype, device=like.device)
    columns = [x, torch.full_like(x, time)]
    positions = torch.stack(columns[::-1] if axis == 0 else columns, 1)
    return Points(problem.axes, positions, torch.ones_like(x))


def corners(
    problem: Problem, samples: Iterable[Sample], axis: int, initial: Field
) -> tuple[float, ...]:
    """The ends of one-dimensional space where the initial values break a boundary condition.

    There the solution has a layer that starts with no width. A condition is broken where its
    residual is more than `BROKEN` of the largest that it would have anywhere in space.
    """
    low, high = problem.bounds
    if len(low) != 2:
        return ()
    space, found = 1 - axis, set()
    points = _profile(problem, axis, low[axis], initial)
    walls = [s for s in samples if s.condition.domain.dimension < len(low)]
    for s in [s for s in walls if s.condition not in _initial(problem, axis)]:
        r = evaluate(initial, s.condition.residual, points).abs().sum(1)
        for index, end in ((0, low[space]), (-1, high[space])):
            touched = bool((s.points.positions[:, space] == end).any())
            if touched and float(r[index]) > BROKEN * float(r.max()):
                found.add(end)
    return tuple(sorted(found))


def steep(
    problem: Problem, slab: Slab, before: Field | None, ends: tuple[float, ...]
) -> tuple[GridStretching, ...]:
    """Stretches where a slab's solution is steep, in one space dimension: around the peaks of |u_x|
    at its begin, and at `ends` with layers, and after the begin of those.

    None in more dimensions, where no slope stands out of the mean, and along periodic axes, which
    would not go on as they have begun.
    """
    low, high = problem.bounds
    axis, begin = slab.evolution.axis, slab.begin
    space = 1 - axis
    if len(low) != 2 or (before and any(space in f.periodic for f in before.networks().values())):
        return ()
    if before is None:
        layers = [(end, LAYER * (high[space] - low[space])) for end in ends]
    else:
        x, slopes = _slopes(problem, axis, begin, before)
        layers = _layers(x, slopes, ends) + _peaks(x, slopes)
    if not layers:
        return ()
    centres, widths = zip(*layers, strict=True)
    found = (GridStretching(space, low[space], high[space], centres, widths),)
    if before is not None or not ends:
        return found
    moment = SUDDEN * (slab.end - begin)
    return (*found, GridStretching(axis, begin, slab.end, (begin,), (moment,)))


def _slopes(problem: Problem, axis: int, time: float, before: Field) -> tuple[Tensor, Tensor]:
    """Places x (n,) across space and the derivatives u_x (n, m) there."""
    space, points = 1 - axis, _profile(problem, axis, time, before)

    def slopes(p: Points, *unknowns: Any) -> list[Any]:
        return [d(u, p.coordinates[space]) for u in unknowns]

    found = evaluate(before, _named(slopes, list(before.networks())), points)
    return points.positions[:, space], found


def _layers(x: Tensor, slopes: Tensor, ends: tuple[float, ...]) -> list[tuple[float, float]]:
    """Place and width of the layers at ends: how far it is to half the change of u_x."""
    found, size = [], float(x[-1] - x[0])
    for end in ends:
        change = torch.linalg.vector_norm(slopes - slopes[0 if end == float(x[0]) else -1], dim=1)
        far = (x - end).abs()[change > 0.5 * change.max()]
        if float(far.min()) < WIDE * size:
            found.append((end, max(LAYER * size, 0.25 * float(far.min()))))
    return found


def _peaks(x: Tensor, slopes: Tensor) -> list[tuple[float, float]]:
    """Place and width of the peaks of |u_x|."""
    size = torch.linalg.vector_norm(slopes, dim=1).cpu().numpy()
    peaks, _ = find_peaks(size, height=STEEP * size.mean(), prominence=size.max() / 10)
    step = float(x[1] - x[0])
    widths = 0.5 * step * peak_widths(size, peaks, rel_height=0.5)[0]
    spread = [max(float(w), 2 * step) for w in widths]
    return list(zip(x[peaks.tolist()].tolist(), spread, strict=True))


def _handed_over(before: Field, slab: Slab) -> Callable[..., Any]:
    """The residual that is each unknown, and its first order − 1 derivatives in time, less those
    of the field before, which are taken at the slab's begin whatever the time asked.
    """
    names, time = list(before.networks()), slab.evolution

    def state(p: Points, *unknowns: Any) -> list[Any]:
        t = p.coordinates[time.axis]
        found = []
        for u in unknowns:
            for k in range(time.order):
                part = d(u, *[t] * k) if k else u
                found += list(part) if isinstance(part, Vector) else [part]
        return found

    def handover(p: Points, *unknowns: Any) -> list[Any]:
        positions = p.positions.clone()
        positions[:, time.axis] = slab.begin
        known = evaluate(before, state, replace(p, positions=positions))
        return [u - known[:, i] for i, u in enumerate(state(p, *unknowns))]

    _named(state, names)
    return _named(handover, names)


def _named(residual: Callable[..., Any], names: list[str]) -> Callable[..., Any]:
    """The residual with parameters p and these names, for those who match arguments by name."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter(name, kind) for name in ("p", *names)]
    residual.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return residual
