"""The error bar of an answer: how far it is from the solution, and why one can say so."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import torch

from siren_pde.collocation.objective import Objective
from siren_pde.errors import SirenPDEError
from siren_pde.estimates.boxes import corrected_on_boxes, on_boxes
from siren_pde.estimates.companions import Companions, size
from siren_pde.estimates.defect import OVERSAMPLING, Correction, corrected
from siren_pde.estimates.defect import fresh as points_of
from siren_pde.estimates.own_residuals import own_residuals
from siren_pde.estimates.sizes import Size, sizes
from siren_pde.estimates.slabs import March, slab_errors
from siren_pde.estimates.steady import repeats, steady_errors
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
FEWEST, FEWEST_OF_TIME = 150, 40
"""Features at least, fewer miss modes that are nearly resonant; and in time alone, where slabs hold
few of them.
"""
RATE, EACH = 1e9, 0.01
"""The error of a slab with q features takes q³ over the first, in seconds, and the second."""
ROUNDED, LOOKED = 1e-10, 512
"""Below this share of their terms, residuals are rounding; at how many points they are looked at.
"""
MOST, FEW = 3000, 0.4
"""Features at most, which take ten seconds, and the share of the answer's own that is too few."""
WIDER = 1.15
"""How much wider their band is where they are more than the answer's own, and in slabs of one
matrix, whose errors are the waves that slabs have not.
"""
BETWEEN = 1.5
"""β of an error known from the difference of two answers: it is right within a factor of three."""
COPIES = 4
"""Matrices of all rows and features that are held at the same time."""


@dataclass(frozen=True)
class Estimate:
    """The relative L² error of an answer, estimated by the enriched defect.

    `sizes` holds those of each unknown. `beta` says how much of the residual the error found does
    not explain. Where `why` is not empty, there is no estimate: it says why, and the numbers are
    `nan`. `seconds` is what finding it took.
    """

    sizes: Mapping[str, Size]
    beta: float
    why: str = ""
    seconds: float = 0.0

    @staticmethod
    def none(why: str, beta: float = math.nan) -> Estimate:
        """No estimate, and why."""
        return Estimate({}, beta, why)

    @staticmethod
    def measured(names: Iterable[str], relative: float) -> Estimate:
        """The relative error of a march that was solved twice, as the two differ; of all unknowns
        alike.
        """
        return Estimate({name: Size(relative**2, 1.0) for name in names}, BETWEEN)

    @property
    def relative(self) -> dict[str, float]:
        """The relative error of each unknown."""
        return {name: size.relative for name, size in self.sizes.items()}

    @property
    def total(self) -> float:
        """The relative error of all unknowns together."""
        return self.of(self.sizes)

    def of(self, names: Iterable[str]) -> float:
        """The relative error of some unknowns together, as `Solution.error` measures it."""
        sizes = [self.sizes[name] for name in names] if self.reliable else []
        return sum(sizes, Size(0.0, 0.0)).relative if sizes else math.nan

    @property
    def reliable(self) -> bool:
        """Whether there is an estimate at all."""
        return not self.why

    @property
    def interval(self) -> tuple[float, float]:
        """Where the relative error lies, most likely: within a factor of 1.5 + β."""
        factor = 1.5 + max(self.beta, 0.0) if self.reliable else math.nan
        return self.total / factor, self.total * factor

    def __str__(self) -> str:
        if not self.reliable:
            return f"no estimate: {self.why}"
        low, high = self.interval
        return f"{self.total:.1e} (relative L², between {low:.1e} and {high:.1e})"


def estimated(answer: Objective, *, careful: bool = False, seconds: float = math.inf) -> Estimate:
    """The error of an answer, by features other than its own.

    It takes a fraction of the time that the answer took, more if `careful`; that of a march whose
    slabs would take longer than `seconds` is not sought.
    """
    started = time.monotonic()
    estimate = _estimated(answer, careful=careful, seconds=seconds)
    return replace(estimate, seconds=time.monotonic() - started)


