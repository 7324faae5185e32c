"""Features in all of the domain, or in boxes of it: whichever leaves less, as measured on the way.

Global sines are unbeatable where a solution is smooth, and fall behind where it has corners, holes
or jumps; what they leave against their number tells which it is.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, final

import torch

from siren_pde.collocation.objective import Objective
from siren_pde.fields.parameters import with_parameters
from siren_pde.local_features.method import LocalFeatures, unsuited
from siren_pde.optimisers.base import Architecture, Iterate, Method, Residuals, Spent
from siren_pde.optimisers.outcome import Outcome
from siren_pde.random_features.features import require_problem
from siren_pde.random_features.least_squares import LeastSquares

PATIENCE, PART = 4.0, 0.2
"""Global features have so many seconds, or this part of the budget, before boxes are tried too:
smooth solutions are found by then.
"""
LONGEST = 4.0
"""Unless their answer is expected within as many, or as they have had: that is believed until they
have had so many times as many.
"""
FAR = 0.3
"""Boxes hand over to global features that leave this share of what they do, whatever is expected of
those.
"""
CLOSE = 1e-8
"""A residual of global features below this is not bettered by boxes."""
ENOUGH = 1e-5
"""Nor one below this where no seconds were asked for: errors are smaller still."""
RESOLVED = 1e-4
"""What global features leave below this falls on: corners, holes and jumps would have left more."""
CLEARLY = 0.03
"""A residual of boxes this much smaller than that of global features is one in any measure."""
CLEARER, RISEN = 0.5, 1.5
"""Boxes have to leave the first share of what global features do where there are measured data, as
they may follow noise, and where smaller boxes have left the second times what larger ones did: they
do not come closer to a solution.
"""
MEASURED = 1.5
"""Where seconds are asked for, so many times what the last round on boxes took are left for its
error bar.
"""
GOOD = 1e-6
"""A residual of boxes below this ends the search, though global features may go on."""


@dataclass(frozen=True, eq=False)
class Turns:
    """The objective, the iterates of global and of local features, and the seconds each have had.

    `left` is what global features leave in the measure of boxes, and `local` says whose turn it is.
    """

    origin: Residuals
    all_over: Iterate[Any]
    in_boxes: Iterate[Any] | None = None
    seconds: tuple[float, float] = (0.0, 0.0)
    left: float = math.nan
    local: bool = False


@final
@dataclass(frozen=True)
class Features(Method[Turns]):
    """Least squares on features in all of the domain, then on features in boxes, in turns.

    Global features are first. Once they have ended without an answer to rounding, or have taken
    `PATIENCE` seconds and their answer is not in sight, boxes are halved for as long; then it is
    the turn of global features again, and so on. What is left of both is compared at fresh points
    of the boxes, every box being as important as every other.
    """

    all_over: LeastSquares = field(default_factory=LeastSquares)
    in_boxes: LocalFeatures | None = None
    name: str = "least squares"
    dtype: torch.dtype = torch.float64
    architecture: Architecture = Architecture(1, 1)
    shared: ClassVar[bool] = True
    descends: ClassVar[bool] = False

    def points(self, parameters: int) -> int:
        """As many as global features take."""
        return self.all_over.points(parameters)

    def start(self, objective: Residuals) -> Iterate[Turns]:
        """Where global features start."""
        at = self.all_over.start(objective)
        return Iterate(at.objective, at.theta, at.loss, Turns(objective, at))

    def step(self, at: Iterate[Turns], spent: Spent) -> Iterate[Turns]:
        """A step of the method whose turn it is."""
        began, turns = time.monotonic(), at.state
        if turns.local:
            method = self.in_boxes or LocalFeatures()
            own = turns.in_boxes or method.start(turns.origin)
            turns = replace(turns, in_boxes=method.step(own, spent))
        else:
            kept = replace(spent, left=max(spent.left - _reserved(turns, spent), 0.0))
            turns = replace(turns, all_over=self.all_over.step(turns.all_over, kept))
        processes = require_problem(turns.origin, self.name).collocated.processes
        seconds, (used, other) = processes.agreed(time.monotonic() - began), turns.seconds
        each = (used, other + seconds) if turns.local else (used + seconds, other)
        turns = replace(turns, seconds=each)
        turns = replace(turns, left=self._measured(turns))
        left = max(spent.left - seconds - _reserved(turns, spent), 0.0)
        if (best := self._ended(turns, left, asked=spent.asked)) is not None:
            done, outcome = self._reason(turns, best, late=left <= 0), best.outcome
            if not best.finished:
                outcome = Outcome.budget if left <= 0 else Outcome.converged
            return replace(best, state=turns, finished=done, outcome=outcome)
        if self._changes(turns, left, budget=_whole(spent)):
            turns = replace(turns, local=not turns.local)
        shown, now = self._better(turns), turns.in_boxes if turns.local else turns.all_over
        note = now.note if now is not None else shown.note
        return replace(shown, state=turns, note=note, finished="", reached=None)

    def ran(self, at: Iterate[Turns]) -> str:
        """The method whose answer it is."""
        local = at.state.in_boxes is not None and at.objective is at.state.in_boxes.objective
        return LocalFeatures.name if local else self.all_over.name

    def _ended(self, turns: Turns, left: float, *, asked: bool) -> Iterate[Any] | None:
        """The answer, where neither method will better it, or it is good and no more is asked."""
        first, second = turns.all_over, turns.in_boxes
        if first.finished and (_left(first) < CLOSE or unsuited(turns.origin)):
            return first
        if second is None:
            return None
        if (not asked and second.state.best < ENOUGH) or left <= 0:
            return self._better(turns)
        if not second.finished:
            return None
        behind = turns.left > second.state.best and _expected(first) > left
        if first.finished or behind or second.state.best < GOOD:
            return self._better(turns)
        return None

    def _changes(self, turns: Turns, left: float, *, budget: float) -> bool:
        """Whether it is the other method's turn."""
        first, second, (used, other) = turns.all_over, turns.in_boxes, turns.seconds
        if turns.local:
            assert second is not None
            if first.finished:
                return False
            if second.finished:
                return True
            far = turns.left < FAR * second.state.best
            behind = second.state.best > turns.left and (far or _expected(first) < left / 2)
            return other > used and (behind or second.state.stalled > 0)
        if unsuited(turns.origin) or (second is not None and second.finished):
            return False
        if first.finished:
            return True
        patience = max(min(PATIENCE, PART * budget), other)
        soon = _left(first) < RESOLVED or _expected(first) <= max(used, patience)
        return used + _next(first) > patience and not (soon and used < LONGEST * patience)

    def _better(self, turns: Turns) -> Iterate[Any]:
        """The answer that leaves less at fresh points of the boxes."""
        first, second = turns.all_over, turns.in_boxes
        if second is None:
            return first
        assert isinstance(turns.origin, Objective)
        measured = any(rows.points.data for rows in turns.origin.collocated.rows)
        last = second.state.last
        risen = last is not None and last.residual > RISEN * second.state.best
        clearly = CLEARER if measured or risen else 1.0
        return first if turns.left * clearly <= second.state.best else second

    def _measured(self, turns: Turns) -> float:
        """What global features leave at fresh points of the boxes, relative to the zero field."""
        first, second = turns.all_over, turns.in_boxes
        if second is None or second.state.last is None:
            return math.nan
        if second.state.best < CLEARLY * _left(first):
            return _left(first)
        fresh = second.state.last.fresh
        answer = with_parameters(require_problem(first.objective, self.name).field, first.theta)
        zero: float = max(fresh.data(second.state.last.theta), 1e-300)
        return math.sqrt(fresh.squares_of(answer)) / zero

    def _reason(self, turns: Turns, best: Iterate[Any], *, late: bool) -> str:
        """Why the best answer is the last, and what the other method left."""
        if turns.in_boxes is None:
            return best.finished
        if best.objective is turns.in_boxes.objective:
            why = "and what is left of the time is for its error bar" if late else ""
            text = best.finished or f"{best.note}, {why or f'less than {ENOUGH:g}'}"
            return f"{text}; global features left {_left(turns.all_over):.1e}"
        state = turns.in_boxes.state
        others = f"features in boxes left {state.best:.1e}"
        return f"{best.finished or 'global features left less'}; {others}"


def _left(at: Iterate[Any]) -> float:
    """The relative residual that global features leave."""
    left: float = at.state.search.lowest
    return left


def _next(at: Iterate[Any]) -> float:
    """The seconds that the next trial of global features takes."""
    trial, seconds = at.state.search.trial, at.state.pace.predicted
    return 0.0 if trial is None else float(seconds(at.state.columns * trial.features))


def _expected(at: Iterate[Any]) -> float:
    """The seconds in which global features will have an answer to rounding, as their residual
    falls; infinite where that is not known.
    """
    search, pace, columns = at.state.search, at.state.pace, at.state.columns
    needed = search.needed(CLOSE) if search.growing else math.inf
    return pace.predicted(columns * needed) if math.isfinite(needed) else math.inf


def _reserved(turns: Turns, spent: Spent) -> float:
    """The seconds left for the error bar of what boxes have found."""
    if turns.in_boxes is None or not spent.asked:
        return 0.0
    return MEASURED * turns.in_boxes.again


def _whole(spent: Spent) -> float:
    """The seconds of the whole budget."""
    return spent.left / (1 - spent.share) if spent.share < 1 else 0.0
