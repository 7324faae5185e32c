"""The error of an answer as a field, for whatever is computed from the answer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch

from siren_pde.collocation.objective import Objective
from siren_pde.errors import SirenPDEError
from siren_pde.estimates.defect import corrected
from siren_pde.estimates.estimate import companions_of, doubt, in_double_precision
from siren_pde.estimates.slabs import March, slab_errors
from siren_pde.fields.base import Field, Network
from siren_pde.fields.derived.piecewise import Piecewise
from siren_pde.random_features.evolution import evolution_of

SLABS = 64
"""Slabs of a march at most: the error of each takes a second."""


@dataclass(frozen=True, eq=False)
class ErrorField:
    """An answer u in double precision, and its error e, a field of the same structure.

    u + e is closer to the solution. e leaves `beta` of the residual unexplained. `cuts` are the
    values of coordinates across which both may jump. Where `why` is not empty, e is not known.
    """

    answer: Objective
    error: Field | None
    beta: float
    cuts: dict[str, tuple[float, ...]]
    why: str = ""


def error_field(answer: Objective) -> ErrorField:
    """The error by as many features as give two digits of it, slab by slab for a march.

    It may take longer than the answer itself.
    """
    answer = in_double_precision(answer)
    if all(rows.points.data for rows in answer.collocated.rows):
        return _unknown(answer, "all conditions are measured data, whose noise is not known")
    if not bool(torch.isfinite(answer.parameters).all()):
        return _unknown(answer, "the answer is not finite")
    try:
        evolution = evolution_of(answer)
        march = None if evolution is None else March.of(answer.field, evolution)
        if march is not None:
            return _of_march(answer, march)
        c = corrected(answer, companions_of(answer.field, careful=True))
    except (SirenPDEError, RuntimeError, AssertionError) as cause:
        return _unknown(answer, f"the residuals cannot be linearised around the answer ({cause})")
    return ErrorField(answer, c.error, c.beta, {}, doubt(c.beta, c.fresh))


def _unknown(answer: Objective, why: str) -> ErrorField:
    return ErrorField(answer, None, math.nan, {}, why)


def _of_march(answer: Objective, march: March) -> ErrorField:
    """The errors of all slabs, one after the other in time."""
    cuts = {answer.collocated.problem.axes[march.evolution.axis]: march.times[1:-1]}
    if len(march.pieces) > SLABS:
        why = f"the march has {len(march.pieces)} slabs, and errors are sought in {SLABS} at most"
        return ErrorField(answer, None, math.nan, cuts, why)
    errors, beta, fresh = [], 0.0, 0.0
    for slab in slab_errors(answer, march, companions_of(march.pieces[0], careful=True)):
        errors.append(slab.error)
        beta, fresh = max(beta, slab.beta), max(fresh, slab.fresh)
    whole = answer.field.rebuilt(_joined(march, errors))
    return ErrorField(answer, whole, beta, cuts, doubt(beta, fresh))


def _joined(march: March, errors: list[Field]) -> Callable[[Network], Network]:
    """Puts the errors of all slabs, network by network, in place of a march's pieces."""
    each = zip(*(error.networks().values() for error in errors), strict=True)

    def change(network: Network) -> Network:
        return Piecewise(march.evolution.axis, march.times[1:-1], next(each))

    return change