def _estimated(answer: Objective, *, careful: bool, seconds: float) -> Estimate:
    if all(rows.points.data for rows in answer.collocated.rows):
        return Estimate.none("all conditions are measured data, whose noise is not known")
    answer = in_double_precision(answer)
    if not bool(torch.isfinite(answer.parameters).all()):
        return Estimate.none("the answer is not finite")
    try:
        if (net := on_boxes(answer)) is not None:
            return _with(answer, corrected_on_boxes(answer, net, careful=careful))
        evolution = evolution_of(answer)
        march = None if evolution is None else March.of(answer.field, evolution)
        field = answer.field if march is None else march.pieces[0]
        companions = companions_of(field, careful=careful)
        if why := _too_large(answer, companions.share * size(field), companions):
            return Estimate.none(why)
        if march is not None:
            return _of_march(answer, march, companions, seconds)
        return _with(answer, corrected(answer, companions))
    except (SirenPDEError, RuntimeError, AssertionError) as cause:
        return Estimate.none(f"the residuals around the answer cannot be linearised ({cause})")


def _with(answer: Objective, correction: Correction) -> Estimate:
    """The estimate that is an error's size."""
    conditions = answer.collocated
    measured = sizes(conditions.problem, answer.field, correction.error, rows=conditions.rows)
    return judged(answer, measured, correction.beta, correction.fresh)


def companions_of(field: Field, *, careful: bool) -> Companions:
    """As many features as the answer leaves time for."""
    q = max(size(field), 1)
    alone = all(network.inputs == 1 for network in field.networks().values())
    rich, most = max(RICH, (FEWEST_OF_TIME if alone else FEWEST) / q), max(MOST / q, 0.1)
    share = min(rich, most) if careful else min(rich, max(CHEAP / q, LEAST), most)
    return Companions(share, WIDER if share > 1 else 1.0)


def _too_large(answer: Objective, q: float, companions: Companions) -> str:
    """Why features for the error are out of reach; nothing if they are not."""
    if companions.share < FEW:
        return f"the answer has so many coefficients that {MOST} other features say little of it"
    memory, needed = answer.limits.memory, COPIES * OVERSAMPLING * q**2 * 8
    if memory is not None and needed > memory:
        return f"other features would take {needed:.0e} bytes, more than the {memory:.0e} allowed"
    return ""


def _of_march(answer: Objective, march: March, companions: Companions, seconds: float) -> Estimate:
    """The errors of all slabs together; the worst of them says whether they can be believed."""
    total: dict[str, Size] = {}
    beta = fresh = 0.0
    run = slab_errors
    if repeats(answer, march):
        run, companions = steady_errors, replace(companions, widening=WIDER)
    elif (needed := _seconds(march, companions)) > seconds:
        return Estimate.none(
            f"the errors of {len(march.pieces)} slabs would take about {needed:.0f} s to find"
        )
    for slab in run(answer, march, companions):
        total = {name: total.get(name, Size(0.0, 0.0)) + s for name, s in slab.sizes.items()}
        beta, fresh = beta + slab.beta**2, fresh + slab.fresh**2
    count = len(march.pieces)
    return judged(answer, total, math.sqrt(beta / count), math.sqrt(fresh / count))


def _seconds(march: March, companions: Companions) -> float:
    """About how long the errors of all slabs take to find."""
    each = (companions.share * size(piece) for piece in march.pieces)
    return sum(q**3 / RATE + EACH for q in each)


def judged(answer: Objective, measured: Mapping[str, Size], beta: float, fresh: float) -> Estimate:
    """The estimate, or none where the error explains too little of the residual."""
    if why := doubt(answer, beta, fresh):
        return Estimate.none(why, beta)
    estimate = Estimate(measured, beta)
    if not math.isfinite(estimate.total):
        return Estimate.none("the error that explains the residual is not finite", beta)
    return estimate


def doubt(answer: Objective, beta: float, fresh: float) -> str:
    """Why an error that explains too little of the residual cannot be believed; else nothing.

    Residuals that are down to rounding are noise, which nothing explains.
    """
    if beta > BELIEVED and not _rounded(answer):
        return f"other features explain only {max(1 - beta, 0):.0%} of the residual"
    if fresh > UNSTABLE:
        return "the error that explains the residual at some points does not at others"
    return ""


def _rounded(answer: Objective) -> bool:
    """Whether all residuals at fresh points are what rounding leaves."""
    own = own_residuals(points_of(answer, LOOKED, 3)).values()
    return all(each.relative < ROUNDED for each in own if not each.measured)


def in_double_precision(answer: Objective) -> Objective:
    """The same answer on the processor in double precision, whose rounding is not its error."""
    like = answer.parameters
    if like.dtype == torch.float64 and like.device.type == "cpu":
        return answer
    field = copy.deepcopy(answer.field).to(device="cpu", dtype=torch.float64)
    collocated = answer.collocated.at(answer.collocated.sampling, like=next(field.parameters()))
    return replace(answer, field=field, collocated=collocated)
