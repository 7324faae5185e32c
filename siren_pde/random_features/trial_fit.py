"""One trial of least squares whose residuals are not affine, by Newton's method."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from torch import Tensor

from siren_pde.collocation.objective import Objective
from siren_pde.fields.base import Field
from siren_pde.random_features.output_layer import fit_output
from siren_pde.random_features.starts import descended, like_field, other_starts

BOLDNESS = 1
"""How careful the first of Newton's steps is, that far from the solution (see `fit_output`)."""
GUESS = 1e-6
"""The relative residual to which measured data alone are fitted."""
RESTARTS = 2
"""So many trials begin elsewhere too where Newton's method is stuck; features are missing then."""
Start = tuple[Field | None, int, float]
"""A field that Newton's method starts near, if there is one, how many trials began elsewhere too,
and when it has to end, on the monotonic clock.
"""


def newton_fitted(
    tried: Objective, fresh: Objective, start: Start
) -> tuple[Tensor, dict[str, float], int, int]:
    """θ with the features of a trial fitted by Newton's method from the best start, the factors of
    the conditions, the number of the start, and how many were tried.
    """
    near, restarts, deadline = start

    def starts() -> Iterator[Tensor]:
        given = tried.parameters
        yield _first(tried) if near is None else like_field(tried, given, near)
        if restarts < RESTARTS:
            yield from other_starts(tried, given)

    descent = descended(tried, fresh, starts(), boldness=BOLDNESS, deadline=deadline)
    if descent is None:  # no start is in the residuals' domain of definition
        return tried.parameters, dict.fromkeys(tried.collocated.slices, 1.0), 0, RESTARTS
    return descent.theta, descent.weights, descent.number, descent.tried


def _first(tried: Objective) -> Tensor:
    """Where Newton's method starts: functions zero, or near what is measured; constants as given.

    Once functions are near, the equations determine the constants.
    """
    data = tried.collocated.data_residuals()
    if data is None:
        return tried.parameters
    measured = replace(tried, collocated=data)
    return fit_output(measured, tried.parameters, tolerance=GUESS)[0]
