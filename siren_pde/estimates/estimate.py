"""The error bar of an answer: how far it is from the solution, and why one can say so."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import torch

from siren_pde.collocation.objective import Objective
from siren_pde.errors import SirenPDEError
from siren_pde.estimates.companions import Companions, size
from siren_pde.estimates.defect import corrected
from siren_pde.estimates.sizes import Size, sizes
from siren_pde.estimates.slabs import March, slab_errors
from siren_pde.fields.base import Field
from siren_pde.random_features.evolution import evolution_of

BELIEVED, UNSTABLE = 0.5, 3.0
"""An error that leaves more than the first of the residual explains too little of it, and one that
leaves more than the second at fresh points is none at all.
"""
CHEAP, LEAST, RICH = 900, 0.6, 1.3
"""Features that cost less than a second, the least share of the answer's own, and the share that
leaves β below a tenth on smooth solutions.
"""
MOST = 4000
"""Features at most: 10,000 rows of them take half a minute."""


@dataclass(frozen=True)
class Estimate:
    """The relative L² error of an answer, estimated by the enriched defect.

    `relative` holds that of each unknown, `total` that of all of them together. `beta` says how
    much of the residual the error found does not explain. Where `why` is not empty, there is no
    estimate: it says why, and the numbers are `nan`.
    """

    relative: Mapping[str, float]
    total: float
    beta: float
    why: str = ""

    @staticmethod
    def none(why: str, beta: float = math.nan) -> Estimate:
        """No estimate, and why."""
        return Estimate({}, math.nan, beta, why)

    @property
    def reliable(self) -> bool:
        """Whether there is an estimate at all."""
        return not self.why

    @property
    def interval(self) -> tuple[float, float]:
        """Where the relative error lies, most likely: within a factor of 1.5, or two for large β."""
        factor = 1.5 + max(self.beta, 0.0) if self.reliable else math.nan
        return self.total / factor, self.total * factor

    def __str__(self) -> str:
        if not self.reliable:
            return f"no estimate: {self.why}"
        low, high = self.interval
        return f"{self.total:.1e} (relative L², between {low:.1e} and {high:.1e})"


def estimated(answer: Objective, *, careful: bool = False) -> Estimate:
    """The error of an answer, by features other than its own.

    It takes a fraction of the time that the answer took, more if `careful`.
    """
    if all(rows.points.data for rows in answer.collocated.rows):
        return Estimate.none("all conditions are measured data, whose noise is not known")
    answer = in_double_precision(answer)
    if not bool(torch.isfinite(answer.parameters).all()):
        return Estimate.none("the answer is not finite")
    try:
        evolution = evolution_of(answer)
        march = None if evolution is None else March.of(answer.field, evolution)
        if march is not None:
            return _of_march(answer, march, careful=careful)
        correction = corrected(answer, companions_of(answer.field, careful=careful))
        measured = sizes(answer.collocated.problem, answer.field, correction.error)
        return judged(measured, correction.beta, correction.fresh)
    except (SirenPDEError, RuntimeError, AssertionError) as cause:
        return Estimate.none(f"the residuals around the answer cannot be linearised ({cause})")


def companions_of(field: Field, *, careful: bool) -> Companions:
    """As many features as the answer leaves time for."""
    q = max(size(field), 1)
    if careful:
        return Companions(min(RICH, max(MOST / q, 0.1)), 1.15)
    share = min(RICH, max(CHEAP / q, LEAST), max(MOST / q, 0.1))
    return Companions(share, 1.15 if share > 1 else 1.0)


def _of_march(answer: Objective, march: March, *, careful: bool) -> Estimate:
    """The errors of all slabs together; the worst of them says whether they can be believed."""
    total: dict[str, Size] = {}
    beta = fresh = 0.0
    for slab in slab_errors(answer, march, companions_of(march.pieces[0], careful=careful)):
        total = {name: total.get(name, Size(0.0, 0.0)) + s for name, s in slab.sizes.items()}
        beta, fresh = max(beta, slab.beta), max(fresh, slab.fresh)
    return judged(total, beta, fresh)


def doubt(beta: float, fresh: float) -> str:
    """Why an error that explains too little of the residual cannot be believed; else nothing."""
    if beta > BELIEVED:
        return f"other features explain only {max(1 - beta, 0):.0%} of the residual"
    if fresh > UNSTABLE:
        return "the error that explains the residual at some points does not at others"
    return ""


def judged(measured: Mapping[str, Size], beta: float, fresh: float) -> Estimate:
    """The estimate, or none where the error explains too little of the residual."""
    if why := doubt(beta, fresh):
        return Estimate.none(why, beta)
    total = combined(measured, measured)
    if not math.isfinite(total):
        return Estimate.none("the error that explains the residual is not finite", beta)
    return Estimate({name: s.relative for name, s in measured.items()}, total, beta)


def combined(measured: Mapping[str, Size], names: Iterable[str]) -> float:
    """The relative error of some unknowns together."""
    total = Size(0.0, 0.0)
    for name in names:
        total = total + measured[name]
    return total.relative


def in_double_precision(answer: Objective) -> Objective:
    """The same answer on the processor in double precision, whose rounding is not its error."""
    like = answer.parameters
    if like.dtype == torch.float64 and like.device.type == "cpu":
        return answer
    import copy

    field = copy.deepcopy(answer.field).to(device="cpu", dtype=torch.float64)
    collocated = answer.collocated.at(answer.collocated.sampling, like=next(field.parameters()))
    return replace(answer, field=field, collocated=collocated)
