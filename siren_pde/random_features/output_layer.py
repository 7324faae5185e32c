"""Newton's method on output layers: one linear least-squares problem if residuals are affine."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from siren_pde.collocation.objective import Objective, evaluating
from siren_pde.numerics.least_squares import Fit, least_squares
from siren_pde.random_features.features import with_output

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

Weights = Mapping[str, float]


@dataclass(frozen=True, eq=False)
class OutputSystem:
    """The linear model A x + b of the residuals (N,) in moves x (q,) of all output layers.

    `rows` says which rows belong to which condition.
    """

    matrix: Tensor
    right: Tensor
    rows: Mapping[str, slice]

    @staticmethod
    def of(objective: Objective, theta: Tensor) -> OutputSystem:
        """Linearised at θ; exact where residuals are affine in the field."""
        with evaluating(objective) as e:
            b, a = e.output_jacobian(theta, objective.collocated.rows)
        return OutputSystem(a, b, objective.collocated.slices)

    @property
    def size(self) -> float:
        """‖b‖."""
        return float(torch.linalg.vector_norm(self.right))

    def balance(self) -> dict[str, float]:
        """The factor of each condition's rows that gives the columns of A a mean square of one.

        It is 0 where A vanishes.
        """
        root = math.sqrt(self.matrix.shape[1])
        sizes = {
            name: float(torch.linalg.vector_norm(self.matrix[rows])) / root
            for name, rows in self.rows.items()
        }
        return {name: 1 / size if size else 0.0 for name, size in sizes.items()}

    def weigh(self, weights: Weights) -> None:
        """Multiply the rows of each condition by its weight, in place: A may be large."""
        for name, rows in self.rows.items():
            self.matrix[rows] *= weights[name]
            self.right[rows] *= weights[name]

    def solve(self, *, tolerance: float | None = None, keep: bool = False) -> Fit:
        """The move x (q,) that minimises ‖A x + b‖; overwrites A unless it is to be kept."""
        a = self.matrix.clone() if keep else self.matrix
        return least_squares(a, -self.right, tolerance=tolerance)


def fit_output(
    objective: Objective,
    theta: Tensor,
    *,
    affine: bool = False,
    tolerance: float | None = None,
    boldness: int = 0,
    most: int = 30,
) -> tuple[Tensor, dict[str, float]]:
    """θ with the output layers that minimise the residual, and the factor of each condition's rows.

    The factors balance the conditions (`OutputSystem.balance`). Newton steps are damped until they
    decrease the residual nearly as much as the linear model promises, the first one by the entry
    number `boldness` of `DAMPINGS` at least; one step is enough if residuals are `affine`.
    `tolerance` is that of `least_squares`.

    Source: Levenberg and Marquardt's damping, with the decrease ratio for a measure.
    """
    weights: dict[str, float] = {}
    first, level = math.inf, boldness
    for _ in range(most):
        system = OutputSystem.of(objective, theta)
        balanced = bool(weights) and all(weights.values())
        weights = weights if balanced else system.balance()
        system.weigh(weights)
        if affine:
            return _moved(objective, theta, system.solve(tolerance=tolerance)), weights
        size = system.size
        first = min(first, size)
        step = _descended(objective, theta, system, weights, level=level, tolerance=tolerance)
        if step is None:
            break
        theta, number, predicted, reached = step
        if not all(weights.values()):
            continue  # what did not depend on the field there joins in
        settled = number == 0 and reached <= AGREEING * predicted
        slow = reached > SLOW * size and (number > level or number == 0)
        if settled or slow or reached <= ROUNDED * first:
            break
        level = max(number - 1, 0)
    return theta, weights


def weighted_size(objective: Objective, theta: Tensor, weights: Weights) -> Tensor:
    """The norm of the residuals with the rows of each condition times its weight."""
    r = objective.residual(theta)
    for name, rows in objective.collocated.slices.items():
        r[rows] *= weights[name]
    size: Tensor = torch.linalg.vector_norm(r)
    return size


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
