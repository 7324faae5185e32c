"""solve(): the one loop that all problems and methods share."""

from __future__ import annotations

import copy
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import nn

from siren_pde.collocation.evaluation import Limits
from siren_pde.collocation.frequencies import PROBED, box, frequencies
from siren_pde.collocation.objective import Objective, objective_of, require_finite
from siren_pde.collocation.quadrature import Quadrature, Sobol
from siren_pde.errors import ConfigError, NonFiniteError
from siren_pde.estimates.estimate import Estimate, estimated
from siren_pde.estimates.judgement import judgement
from siren_pde.fields.base import Field
from siren_pde.fields.generic import Generic
from siren_pde.fields.parameters import with_parameters
from siren_pde.fields.siren import Siren
from siren_pde.fields.system import parts
from siren_pde.optimisers.base import Iterate, Method, Spent
from siren_pde.optimisers.outcome import Outcome
from siren_pde.problem import Problem
from siren_pde.solving.arguments import require_arguments
from siren_pde.solving.auto import Auto
from siren_pde.solving.history import History
from siren_pde.solving.report import Budget, Callback, Report, of_problem
from siren_pde.solving.solution import Solution

Effort = Literal["none", "quick", "careful"]
"""How much is spent on the estimate of the error."""

BRIEF = 5.0
"""Seconds that the quick estimate of a march may take, or as many as the answer took."""
EVERY = 0.5
"""Seconds between two readings of the loss: reading it waits for the device."""


def solve(
    problem: Problem,
    field: Field | nn.Module | None = None,
    method: Method[Any] | None = None,
    *,
    quadrature: Quadrature | None = None,
    budget: Budget | None = None,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
    seed: int = 0,
    callbacks: Sequence[Callback] = (),
    estimate: Effort = "quick",
    quiet: bool = False,
) -> Solution:
    """Find the field that makes all residuals of a problem vanish.

    *Main*: `problem`; `field` (default: a `Siren` that suits the method, its frequencies measured
    from the problem); `method` (default: `Auto`, which measures what the problem is and says why).

    *Other*: `quadrature` places the points (`Sobol(n)`, n of them in the interior; least squares
    takes its rule but chooses n by its number of features, so give it Sobol or Monte-Carlo);
    `budget` bounds seconds, steps or loss; `device` and `dtype` default to the field's device and
    the method's precision; `seed` fixes the points and the default field (a field of yours has its
    own); `callbacks` are called with a `Report` twice a second; `estimate` is how much is spent on
    the error bar of the answer, "none", "quick" (a fraction of the solve) or "careful"; automatic
    choices go to stderr unless `quiet`.

    The outcome is that of the answer, not of the method: `converged` where every condition's own
    residual is small at fresh points and the error, where it can be estimated, too.

    Raises ConfigError, DomainError, DerivativeError, ResidualError or NonFiniteError, with the
    condition's name where one cannot be evaluated. Ctrl-C ends the solve early and keeps what was
    reached.
    """
    started = time.monotonic()
    require_arguments(budget, quadrature, seed, estimate, callbacks)
    budget = budget or Budget()
    say = (lambda text: None) if quiet else announce
    method, why, objective = _prepare(
        problem,
        field,
        method or Auto(),
        quadrature=quadrature,
        budget=budget,
        device=device,
        dtype=dtype,
        seed=seed,
    )
    say(why)
    at = method.start(objective)
    require_finite(of_problem(at), at.theta)
    history = History()
    end = _loop(method, at, budget, callbacks, history, started)
    field = with_parameters(of_problem(end.at).field, end.at.theta)
    # at the points of the start, without a method's own emphasis
    loss = float(replace(objective, field=field).loss(end.at.theta))
    seconds = time.monotonic() - started
    answer = replace(objective, field=field)
    bar = _estimate(answer, end, estimate, seconds)
    judged = judgement(
        answer,
        outcome=end.outcome,
        reason=end.reason,
        estimate=None if estimate == "none" else bar,
        partial=bool(end.at.reached),
    )
    if judged.outcome in (Outcome.ill_posed, Outcome.impossible):
        bar = Estimate.none("the conditions do not determine an answer", bar.beta)
    if judged.doubt:
        bar = Estimate.none(judged.doubt, bar.beta)
    say(f"{judged.outcome.name} after {seconds:.1f} s: {judged.reason}")
    say(f"error: {bar}")
    return Solution(
        field=field,
        axes=problem.axes,
        problem=problem,
        method=method.ran(end.at),
        why=why,
        outcome=judged.outcome,
        stop_reason=judged.reason,
        seconds=seconds,
        loss=loss,
        history=history,
        estimate=bar,
        residuals={name: own.relative for name, own in judged.residuals.items()},
    )


def _estimate(answer: Objective, end: End, effort: Effort, seconds: float) -> Estimate:
    """The error bar of an answer that took some seconds, or why it has none."""
    if effort == "none":
        return Estimate.none("none was asked for")
    if end.at.reached:
        return Estimate.none(f"the solve has reached {end.at.reached} only")
    if end.outcome is Outcome.non_finite:
        return Estimate.none("the solve ended with values that are not finite")
    if effort == "careful":
        return estimated(answer, careful=True)
    bar = estimated(answer, seconds=max(BRIEF, seconds))
    if bar.reliable or math.isnan(end.at.error):
        return bar
    return Estimate.measured(parts(answer.field), end.at.error)


@dataclass(frozen=True)
class End:
    """Where a solve ended, why in words, and as which kind of end."""

    at: Iterate[Any]
    reason: str
    outcome: Outcome


