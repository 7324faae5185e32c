"""What solving gives: a field one can call and differentiate, how it was found, and its error."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as made
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.collocation.expression import Expression
from siren_pde.collocation.objective import objective_of
from siren_pde.collocation.quadrature import Sobol
from siren_pde.collocation.residual import evaluate
from siren_pde.domains.base import Domain
from siren_pde.domains.homes import Homes, widest
from siren_pde.errors import ConfigError, say
from siren_pde.estimates.bounds import Bounds, Diffusion, energy_bounds, one, zero
from siren_pde.estimates.error_field import ErrorField, error_field, unknown_error
from siren_pde.estimates.estimate import Estimate
from siren_pde.estimates.goals import Goal, goal
from siren_pde.fields.base import Field
from siren_pde.fields.system import parts
from siren_pde.io.exports import export, to_xarray
from siren_pde.io.exports.sampling import Options, Wishes
from siren_pde.io.solutions import save
from siren_pde.optimisers.outcome import Outcome
from siren_pde.optimisers.reached import Reached
from siren_pde.plots.cards import solution_card
from siren_pde.plots.solution import plot
from siren_pde.problem import Problem
from siren_pde.solving.asking import Asked, Positions, differentiable, outside, wrapped
from siren_pde.solving.history import History
from siren_pde.solving.truths import Beside

if TYPE_CHECKING:
    from xarray import Dataset

    from siren_pde.plots.picture import Picture


UNKNOWN = Estimate.none("none was made")
"""The estimate of a solution that `solve` has not made."""

PLANNED = 256
"""Points at which residuals are planned before those of an estimate are drawn."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Solution:
    """A fitted field and its story.

    `solution(x)` gives its values; `solution.evaluate(lambda p, u: lap(u), x)` any expression of
    it. `problem` is None for a solution read from a file until one is attached; `homes` are the
    domains that the file knows. `outcome` is how the solve ended, `stop_reason` the same in words.
    `estimate` is the error bar, and `residuals` are those of each condition at fresh points, as
    shares of the terms that it is made of.

    Where a march did not get to the end of time, `complete` is False and `reached` the time that it
    got to. All values beyond are NaN; loss, residuals and errors are those of the solved part, and
    there is no estimate.
    """

    field: Field
    axes: tuple[str, ...]
    problem: Problem | None
    method: str
    why: str
    outcome: Outcome
    stop_reason: str
    seconds: float
    loss: float
    history: History
    estimate: Estimate = UNKNOWN
    residuals: Mapping[str, float] = made(default_factory=dict)
    homes: Homes = made(default_factory=Homes)
    part: Reached | None = None
    _told: set[str] = made(default_factory=set, init=False)

    @property
    def complete(self) -> bool:
        """Whether it is solved in all of the problem, not in a first part of it only."""
        return self.part is None

    @property
    def reached(self) -> float | None:
        """Up to which value of the time axis it is solved; None where that is everything."""
        return None if self.part is None else self.part.value

    def __repr__(self) -> str:
        name = self.problem.name if self.problem else f"in {', '.join(self.axes)}"
        until = f", solved up to {self.part}" if self.part else ""
        said = f"{self.method}, loss {self.loss:.1e}, {self.parameters} parameters{until}"
        return f"Solution({name}: {said})"

    def __str__(self) -> str:
        rows = {
            "problem": self.problem.name if self.problem else "none attached",
            "method": self.method,
            "why": self.why,
            "loss": f"{self.loss:.2e}",
            "estimate": str(self.estimate),
            "time": f"{self.seconds:.1f} s",
            "outcome": self.outcome.name,
            "ended": self.stop_reason,
            "parameters": f"{self.parameters}",
            **({"reached": f"{self.part} only: all beyond is NaN"} if self.part else {}),
        }
        return "\n".join(f"{name:<11}{value}" for name, value in rows.items())

    def _repr_html_(self) -> str:
        """A table and the picture, for notebooks."""
        return solution_card(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the solution to an HDF5 file; see `siren_pde.save`."""
        save(self, path)

    def plot(self, path: str | os.PathLike[str] | None = None) -> Picture:
        """Draw the solution, the exact one and their difference; see `siren_pde.plot`."""
        return plot(self, path)

    def export(self, path: str | os.PathLike[str], **options: Unpack[Options]) -> list[Path]:
        """Write the solution for other programs, by the suffix of `path`; the paths written.

        .vtu holds cells of the domain itself, .vti and .vts a grid with NaN outside, for ParaView;
        in time they are series, which its .pvd file opens. .npz and .nc hold ticks and values, .pt2
        and .onnx a program of positions (n, d). `derivatives` are names such as `u_x`, `u_xt`,
        `lap_u`, `grad_u`; `resolution` is the number of cells along the longest side, `instants`
        how many there are; `at` holds coordinates fixed; both outputs of `complex_unknowns` become
        arrays `_re` and `_im`. Raises ConfigError for what a format cannot hold, and where no
        domain is known, StorageError if a file cannot be written.
        """
        return export(self, path, Wishes(**options))

    def to_xarray(self, **options: Unpack[Options]) -> Dataset:
        """The solution on a grid as an `xarray.Dataset`, NaN outside; options as for `export`.

        Raises ConfigError where xarray is not installed.
        """
        return to_xarray(self, Wishes(**options))

    def home(self, unknown: str) -> Domain:
        """The domain that an unknown lives on: that of the problem, or of the file it is from.

        Raises ConfigError, saying what to attach, where neither is known.
        """
        if self.problem is None:
            return self.homes.of(unknown)
        return self.problem.home(unknown, parts(self.field))

    @property
    def parameters(self) -> int:
        """How many numbers determine the field."""
        return sum(q.numel() for q in self.field.parameters())

    def points(self, x: Positions) -> Points:
        """Positions as for `solution(x)`, as n points in the field's precision.

        Raises ConfigError for other shapes and names.
        """
        return self._points(Asked.of(x, self.axes, next(self.field.parameters())).positions)

    def __call__(self, x: Positions) -> Tensor:
        """Values at positions x (n, d): shape (n,), or (n, k) for a field with several outputs.

        Grids (…, d) give values (…), as do arrays by name that fit each other, such as
        `solution({"x": x, "t": 0.5})`. A data frame with columns named as the coordinates gives a
        series, or a frame of k columns. Gradients by x pass through. Values outside the domain are
        extrapolated, and a warning says so once. Raises ConfigError for other shapes and names.
        """
        return self.evaluate(Expression("u", lambda p, u: u), x)

    def evaluate(
        self,
        expression: Callable[..., object] | Expression,
        x: Positions | Points,
        *,
        block: int = 8192,
    ) -> Tensor:
        """An expression of coordinates and unknowns, in the language of residuals, at x (n, d).

        `solution.evaluate(lambda p, u: grad(u), x)` has shape (n, d); scalars have shape (n,). In a
        system, unknowns are taken by name: `lambda p, q: lap(q)`. Beyond what is `reached`, rows
        are NaN, and a warning says so once. Positions are as for `solution(x)`.
        """
        settled = Expression.of(expression).taking(parts(self.field))
        if isinstance(x, Points):
            values = self._values(settled, x, block)
            return values[:, 0] if values.shape[1] == 1 else values
        asked = Asked.of(x, self.axes, next(self.field.parameters()))
        if "outside" not in self._told:
            self._tell_outside(asked.positions)
        values = differentiable(
            lambda each, at: self._values(each, self._points(at), block), settled, asked.positions
        )
        shaped: Tensor = asked.shaped(values, settled.name)
        return shaped

    def _points(self, x: Tensor) -> Points:
        return Points(self.axes, x, x.new_full((len(x),), 1 / max(len(x), 1)))

    def _values(self, expression: Expression, points: Points, block: int) -> Tensor:
        """An expression (n, k) at points; NaN beyond what is solved."""
        values = evaluate(self.field, expression, points, block=block)
        if self.part is None:
            return values
        beyond = self.part.beyond(points.positions[:, self.axes.index(self.part.axis)])
        if bool(beyond.any()) and "beyond" not in self._told:
            self._told.add("beyond")
            seen = f"this solution is solved up to {self.part} only: values beyond are NaN"
            say(f"{seen}. It ended because: {self.stop_reason}.", UserWarning)
        return torch.where(beyond[:, None], math.nan, values)

    def _tell_outside(self, x: Tensor) -> None:
        """Say once that positions lie outside the domain, where that is known."""
        try:
            domain = widest(self.home, parts(self.field))
            seen = outside(domain, wrapped(self.field, domain, x))
        except ConfigError:  # the domain is unknown
            return
        if seen:
            self._told.add("outside")
            say(f"{seen}: the values there are extrapolated.", UserWarning)

    def goal(self, expression: Callable[..., object], over: Domain, *, mean: bool = False) -> Goal:
        """A number wanted of the solution, with its error bar: the integral of an expression.

        `solution.goal(lambda p, u: dot(grad(u), p.normal), box.at(x=1))` is a flux through a face,
        `solution.goal(lambda p, u: u, box, mean=True)` the mean over a domain, and over a
        `PointCloud`, which may be one point, the mean of the values there. The expression is as for
        `evaluate`. The error of the solution is sought at the first call, in about the time that
        the solution took, and kept; see `siren_pde.types.Goal`.

        Beyond what is `reached` its value is NaN, and before there is no error bar. Raises
        ConfigError for a solution without a problem, domains in other coordinates, and expressions
        that are no scalars.
        """
        made = goal(self._error_field, expression, over, mean=mean)
        if self.part is None:
            return made
        end = torch.tensor([over.bounds[1][over.axes.index(self.part.axis)]], dtype=torch.float64)
        return replace(made, value=math.nan) if bool(self.part.beyond(end)) else made

    def energy_bounds(
        self,
        source: Callable[[Points], Any],
        values: Callable[[Points], Any] = zero,
        *,
        k: Callable[[Points], Any] = one,
        over: Domain | None = None,
    ) -> Bounds:
        """Guaranteed bounds of ‖√k ∇(u − v)‖ for this answer v to −div(k ∇u) = f, u = g on ∂Ω.

        `source` is f, `values` the boundary values g and `k` the conductivity, as functions of
        points in the algebra of jets; `over` is the domain, by default that of the problem. See
        `siren_pde.estimates.bounds.energy_bounds`, which says how they are made and what is raised.
        """
        known = self._error_field
        unknowns = parts(self.field)
        domain = over or known.answer.collocated.problem.home(next(iter(unknowns)), unknowns)
        return energy_bounds(known, Diffusion(domain, k, source, values))

    @cached_property
    def _error_field(self) -> ErrorField:
        if self.problem is None:
            raise ConfigError(
                "this solution has no problem, whose residuals tell its error: attach it, "
                "`load(path, problem)`."
            )
        answer = objective_of(self.problem, self.field, rule=Sobol(PLANNED))
        why = f"the solve has reached {self.part} only" if self.part else ""
        return unknown_error(answer, why) if why else error_field(answer)

    def error(self, n: int = 20_000, seed: int = 12345) -> float:
        """The relative L² error ‖u − truth‖ / ‖truth‖, over all unknowns whose truth is known.

        An exact solution is compared where each unknown lives, at n Sobol points there that no
        method has seen; a reference at the points of its grid. It is infinite beside a truth that
        vanishes. Of an answer that is not `complete` it is the error in the solved part, and NaN
        if nothing is solved. Raises ConfigError if the problem has neither, or none of the
        unknowns' values.
        """
        problem = self.problem
        if problem is None or not problem.has_truth:
            raise ConfigError(
                "this solution has nothing to be compared with: give the problem an exact "
                "solution, `Problem(…, exact=exact)`, or attach it, `load(path, problem)`."
            )
        return Beside(self.field, problem, self.part).error(n, seed)
