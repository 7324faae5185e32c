"""Where Newton's method starts: from what is known of the solution, and where that leads nowhere,
from simple functions.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from siren_pde.calculus.jets import Jet
from siren_pde.calculus.operators import d
from siren_pde.calculus.points import Points
from siren_pde.calculus.vectors import Vector
from siren_pde.collocation.collocated import ROUNDING
from siren_pde.collocation.evaluation import Rows
from siren_pde.collocation.expression import Expression, Unknown
from siren_pde.collocation.objective import Objective, evaluating
from siren_pde.collocation.residual import BoundResidual
from siren_pde.fields.base import Field
from siren_pde.fields.parameters import split
from siren_pde.numerics.spread import spread_factor
from siren_pde.problem import Condition
from siren_pde.random_features.features import output_coefficients, with_output
from siren_pde.random_features.output_layer import (
    fit_output,
    null_conditions,
    relative_residuals,
    term_sizes,
    weighted_size,
    weighted_terms,
)
from siren_pde.random_features.output_system import OutputSystem

STUCK = 0.3
"""Newton's method leads nowhere where a condition's residual is this share of its terms."""
MET = 1e-3
"""Nor where one that did not depend on the field at the start is not met to this share."""
SMOOTH = 1e-6
"""The weight of slopes, beside known values: enough to determine the field between those."""
GUESS = 1e-6
"""Singular values below this are left out of a start, to which Newton's steps are added."""
AMPLITUDES = tuple(sign * 10.0 ** (k / 2) for k in range(-12, 13) for sign in (1, -1))
"""How large functions are tried to be; the one of least residual is taken."""


@dataclass(frozen=True)
class Descent:
    """Where Newton's method arrived: θ, the factors of conditions, the weighted residual at fresh
    points, the number of the start, and how many were tried.
    """

    theta: Tensor
    weights: dict[str, float]
    size: float
    number: int
    tried: int


def descended(
    objective: Objective,
    fresh: Objective,
    starts: Iterable[Tensor],
    *,
    boldness: int = 0,
    deadline: float = math.inf,
) -> Descent | None:
    """Newton's method from one start after the other until it leads somewhere: until residuals at
    `fresh` points are not like their terms. The best of them.

    All have the factors of the conditions that the first one has. Starts where residuals are not
    finite are passed over; None if all are. `deadline` is that of `fit_output`.
    """
    best: Descent | None = None
    weights: dict[str, float] | None = None
    null: set[str] = set()
    for number, start in enumerate(starts):
        if not is_finite(objective, start):
            continue
        null |= null_conditions(objective, start) if best is None else set()
        theta, weights = fit_output(
            objective, start, boldness=boldness, weights=weights, deadline=deadline
        )
        size = float(weighted_size(fresh, theta, weights))
        if best is None or size < best.size:
            best = Descent(theta, weights, size, number, number + 1)
        best = replace(best, tried=number + 1)
        late = objective.collocated.processes.agreed(time.monotonic() > deadline)
        if _leads_on(fresh, best, null) or late:
            break
    return _rebalanced(objective, fresh, best) if null and best else best


def _rebalanced(objective: Objective, fresh: Objective, at: Descent) -> Descent:
    """The same with the factors of conditions where it arrived, and a few steps more."""
    weights = OutputSystem.of(objective, at.theta).balance()
    theta, _ = fit_output(objective, at.theta, weights=weights)
    sizes = [float(weighted_size(fresh, each, weights)) for each in (theta, at.theta)]
    better = theta if sizes[0] <= sizes[1] else at.theta
    return replace(at, theta=better, weights=weights, size=min(sizes))


def _leads_on(fresh: Objective, at: Descent, null: set[str]) -> bool:
    """Whether residuals are no longer like the terms: taken together, and by itself that of each
    condition that did not depend on the field where Newton's method started.
    """
    if not at.size < STUCK * weighted_terms(fresh, at.theta, at.weights):
        return False
    if not null:
        return True
    each = relative_residuals(fresh, at.theta, term_sizes(fresh, at.theta))
    return max(each[name] for name in null) < MET


def is_finite(objective: Objective, theta: Tensor) -> bool:
    """Whether all residuals and their derivatives are finite at θ, unlike those of √u at u = 0."""
    collocated = objective.collocated
    return collocated.processes.all(_own_is_finite(objective, theta))


def _own_is_finite(objective: Objective, theta: Tensor) -> bool:
    with evaluating(objective) as e:
        for r, seeds, _ in e.seeds(theta, objective.collocated.own.rows, purpose="output"):
            values = [r, *(part for seed in seeds for part in seed.values())]
            if not all(bool(torch.isfinite(value).all()) for value in values):
                return False
    return True


def first_finite(objective: Objective, theta: Tensor) -> Tensor:
    """θ, or the first of the other starts where residuals are finite; θ if there is none."""
    starts = (theta, *other_starts(objective, theta))
    return next((start for start in starts if is_finite(objective, start)), theta)


