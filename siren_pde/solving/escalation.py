"""One method after another: where one ends above the target with time left, the next goes on."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, final

from siren_pde.collocation.objective import Objective
from siren_pde.errors import SirenPDEError
from siren_pde.estimates.boxes import left_in_time
from siren_pde.estimates.defect import fresh
from siren_pde.estimates.estimate import estimated
from siren_pde.estimates.judgement import judgement
from siren_pde.fields.parameters import with_parameters
from siren_pde.optimisers.base import Iterate, Method, Residuals, Spent
from siren_pde.optimisers.outcome import Outcome
from siren_pde.random_features.features import require_problem
from siren_pde.random_features.output_layer import relative_residuals, term_sizes

UNSOLVED = 5e-3
"""An answer of which a condition leaves this share of its terms at fresh points is none: the bar of
`estimates.judgement` where the residual is all there is to go by.
"""
SHARE = 0.4
"""Of what is left of the budget, a method that has others after it gets this share until its answer
is no longer `UNSOLVED`: then it goes on to the end.
"""
LOOKED = 0.02
"""So often, in shares of the budget left at its start, a later method's answer is compared with the
best of the earlier ones.
"""
LITTLE = 0.1
"""An estimate that takes a larger share of the seconds left is not made on the way: that of a
march of a hundred slabs took four minutes of four seconds.
"""
JUDGED = 512
"""Fresh points in the interior at which answers are compared."""


def as_it_is(origin: Objective, best: Objective) -> Objective:
    """The objective that the solve began with."""
    return origin


def at_once(objective: Objective) -> float:
    """A step of which nothing is known takes no time."""
    return 0.0


@dataclass(frozen=True)
class Candidate:
    """A method, what it is called in the list of what was tried, and where it is worth trying.

    It follows others whose answers leave more than `above` of the terms of a condition, and those
    that have not ended only if it `interrupts`. Its own
    `objective` is made of the one that the solve began with and of the best answer so far;
    `seconds` says how long its first steps will take there.
    """

    method: Method[Any]
    above: float = UNSOLVED
    interrupts: bool = False
    objective: Callable[[Objective, Objective], Objective] = as_it_is
    seconds: Callable[[Objective], float] = at_once

    def suits(self, residual: float, *, ended: bool) -> bool:
        """Whether it follows a method that left such a residual, and has `ended` or not."""
        return residual > self.above and (ended or self.interrupts)

    def started(self, origin: Objective, best: Objective, spent: Spent) -> Iterate[Any] | None:
        """Where it starts; None if it is not made for such a problem, or takes too long."""
        try:
            objective = self.objective(origin, best)
            if self.seconds(objective) > spent.left:
                return None
            return self.method.start(objective)
        except SirenPDEError:
            return None


@dataclass(frozen=True)
class Attempt:
    """What one of the methods reached: its number, its iterate, its name, the residual it left."""

    number: int
    at: Iterate[Any]
    name: str
    residual: float


@dataclass(frozen=True)
class Escalated:
    """What was tried, and the candidate under way: its number (−1: the first method), its own
    iterate, and what was left of the budget when it began. `looked` is what was left when it was
    last compared with the others; `resumed` says that no others follow.
    """

    first: Method[Any]
    origin: Objective
    tried: tuple[Attempt, ...]
    number: int
    own: Iterate[Any]
    since: Spent
    looked: float = math.inf
    resumed: bool = False

    @property
    def best(self) -> Attempt:
        """The attempt that left least."""
        return min(self.tried, key=lambda attempt: attempt.residual)


@final
@dataclass(frozen=True)
class Escalation:
    """What follows a first method that ended without a solution: one candidate after the other.

    What an answer is worth is measured alike for all: by the residual of each condition, beside its
    terms, at fresh points. Each candidate but the last has a `SHARE` of what is left; none starts
    that cannot make a step in it. The iterate is that of the best answer so far.
    """

    first: Method[Any]
    candidates: tuple[Candidate, ...]

    def wanted(self, at: Iterate[Any], left: float) -> bool:
        """Whether the first answer is none and another method may find one: not where nothing
        satisfies the conditions, or they leave the answer free. The error is estimated if that
        takes a small part of the seconds left.
        """
        ended, residual = bool(at.finished), left_over(at)
        if not any(each.suits(residual, ended=ended) for each in self.candidates):
            return False
        answer, most = answered(at), LITTLE * left
        judged = judgement(
            answer,
            outcome=at.outcome if at.finished else Outcome.budget,
            reason="",
            estimate=estimated(answer, seconds=most) if at.again < most else None,
            partial=at.partial,
        )
        ends = (Outcome.converged, Outcome.impossible, Outcome.ill_posed)
        return judged.outcome not in ends

    def after(self, at: Iterate[Any], origin: Residuals, spent: Spent) -> Iterate[Any]:
        """The start of the first candidate that can, after the first method reached `at`."""
        whole = require_problem(origin, "Auto")
        attempt = Attempt(-1, at, self.first.name, left_over(at))
        return self._next(Escalated(self.first, whole, (attempt,), -1, at, spent), spent)

    def step(self, at: Iterate[Escalated], spent: Spent) -> Iterate[Escalated]:
        """A step of the method under way, and where that has ended, the start of the next."""
        state, before = at.state, at.state.since.left
        method = self.method(state.number)
        gone = max((before - spent.left) / before, 0.0)
        own = method.step(state.own, replace(spent, share=min(gone, 1.0)))
        state = replace(state, own=own)
        ended = bool(own.finished)
        overdrawn = gone > SHARE and not state.resumed and not own.going_on
        if ended or overdrawn or state.looked - spent.left > LOOKED * before:
            attempt = Attempt(state.number, own, method.name, left_over(own))
            earlier = tuple(each for each in state.tried if each.number != state.number)
            state = replace(state, tried=(*earlier, attempt), looked=spent.left)
        turns = ended or (overdrawn and state.best.residual > UNSOLVED)
        return self._next(state, spent) if turns else _shown(state)

    def method(self, number: int) -> Method[Any]:
        """A candidate's method by its number, −1 for the first."""
        return self.candidates[number].method if number >= 0 else self.first

    def ran(self, at: Iterate[Escalated]) -> str:
        """The method whose answer it is."""
        return at.state.best.name

    def _next(self, state: Escalated, spent: Spent) -> Iterate[Escalated]:
        """The start of the next candidate that can make a step in what is left. If there is none,
        the best answer goes on where it was interrupted, or is the last.
        """
        ended = bool(state.own.finished)
        for number in range(state.number + 1, len(self.candidates)):
            candidate = self.candidates[number]
            if candidate.suits(state.best.residual, ended=ended) and not state.resumed:
                own = candidate.started(state.origin, answered(state.best.at), spent)
                if own is not None:
                    begun = replace(state, number=number, own=own, since=spent, looked=spent.left)
                    return _shown(begun)
        best = state.best
        if best.at.finished:
            return replace(_shown(state), finished=_ended(state))
        since = spent if best.number != state.number else state.since
        on = replace(state, number=best.number, own=best.at, since=since, resumed=True)
        return _shown(on)


