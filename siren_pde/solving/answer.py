"""From where a solve ended to its answer: judged, with an error bar, or as it is."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace

from siren_pde.collocation.objective import Objective, at_few, require_finite
from siren_pde.errors import NonFiniteError
from siren_pde.estimates.estimate import Estimate, estimated
from siren_pde.estimates.judgement import judgement
from siren_pde.fields.parameters import with_parameters
from siren_pde.fields.system import parts
from siren_pde.optimisers.outcome import Outcome
from siren_pde.solving.history import History
from siren_pde.solving.loop import End
from siren_pde.solving.prepare import Prepared
from siren_pde.solving.report import of_problem
from siren_pde.solving.solution import Solution
from siren_pde.solving.solved import solved_part

BRIEF = 5.0
"""Seconds that the quick estimate of a march may take, or as many as the answer took."""
BEYOND, MOMENT = 0.1, 2.0
"""It may end after this share of the seconds asked for, and so many, on top."""
HURRIED = Estimate.none("the solve was interrupted")


def judged(
    ready: Prepared,
    end: End,
    history: History,
    *,
    effort: str,
    started: float,
    asked: float | None,
    say: Callable[[str], None],
) -> Solution:
    """The answer, what it is worth, and an error bar that took as much `effort`; `asked` are the
    seconds of the budget, if there are.
    """
    answer = _answer(ready, end)
    end = _marked(answer, end)
    seconds = time.monotonic() - started
    try:
        allowed = math.inf if asked is None else asked * (1 + BEYOND) + MOMENT - seconds
        bar = _estimate(answer, end, effort, seconds=seconds, allowed=max(allowed, MOMENT))
        verdict = judgement(
            answer,
            outcome=end.outcome,
            reason=end.reason,
            estimate=None if effort == "none" else bar,
            partial=end.at.partial,
        )
    except KeyboardInterrupt:  # the answer is there, and the user does not wait for its error
        reason = f"{end.reason}; its error was not sought to the end, as the user interrupted it"
        return as_it_is(ready, replace(end, outcome=Outcome.interrupted, reason=reason), history)
    # where nothing moves, the start is all of it
    reached = None if verdict.outcome is Outcome.converged else end.at.reached
    bar = verdict.allowed(bar, reached)
    say(f"{verdict.outcome.name} after {seconds:.1f} s: {verdict.reason}")
    say(f"error: {bar}")
    residuals = {name: own.relative for name, own in verdict.residuals.items()}
    solution = as_it_is(ready, end, history, seconds=seconds, answer=answer)
    return replace(
        solution,
        outcome=verdict.outcome,
        stop_reason=verdict.reason,
        estimate=bar,
        residuals=residuals,
        part=reached,
    )


def as_it_is(
    ready: Prepared,
    end: End,
    history: History,
    *,
    seconds: float = math.nan,
    answer: Objective | None = None,
) -> Solution:
    """The answer without a judgement; `seconds` are those of the last row unless given."""
    answer = answer or _answer(ready, end)
    if math.isnan(seconds):
        seconds = history.seconds[-1] if history.seconds else 0.0
    return Solution(
        field=answer.field,
        axes=answer.collocated.problem.axes,
        problem=answer.collocated.problem,
        method=ready.method.ran(end.at),
        why=ready.why,
        outcome=end.outcome,
        stop_reason=end.reason,
        seconds=seconds,
        loss=float(answer.loss(end.at.theta)),
        history=history,
        estimate=HURRIED,
        part=end.at.reached,
    )


def _answer(ready: Prepared, end: End) -> Objective:
    """The residuals of the answer at the points of the start, without a method's own emphasis, as
    far as it is solved.
    """
    field = with_parameters(of_problem(end.at).field, end.at.theta)
    shared = ready.objective.collocated.processes.several
    judged = at_few(ready.objective) if shared else ready.objective
    return solved_part(replace(judged, field=field), end.at.reached)


def _marked(answer: Objective, end: End) -> End:
    """The end, as one with values that are not finite where those of the answer are not."""
    if end.outcome is Outcome.non_finite or end.hurried:
        return end
    try:
        require_finite(answer, end.at.theta)
    except NonFiniteError as error:
        reason = f"{str(error).rstrip('.')}; before that, {end.reason}"
        return replace(end, outcome=Outcome.non_finite, reason=reason)
    return end


def _estimate(
    answer: Objective, end: End, effort: str, *, seconds: float, allowed: float
) -> Estimate:
    """The error bar of an answer that took some seconds, or why it has none; a quick one may take
    the seconds `allowed`.
    """
    if effort == "none":
        return Estimate.none("none was asked for")
    if end.at.partial:
        return Estimate.none(f"the solve has reached {end.at.reached} only")
    if end.hurried:
        return HURRIED
    if end.outcome is Outcome.non_finite:
        return Estimate.none("the solve ended with values that are not finite")
    if effort == "careful":
        return estimated(answer, careful=True)
    if end.at.again > allowed:
        return Estimate.none(f"it would take about {end.at.again:.0f} s more")
    bar = estimated(answer, seconds=min(max(BRIEF, seconds), allowed))
    if bar.reliable or math.isnan(end.at.error):
        return bar
    return Estimate.measured(parts(answer.field), end.at.error)
