"""The error of an answer as a field, for whatever is computed from the answer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from siren_pde.collocation.objective import Objective
from siren_pde.errors import SirenPDEError
from siren_pde.estimates.defect import corrected
from siren_pde.estimates.estimate import companions_of, doubt, in_double_precision
from siren_pde.estimates.slabs import March, slab_errors
from siren_pde.fields.base import Field, Network
from siren_pde.fields.derived.piecewise import Piecewise
from siren_pde.random_features.evolution import evolution_of

TIMES = 2
"""How often the error is sought, each time in other features."""
SLABS = 64
"""Slabs of a march at most: the error of each takes a second."""


@dataclass(frozen=True, eq=False)
class ErrorField:
    """An answer u in double precision, and its error e, as fields of the same structure.

    u + e is closer to the solution. There is more than one such field where time allows it: how far
    they differ says how well e is known. They leave `beta` of the residual unexplained. `cuts` are
    the values of coordinates across which all may jump. Where `why` is not empty, they cannot be
    believed, or there are none.
    """

    answer: Objective
    errors: tuple[Field, ...]
    beta: float
    cuts: dict[str, tuple[float, ...]]
    why: str = ""


def error_field(answer: Objective) -> ErrorField:
    """The error by as many features as give two digits of it, slab by slab for a march.

    It may take longer than the answer itself.
    """
    answer = in_double_precision(answer)
    if all(rows.points.data for rows in answer.collocated.rows):
        return unknown_error(answer, "all conditions are measured data, whose noise is not known")
    if not bool(torch.isfinite(answer.parameters).all()):
        return unknown_error(answer, "the answer is not finite")
    try:
        evolution = evolution_of(answer)
        march = None if evolution is None else March.of(answer.field, evolution)
        if march is not None:
            return _of_march(answer, march)
        companions = companions_of(answer.field, careful=True)
        each = [corrected(_seeded(answer, k), companions) for k in range(TIMES)]
    except (SirenPDEError, RuntimeError, AssertionError) as cause:
        return unknown_error(
            answer, f"the residuals cannot be linearised around the answer ({cause})"
        )
    beta = max(c.beta for c in each)
    why = doubt(answer, beta, max(c.fresh for c in each))
    return ErrorField(answer, tuple(c.error for c in each), beta, {}, why)


def _seeded(answer: Objective, k: int) -> Objective:
    """The answer with another seed, from which those of points and features come."""
    return replace(answer, collocated=answer.collocated.redrawn(answer.seed + k)) if k else answer


def unknown_error(answer: Objective, why: str) -> ErrorField:
    """An answer of which no error is known, and why."""
    return ErrorField(answer, (), math.nan, {}, why)


def _of_march(answer: Objective, march: March) -> ErrorField:
    """The errors of all slabs, one after the other in time."""
    cuts = {answer.collocated.problem.axes[march.evolution.axis]: march.times[1:-1]}
    if len(march.pieces) > SLABS:
        why = f"the march has {len(march.pieces)} slabs, and errors are sought in {SLABS} at most"
        return unknown_error(answer, why)
    errors, beta, fresh = [], 0.0, 0.0
    for slab in slab_errors(answer, march, companions_of(march.pieces[0], careful=True)):
        assert slab.error is not None
        errors.append(slab.error)
        beta, fresh = beta + slab.beta**2, fresh + slab.fresh**2
    beta, fresh = (math.sqrt(total / len(errors)) for total in (beta, fresh))
    whole = answer.field.rebuilt(_joined(march, errors))
    return ErrorField(answer, (whole,), beta, cuts, doubt(answer, beta, fresh))


def _joined(march: March, errors: list[Field]) -> Callable[[Network], Network]:
    """Puts the errors of all slabs, network by network, in place of a march's pieces."""
    each = zip(*(error.networks().values() for error in errors), strict=True)

    def change(network: Network) -> Network:
        return Piecewise(march.evolution.axis, march.times[1:-1], next(each))

    return change
