"""What solving gives: a field one can call and differentiate, how it was found, and its error."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as made
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.collocation.expression import Expression, stacked
from siren_pde.collocation.objective import objective_of
from siren_pde.collocation.quadrature import Sobol
from siren_pde.collocation.residual import evaluate
from siren_pde.domains.base import Domain
from siren_pde.domains.homes import Homes
from siren_pde.errors import ConfigError
from siren_pde.estimates.bounds import Bounds, Diffusion, energy_bounds, one, zero
from siren_pde.estimates.error_field import ErrorField, error_field
from siren_pde.estimates.estimate import Estimate
from siren_pde.estimates.goals import Goal, goal
from siren_pde.fields.base import Field
from siren_pde.fields.system import parts
from siren_pde.io.exports import export, to_xarray
from siren_pde.io.exports.sampling import Wishes
from siren_pde.io.solutions import save
from siren_pde.optimisers.outcome import Outcome
from siren_pde.plots.solution import plot
from siren_pde.problem import Problem
from siren_pde.references import Reference
from siren_pde.solving.history import History

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from xarray import Dataset


UNKNOWN = Estimate.none("none was made")
"""The estimate of a solution that `solve` has not made."""

Positions: TypeAlias = npt.ArrayLike | Tensor

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

    def __repr__(self) -> str:
        name = self.problem.name if self.problem else f"in {', '.join(self.axes)}"
        return (
            f"Solution({name}: {self.method}, loss {self.loss:.1e}, {self.parameters} parameters)"
        )

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
        }
        return "\n".join(f"{name:<11}{value}" for name, value in rows.items())

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the solution to an HDF5 file; see `siren_pde.save`."""
        save(self, path)

    def plot(self, path: str | os.PathLike[str] | None = None) -> Figure:
        """Draw the solution, the exact one and their difference; see `siren_pde.plot`."""
        return plot(self, path)

    def export(
        self,
        path: str | os.PathLike[str],
        *,
        derivatives: Sequence[str] = (),
        resolution: int | None = None,
        instants: int | None = None,
        at: Mapping[str, float] | None = None,
        complex_unknowns: Sequence[str] = (),
    ) -> list[Path]:
        """Write the solution for other programs, by the suffix of `path`; the paths written.

        .vtu holds cells of the domain itself, .vti and .vts a grid with NaN outside, for ParaView;
        in time they are series, which its .pvd file opens. .npz and .nc hold ticks and values, .pt2
        and .onnx a program of positions (n, d). `derivatives` are names such as `u_x`, `u_xt`,
        `lap_u`, `grad_u`; `resolution` is the number of cells along the longest side, `instants`
        how many there are; `at` holds coordinates fixed; both outputs of `complex_unknowns` become
        arrays `_re` and `_im`. Raises ConfigError for what a format cannot hold, and where no
        domain is known, StorageError if a file cannot be written.
        """
        wishes = Wishes(derivatives, resolution, instants, at, complex_unknowns)
        return export(self, path, wishes)

    def to_xarray(
        self,
        *,
        derivatives: Sequence[str] = (),
        resolution: int | None = None,
        instants: int | None = None,
        at: Mapping[str, float] | None = None,
        complex_unknowns: Sequence[str] = (),
    ) -> Dataset:
        """The solution on a grid as an `xarray.Dataset`, NaN outside; arguments as for `export`.

        Raises ConfigError where xarray is not installed.
        """
        return to_xarray(self, Wishes(derivatives, resolution, instants, at, complex_unknowns))

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
        """Positions (n, d), or (d,) for one point, as points in the field's precision.

        In one coordinate (n,) are n points. Raises ConfigError for other shapes.
        """
        like = next(self.field.parameters())
        x = torch.as_tensor(x, dtype=like.dtype, device=like.device)
        if x.ndim == 1:
            x = x[:, None] if len(self.axes) == 1 else x[None]
        if x.ndim != 2 or x.shape[1] != len(self.axes):
            raise ConfigError(
                f"a solution in {', '.join(self.axes)} is evaluated at positions of shape "
                f"(n, {len(self.axes)}), got {tuple(x.shape)}."
            )
        return Points(self.axes, x, x.new_full((len(x),), 1 / max(len(x), 1)))

    def __call__(self, x: Positions) -> Tensor:
        """Values at positions x (n, d): shape (n,), or (n, k) for a field with several outputs."""
        return self.evaluate(lambda p, u: u, x)

    def evaluate(
        self,
        expression: Callable[..., object] | Expression,
        x: Positions | Points,
        *,
        block: int = 8192,
    ) -> Tensor:
        """An expression of coordinates and unknowns, in the language of residuals, at x (n, d).

        `solution.evaluate(lambda p, u: grad(u), x)` has shape (n, d); scalars have shape (n,). In a
        system, unknowns are taken by name: `lambda p, q: lap(q)`.
        """
        return self._values(Expression.of(expression), x, block)

    def _values(self, expression: Expression, x: Positions | Points, block: int = 8192) -> Tensor:
        points = x if isinstance(x, Points) else self.points(x)
        values = evaluate(self.field, expression, points, block=block)
        return values[:, 0] if values.shape[1] == 1 else values

    def goal(self, expression: Callable[..., object], over: Domain, *, mean: bool = False) -> Goal:
        """A number wanted of the solution, with its error bar: the integral of an expression.

        `solution.goal(lambda p, u: dot(grad(u), p.normal), box.at(x=1))` is a flux through a face,
        `solution.goal(lambda p, u: u, box, mean=True)` the mean over a domain, and over a
        `PointCloud`, which may be one point, the mean of the values there. The expression is as for
        `evaluate`. The error of the solution is sought at the first call, in about the time that
        the solution took, and kept; see `siren_pde.types.Goal`.

        Raises ConfigError for a solution without a problem, domains in other coordinates, and
        expressions that are no scalars.
        """
        return goal(self._error_field, expression, over, mean=mean)

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
        return error_field(objective_of(self.problem, self.field, rule=Sobol(PLANNED)))

    def error(self, n: int = 20_000, seed: int = 12345) -> float:
        """The relative L² error ‖u − truth‖ / ‖truth‖, over all unknowns whose truth is known.

        An exact solution is compared where each unknown lives, at n Sobol points there that no
        method has seen; a reference at the points of its grid. It is infinite beside a truth that
        vanishes. Raises ConfigError if the problem has neither, or none of the unknowns' values.
        """
        problem = self.problem
        if problem is None or not problem.has_truth:
            raise ConfigError(
                "this solution has nothing to be compared with: give the problem an exact "
                "solution, `Problem(…, exact=exact)`, or attach it, `load(path, problem)`."
            )
        if problem.truth is not None:
            pairs = self._beside_reference(problem.truth)
        else:
            pairs = self._beside_exact(problem, n, seed)
        difference, size, compared = 0.0, 0.0, False
        for fitted, expected, weights in pairs:
            difference += float((weights * (fitted - expected).square()).sum())
            size += float((weights * expected.square()).sum())
            compared = True
        if not compared:
            raise ConfigError(
                "the truth of this problem names none of the unknowns "
                f"{', '.join(parts(self.field))}. Let `exact` return a dictionary with theirs."
            )
        if not size:  # of a solution that vanishes there are no shares
            return math.inf if difference else 0.0
        return math.sqrt(difference / size)

    def _beside_exact(
        self, problem: Problem, n: int, seed: int
    ) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Values found and expected, (n, k), and weights (n, 1), for each unknown."""
        like = next(self.field.parameters())
        for name in parts(self.field):
            domain = problem.home(name, parts(self.field))
            p = Sobol(n)(domain, seed=seed, dtype=like.dtype, device=like.device)
            known = problem.exact_values(p, parts(self.field))
            if name in known:
                expected = stacked("exact", known[name], p)
                fitted = self._values(only(name), p).reshape(expected.shape)
                yield fitted, expected, p.weights[:, None]

    def _beside_reference(self, truth: Reference) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Values found and expected, (n, k), and weights (n, 1), for each unknown."""
        for name in truth.values:
            expected = truth.rows(name)
            known = np.isfinite(expected).all(1)
            x = self.points(truth.positions[known])
            fitted = self._values(only(name), x).reshape(len(x), -1).double().cpu().numpy()
            compared = truth.aligned(fitted, expected[known])
            weights = torch.ones((len(x), 1), dtype=torch.float64, device="cpu")
            yield torch.from_numpy(compared), torch.from_numpy(expected[known]), weights


def only(name: str) -> Expression:
    """The expression that is one unknown itself."""
    return Expression(name, lambda p, unknown: unknown, (name,))
