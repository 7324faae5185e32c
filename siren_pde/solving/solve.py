"""solve(): the one loop that all problems and methods share."""

from __future__ import annotations

import copy
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from siren_pde.collocation.evaluation import Limits
from siren_pde.collocation.frequencies import box, frequencies
from siren_pde.collocation.objective import Objective, objective_of, require_finite
from siren_pde.collocation.quadrature import Quadrature, Sobol
from siren_pde.errors import ConfigError, NonFiniteError
from siren_pde.fields.base import Field
from siren_pde.fields.generic import Generic
from siren_pde.fields.parameters import with_parameters
from siren_pde.fields.siren import Siren
from siren_pde.optimisers.base import Iterate, Method
from siren_pde.problem import Problem
from siren_pde.solving.auto import Auto
from siren_pde.solving.history import History
from siren_pde.solving.outcome import Outcome
from siren_pde.solving.solution import Solution

EVERY = 0.5
"""Seconds between two readings of the loss: reading it waits for the device."""
PROBED = 64
"""Points in the interior at which a problem is planned and measured."""


@dataclass(frozen=True)
class Budget:
    """How much a solve may spend: wall-clock seconds, steps of the method, or a loss to reach.

    Whatever is reached first ends the solve. Without `seconds` and `steps`, methods that do not
    end by themselves get `SECONDS`. `memory` bounds, in bytes, what the products with the Jacobian
    take beyond the points themselves: their number never does.
    """

    seconds: float | None = None
    steps: int | None = None
    target: float | None = None
    memory: int | None = None

    def __post_init__(self) -> None:
        for name in ("seconds", "steps", "target", "memory"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ConfigError(f"`Budget` needs {name} > 0, got {value}.")


SECONDS = 120.0


@dataclass(frozen=True)
class Report:
    """What a callback is told: where the solve stands.

    `measure` is what the caller of `solve` wants to be seen beside the terms.
    """

    step: int
    seconds: float
    used: float
    iterate: Iterate[Any]
    loss: float
    method: Method[Any]
    measure: Callable[[Iterate[Any]], dict[str, torch.Tensor]] | None = None

    def terms(self) -> dict[str, float]:
        """The mean square of each condition, weighted, evaluated now, and what `measure` finds."""
        terms = _of_problem(self.iterate).terms(self.iterate.theta)
        terms |= self.measure(self.iterate) if self.measure else {}
        return {name: float(value) for name, value in terms.items()}


Callback = Callable[[Report], None]


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
    quiet: bool = False,
) -> Solution:
    """Find the field that makes all residuals of a problem vanish.

    *Main*: `problem`; `field` (default: a `Siren` that suits the method, its frequencies measured
    from the problem); `method` (default: `Auto`, which measures what the problem is and says why).

    *Other*: `quadrature` places the points (`Sobol(n)`, n of them in the interior; least squares
    takes its rule but chooses n by its number of features, so give it Sobol or Monte-Carlo);
    `budget` bounds seconds, steps or loss; `device` and `dtype` default to the field's device and
    the method's precision; `seed` fixes the points and the default field (a field of yours has its
    own); `callbacks` are called with a `Report` twice a second; automatic choices go to stderr
    unless `quiet`.

    Raises ConfigError, DomainError, DerivativeError, ResidualError or NonFiniteError, with the
    condition's name where one cannot be evaluated. Ctrl-C ends the solve early and keeps what was
    reached.
    """
    started = time.monotonic()
    budget = budget or Budget()
    say = (lambda text: None) if quiet else announce
    method, why, objective = _prepare(
        problem,
        field,
        method or Auto(),
        quadrature=quadrature,
        memory=budget.memory,
        device=device,
        dtype=dtype,
        seed=seed,
    )
    say(why)
    at = method.start(objective)
    require_finite(objective, objective.parameters)
    history = History()
    at, reason = _loop(method, at, budget, callbacks, history, started)
    field = with_parameters(_of_problem(at).field, at.theta)
    # at the points of the start, without a method's own emphasis
    loss = float(replace(objective, field=field).loss(at.theta))
    seconds = time.monotonic() - started
    say(f"{reason} after {seconds:.1f} s")
    return Solution(
        field=field,
        axes=problem.axes,
        problem=problem,
        method=method.name,
        why=why,
        outcome=Outcome.of(reason, bool(at.finished)),
        stop_reason=reason,
        seconds=seconds,
        loss=loss,
        history=history,
    )


def _loop(
    method: Method[Any],
    at: Iterate[Any],
    budget: Budget,
    callbacks: Sequence[Callback],
    history: History,
    started: float,
) -> tuple[Iterate[Any], str]:
    """Step until the method or the budget ends it; returns the last iterate and the reason."""
    seconds = budget.seconds or (None if budget.steps else SECONDS)
    step, reported, good, last = 0, 0.0, at, 0
    try:
        while True:
            elapsed = time.monotonic() - started
            shares = (
                elapsed / seconds if seconds else 0,
                step / budget.steps if budget.steps else 0,
            )
            used = min(max(shares), 1.0)
            reason = at.finished or (_used_up(at) if used >= 1 and step else "")
            if reason or elapsed - reported >= EVERY or not step:
                reported, loss = elapsed, float(at.loss)
                if not (math.isfinite(loss) and bool(torch.isfinite(at.theta).all())):
                    return good, f"{_why(at, loss)}; the last finite state, of step {last}, is kept"
                good, last = at, step
                history.append(step, elapsed, loss, at.note)
                for callback in callbacks:
                    _called(callback, Report(step, elapsed, used, at, loss, method))
                if budget.target is not None and loss <= budget.target:
                    return at, f"the loss reached the target {budget.target:g}"
            if reason:
                return at, reason
            at, step = _stepped(method, at, used), step + 1
    except KeyboardInterrupt:
        return at, "interrupted by the user"


def _stepped(method: Method[Any], at: Iterate[Any], used: float) -> Iterate[Any]:
    """The next iterate. Raises ConfigError if the method changed θ in place."""
    version = at.theta._version
    following = method.step(at, used)
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


def _of_problem(at: Iterate[Any]) -> Objective:
    """The objective of an iterate. Raises ConfigError if the method has left the problem's."""
    if not isinstance(at.objective, Objective):
        raise ConfigError(
            "a method hands on the objective that it was given, or a copy for another field or "
            f"other points, got {type(at.objective).__name__}."
        )
    return at.objective


def _why(at: Iterate[Any], loss: float) -> str:
    """Where a loss that is not finite comes from."""
    try:
        require_finite(_of_problem(at), at.theta)
    except NonFiniteError as error:
        return str(error).rstrip(".")
    return f"the loss became {loss}"


def _used_up(at: Iterate[Any]) -> str:
    return "the budget is used up" + (f" at {at.reached}" if at.reached else "")


def announce(text: str) -> None:
    """Say on standard error what is being done."""
    print(f"siren_pde: {text}", file=sys.stderr)


def _prepare(
    problem: Problem,
    field: Field | nn.Module | None,
    method: Method[Any],
    *,
    quadrature: Quadrature | None,
    memory: int | None,
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
        raise ConfigError(f"the device `{where}` cannot be used here: {cause}") from cause
    probe = objective_of(
        problem,
        draft,
        rule=(quadrature or Sobol(PROBED)).with_count(PROBED),
        seed=seed,
        limits=Limits(memory=memory),
    )
    size = None if field is None else sum(q.numel() for q in field.parameters())
    method, why = method.suited(probe, size)
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
