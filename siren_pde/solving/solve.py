"""solve(): the one loop that all problems and methods share."""

from __future__ import annotations

import copy
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from siren_pde.collocation import frequencies
from siren_pde.collocation.objective import Objective
from siren_pde.collocation.quadrature import Quadrature, Sobol
from siren_pde.errors import ConfigError, NonFiniteError
from siren_pde.fields.base import Field
from siren_pde.fields.generic import Generic
from siren_pde.fields.siren import Siren
from siren_pde.optimisers.base import Iterate, Method
from siren_pde.problem import Problem
from siren_pde.solving.auto import Auto
from siren_pde.solving.history import History
from siren_pde.solving.outcome import Outcome
from siren_pde.solving.solution import Solution

EVERY = 0.5
"""Seconds between two readings of the loss: reading it waits for the device."""


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
    iterate: Iterate
    loss: float
    method: Method
    measure: Callable[[Iterate], dict[str, torch.Tensor]] | None = None

    def terms(self) -> dict[str, float]:
        """The mean square of each condition, weighted, evaluated now, and what `measure` finds."""
        found = self.iterate.objective.terms(self.iterate.theta)
        found |= self.measure(self.iterate) if self.measure else {}
        return {name: float(value) for name, value in found.items()}


Callback = Callable[[Report], None]


def solve(
    problem: Problem,
    field: Field | nn.Module | None = None,
    method: Method | Auto | None = None,
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
        problem, field, method or Auto(), quadrature, budget.memory, device, dtype, seed
    )
    say(why)
    at = method.start(objective)
    objective.require_finite(objective.parameters)
    history = History()
    at, reason = _loop(method, at, budget, callbacks, history, started)
    # at the points of the start, without a method's own emphasis
    loss = float(objective.with_field(at.objective.field).loss(at.theta))
    seconds = time.monotonic() - started
    say(f"{reason} after {seconds:.1f} s")
    return Solution(
        field=at.objective.install(at.theta),
        axes=problem.axes,
        problem=problem,
        method=method.name,
        why=why,
        outcome=_outcome(at, reason),
        stop_reason=reason,
        seconds=seconds,
        loss=loss,
        history=history,
    )


def _loop(
    method: Method,
    at: Iterate,
    budget: Budget,
    callbacks: Sequence[Callback],
    history: History,
    started: float,
) -> tuple[Iterate, str]:
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
                    callback(Report(step, elapsed, used, at, loss, method))
                if budget.target is not None and loss <= budget.target:
                    return at, f"the loss reached the target {budget.target:g}"
            if reason:
                return at, reason
            at = method.step(at, used)
            step += 1
    except KeyboardInterrupt:
        return at, "interrupted by the user"


def _outcome(at: Iterate, reason: str) -> Outcome:
    """The kind of the reason why the loop ended."""
    if "interrupted by the user" in reason:
        return Outcome.interrupted
    if "the last finite state" in reason:
        return Outcome.non_finite
    return Outcome.converged if at.finished or "the target" in reason else Outcome.budget


def _why(at: Iterate, loss: float) -> str:
    """Where a loss that is not finite comes from."""
    try:
        at.objective.require_finite(at.theta)
    except NonFiniteError as error:
        return str(error).rstrip(".")
    return f"the loss became {loss}"


def _used_up(at: Iterate) -> str:
    return "the budget is used up" + (f" at {at.reached}" if at.reached else "")


def announce(text: str) -> None:
    """Say on standard error what is being done."""
    print(f"siren_pde: {text}", file=sys.stderr)


def _prepare(
    problem: Problem,
    field: Field | nn.Module | None,
    method: Method | Auto,
    quadrature: Quadrature | None,
    memory: int | None,
    device: torch.device | str | None,
    dtype: torch.dtype | None,
    seed: int,
) -> tuple[Method, str, Objective]:
    """The method, why it was chosen, and its objective."""
    if not isinstance(problem, Problem):
        raise ConfigError(f"`solve` needs a `Problem(…)`, got {type(problem).__name__}.")
    if dtype not in (None, torch.float32, torch.float64):
        raise ConfigError(f"`solve` works in float32 or float64, got {dtype}.")
    d = len(problem.axes)
    if isinstance(field, nn.Module) and not isinstance(field, Field):
        field = Generic(field, d)
    if not (field is None or isinstance(field, Field)):
        raise ConfigError(
            f"`solve` needs a field such as `Siren({d})`, got {type(field).__name__}."
        )
    if not isinstance(method, Method | Auto):
        raise ConfigError(f"`solve` needs a method such as `Adam()`, got {type(method).__name__}.")
    where = device or (next(field.parameters()).device if field is not None else "cpu")
    precision = dtype or (method.dtype if isinstance(method, Method) else torch.float64)
    draft = Siren(d, dtype=precision) if field is None else copy.deepcopy(field)
    try:
        draft = draft.to(device=where, dtype=precision)
    except (RuntimeError, AssertionError) as cause:
        raise ConfigError(f"the device `{where}` cannot be used here: {cause}") from cause
    probe = Objective(
        problem, draft, rule=(quadrature or Sobol(64)).with_count(64), seed=seed, memory=memory
    )
    why = "chosen by the caller"
    if isinstance(method, Auto):
        size = None if field is None else sum(q.numel() for q in field.parameters())
        method, why = method.choose(probe, size)
    if field is None:
        draft = Siren(d, seed=seed, dtype=precision, device=where, **vars(method.architecture))
    low, high = frequencies.box(probe)
    found = frequencies.frequencies(probe)
    placed = draft.scaled_to(low, high, found)
    placed = placed.to(device=where, dtype=dtype or method.dtype)
    size = sum(q.numel() for q in placed.parameters())
    rule = quadrature or Sobol(method.points(size))
    suggested = tuple(found.tolist())
    objective = Objective(
        problem, placed, rule=rule, seed=seed, memory=memory, frequencies=suggested
    )
    return method, why, objective
