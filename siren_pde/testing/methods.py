"""What holds for every method: it decreases losses, changes no θ in place, and repeats itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import torch
from torch import Tensor

from siren_pde.calculus.functions import pi, sin
from siren_pde.calculus.jets import Jet
from siren_pde.calculus.operators import d
from siren_pde.calculus.points import Points
from siren_pde.collocation.objective import Objective, objective_of
from siren_pde.collocation.quadrature import Sobol
from siren_pde.domains.box import Box
from siren_pde.errors import ConfigError
from siren_pde.fields.base import Field
from siren_pde.fields.parameters import parameters_of, with_parameters
from siren_pde.fields.siren import Siren
from siren_pde.optimisers.base import Iterate, Method, Spent
from siren_pde.optimisers.outcome import Outcome
from siren_pde.problem import Problem, on
from siren_pde.solving.report import Budget, Report
from siren_pde.solving.solve import solve
from siren_pde.testing.laws import Law, called, obey, require
from siren_pde.testing.residuals import PlainResiduals, examples

S = TypeVar("S")
STEPS = 100
"""Steps in which losses have to decrease."""


def check_method(
    method: Method[S], *, problem: Problem | None = None, field: Field | None = None
) -> None:
    """Check the laws of methods, on Rosenbrock's function, a linear problem, and Poisson's.

    A method that refuses functions of a few numbers with a ConfigError, since it needs a problem,
    is tested on one alone: give another `problem`, with a `field` for it, where Poisson's equation
    in one coordinate and a small `Siren` do not suit. Takes seconds.

    Raises LawError, saying which law is broken, with numbers.
    """
    obey(method, METHOD_LAWS)
    a_differential_equation_is_solved_better(method, problem, field)


def precision_and_points_make_sense(method: Method[S]) -> None:
    """A method has a name, works in single or double precision, and wants one point at least."""
    counts = [method.points(parameters) for parameters in (1, 100, 10_000)]
    require(
        bool(method.name) and method.dtype in (torch.float32, torch.float64) and min(counts) >= 1,
        f"{called(method)} has the name `{method.name}`, the precision {method.dtype} and wants "
        f"{counts} points for 1, 100 and 10000 parameters: give it a name, float32 or float64, and "
        "at least one point.",
    )


def losses_decrease(method: Method[S]) -> None:
    """A hundred steps decrease the loss."""
    for name, function in _suited(method):
        *_, end = _walk(method, function)
        before, after = (float(function.loss(theta)) for theta in (function.start, end.theta))
        require(
            after < before,
            f"{called(method)} does not decrease the loss of {name}: it is {before:.6g} at the "
            f"start and {after:.6g} after {STEPS} steps.",
        )


def no_parameters_are_changed_in_place(method: Method[S]) -> None:
    """The θ of an iterate, and that of the objective, are what they were after a step."""
    for name, function in _suited(method):
        start = function.start.clone()
        for at, theta in _watched(method, function):
            require(
                torch.equal(at.theta, theta) and torch.equal(function.start, start),
                f"{called(method)} changes θ in place in a step on {name}: make a new tensor, "
                "`theta = at.theta - step` in place of `at.theta.sub_(step)`.",
            )


def equal_runs_are_equal(method: Method[S]) -> None:
    """A method draws no random numbers but from the objective's seed, and keeps no state."""
    for name, function in _suited(method):
        pairs = zip(_walk(method, function), _walk(method, function), strict=True)
        for k, (first, again) in enumerate(pairs):
            require(
                torch.equal(first.theta, again.theta),
                f"two runs of {called(method)} on {name} differ in step {k}: keep what changes in "
                "the iterate's state, and draw random numbers from the objective's seed.",
            )


def what_was_reached_is_kept_at_the_end(method: Method[S]) -> None:
    """The iterate that is finished has no higher loss than the one before."""
    for name, function in _suited(method):
        losses = [(float(function.loss(at.theta)), at.finished) for at in _walk(method, function)]
        ends = [k for k, (_, finished) in enumerate(losses) if finished and k]
        for k in ends:
            before, after = losses[k - 1][0], losses[k][0]
            require(
                after <= before,
                f"{called(method)} finishes on {name} (“{losses[k][1]}”) with the loss "
                f"{after:.6g}, after {before:.6g} in the step before: keep what was reached, "
                "`replace(at, finished=…)`.",
            )


def a_differential_equation_is_solved_better(
    method: Method[S], problem: Problem | None = None, field: Field | None = None
) -> None:
    """`solve` with a hundred steps ends with less loss than it starts with, both at new points."""
    starts: list[Field] = []

    def first(report: Report) -> None:
        at = report.iterate
        if not report.step and isinstance(at.objective, Objective):
            starts.append(with_parameters(at.objective.field, at.theta))

    problem, budget = problem or _poisson(), Budget(steps=STEPS)
    field = field or Siren(len(problem.axes), width=10, depth=2, seed=0)
    try:
        solution = solve(problem, field, method, budget=budget, callbacks=(first,), quiet=True)
    except ConfigError as cause:
        require(
            False,
            f"{called(method)} does not solve `{problem.name}`: {cause} If it is not meant to, "
            "give `check_method` another `problem` and `field`.",
        )
    before, after = (_loss(problem, each) for each in (starts[0], solution.field))
    require(
        after < before and solution.outcome is not Outcome.non_finite,
        f"{called(method)} does not solve `{problem.name}` better than the start: the loss is "
        f"{before:.3g} before and {after:.3g} after {STEPS} steps ({solution.stop_reason}).",
    )


def _poisson() -> Problem:
    line = Box(x=(0, 1))

    @on(line)
    def poisson(p: Points, u: Jet) -> Jet:
        (x,) = p
        return d(u, x, x) + pi**2 * sin(pi * x)

    @on(line.boundary)
    def dirichlet(p: Points, u: Jet) -> Jet:
        return u

    return Problem(poisson, dirichlet)


def _loss(problem: Problem, field: Field) -> float:
    """The loss at points that no method has seen."""
    field = field.to(dtype=torch.float64)
    return float(objective_of(problem, field, rule=Sobol(256), seed=77).loss(parameters_of(field)))


def _suited(method: Method[S]) -> Iterator[tuple[str, PlainResiduals]]:
    """The functions of a few numbers that a method takes."""
    for name, function in examples(method.dtype).items():
        try:
            method.start(function)
        except ConfigError:
            continue
        yield name, function


def _walk(method: Method[S], function: PlainResiduals) -> Iterator[Iterate[S]]:
    """The iterates of at most a hundred steps."""
    at = method.start(function)
    yield at
    for k in range(STEPS):
        if at.finished:
            return
        at = method.step(at, Spent(k / STEPS))
        yield at


def _watched(method: Method[S], function: PlainResiduals) -> Iterator[tuple[Iterate[S], Tensor]]:
    """Each iterate after the step from it, with a copy of its θ from before."""
    at = method.start(function)
    for k in range(STEPS):
        if at.finished:
            return
        before = at.theta.clone()
        following = method.step(at, Spent(k / STEPS))
        yield at, before
        at = following


METHOD_LAWS: tuple[Law[Method[Any]], ...] = (
    precision_and_points_make_sense,
    no_parameters_are_changed_in_place,
    losses_decrease,
    equal_runs_are_equal,
    what_was_reached_is_kept_at_the_end,
)
"""The laws of methods on functions of a few numbers."""