def _loop(
    method: Method[Any],
    at: Iterate[Any],
    budget: Budget,
    callbacks: Sequence[Callback],
    history: History,
    started: float,
) -> End:
    """Step until the method or the budget ends it."""
    step, reported, good, last = 0, 0.0, at, 0
    try:
        while True:
            elapsed = time.monotonic() - started
            spent = budget.spent(elapsed, step)
            end = _ended(at, spent) if at.finished or step else None
            if end or elapsed - reported >= EVERY or not step:
                reported, loss = elapsed, float(at.loss)
                if not (math.isfinite(loss) and bool(torch.isfinite(at.theta).all())):
                    kept = f"the last finite state, of step {last}, is kept"
                    return End(good, f"{_why(at, loss)}; {kept}", Outcome.non_finite)
                good, last = at, step
                history.append(step, elapsed, loss, at.note)
                for callback in callbacks:
                    _called(callback, Report(step, elapsed, spent.share, at, loss, method))
                if budget.target is not None and loss <= budget.target:
                    reason = f"the loss reached the target {budget.target:g}"
                    return End(at, reason, Outcome.converged)
            if end:
                return end
            at, step = _stepped(method, at, spent), step + 1
    except KeyboardInterrupt:
        return End(at, "interrupted by the user", Outcome.interrupted)


def _ended(at: Iterate[Any], spent: Spent) -> End | None:
    """The end that the method or the budget makes, if either does."""
    if at.finished:
        return End(at, at.finished, at.outcome)
    if spent.share < 1:
        return None
    where = f" at {at.reached}" if at.reached else ""
    return End(at, f"the budget is used up{where}", Outcome.budget)


def _stepped(method: Method[Any], at: Iterate[Any], spent: Spent) -> Iterate[Any]:
    """The next iterate. Raises ConfigError if the method changed θ in place."""
    version = at.theta._version
    following = method.step(at, spent)
    _require_unchanged(at, version, f"the method `{method.name}`")
    return following


def _called(callback: Callback, report: Report) -> None:
    """Call back. Raises ConfigError if the callback changed θ in place."""
    version = report.iterate.theta._version
    callback(report)
    _require_unchanged(report.iterate, version, "a callback")


def _require_unchanged(at: Iterate[Any], version: int, who: str) -> None:
    if at.theta._version != version:
        raise ConfigError(
            f"{who} has changed the parameters θ of an iterate in place, on which others rely. "
            "Make a new tensor: `theta = at.theta - step` in place of `at.theta.sub_(step)`."
        )


def _why(at: Iterate[Any], loss: float) -> str:
    """Where a loss that is not finite comes from."""
    try:
        require_finite(of_problem(at), at.theta)
    except NonFiniteError as error:
        return str(error).rstrip(".")
    return f"the loss became {loss}"


def announce(text: str) -> None:
    """Say on standard error what is being done."""
    print(f"siren_pde: {text}", file=sys.stderr)


def _prepare(
    problem: Problem,
    field: Field | nn.Module | None,
    method: Method[Any],
    *,
    quadrature: Quadrature | None,
    budget: Budget,
    device: torch.device | str | None,
    dtype: torch.dtype | None,
    seed: int,
) -> tuple[Method[Any], str, Objective]:
    """The method, why it was chosen, and its objective, whose residuals are planned once."""
    field = _checked(problem, field, method, dtype)
    d, first = len(problem.axes), dtype or method.dtype
    where = device or (next(field.parameters()).device if field is not None else "cpu")
    draft = Siren(d) if field is None else copy.deepcopy(field)
    try:
        draft = draft.to(device=where, dtype=first)
    except (RuntimeError, AssertionError) as cause:
        raise ConfigError(f"the device `{where}` cannot be used here: {cause}.") from cause
    probe = objective_of(
        problem,
        draft,
        rule=(quadrature or Sobol(PROBED)).with_count(PROBED),
        seed=seed,
        limits=Limits(memory=budget.memory),
    )
    size = None if field is None else sum(q.numel() for q in field.parameters())
    method, why = method.suited(probe, size, budget.spent(0.0, 0).left)
    draft = probe.field
    if field is None:
        draft = Siren(d, seed=seed, dtype=first, device=where, **vars(method.architecture))
    low, high = box(probe.collocated)
    scaled = draft.scaled_to(low, high, frequencies(probe.collocated, draft))
    scaled = scaled.to(device=where, dtype=dtype or method.dtype)
    size = sum(q.numel() for q in scaled.parameters())
    rule = quadrature or Sobol(method.points(size))
    collocated = probe.collocated.with_rule(rule, like=next(scaled.parameters()))
    return method, why, replace(probe, collocated=collocated, field=scaled)


def _checked(
    problem: Problem, field: Field | nn.Module | None, method: Method[Any], dtype: object
) -> Field | None:
    """The caller's field as a `Field`. Raises ConfigError for what is no problem, field, method or
    precision.
    """
    if not isinstance(problem, Problem):
        raise ConfigError(f"`solve` needs a `Problem(…)`, got {type(problem).__name__}.")
    if dtype not in (None, torch.float32, torch.float64):
        raise ConfigError(f"`solve` works in float32 or float64, got {dtype}.")
    if not isinstance(method, Method):
        raise ConfigError(f"`solve` needs a method such as `Adam()`, got {type(method).__name__}.")
    d = len(problem.axes)
    if isinstance(field, nn.Module) and not isinstance(field, Field):
        return Generic(field, d)
    if not (field is None or isinstance(field, Field)):
        raise ConfigError(
            f"`solve` needs a field such as `Siren({d})`, got {type(field).__name__}."
        )
    return field
