"""Newton's method on output layers: one linear least-squares problem if residuals are affine."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.collocation.evaluation import Evaluator, Rows, channels_of
from siren_pde.collocation.expression import Site
from siren_pde.collocation.objective import Objective, evaluating
from siren_pde.numerics.least_squares import Fit, norm
from siren_pde.numerics.spread import spread_norm
from siren_pde.random_features.features import output_coefficients, with_output
from siren_pde.random_features.output_system import OutputSystem, Weights

AGREEING = 2.0
"""A residual this much larger than its linear model predicts is what the features can do."""
SLOW = 0.9
"""Steps that gain less than this lead nowhere."""
ROUNDED = 1e-11
"""So is one this much smaller than the first."""
DAMPINGS = (0.0, 1e-6, 1e-3, 1e-1)
"""Tolerances of the steps tried, each where the one before is too bold."""
ENOUGH = 0.1
"""What share of the decrease of ‖r‖² that the linear model predicts a step must keep."""
NULL = 1e-5
"""Derivatives by the field this small, beside those at a field of size one, are rounding errors of
starts that features are fitted to.
"""
LOOKED = 256
"""Points of a condition, and of all of them together, at which terms are measured."""

Sizes = Mapping[str, Tensor]


def fit_output(
    objective: Objective,
    theta: Tensor,
    *,
    affine: bool = False,
    tolerance: float | None = None,
    boldness: int = 0,
    most: int = 30,
    weights: Weights | None = None,
    deadline: float = math.inf,
) -> tuple[Tensor, dict[str, float]]:
    """θ with the output layers that minimise the residual, and the factor of each condition's rows.

    The factors balance the conditions where θ starts (`OutputSystem.balance`), unless they are
    given as `weights`. Newton steps are damped until they decrease the residual nearly as much as
    the linear model promises, the first one by the entry number `boldness` of `DAMPINGS` at least;
    one step is enough if residuals are `affine`. `tolerance` is that of `least_squares`. No step
    begins that would end past the `deadline` of the monotonic clock if it took as long as the last.

    Source: Levenberg and Marquardt's damping, with the decrease ratio for a measure.
    """
    factors: dict[str, float] = dict(weights or {})
    first, level, ends = math.inf, boldness, -math.inf
    for _ in range(most):
        if objective.collocated.processes.agreed(ends > deadline):
            break
        began = time.monotonic()
        system = OutputSystem.of(objective, theta)
        factors = factors or _balanced(objective, theta, system)
        system.weigh(factors)
        if affine:
            return _moved(objective, theta, system.solve(tolerance=tolerance)), factors
        size = system.size
        first = min(first, size)
        step = _descended(objective, theta, system, factors, level=level, tolerance=tolerance)
        if step is None:
            break
        theta, number, predicted, reached = step
        settled = number == 0 and reached <= AGREEING * predicted
        slow = reached > SLOW * size and (number > level or number == 0)
        if settled or slow or reached <= ROUNDED * first:
            break
        level, ends = max(number - 1, 0), 2 * time.monotonic() - began  # of a step that long
    return theta, factors


def weighted_size(objective: Objective, theta: Tensor, weights: Weights) -> Tensor:
    """The norm of the residuals with the rows of each condition times its weight."""
    r = objective.residual(theta)
    for name, rows in objective.collocated.own.slices.items():
        r[rows] *= weights[name]
    processes = objective.collocated.processes
    size: Tensor = torch.linalg.vector_norm(r)
    return spread_norm(size, processes) if processes.several else size


def null_conditions(objective: Objective, theta: Tensor) -> set[str]:
    """The conditions that are not met at θ, and do not depend on the field there to first order:
    |∇u|² = 1 at u = 0.
    """
    null = set()
    generator = torch.Generator(device=theta.device).manual_seed(0)
    with evaluating(objective) as e:
        for rows in objective.collocated.rows:
            residual, points = rows.residual, _few(rows)
            at = channels_of(e.channels(theta, residual, points, purpose="output"))
            r, here = residual.seeds(e.field, points, at)
            drawn = residual.random_channels(points, generator)
            _, usual = residual.seeds(e.field, points, drawn)
            if bool(r.any()) and not _largest(here) > NULL * _largest(usual):
                null.add(rows.condition.name)
    return null


def _largest(seeds: list[dict[Site, Tensor]]) -> float:
    return max(float(torch.nan_to_num(s).abs().max()) for seed in seeds for s in seed.values())


def _balanced(objective: Objective, theta: Tensor, system: OutputSystem) -> dict[str, float]:
    """The factors at θ, and those at a random field of size one for conditions that do not depend
    on the field at θ.
    """
    null = null_conditions(objective, theta)
    if not null:
        return system.balance()
    c = output_coefficients(objective.field, theta)
    generator = torch.Generator(device=theta.device).manual_seed(0)
    kind = {"generator": generator, "dtype": theta.dtype, "device": theta.device}
    drawn = torch.randn(c.shape, **kind) / math.sqrt(len(c))  # type: ignore[call-overload]
    other = OutputSystem.of(objective, with_output(objective.field, theta, c + drawn))
    sizes = other.column_sizes()
    return system.balance({name: sizes[name] for name in null})


def _moved(objective: Objective, theta: Tensor, fit: Fit) -> Tensor:
    return theta + with_output(objective.field, torch.zeros_like(theta), fit.x)


def _descended(
    objective: Objective,
    theta: Tensor,
    system: OutputSystem,
    weights: Weights,
    *,
    level: int,
    tolerance: float | None,
) -> tuple[Tensor, int, float, float] | None:
    """θ after the boldest step that decreases enough, its level, and the residual there.

    Of that residual comes first what the linear model `system` predicts; None if no step decreases
    enough.
    """
    size = system.size
    least = torch.finfo(theta.dtype).eps if tolerance is None else tolerance
    for number in range(level, len(DAMPINGS)):
        fit = system.solve(tolerance=max(DAMPINGS[number], least), keep=True)
        moved = _moved(objective, theta, fit)
        predicted = float(fit.relative_residual) * size
        reached = float(weighted_size(objective, moved, weights))
        if size**2 - reached**2 > ENOUGH * (size**2 - predicted**2):
            return moved, number, predicted, reached
    return None


# ── how large terms are, to tell a small residual from small data ─────────────────────────────


def term_sizes(objective: Objective, theta: Tensor) -> Sizes:
    """The root mean squares (m,) of the terms of each condition's m components, for the field at θ.

    They are those of the data, which are the residual of the zero field where that is finite, and
    of each derivative of the field times the residual's derivative by it. Derivatives are measured
    over the domains of all conditions: u = 0 on a boundary is as large as u is elsewhere.
    """
    collocated = objective.collocated
    everywhere = torch.cat([r.points.positions for r in collocated.rows])
    everywhere = everywhere[:: _stride(len(everywhere))]
    like = collocated.rows[0].points
    cloud = Points(like.axes, everywhere, torch.ones_like(everywhere[:, 0]))
    with evaluating(objective) as e:
        return {r.condition.name: _terms(e, theta, r, cloud) for r in collocated.rows}


def weighted_terms(objective: Objective, theta: Tensor, weights: Weights) -> float:
    """The size of all terms at θ, in the measure of `weighted_size`."""
    given, sizes = objective.collocated.weights, term_sizes(objective, theta)
    return math.hypot(*(weights[n] * math.sqrt(given[n]) * norm(s) for n, s in sizes.items()))


def relative_residuals(objective: Objective, theta: Tensor, sizes: Sizes) -> dict[str, float]:
    """The residual of each condition relative to the size of its terms, the worst component's.

    0 where the residual vanishes, whatever its terms are.
    """
    worst = {}
    with evaluating(objective) as e:
        for rows in objective.collocated.rows:
            fine = rows.residual.fineness(objective.field, rows.points)
            r = _mean_size(fine[:, None] * e.residual(theta, rows), rows)
            tiny = torch.finfo(r.dtype).tiny
            size = sizes[rows.condition.name].clamp_min(tiny)
            worst[rows.condition.name] = float((r / size).max())
    return worst


def _terms(e: Evaluator, theta: Tensor, rows: Rows, cloud: Points) -> Tensor:
    residual, points = rows.residual, _few(rows)
    few = Rows(rows.condition, residual, points, points.weights)
    at = channels_of(e.channels(theta, residual, points, purpose="output"))
    _, seeds = residual.seeds(e.field, points, at)
    anywhere = replace(residual, places=())  # the cloud is no condition's
    sizes = channels_of(e.channels(theta, anywhere, cloud, purpose="output"))
    usual = {name: channels.square().mean(1).sqrt() for name, channels in sizes.items()}
    data = _mean_size(residual.zero_field_residual(e.field, points), few)
    data = torch.where(torch.isfinite(data), data, torch.zeros_like(data))
    parts = []
    for size, seed in zip(data, seeds, strict=True):
        terms = [
            torch.nan_to_num(_mean_size(seed[name][k], few)) * usual[name][k]
            for name in seed
            for k in range(len(seed[name]))
        ]
        parts.append(torch.cat([size[None], *terms]).square().sum().sqrt())
    return torch.stack(parts)


def _mean_size(values: Tensor, rows: Rows) -> Tensor:
    """The root mean squares (m,) of values (n, m) over a condition's domain."""
    largest = values.abs().amax(0).clamp_min(torch.finfo(values.dtype).tiny)
    share = rows.points.weights[:, None] / rows.points.weights.sum()
    return largest * (share * (values / largest).square()).sum(0).sqrt()


def _few(rows: Rows) -> Points:
    return rows.points.select(slice(None, None, _stride(len(rows.points))))


def _stride(count: int) -> int:
    return max(1, math.ceil(count / LOOKED))
