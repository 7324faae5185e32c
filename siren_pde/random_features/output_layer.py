"""Newton's method on output layers: one linear least-squares problem if residuals are affine."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from siren_pde.numerics.least_squares import least_squares

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


def fit_output(
    objective: Any,
    theta: Tensor,
    *,
    affine: bool = False,
    tolerance: float | None = None,
    boldness: int = 0,
    most: int = 30,
) -> tuple[Tensor, dict[str, float]]:
    """θ with the output layers that minimise the residual, and the factor of each condition's rows.

    The factors balance the conditions: they give the columns of J a mean square of one per
    condition. Newton steps are damped until they decrease the residual nearly as much as the linear
    model promises, the first one by the entry number `boldness` of `DAMPINGS` at least; one step is
    enough if residuals are `affine`. `tolerance` is that of `least_squares`.

    Source: Levenberg and Marquardt's damping, with the decrease ratio for a measure.
    """
    weights: dict[str, float] = {}
    first, level = math.inf, boldness
    for _ in range(most):
        b, a = objective.residual_and_output_jacobian(theta)
        balanced = bool(weights) and all(weights.values())
        weights = weights if balanced else balancing(objective, a)
        for name, rows in objective.rows().items():
            a[rows] *= weights[name]
            b[rows] *= weights[name]
        if affine:
            fit = least_squares(a, -b, tolerance=tolerance)
            return theta + objective.with_output(torch.zeros_like(theta), fit.x), weights
        size = float(torch.linalg.vector_norm(b))
        first = min(first, size)
        found = _descended(objective, theta, (a, b), weights, level, tolerance)
        if found is None:
            break
        theta, number, predicted, reached = found
        if not all(weights.values()):
            continue  # what did not depend on the field there joins in
        settled = number == 0 and reached <= AGREEING * predicted
        slow = reached > SLOW * size and (number > level or number == 0)
        if settled or slow or reached <= ROUNDED * first:
            break
        level = max(number - 1, 0)
    return theta, weights


def weighted_size(objective: Any, theta: Tensor, weights: dict[str, float]) -> Tensor:
    """The norm of the residuals with the rows of each condition times its weight."""
    r = objective.residual(theta)
    for name, rows in objective.rows().items():
        r[rows] *= weights[name]
    return torch.linalg.vector_norm(r)


def balancing(objective: Any, a: Tensor) -> dict[str, float]:
    """The factor of each condition's rows that gives the columns of A a mean square of one.

    It is 0 where A vanishes.
    """
    sizes = {
        name: float(torch.linalg.vector_norm(a[rows])) / math.sqrt(a.shape[1])
        for name, rows in objective.rows().items()
    }
    return {name: 1 / size if size else 0.0 for name, size in sizes.items()}


def _descended(
    objective: Any,
    theta: Tensor,
    system: tuple[Tensor, Tensor],
    weights: dict[str, float],
    level: int,
    tolerance: float | None,
) -> tuple[Tensor, int, float, float] | None:
    """θ after the boldest step that decreases enough, its level, and the residual there.

    Of that residual comes first what the linear model `system`, A and b, predicts; None if no step
    decreases enough.
    """
    a, b = system
    size = float(torch.linalg.vector_norm(b))
    least = torch.finfo(a.dtype).eps if tolerance is None else tolerance
    for number in range(level, len(DAMPINGS)):
        fit = least_squares(a.clone(), -b, tolerance=max(DAMPINGS[number], least))
        moved = theta + objective.with_output(torch.zeros_like(theta), fit.x)
        predicted = float(fit.relative_residual) * size
        reached = float(weighted_size(objective, moved, weights))
        if size**2 - reached**2 > ENOUGH * (size**2 - predicted**2):
            return moved, number, predicted, reached
    return None
