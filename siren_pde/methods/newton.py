"""Newton's method on output layers: one linear least-squares problem if residuals are affine."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from siren_pde.linear import least_squares

AGREEING = 2.0
"""A residual this much larger than its linear model predicts is what the features can do."""
SLOW = 0.9
"""Steps that gain less than this lead nowhere."""
ROUNDED = 1e-11
"""So is one this much smaller than the first."""


def fit_output(
    objective: Any,
    theta: Tensor,
    *,
    affine: bool = False,
    tolerance: float | None = None,
    most: int = 30,
) -> tuple[Tensor, dict[str, float]]:
    """θ with the output layers that minimise the residual, and the factor of each condition's rows.

    The factors balance the conditions: they give the columns of J a mean square of one per
    condition. Newton steps are halved until they decrease the residual; one is enough if residuals
    are `affine`.
    `tolerance` is that of `least_squares`.
    """
    weights: dict[str, float] = {}
    first = math.inf
    for _ in range(most):
        b, a = objective.residual_and_output_rows(theta)
        weights = weights or balancing(objective, a)
        for name, rows in objective.rows().items():
            a[rows] *= weights[name]
            b[rows] *= weights[name]
        size = float(torch.linalg.vector_norm(b))
        first = min(first, size)
        fit = least_squares(a, -b, tolerance=tolerance)
        step = objective.with_output(torch.zeros_like(theta), fit.x)
        if affine:
            return theta + step, weights
        predicted = float(fit.relative_residual) * size
        theta, reached = _descended(objective, theta, step, weights, size)
        if reached <= max(AGREEING * predicted, ROUNDED * first) or reached > SLOW * size:
            break
    return theta, weights


def weighted_size(objective: Any, theta: Tensor, weights: dict[str, float]) -> Tensor:
    """The norm of the residuals with the rows of each condition times its weight."""
    r = objective.residual(theta)
    for name, rows in objective.rows().items():
        r[rows] *= weights[name]
    return torch.linalg.vector_norm(r)


def balancing(objective: Any, a: Tensor) -> dict[str, float]:
    """The factor of each condition's rows that gives the columns of A a mean square of one."""
    sizes = {
        name: float(torch.linalg.vector_norm(a[rows])) / math.sqrt(a.shape[1])
        for name, rows in objective.rows().items()
    }
    return {name: 1 / max(size, torch.finfo(a.dtype).tiny) for name, size in sizes.items()}


def _descended(
    objective: Any, theta: Tensor, step: Tensor, weights: dict[str, float], size: float
) -> tuple[Tensor, float]:
    """θ after the longest of the step, its half, its quarter, … that decreases the residual."""
    length = 1.0
    for _ in range(8):
        moved = theta + length * step
        reached = float(weighted_size(objective, moved, weights))
        if reached < size:
            return moved, reached
        length /= 2
    return theta, size