def other_starts(objective: Objective, theta: Tensor) -> Iterator[Tensor]:
    """Known values, and these plus simple functions, each of the size that suits best.

    Constants stay as they are in θ.
    """
    base = known_values(objective, theta)
    yield base
    values = _values(objective)
    system, processes = OutputSystem.of(values, theta), objective.collocated.processes
    if processes.all(not bool(system.matrix.any())):
        return
    factor = spread_factor(system.matrix, processes, tolerance=GUESS)
    weights: dict[str, float] = {}
    for shape in _shapes(values):
        move = with_output(objective.field, torch.zeros_like(theta), factor.solve(shape))
        tried = [base + size * move for size in AMPLITUDES]
        weights = weights or _factors(objective, tried)
        sizes = [float(weighted_size(objective, at, weights)) for at in tried]
        finite = [(size, k) for k, size in enumerate(sizes) if math.isfinite(size)]
        if finite:
            yield tried[min(finite)[1]]


def known_values(objective: Objective, theta: Tensor) -> Tensor:
    """θ with the functions that meet the boundary, initial and measured values, as smooth between
    as they can be: those conditions that are affine in the field.
    """
    collocated = objective.collocated
    inner = {rows.condition.name for rows in collocated.interior}
    rounding = ROUNDING * torch.finfo(theta.dtype).eps
    known = collocated.select(
        lambda rows: rows.condition.name not in inner and rows.residual.curvature < rounding
    )
    if known is None:
        return theta
    low, high = _widest(objective).points.bounds
    half = [(b - a) / 2 or 1.0 for a, b in zip(low.tolist(), high.tolist(), strict=True)]

    def slopes(p: Points, *unknowns: Unknown) -> list[Jet]:
        components = _components(p, *unknowns)
        return [h * d(c, x) for c in components for x, h in zip(p.coordinates, half, strict=True)]

    rows = (*known.rows, _rows(objective, slopes, "slopes", weight=SMOOTH))
    smooth = replace(objective, collocated=replace(known, rows=rows))
    return fit_output(smooth, theta, affine=True, tolerance=GUESS)[0]


def like_field(objective: Objective, theta: Tensor, field: Field) -> Tensor:
    """θ with the functions nearest to those of another field, and its constants."""
    values = _values(objective)
    rows = values.collocated.shares[0].rows
    wanted = rows.residual.at(field, rows.points) * rows.scale[:, None]
    system = OutputSystem.of(values, theta)
    missing = wanted.flatten() - system.right
    factor = spread_factor(system.matrix, objective.collocated.processes, tolerance=GUESS)
    move = factor.solve(missing)
    theta = with_output(objective.field, theta, output_coefficients(objective.field, theta) + move)
    for name, part in split(objective.field, theta).items():
        other = field.networks()[name]
        if not other.inputs:
            part.copy_(torch.cat([q.detach().flatten() for q in other.parameters()]))
    return theta


def _factors(objective: Objective, tried: list[Tensor]) -> dict[str, float]:
    """The factors of the conditions at the first of some starts of size one where they exist."""
    for theta in sorted(tried, key=lambda at: abs(float(torch.linalg.vector_norm(at)) - 1)):
        if is_finite(objective, theta):
            return OutputSystem.of(objective, theta).balance()
    return dict.fromkeys(objective.collocated.slices, 1.0)


def _values(objective: Objective) -> Objective:
    """The values of all functions in the interior, as residuals."""
    rows = _rows(objective, _components, "values")
    return replace(objective, collocated=replace(objective.collocated, rows=(rows,)))


def _rows(
    objective: Objective, function: Callable[..., list[Jet]], name: str, *, weight: float = 1.0
) -> Rows:
    """Residuals of all functions in the interior."""
    rows, sampling = _widest(objective), objective.collocated.sampling
    names = tuple(n for n, net in objective.field.networks().items() if net.inputs)
    expression = Expression(name, function, names)
    residual = BoundResidual.planned(expression, objective.field, rows.points)
    condition = Condition(function, rows.condition.domain, weight=weight)
    return Rows(condition, residual, rows.points, sampling.scale(condition, rows.points))


def _widest(objective: Objective) -> Rows:
    """The rows of the interior with most points."""
    inner = objective.collocated.interior or objective.collocated.rows
    return max(inner, key=lambda rows: len(rows.points))


def _components(p: Points, *unknowns: Unknown) -> list[Jet]:
    return [c for u in unknowns for c in (u if isinstance(u, Vector) else [u])]


def _shapes(values: Objective) -> Iterator[Tensor]:
    """One, affine functions, a bump and a wave, at the rows of all values: (N,) each."""
    low, high = values.collocated.rows[0].points.bounds
    middle, half = (high + low) / 2, ((high - low) / 2).clamp_min(1e-300)
    rows = values.collocated.shares[0].rows
    at = (rows.points.positions - middle) / half
    slopes = 1 / torch.arange(1, at.shape[1] + 1, dtype=at.dtype, device=at.device)
    turned = slopes * (-1) ** torch.arange(at.shape[1], device=at.device)
    shapes = (
        torch.ones_like(at[:, 0]),
        at @ slopes,
        at @ turned,
        torch.cos(math.pi / 2 * at).prod(1),
        torch.sin(math.pi * at @ slopes + 1),
    )
    for shape in shapes:
        components = shape[:, None].expand(-1, rows.residual.components)
        yield (components * rows.scale[:, None]).flatten()
