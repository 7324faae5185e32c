"""The enriched defect: what other features make of the residual that an answer has left.

On fresh points, min ‖F(u) + F'(u) e‖ over errors e in features that the answer does not have. How
much of the residual is left at points fresh again, once e is added, says whether e is the error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from siren_pde.collocation.collocated import Collocated
from siren_pde.collocation.evaluation import Rows
from siren_pde.collocation.objective import Objective
from siren_pde.collocation.quadrature import Sobol
from siren_pde.estimates.companions import Companions, size
from siren_pde.estimates.linearised import corrected_residual, error_rows
from siren_pde.fields.base import Field
from siren_pde.fields.parameters import parameters_of, with_parameters
from siren_pde.numerics.least_squares import damped_solutions, norm
from siren_pde.random_features.features import with_output

Carried = Callable[[Rows], Tensor | None]

OVERSAMPLING = 2.5
"""Rows of one equation for each feature: with 1.6, errors are fitted to what they cannot explain,
and come out up to five times too large.
"""
JUDGED = 0.25
"""How many points, beside those fitted, judge the fit."""
DAMPINGS = (0.0, 1e-8)
"""Tolerances of the fit, of which the best at fresh points is taken."""
EXPLAINED = 1.0
"""Where no more than what was there is left of the residual at fresh points, the fit needs no
damping.
"""
FRESH = 7919
"""How far the seeds of fresh points are from those of methods."""
MEASURED = 4
"""At most so many measured points for each feature are looked at."""


@dataclass(frozen=True, eq=False)
class Correction:
    """The error e of an answer as a field, and how far it can be believed.

    β = ‖F(u) + F'(u) e‖ / ‖F(u)‖ is what e leaves of the residual where it was fitted, `fresh` is
    ‖F(u + e)‖ / ‖F(u)‖ at other points. Conditions are made comparable by the size of F'.
    """

    error: Field
    beta: float
    fresh: float


def fresh(answer: Objective, n: int, seed: int) -> Objective:
    """The residuals of an answer at n other points in the interior, and at all measured ones."""
    collocated = answer.collocated.with_rule(Sobol(max(n, 16))).with_count(max(n, 16))
    return replace(answer, collocated=collocated.redrawn(answer.seed + FRESH * seed))


def points_for(answer: Objective, features: Field) -> int:
    """How many interior points determine the features."""
    inside = sum(rows.residual.components for rows in answer.collocated.interior) or 1
    return math.ceil(OVERSAMPLING * size(features) / inside)


def corrected(answer: Objective, companions: Companions) -> Correction:
    """The error of an answer at points of its whole domain."""
    features = companions.of(answer)
    n = points_for(answer, features)
    fitted, judged = fresh(answer, n, 1), fresh(answer, int(JUDGED * n), 2)
    return best_correction(fitted, judged, features)


def best_correction(
    fitted: Objective,
    judged: Objective,
    features: Field,
    *,
    carried: Carried | None = None,
) -> Correction:
    """The fit at the points of `fitted` that leaves least at those of `judged`.

    `carried(rows)` (n·m,) is what the scaled rows of a condition have in addition, or None.
    """
    most, matrices, residuals, weights = MEASURED * size(features), [], [], {}
    for rows in thinned(fitted.collocated, most, 0).rows:
        r, a = error_rows(fitted, features, rows)
        # a condition that no change moves counts by itself: its residual stays
        w = balance(a) or 1 / max(norm(r), torch.finfo(r.dtype).tiny)
        weights[rows.condition.name] = w
        more = carried(rows) if carried else None
        matrices.append(a.mul_(w))
        residuals.append(w * (r if more is None else r + more))
    b, theta, best = torch.cat(residuals), parameters_of(features), None
    a = torch.cat(matrices)
    del matrices
    held = replace(judged, collocated=thinned(judged.collocated, most, 1))
    before = _left(held, None, weights, carried)
    for d in damped_solutions(a.clone(), -b, DAMPINGS):
        error = with_parameters(features, with_output(features, theta, d))
        ratio = _ratio(_left(held, error, weights, carried), before)
        if best is None or ratio < best.fresh:
            best = Correction(error, _ratio(norm(b + a @ d), norm(b)), ratio)
        if best.fresh < EXPLAINED:
            break
    assert best is not None
    return best


def thinned(collocated: Collocated, most: int, which: int) -> Collocated:
    """Every second point of measured data, of which there are no others, and `most` at most."""

    def some(rows: Rows) -> Rows:
        if not rows.points.data or len(rows.points) < 4:
            return rows
        step = 2 * max(math.ceil(len(rows.points) / (2 * most)), 1)
        index = torch.arange(which, len(rows.points), step, device=rows.scale.device)
        return replace(rows, points=rows.points.select(index), scale=rows.scale[index])

    return replace(collocated, rows=tuple(some(rows) for rows in collocated.rows))


def _left(
    answer: Objective,
    error: Field | None,
    weights: Mapping[str, float],
    carried: Carried | None,
) -> float:
    """‖F(u + e)‖, without an error ‖F(u)‖, conditions made comparable."""
    norms = []
    for rows in answer.collocated.rows:
        if error is None:
            r = (rows.scale[:, None] * rows.residual.at(answer.field, rows.points)).flatten()
        else:
            r = corrected_residual(answer, error, rows)
        more = carried(rows) if carried else None
        norms.append(weights[rows.condition.name] * norm(r if more is None else r + more))
    return math.hypot(*norms)


def _ratio(after: float, before: float) -> float:
    ratio = after / before if before else 0.0
    return ratio if math.isfinite(ratio) else math.inf


def balance(a: Tensor) -> float:
    """The factor that gives the columns of A a mean square of one; 0 where A vanishes."""
    size = norm(a)
    return math.sqrt(a.shape[1]) / size if size else 0.0
