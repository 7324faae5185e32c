"""From what was asked for to a method and its objective: `solve` before the first step."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import torch
from torch import nn

from siren_pde.collocation.evaluation import Limits
from siren_pde.collocation.frequencies import PROBED, box, frequencies
from siren_pde.collocation.objective import Objective, objective_of
from siren_pde.collocation.quadrature import Quadrature, Sobol
from siren_pde.errors import ConfigError
from siren_pde.fields.base import Field
from siren_pde.fields.generic import Generic
from siren_pde.fields.siren import Siren
from siren_pde.numerics.checked import require_seed
from siren_pde.optimisers.base import Method
from siren_pde.problem import Problem
from siren_pde.processes.processes import Processes
from siren_pde.solving.auto import Auto
from siren_pde.solving.report import Budget
from siren_pde.solving.shared import (
    chosen_among,
    require_same_problem,
    require_shared,
    with_equal_values,
)

Effort = Literal["none", "quick", "careful"]
"""How much is spent on the estimate of the error."""
EFFORTS: tuple[Effort, ...] = get_args(Effort)
"""All of them."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """What `solve` was asked for; None is left to it."""

    problem: Problem
    field: Field | nn.Module | None = None
    method: Method[Any] | None = None
    quadrature: Quadrature | None = None
    budget: Budget | None = None
    device: torch.device | str | None = None
    dtype: torch.dtype | None = None
    seed: int = 0
    estimate: str = "quick"
    processes: Processes = Processes()

    @property
    def limits(self) -> Budget:
        """The budget."""
        return self.budget or Budget()


@dataclass(frozen=True)
class Prepared:
    """The method, why it was chosen, and its objective, whose residuals are planned once."""

    method: Method[Any]
    why: str
    objective: Objective


def prepared(call: Call, chosen: tuple[Method[Any], str] | None = None) -> Prepared:
    """What to step with; `chosen` is a method that was chosen before, and why.

    Raises ConfigError for what is no problem, field, method or precision, and whatever planning
    the residuals raises.
    """
    problem, method = call.problem, call.method or Auto()
    field = _checked(problem, call.field, method, call.dtype)
    d, processes = len(problem.axes), call.processes
    if processes.several:
        require_shared(method, processes)
    method = method if chosen is None else chosen[0]
    first = call.dtype or method.dtype
    where = call.device or (next(field.parameters()).device if field is not None else "cpu")
    draft = Siren(d) if field is None else copy.deepcopy(field)
    where = processes.device(where)
    try:
        draft = draft.to(device=where, dtype=first)
    except (RuntimeError, AssertionError) as cause:
        raise ConfigError(f"the device `{where}` cannot be used here: {cause}.") from cause
    probe = objective_of(
        problem,
        draft,
        rule=(call.quadrature or Sobol(PROBED)).with_count(PROBED),
        seed=call.seed,
        limits=Limits(memory=call.limits.memory),
    )
    if processes.several:
        require_same_problem(probe, processes)
    size = None if field is None else sum(q.numel() for q in field.parameters())
    method, why = chosen or _suited(method, probe, size, call)
    draft = probe.field
    if field is None:
        draft = Siren(d, seed=call.seed, dtype=first, device=where, **vars(method.architecture))
    low, high = box(probe.collocated)
    scaled = draft.scaled_to(low, high, frequencies(probe.collocated, draft))
    scaled = scaled.to(device=where, dtype=call.dtype or method.dtype)
    if processes.several:
        scaled = with_equal_values(scaled, processes)
    size = sum(q.numel() for q in scaled.parameters())
    rule = call.quadrature or Sobol(method.points(size))
    collocated = replace(probe.collocated, processes=processes)
    collocated = collocated.with_rule(rule, like=next(scaled.parameters()))
    return Prepared(method, why, replace(probe, collocated=collocated, field=scaled))


def _suited(
    method: Method[Any], probe: Objective, size: int | None, call: Call
) -> tuple[Method[Any], str]:
    left = call.limits.spent(0.0, 0).left
    if call.processes.several and isinstance(method, Auto):
        return chosen_among(probe, size, left, call.processes)
    return method.suited(probe, size, left)


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


def require_arguments(
    budget: object, quadrature: object, seed: object, estimate: object, callbacks: object
) -> None:
    """Raise ConfigError, saying what to write instead, for arguments of other kinds."""
    if not (budget is None or isinstance(budget, Budget)):
        raise ConfigError(
            f"`solve` needs a `Budget`, got {budget!r}. Write `budget=Budget(seconds=10)`, or "
            "`Budget(steps=10)`."
        )
    if not (quadrature is None or isinstance(quadrature, Quadrature)):
        raise ConfigError(f"`solve` needs a quadrature such as `Sobol(1024)`, got {quadrature!r}.")
    require_seed(seed)
    if estimate not in EFFORTS:
        raise ConfigError(f"`estimate` is one of {', '.join(EFFORTS)}, got {estimate!r}.")
    if not isinstance(callbacks, Iterable) or not all(map(callable, callbacks)):
        raise ConfigError(f"`callbacks` are functions of a report, got {callbacks!r}.")
