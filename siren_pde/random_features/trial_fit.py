"""One trial of least squares: its features fitted, and judged at points that it has not seen."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from siren_pde.collocation.collocated import Collocated
from siren_pde.collocation.objective import Objective
from siren_pde.fields.base import Field
from siren_pde.random_features.features import without_output
from siren_pde.random_features.output_layer import (
    fit_output,
    relative_residuals,
    term_sizes,
    weighted_size,
    weighted_terms,
)
from siren_pde.random_features.starts import descended, like_field, other_starts

BOLDNESS = 1
"""How careful the first of Newton's steps is, that far from the solution (see `fit_output`)."""
GUESS = 1e-6
"""The relative residual to which measured data alone are fitted."""
RESTARTS = 2
"""So many trials begin elsewhere too where Newton's method is stuck; features are missing then."""
EACH = 1e-6
"""Every condition by itself is met to this share of its terms, lest a large one hide a small."""
SMALL = 1e-6
"""Data this small beside the terms of the solution are no measure of a residual: its terms are."""


@dataclass(frozen=True)
class Start:
    """Where Newton's method begins: near a field, if there is one, unless `restarts` trials began
    elsewhere too already; and when it has to end, on the monotonic clock.
    """

    near: Field | None = None
    restarts: int = 0
    deadline: float = math.inf


@dataclass(frozen=True)
class Fitted:
    """θ with the features of a trial fitted, the factors of the conditions, the number of the start
    that led there, and how many were tried.
    """

    theta: Tensor
    weights: dict[str, float]
    number: int = 0
    starts: int = 1


def fitted(tried: Objective, fresh: Objective, start: Start) -> Fitted:
    """The features of a trial, fitted at once or by Newton's method from the best start."""
    if tried.collocated.affine:
        return Fitted(*fit_output(tried, tried.parameters, affine=True))

    def starts() -> Iterator[Tensor]:
        given, near = tried.parameters, start.near
        yield _first(tried) if near is None else like_field(tried, given, near)
        if start.restarts < RESTARTS:
            yield from other_starts(tried, given)

    descent = descended(tried, fresh, starts(), boldness=BOLDNESS, deadline=start.deadline)
    if descent is None:  # no start is in the residuals' domain of definition
        ones = dict.fromkeys(tried.collocated.slices, 1.0)
        return Fitted(tried.parameters, ones, starts=RESTARTS)
    return Fitted(descent.theta, descent.weights, descent.number, descent.tried)


@dataclass(frozen=True)
class Ground:
    """Where trials with one number of features are compared: rows to fit, fresh rows to judge.

    `zero` is the size of the fresh rows of the zero field, weighted, or where that is nothing of
    the terms of the solution.
    """

    rows: Collocated
    fresh: Collocated
    zero: Tensor

    @staticmethod
    def of(tried: Objective, fresh: Objective, theta: Tensor, weights: dict[str, float]) -> Ground:
        """The ground of a trial that was fitted by θ."""
        zero = weighted_size(fresh, without_output(tried.field, theta), weights)
        terms = weighted_terms(fresh, theta, weights)
        if not bool(torch.isfinite(zero)) or float(zero) < SMALL * terms < math.inf:
            zero = zero.new_tensor(terms)
        tiny = torch.finfo(zero.dtype).tiny
        return Ground(tried.collocated, fresh.collocated, zero.clamp_min(tiny))

    def judged(
        self, fresh: Objective, theta: Tensor, weights: dict[str, float], tolerance: float
    ) -> float:
        """The relative residual at fresh points, no smaller than the tolerance where a condition by
        itself is not met.
        """
        residual = float(weighted_size(fresh, theta, weights) / self.zero)
        if not math.isfinite(residual):
            return math.inf
        if not residual < tolerance:
            return residual
        each = relative_residuals(fresh, theta, term_sizes(fresh, theta))
        return max(residual, tolerance * max(each.values()) / EACH)


def _first(tried: Objective) -> Tensor:
    """Where Newton's method starts: functions zero, or near what is measured; constants as given.

    Once functions are near, the equations determine the constants.
    """
    data = tried.collocated.data_residuals()
    if data is None:
        return tried.parameters
    measured = replace(tried, collocated=data)
    return fit_output(measured, tried.parameters, tolerance=GUESS)[0]
