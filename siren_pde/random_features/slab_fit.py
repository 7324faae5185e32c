"""One slab of a march: fitted by Newton's method, and judged at fresh points."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from siren_pde.collocation.objective import Objective
from siren_pde.fields.base import Field
from siren_pde.random_features.evolution import Evolution
from siren_pde.random_features.features import without_output
from siren_pde.random_features.output_layer import (
    fit_output,
    null_conditions,
    relative_residuals,
    term_sizes,
    weighted_size,
    weighted_terms,
)
from siren_pde.random_features.starts import descended, is_finite, like_field, other_starts

UNMET = 0.1
"""A condition with such a residual beside its terms is not met, however little it weighs."""
LOST = 1e-3
"""Initial values by themselves are met better: all later ones follow from them."""
SMALL = 1e-6
"""Data this small beside the terms of a slab are no measure of its residual: those are."""


def fitted(
    tried: Objective, fresh: Objective, before: Field | None
) -> tuple[Tensor, dict[str, float]]:
    """θ with the features of a slab fitted from what the slab starts with, and the factors of the
    conditions; where these do not depend on the field there, from other starts too, first as the
    slab `before` would go on.
    """
    start = tried.parameters
    if tried.collocated.affine:
        return fit_output(tried, start, affine=True)
    if not is_finite(tried, start):
        return start, dict.fromkeys(tried.collocated.slices, 1.0)
    if null_conditions(tried, start):
        on = () if before is None else (like_field(tried, start, before),)
        descent = descended(tried, fresh, (start, *on, *other_starts(tried, start)))
        assert descent is not None, "the first start is finite"
        return descent.theta, descent.weights
    return fit_output(tried, start)


def relative_residual(
    fresh: Objective, theta: Tensor, weights: dict[str, float], time: Evolution
) -> float:
    """The residual at fresh points relative to that of the zero field, or that of the initial
    values relative to these, whichever is larger; or that of a condition that by itself is not
    met at all.
    """
    zero = float(weighted_size(fresh, without_output(fresh.field, theta), weights))
    terms = weighted_terms(fresh, theta, weights)
    size = float(weighted_size(fresh, theta, weights))
    if not math.isfinite(size):
        return math.inf
    whole = zero if SMALL * terms < zero < math.inf else terms
    each = relative_residuals(fresh, theta, term_sizes(fresh, theta))
    initial = {rows.condition.name for rows in time.initial_residuals(fresh.collocated).rows}
    alone = [x for name, x in each.items() if x > (LOST if name in initial else UNMET)]
    return max([size / max(whole, torch.finfo(theta.dtype).tiny), *alone])
