"""What an answer is worth: whether it solves the problem, and which kind of end that makes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from siren_pde.collocation.objective import Objective
from siren_pde.errors import SirenPDEError
from siren_pde.estimates.boxes import left_in_time, left_on_boxes
from siren_pde.estimates.defect import fresh
from siren_pde.estimates.estimate import Estimate, in_double_precision
from siren_pde.estimates.freedom import EXACTLY, FREE, Freedom, looseness, undetermined
from siren_pde.estimates.own_residuals import OwnResidual, own_residuals
from siren_pde.estimates.unseen import unseen_jump
from siren_pde.fields.local_sines import LocalSines
from siren_pde.optimisers.outcome import Outcome
from siren_pde.optimisers.reached import Reached

POINTS = 1024
"""Fresh points in the interior at which conditions are judged."""
HOLDS, ALONE = 3e-2, 5e-3
"""A condition whose residual is this share of its terms holds, where the error is estimated and
below `CLOSE`; the second, where the residual is all there is to go by.
"""
CLOSE, DONE = 0.1, 1e-3
"""An answer with more error than the first is none. With less than the second, it is one although
time ran out.
"""
SURE = 1e-6
"""With less error than this, what is left of unknowns that are zero is rounding."""
ABSENT, UNEXPLAINED = 0.2, 0.7
"""A residual above the first share of its terms says that a condition does not hold at all; if
other features explain less than all but the second of what is left, no field satisfies it.
"""
SMOOTH = 0.5
"""And if more than this share of it is a quadratic function, which features would not lack."""
UNSURE, LOOSE = 0.05, 1e3
"""Where a change may be so many times larger than the residual it causes, an estimate has to leave
less of the residual than the first.
"""
MISSED = 0.5
"""Measured data that are missed by this share are not met, noise or not."""


@dataclass(frozen=True)
class Judgement:
    """The outcome of a solve, why in words, and how well each condition holds.

    `doubt` says why an estimate that seemed reliable is none.
    """

    outcome: Outcome
    reason: str
    residuals: Mapping[str, OwnResidual]
    doubt: str = ""

    def allowed(self, bar: Estimate, reached: Reached | None) -> Estimate:
        """The estimate of the answer, or that there is none: of a part none is made."""
        if self.doubt:
            return Estimate.none(self.doubt, bar.beta)
        if reached is not None:
            return Estimate.none(f"the solve has reached {reached} only", bar.beta)
        if self.outcome in (Outcome.ill_posed, Outcome.impossible):
            return Estimate.none("the conditions do not determine an answer", bar.beta)
        return bar


def judgement(
    answer: Objective,
    *,
    outcome: Outcome,
    reason: str,
    estimate: Estimate | None,
    partial: bool,
) -> Judgement:
    """Judge an answer that a method ended with; `partial` if it has not got through all of time.

    A method knows why it stopped, but not whether that was the solution: that follows from every
    condition's own residual at fresh points, the estimate, and whether the conditions determine an
    answer. Without an estimate, residuals alone are judged.
    """
    try:
        residuals = own_residuals(fresh(answer, POINTS, 3))
    except SirenPDEError as cause:
        return Judgement(Outcome.non_finite, f"{reason}; {cause}".rstrip("."), {})
    if partial and outcome is Outcome.converged:
        return Judgement(Outcome.unresolved, f"{reason}; not solved to the end", residuals)
    if partial or outcome in KEPT:
        return Judgement(outcome, reason, residuals)
    absent = any(
        own.relative > ABSENT for own in residuals.values() if not (own.measured or own.nothing)
    )
    free = None if estimate is None or absent else _free(in_double_precision(answer))
    if free is not None:
        return Judgement(Outcome.ill_posed, f"{reason}; but {_undetermined(free)}", residuals)
    bar, doubt, loose = estimate or Estimate.none("none was asked for"), "", 1.0
    if bar.reliable and bar.beta > UNSURE and (loose := _loose(answer)) > LOOSE:
        doubt = (
            f"changes up to {loose:.0e} times larger than the residuals they cause are nearly "
            f"free, as near a resonance, and {bar.beta:.0%} of the residual is not explained"
        )
        bar = Estimate.none(doubt, bar.beta)
    kind, more = _verdict(residuals, outcome, bar, loose=loose if doubt else 1.0)
    boxes = [net for net in answer.field.networks().values() if isinstance(net, LocalSines)]
    if kind is Outcome.converged and boxes:
        judged = in_double_precision(answer)
        left = left_in_time(judged) if bar.reliable else left_on_boxes(judged, boxes[0])
        if not left <= ALONE:
            kind, more = Outcome.unresolved, f"not solved: features in boxes leave {left:.1g}"
            doubt = f"features in boxes of space and time leave {left:.1g}" if bar.reliable else ""
    # where sines everywhere leave nothing, nothing jumps
    if (boxes or outcome is not Outcome.converged) and (name := _unseen(answer)):
        doubt = (
            f"a coefficient inside of `div` jumps in the domain of `{name}`, along no face of a "
            "box, where the flux is not known to be continuous. Give each side a domain of its own"
        )
        if kind is Outcome.converged:
            kind, more = Outcome.unresolved, f"not solved: {doubt}"
    return Judgement(kind, f"{reason}; {more}" if more else reason, residuals, doubt)


def _verdict(
    residuals: Mapping[str, OwnResidual], outcome: Outcome, estimate: Estimate, *, loose: float
) -> tuple[Outcome, str]:
    """The outcome of an answer that the conditions determine, and what to say of it.

    Where changes are nearly free, residuals have to be smaller by as much.
    """
    close = estimate.reliable and estimate.total <= CLOSE
    sure = estimate.reliable and estimate.total <= SURE
    stuck = outcome in (Outcome.stagnated, Outcome.unresolved)  # which a method knows
    bar = HOLDS if close and not stuck else min(ALONE, CLOSE / loose)
    missed = {
        name: own
        for name, own in residuals.items()
        if not own.relative <= (MISSED if own.measured else bar) and not (sure and own.nothing)
    }
    failed = outcome if outcome in (Outcome.budget, Outcome.stagnated) else Outcome.unresolved
    if missed:
        absent = any(own.relative > ABSENT and own.smooth > SMOOTH for own in missed.values())
        never = absent and outcome is not Outcome.budget and not estimate.beta < UNEXPLAINED
        return Outcome.impossible if never else failed, _missed(missed, stuck=never)
    if estimate.reliable and not close:
        return failed, f"not solved: the error is about {estimate.total:.0%}"
    if outcome is Outcome.budget and not (estimate.reliable and estimate.total <= DONE):
        return outcome, ""
    return Outcome.converged, ""


KEPT = (Outcome.interrupted, Outcome.non_finite, Outcome.impossible, Outcome.ill_posed)
"""What a method or the user has found out stays."""


def _unseen(answer: Objective) -> str:
    """Where a coefficient jumps unseen, if that can be looked at."""
    try:
        on_processor = answer.parameters.device.type == "cpu"
        return unseen_jump(answer if on_processor else in_double_precision(answer))
    except (SirenPDEError, RuntimeError, AssertionError):  # nothing that points alone evaluate
        return ""


def _loose(answer: Objective) -> float:
    """How nearly free the freest change of an answer is."""
    try:
        return looseness(in_double_precision(answer))
    except (SirenPDEError, RuntimeError, AssertionError):  # nothing linearises
        return 0.0


def _free(answer: Objective) -> Freedom | None:
    """What the conditions leave free; measured data alone are judged by what is left of them."""
    if all(rows.points.data for rows in answer.collocated.rows):
        return None
    try:
        return undetermined(answer)
    except (SirenPDEError, RuntimeError, AssertionError):  # nothing linearises: no word either
        return None


def _undetermined(free: Freedom) -> str:
    what = f"`{free.unknown}`" if free.unknown else "the answer"
    if free.everything and not free.amplification > FREE:
        return (
            f"the conditions determine {what} up to a constant only. Give its value at one point: "
            "`@on(PointCloud([[…]]))`"
        )
    if free.amplification > EXACTLY:
        return (
            f"the conditions do not determine {what}: other fields satisfy them as well. A "
            "condition is missing, or two say the same"
        )
    return (
        f"the problem is ill-posed: the conditions hardly determine {what}. Changes of it up to "
        f"{free.amplification:.0e} times larger than what they change of the residuals are left "
        "free, so that errors in the data, and rounding, become as much larger"
    )


def _missed(missed: Mapping[str, OwnResidual], *, stuck: bool) -> str:
    each = ", ".join(f"`{name}` {_share(own.relative)}" for name, own in missed.items())
    text = f"not solved: of their own terms, residuals at fresh points are still {each}"
    if not stuck:
        return text
    several = "these conditions together" if len(missed) > 1 else "this condition"
    return f"{text}; no other features lower that: nothing seems to satisfy {several}"


def _share(relative: float) -> str:
    return f"{relative:.2g}" if math.isfinite(relative) else "not finite"
