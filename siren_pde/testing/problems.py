"""What holds for every problem: its exact solution satisfies it, and it can be trained."""

from __future__ import annotations

import math
from dataclasses import dataclass
from multiprocessing.reduction import ForkingPickler
from typing import Any

from siren_pde.checks import check
from siren_pde.checks.finding import Severity
from siren_pde.collocation.expression import Expression
from siren_pde.collocation.quadrature import Sobol
from siren_pde.errors import ResidualError
from siren_pde.fields.base import Field, Network
from siren_pde.fields.siren import Siren
from siren_pde.optimisers.gauss_newton import GaussNewton
from siren_pde.optimisers.outcome import Outcome
from siren_pde.problem import Condition, Problem
from siren_pde.solving.report import Budget
from siren_pde.solving.solve import solve
from siren_pde.testing.laws import Law, called, obey, require

ROUNDING = 1e-10
"""What an exact solution may leave of a residual, relative to its data."""


def check_problem(problem: Problem, field: Field | None = None) -> None:
    """Check the laws of problems; `field` is the one to solve with, if it is no `Siren`.

    Takes a second.

    Raises LawError, saying which law is broken, with numbers.
    """
    obey(Stated(problem, field), PROBLEM_LAWS)


@dataclass(frozen=True)
class Stated:
    """A problem, and the field to solve it with, if it is given."""

    problem: Problem
    field: Field | None = None

    @property
    def small_field(self) -> Field:
        """A small network for each unknown of the field, or for the only one."""
        return (self.field or Siren(len(self.problem.axes))).rebuilt(_small)


def no_errors_are_found(at: Stated) -> None:
    """`siren_pde.check` finds no errors; warnings and notes may be meant."""
    errors = [f for f in check(at.problem, at.field) if f.severity is Severity.error]
    text = " ".join(f"({f.kind}) {f.message}" for f in errors)
    require(not errors, f"`check` finds {len(errors)} errors in {called(at.problem)}: {text}")


def the_exact_solution_kills_every_residual(at: Stated) -> None:
    """All residuals of `exact` vanish to the rounding of their data."""
    if at.problem.exact is None:
        return
    for condition in at.problem.conditions:
        r, size = residual_of_exact(at.problem, condition)
        require(
            r <= ROUNDING * max(1.0, size),
            f"`exact` leaves {r:.3g} of the residual `{condition.name}` of {called(at.problem)}, "
            f"whose data are up to {size:.3g}: check signs and constants of both.",
        )


def residual_of_exact(problem: Problem, condition: Condition) -> tuple[float, float]:
    """The largest residual of the exact solution on a condition's domain, and that of zero.

    Both are 0 where the unknowns of the condition are not all known, or constants alone are.
    """
    assert problem.exact is not None
    p = Sobol(400)(condition.domain, seed=1)
    unknowns: dict[str, Any] = problem.exact_values(p, ["u"])
    if all(isinstance(value, int | float) for value in unknowns.values()):
        return 0.0, 0.0
    system = any(not _takes(each, [*unknowns]) for each in problem.conditions)
    if not _takes(condition, [*unknowns, *[""] * system]):  # with a second unknown, by their names
        return 0.0, 0.0
    expression = Expression.of(condition)
    zero = {key: 0 * value for key, value in unknowns.items()}
    r, size = (expression.values(p, each).abs().max() for each in (unknowns, zero))
    return float(r), float(size)


def _takes(condition: Condition, unknowns: list[str]) -> bool:
    """Whether a condition takes no other unknowns than these."""
    try:
        condition.arguments(unknowns)
    except ResidualError:
        return False
    return True


def three_steps_stay_finite(at: Stated) -> None:
    """Three steps of Gauss-Newton with a small network have finite losses, the last the least."""
    solution = solve(
        at.problem,
        at.small_field,
        GaussNewton(),
        quadrature=Sobol(128),
        budget=Budget(steps=3),
        estimate="none",
        quiet=True,
    )
    losses = solution.history.losses
    finite = solution.outcome is not Outcome.non_finite and all(map(math.isfinite, losses))
    require(
        finite and losses[-1] <= losses[0],
        f"three steps on {called(at.problem)} have the losses {losses} ({solution.stop_reason}).",
    )


def it_reaches_other_processes(at: Stated) -> None:
    """A problem of a module can be sent to another process and is the same there."""
    if any("<locals>" in _name(c) or _module(c) == "__main__" for c in at.problem.conditions):
        return
    try:
        there = ForkingPickler.loads(ForkingPickler.dumps(at.problem))
    except Exception as cause:
        # whatever the parts of a problem raise
        message = f"{called(at.problem)} cannot be sent to another process: {cause}"
        require(False, f"{message}. Define its functions and classes at the top of a module.")
    require(
        repr(there) == repr(at.problem),
        f"{called(at.problem)} arrives in another process as {called(there)}.",
    )


def _small(network: Network) -> Network:
    constant = network.inputs == 0
    return network if constant else Siren(network.inputs, network.outputs, width=8, depth=2)


def _name(condition: Condition) -> str:
    return getattr(condition.residual, "__qualname__", "<locals>")


def _module(condition: Condition) -> str:
    return getattr(condition.residual, "__module__", "__main__")


PROBLEM_LAWS: tuple[Law[Stated], ...] = (
    no_errors_are_found,
    the_exact_solution_kills_every_residual,
    three_steps_stay_finite,
    it_reaches_other_processes,
)
"""The laws of problems."""
