"""A flux that makes good what an answer leaves of its equation, for the majorant of its error."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from siren_pde.calculus.functions import sqrt
from siren_pde.calculus.jets import as_jet
from siren_pde.calculus.operators import div, grad
from siren_pde.calculus.points import Points
from siren_pde.collocation.evaluation import Rows
from siren_pde.collocation.expression import Expression
from siren_pde.collocation.objective import Objective
from siren_pde.collocation.quadrature import Sobol
from siren_pde.collocation.residual import BoundResidual
from siren_pde.domains.base import Domain
from siren_pde.estimates.companions import Companions, size
from siren_pde.estimates.linearised import error_rows
from siren_pde.fields.ansatz import Ansatz
from siren_pde.fields.base import Field
from siren_pde.fields.parameters import parameters_of, with_parameters
from siren_pde.numerics.least_squares import least_squares
from siren_pde.problem import on
from siren_pde.random_features.features import with_output

SHARE, WIDENING, LEAST, MOST = 2.0, 1.5, 500, 1500
"""Features beside the answer's own, in a band as much wider, and at least and at most so many: what
is left of the equation has higher frequencies than what is left of the answer.
"""
ROWS = 1.5
"""Points for each feature."""
SEED = 50021
"""How far the seed of these features is from those of errors."""
ROUNDS = 2
"""Fits, each with the weights that the one before has found to be best."""


def better_flux(
    answer: Objective,
    domain: Domain,
    k: Callable[[Points], Any],
    *,
    constant: float,
    residual: Callable[[Points], Tensor],
) -> Callable[[Points], Tensor]:
    """|z|²/k and (r + div z)² (n, 2) at points, for the flux z = k ∇φ with ‖z/√k‖ + C ‖r + div z‖
    small.

    φ is sought in features of the answer's kind. `residual` is r (n, 1).
    """
    features = _features(answer)
    points = Sobol(math.ceil(ROWS * size(features)))(domain, seed=answer.seed + SEED)

    def terms(p: Points, u: Any) -> list[Any]:
        conductivity = as_jet(k(p))
        return [*(grad(u) * sqrt(conductivity)), div(grad(u) * conductivity)]

    condition = on(domain)(terms)
    bound = BoundResidual.planned(Expression.of(condition), features, points)
    rows = Rows(condition, bound, points, points.weights.sqrt())
    _, a = error_rows(replace(answer, field=features), features, rows)
    known = torch.zeros((len(points), bound.components), dtype=a.dtype)
    known[:, -1:] = rows.scale[:, None] * residual(points)
    share, theta = 1.0, parameters_of(features)
    for _ in range(ROUNDS):
        # (a + b)² ≤ (1 + s) a² + (1 + 1/s) b², with equality for s = b/a
        weight = known.new_full((bound.components,), math.sqrt(1 + share))
        weight[-1] = constant * math.sqrt(1 + 1 / share)
        weights = weight.repeat(len(points))
        x = least_squares(weights[:, None] * a, -weights * known.flatten()).x
        left = (a @ x).view_as(known) + known
        inner, outer = float(left[:, :-1].norm()), constant * float(left[:, -1].norm())
        share = min(max(outer / inner, 1e-3), 1e3) if inner else 1.0
    potential = with_parameters(features, with_output(features, theta, x))

    def squares(p: Points) -> Tensor:
        at = bound.at(potential, p)
        inside, outside = at[:, :-1], at[:, -1:] + residual(p)
        return torch.cat([inside.square().sum(1, keepdim=True), outside.square()], dim=1)

    return squares


def _features(answer: Objective) -> Field:
    """Features of the kind that the answer has, free on the boundary."""
    field = answer.field.field if isinstance(answer.field, Ansatz) else answer.field
    q = max(size(field), 1)
    share = min(max(SHARE, LEAST / q), max(MOST / q, 0.1))
    collocated = answer.collocated.redrawn(answer.seed + SEED)
    free = replace(answer, field=field, collocated=collocated)
    return Companions(share, WIDENING).of(free)