def _shown(state: Escalated) -> Iterate[Escalated]:
    """The best answer so far, with the note of the candidate under way."""
    return replace(state.best.at, state=state, note=state.own.note, finished="")


def _ended(state: Escalated) -> str:
    """Why the best answer is the last, and what else was tried."""
    best, unfinished = state.best, "its share of time was over"
    others = "; ".join(
        f"{each.name} left {each.residual:.1e} ({each.at.finished or unfinished})"
        for each in state.tried
        if each is not best
    )
    tried = f"; also tried: {others}" if others else ""
    return f"{best.name} left {best.residual:.1e} ({best.at.finished or unfinished}){tried}"


def left_over(at: Iterate[Any]) -> float:
    """The residual of the worst condition beside its terms, at fresh points; data are not judged,
    whose noise is not known.
    """
    answer = answered(at)
    judged = fresh(answer, JUDGED, 5)
    each = relative_residuals(judged, at.theta, term_sizes(judged, at.theta))
    measured = {rows.condition.name for rows in judged.collocated.rows if rows.points.data}
    worst = max((size for name, size in each.items() if name not in measured), default=0.0)
    worst = max(worst, left_in_time(answer))
    return worst if math.isfinite(worst) else math.inf


def answered(at: Iterate[Any]) -> Objective:
    """The objective of an iterate, its field with the parameters reached."""
    whole = require_problem(at.objective, "Auto")
    return replace(whole, field=with_parameters(whole.field, at.theta))
