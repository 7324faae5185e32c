"""The only seam between differential equations and optimisation: r(θ) and its Jacobian.

Rows are scaled by √(weight · wᵢ / Σw), so that ½‖r‖² is half the sum of weighted mean squares over
the domains. Several processes share the rows, each evaluating its own part of the same points; sums
over rows are sums over processes, so that whoever minimises sees the same numbers as alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from dataclasses import field as made

import torch
from torch import Tensor

from siren_pde.collocation.collocated import Collocated
from siren_pde.collocation.evaluation import Evaluator, Limits, Rows, Spaces
from siren_pde.collocation.quadrature import Quadrature
from siren_pde.collocation.sampling import Counts, drawn_to_residuals, in_coordinates
from siren_pde.errors import ConfigError, NonFiniteError
from siren_pde.fields.base import Field
from siren_pde.fields.parameters import parameters_of
from siren_pde.numerics.least_squares import NormalEquations, add_gram
from siren_pde.numerics.spread import spread_normal_equations
from siren_pde.problem import Problem
from siren_pde.processes.processes import Processes
from siren_pde.processes.texts import first_said

LOOKED = 2**17
"""Points of a condition at which one process judges what several have solved, which need not all
fit into its memory.
"""
POOL = 4
"""Candidates for each point that is drawn to where residuals are large."""


@dataclass(frozen=True, eq=False)
class Objective:
    """The residuals r(θ) of a problem for a field, and the products with J = ∂r/∂θ.

    θ (p,) holds the parameters of all networks of the field, one after the other. J comes in closed
    form, on vectors (`jvp`, `vjp`), as the gradient Jᵀr, or by `residual_and_jacobian`. An
    objective is a value: it and its copies change nothing but memory that is not in use.

    `collocated` are the residuals at their points, `limits` how much is evaluated at once. Where
    several processes share the rows, N is the number of those of this one; losses, gradients and
    normal equations are those of all, and every process calls for them.
    """

    collocated: Collocated
    field: Field
    limits: Limits = Limits()
    _spaces: Spaces = made(default_factory=Spaces, repr=False, metadata={"stored": False})

    @property
    def parameters(self) -> Tensor:
        """The field's own parameters as one vector θ (p,), a copy."""
        return parameters_of(self.field)

    @property
    def seed(self) -> int:
        """The seed of the points."""
        return self.collocated.seed

    @property
    def space(self) -> Collocated:
        """The vectors of rows (N,): inner products, and random signs."""
        return self.collocated

    # ── residuals and the products with their Jacobian ────────────────────────────────────────

    def residual(self, theta: Tensor) -> Tensor:
        """All scaled residuals r(θ), shape (N,): condition by condition, point by point."""
        return _joined([r.flatten() for _, r in self._residuals(theta)], theta)

    def _residuals(self, theta: Tensor) -> Iterator[tuple[Rows, Tensor]]:
        with evaluating(self) as e:
            for rows in self.collocated.own.rows:
                yield rows, rows.scale[:, None] * e.residual(theta, rows)

    def loss(self, theta: Tensor) -> Tensor:
        """½‖r(θ)‖², a tensor without axes."""
        (square,) = self.collocated.processes.summed(self.residual(theta).square().sum())
        return 0.5 * square

    def terms(self, theta: Tensor) -> dict[str, Tensor]:
        """The weighted mean square of each condition; the loss is half their sum."""
        own = {rows.condition.name: r.square().sum() for rows, r in self._residuals(theta)}
        names = [*self.collocated.residuals]
        zero = theta.new_zeros(())
        sums = self.collocated.processes.summed(*(own.get(name, zero) for name in names))
        return dict(zip(names, sums, strict=True))

    def loss_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """½‖r‖² and its gradient Jᵀr (p,), one block of points after the other."""
        total, gradient = theta.new_zeros(()), torch.zeros_like(theta)
        with evaluating(self) as e:
            networks, parts, sums = self.field.networks(), e.split(theta), e.split(gradient)
            for half, seeds, at in e.loss_seeds(theta, self.collocated.own.rows):
                total += half
                for site, seed in seeds.items():
                    name = site.network
                    sums[name] += networks[name].vjp(parts[name], at[site], seed)
        total, gradient = self.collocated.processes.summed(total, gradient)
        return total, gradient

    def normal_equations(self, theta: Tensor) -> NormalEquations:
        """J Jᵀ and r, or JᵀJ and Jᵀr, whichever is smaller.

        The second is summed over blocks of points and over processes, so that J is never whole; the
        first holds J, each of several processes its own rows, in memory that later calls use again
        once nobody holds it. Raises ConfigError if the memory allowed is too small for the smaller
        one.
        """
        rows, columns, size = self.collocated.count, theta.numel(), theta.element_size()
        memory, least = self.limits.memory, 3 * min(rows, columns) ** 2 * size
        if memory is not None and least > memory:
            raise ConfigError(
                f"the normal equations of {rows} residuals and {columns} parameters take "
                f"{least:.1e} bytes, more than the {memory:.1e} allowed. Take `LBFGS()` or "
                "`Adam()`, a smaller network, or a larger `Budget(memory=…)`."
            )
        processes = self.collocated.processes
        if rows <= columns and self.limits.afford(rows * columns * size // processes.count):
            out = self._spaces.matrix((self.collocated.own.count, columns), theta)
            r, jacobian = residual_and_jacobian(self, theta, out)
            if processes.several:
                return spread_normal_equations(r, jacobian, processes)
            return NormalEquations.of(r, jacobian)
        return self._summed_normal_equations(theta)

    def _summed_normal_equations(self, theta: Tensor) -> NormalEquations:
        columns, rows = theta.numel(), self.collocated.own.rows
        gram, right = theta.new_zeros((columns, columns)), torch.zeros_like(theta)
        square, row = theta.new_zeros(()), columns * theta.element_size()
        few = replace(self, limits=self.limits.for_jacobian(rows, self.field.networks(), row))
        with evaluating(few) as e:

            def space(_: int, k: int) -> Tensor:
                return e.spaces["rows of J"].take("r", (k, columns), theta)

            for r, block in e.jacobian(theta, rows, space):
                add_gram(gram, block)
                right.addmv_(block.T, r)
                square += r @ r
        right, square = self.collocated.processes.summed(right, square)
        return NormalEquations(self.collocated.processes.summed(gram)[0], right, square)

    def jvp(self, theta: Tensor, direction: Tensor) -> Tensor:
        """J·direction (N,), without J."""
        products = []
        with evaluating(self) as e:
            networks, parts, moves = self.field.networks(), e.split(theta), e.split(direction)
            for r, seeds, at in e.seeds(theta, self.collocated.own.rows):
                moved = {
                    site: networks[n].jvp(parts[n], at[site], moves[n])
                    for site in at
                    for n in [site.network]
                }
                columns = [
                    torch.stack([(seed[k] * moved[k]).sum((0, 2)) for k in seed]).sum(0)
                    for seed in seeds
                ]
                products.append(torch.stack(columns, dim=1).view_as(r).flatten())
        return _joined(products, theta)

    def vjp(self, theta: Tensor, weights: Tensor) -> Tensor:
        """Jᵀ·weights (p,), without J; `weights` has one entry per row (N,)."""
        gradient, start = torch.zeros_like(theta), 0
        with evaluating(self) as e:
            networks, parts, sums = self.field.networks(), e.split(theta), e.split(gradient)
            for r, seeds, at in e.seeds(theta, self.collocated.own.rows):
                w = weights[start : start + r.numel()].view_as(r)
                start += r.numel()
                for site in at:
                    weighted = [w[:, j, None] * s[site] for j, s in enumerate(seeds)]
                    seed, name = torch.stack(weighted).sum(0), site.network
                    sums[name] += networks[name].vjp(parts[name], at[site], seed)
        return self.collocated.processes.summed(gradient)[0]

    # ── the same residuals at other points ────────────────────────────────────────────────────

    def redrawn(self, seed: int, used: float = 1.0) -> Objective:
        """The same residuals at fresh points, weighted as when a share of the budget is `used`."""
        return replace(self, collocated=self.collocated.redrawn(seed, used))

    def weighted_boundaries(self, weight: float) -> Objective:
        """The same residuals, those on boundaries times √weight."""
        return replace(self, collocated=self.collocated.weighted_boundaries(weight))

    def resampled_adaptively(self, theta: Tensor, share: float, seed: int) -> Objective:
        """Fresh points, in the interior a `share` of them where residuals at θ are large.

        They come from four times as many candidates and have equal weights: the loss stresses what
        is not yet solved.
        """
        collocated = self.collocated
        candidates = collocated.at(replace(collocated.sampling.times(POOL), seed=seed))
        chosen = {}
        with evaluating(self) as e:
            for own in (each.rows for each in candidates.shares):
                if (name := own.condition.name) in collocated.inner:
                    r = torch.linalg.vector_norm(e.residual(theta, own), dim=1)
                    r = collocated.processes.gathered(r)
                    few = max(len(r) // POOL, 1)
                    chosen[name] = drawn_to_residuals(r, few, share, seed)
        return replace(self, collocated=collocated.redrawn(seed).chosen_among(candidates, chosen))


def _joined(parts: list[Tensor], like: Tensor) -> Tensor:
    """Rows below each other; a process may have none."""
    return torch.cat(parts) if parts else like.new_zeros((0,))


def residual_and_jacobian(
    objective: Objective, theta: Tensor, out: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """r (N,) and J = ∂r/∂θ (N, p), row by row in closed form; J is written into `out` if given.

    Fresh memory for J costs more than its arithmetic: give the same `out` again where you can.
    """
    own = objective.collocated.own
    jacobian = theta.new_empty((own.count, theta.numel())) if out is None else out
    with evaluating(objective) as e:
        blocks = e.jacobian(theta, own.rows, lambda start, k: jacobian[start : start + k])
        return _joined([r for r, _ in blocks], theta), jacobian


@contextmanager
def evaluating(objective: Objective) -> Iterator[Evaluator]:
    """An evaluator of the objective's field, whose memory is its own until it is left."""
    with objective._spaces.lent() as spaces:
        yield Evaluator(objective.field, objective.limits, spaces)


def objective_of(
    problem: Problem,
    field: Field,
    points: Counts | None = None,
    *,
    rule: Quadrature | None = None,
    seed: int = 0,
    limits: Limits | None = None,
    processes: Processes | None = None,
) -> Objective:
    """The objective of a problem for a field: r (N,) and its products with J (N, p).

    `points`, `rule` and `seed` are those of `Collocated.planned`, which also says what is raised;
    `limits` bounds how many points, and how many bytes, are evaluated at once; `processes` share
    the rows, unless it is left out: then this one evaluates all. Networks of some coordinates
    (`Siren(1, of=("t",))`) become networks of all of them, in its `field`.
    """
    field = in_coordinates(field, problem.axes)
    collocated = Collocated.planned(
        problem, field, points, rule=rule, seed=seed, processes=processes
    )
    return Objective(collocated, field, limits or Limits())


def alone(objective: Objective) -> Objective:
    """The same residuals, all of them evaluated by this process, whatever others do."""
    if not objective.collocated.processes.several:
        return objective
    return replace(objective, collocated=objective.collocated.alone)


def at_few(objective: Objective) -> Objective:
    """The same residuals, at `LOOKED` points of each condition at most, evaluated by this process
    alone.
    """
    whole = objective.collocated.alone
    few = whole.sampling.at_most(LOOKED)
    fits = few.counts == whole.sampling.counts
    return replace(objective, collocated=whole if fits else whole.at(few))


def require_finite(objective: Objective, theta: Tensor) -> None:
    """Raise NonFiniteError, naming condition and point, unless all residuals are finite at θ.

    Where several processes share them, all call it, and all raise it.
    """
    collocated, why = objective.collocated, ""
    with evaluating(objective) as e:
        try:
            for rows in collocated.own.rows:
                rows.residual.require_finite(e.residual(theta, rows), rows.points)
        except NonFiniteError as error:
            if not collocated.processes.several:
                raise
            why = str(error)
    if collocated.processes.several and (said := first_said(why, collocated.processes)):
        raise NonFiniteError(said)
