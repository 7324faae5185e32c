"""The only seam between differential equations and optimisation: r(θ) and its Jacobian."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import Self

import torch
from torch import Tensor

from siren_pde.collocation.collocated import Collocation, Evaluations, Purpose, channels_of
from siren_pde.collocation.sampling import Sample
from siren_pde.errors import ConfigError
from siren_pde.fields.base import Evaluation, Field, Network
from siren_pde.fields.engine.workspace import Workspace
from siren_pde.numerics.least_squares import NormalEquations, add_gram
from siren_pde.problem import Problem
from siren_pde.random_features import evolution as slabs
from siren_pde.random_features import separation as blocks
from siren_pde.random_features import symbol as spectrum

Seeds = dict[str, Tensor]
ROWS = 64 << 20
"""Bytes of J at once, where only JᵀJ is wanted."""


class Objective(Collocation):
    """The residuals of a problem for a field, and the products with their Jacobian J = ∂r/∂θ.

    Its arguments are those of `Collocation`. J comes in closed form, whole (`jacobian`), on vectors
    (`jvp`, `vjp`), or as the gradient Jᵀr.
    """

    def loss_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """½‖r‖² and its gradient Jᵀr (p,), one block of points after the other."""
        networks, parts = self.field.networks(), self._split(theta)
        total, gradient = theta.new_zeros(()), torch.zeros_like(theta)
        into = self._split(gradient)
        for light, points, scale in self._blocks():
            at = self._evaluate(theta, light, points, purpose="gradient")
            half, seeds = light.loss_seeds(points, channels_of(at), scale)
            total += half
            for name, seed in seeds.items():
                into[name] += networks[name].vjp(parts[name], at[name], seed)
        return total, gradient

    def measured(self) -> Self | None:
        """The residuals of measured data alone, None if there are none."""
        samples = tuple(s for s in self.samples if s.points.data)
        return self._with(samples=samples) if samples else None

    def gradient(self, theta: Tensor) -> Tensor:
        """The gradient of the loss, Jᵀr (p,)."""
        return self.loss_and_gradient(theta)[1]

    def _seeded(
        self, theta: Tensor, purpose: Purpose = "products"
    ) -> Iterator[tuple[Tensor, list[Seeds], Evaluations]]:
        """Blockwise: scaled residuals (n, m), seeds per component, evaluations."""
        for light, points, scale in self._blocks():
            at = self._evaluate(theta, light, points, purpose=purpose)
            r, seeds = light.seeds(points, channels_of(at))
            scaled = [{k: scale[:, None] * v for k, v in seed.items()} for seed in seeds]
            yield scale[:, None] * r, scaled, at

    def residual_and_jacobian(
        self, theta: Tensor, out: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """r (N,) and J = ∂r/∂θ (N, p), row by row in closed form; J is written into `out` if given.

        Fresh memory for J costs more than its arithmetic: give the same `out` again where you can.
        """
        jacobian = self._matrix(theta, theta.numel()) if out is None else out
        blocks = self._row_blocks(theta, lambda start, k: jacobian[start : start + k])
        return torch.cat([r for r, _ in blocks]), jacobian

    def _matrix(self, theta: Tensor, columns: int) -> Tensor:
        return theta.new_empty((self.count, columns))

    @property
    def count(self) -> int:
        """N, the number of rows."""
        return sum(s.light.components * len(s.points) for s in self.samples)

    def _row_blocks(
        self, theta: Tensor, space: Callable[[int, int], Tensor]
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Blockwise: residuals (k,) and their rows of J (k, p), in the memory that
        space(start, k) gives.
        """
        start = 0
        sizes = {name: part.numel() for name, part in self._split(theta).items()}
        for r, seeds, at in self._seeded(theta):
            block = space(start, r.numel())
            start += r.numel()
            self._fill(block.view(*r.shape, -1), theta, seeds, at, sizes, _rows)
            yield r.flatten(), block

    def residual_and_output_jacobian(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """r (N,) and the columns (N, q) of J that belong to the output layers of all leaves."""
        sizes = {name: network.output_size for name, network in self.field.networks().items()}
        jacobian = self._matrix(theta, sum(sizes.values()))
        residuals, filled = [], 0
        for r, seeds, at in self._seeded(theta, "output"):
            residuals.append(r.flatten())
            block = jacobian[filled : filled + r.numel()].view(*r.shape, -1)
            filled += r.numel()
            self._fill(block, theta, seeds, at, sizes, _output_rows)
        return torch.cat(residuals), jacobian

    def _fill(
        self,
        block: Tensor,
        theta: Tensor,
        seeds: list[Seeds],
        at: Evaluations,
        sizes: dict[str, int],
        write: Callable[..., None],
    ) -> None:
        """Rows (n, m, columns): of each leaf that a condition involves, zero for the others."""
        networks, parts = self.field.networks(), self._split(theta)
        for j, seed in enumerate(seeds):
            for name, columns in zip(sizes, block[:, j].split([*sizes.values()], 1), strict=True):
                if name in seed:
                    write(networks[name], parts[name], at[name], seed[name], columns)
                else:
                    columns.zero_()

    def normal_equations(self, theta: Tensor) -> NormalEquations:
        """J Jᵀ and r, or JᵀJ and Jᵀr, whichever is smaller.

        The second is summed over blocks of points, so that J is never whole; the first holds J in
        memory that the next call uses again. Raises ConfigError if the memory allowed is too small
        for the smaller one.
        """
        rows, columns = self.count, theta.numel()
        space = self._spaces.setdefault("", Workspace())
        least = 3 * min(rows, columns) ** 2 * theta.element_size()
        if self.memory is not None and least > self.memory:
            raise ConfigError(
                f"the normal equations of {rows} residuals and {columns} parameters take "
                f"{least:.1e} bytes, more than the {self.memory:.1e} allowed. Take `LBFGS()` or "
                "`Adam()`, a smaller network, or a larger `Budget(memory=…)`."
            )
        if rows <= columns and self._affords(rows * columns * theta.element_size()):
            out = space.take("jacobian", (rows, columns), theta)
            return NormalEquations.of(*self.residual_and_jacobian(theta, out))
        gram, right = theta.new_zeros((columns, columns)), torch.zeros_like(theta)
        square = theta.new_zeros(())
        few = self._with(block=self._fitting(columns * theta.element_size()))
        for r, block in few._row_blocks(theta, lambda _, k: space.take("r", (k, columns), theta)):
            add_gram(gram, block)
            right.addmv_(block.T, r)
            square += r @ r
        return NormalEquations(gram, right, square)

    def _affords(self, size: int) -> bool:
        return self.memory is None or size <= self.memory // 2

    def _fitting(self, row: int) -> int:
        """How many points' rows of J, of `row` bytes each, are made at once."""
        most = ROWS if self.memory is None else min(ROWS, self.memory // 8)
        components = max(s.light.components for s in self.samples)
        return max(min(most // (row * components), *(self._block(s) for s in self.samples)), 1)

    def with_output(self, theta: Tensor, coefficients: Tensor) -> Tensor:
        """θ with the parameters of all output layers replaced by `coefficients` (q,)."""
        changed, start = theta.clone(), 0
        for name, part in self._split(changed).items():
            size = self.field.networks()[name].output_size
            part[part.numel() - size :] = coefficients[start : start + size]
            start += size
        return changed

    def output(self, theta: Tensor) -> Tensor:
        """The coefficients (q,) in θ of all output layers, one leaf after the other."""
        networks = self.field.networks()
        return torch.cat(
            [p[p.numel() - networks[n].output_size :] for n, p in self._split(theta).items()]
        )

    def separated(self, name: str, width: int, frequency: Tensor) -> blocks.Separated:
        """The blocks of the unknown `name` on `width` frozen features, each an objective.

        Raises ConfigError if there is no such unknown beside others.
        """
        system = blocks.require_part(self.field, name)
        n = max(self.sampling.counts.values())

        def features(field: Field) -> Field:
            return field.with_random_features(width, frequency, self.seed)

        def asking(problem: Problem, field: Field) -> Objective:
            whole = Objective(problem, field, rule=self.sampling.rule, seed=self.seed)
            return whole.with_count(n)._with(block=self.block, memory=self.memory)

        found = blocks.blocks(self.samples, name)
        parts = [
            asking(b.problem, blocks.narrowed(system, name, len(b.outputs), features))
            for b in found
        ]
        total = system.networks()[name].outputs
        whole = asking(self.problem, blocks.narrowed(system, name, total, features))
        rest = blocks.others(self.samples, name)
        left = None if rest is None else asking(rest, blocks.without(system, name))
        outputs = tuple(b.outputs for b in found)
        return blocks.Separated(name, whole, tuple(parts), outputs, left)

    def jacobian(self, theta: Tensor) -> Tensor:
        """J = ∂r/∂θ, shape (N, p)."""
        return self.residual_and_jacobian(theta)[1]

    def jvp(self, theta: Tensor, direction: Tensor) -> Tensor:
        """J·direction (N,), without J."""
        networks, parts, moves = self.field.networks(), self._split(theta), self._split(direction)
        found = []
        for r, seeds, at in self._seeded(theta):
            moved = {n: networks[n].jvp(parts[n], at[n], moves[n]) for n in at}
            columns = [
                torch.stack([(seed[n] * moved[n]).sum((0, 2)) for n in seed]).sum(0)
                for seed in seeds
            ]
            found.append(torch.stack(columns, dim=1).view_as(r).flatten())
        return torch.cat(found)

    def vjp(self, theta: Tensor, weights: Tensor) -> Tensor:
        """Jᵀ·weights (p,), without J; `weights` has one entry per row (N,)."""
        networks, parts = self.field.networks(), self._split(theta)
        gradient, start = torch.zeros_like(theta), 0
        into = self._split(gradient)
        for r, seeds, at in self._seeded(theta):
            w = weights[start : start + r.numel()].view_as(r)
            start += r.numel()
            for name in at:
                weighted = [w[:, j, None] * s[name] for j, s in enumerate(seeds)]
                seed = torch.stack(weighted).sum(0)
                into[name] += networks[name].vjp(parts[name], at[name], seed)
        return gradient

    # ── evolutions with affine residuals ──────────────────────────────────────────────────────

    def waves(self) -> tuple[float, ...]:
        """Radians per unit length of the highest waves along each axis: those in the data, and in
        time those that the equation makes of them.
        """
        low, high = self.problem.bounds
        half = [(b - a) / 2 or 1.0 for a, b in zip(low, high, strict=True)]
        found = spectrum.waves(self.problem, self.samples, self.field)
        found = [k / s for k, s in zip(found, half, strict=True)]
        if self.evolution is not None:
            time, given = self.evolution.axis, (self.problem, self.samples, self.field)
            found[time] = max(found[time], spectrum.rate(*given, time, found))
        return tuple(max(k, 1 / s) for k, s in zip(found, half, strict=True))

    @cached_property
    def steady(self) -> bool:
        """Whether this is an evolution whose coefficients do not depend on time."""
        time = self.evolution
        return time is not None and spectrum.steady(
            self.samples, self.field, time.axis, time.low, time.high
        )

    def later(self, by: float) -> Self:
        """The same residuals at points moved in time."""
        return self._with(samples=tuple(self._moved(s, by) for s in self.samples))

    def _moved(self, sample: Sample, by: float) -> Sample:
        positions = sample.points.positions.clone()
        positions[:, self.evolution.axis] += by  # type: ignore[union-attr]
        return replace(sample, points=replace(sample.points, positions=positions))

    def initial(self) -> Self:
        """The residuals of the initial conditions alone."""
        names = slabs.initial_names(self.problem, self.evolution.axis)  # type: ignore[union-attr]
        return self._with(samples=tuple(s for s in self.samples if s.condition.name in names))

    def data(self) -> Tensor:
        """All scaled residuals of the zero field (N,), without evaluating any field."""
        found = (s.scale[:, None] * spectrum.data(s, self.field, s.points) for s in self.samples)
        return torch.cat([r.flatten() for r in found])


def _rows(network: Network, theta: Tensor, at: Evaluation, seeds: Tensor, out: Tensor) -> None:
    network.jacobian_rows(theta, at, seeds, out)


def _output_rows(
    network: Network, theta: Tensor, at: Evaluation, seeds: Tensor, out: Tensor
) -> None:
    out.copy_(network.output_jacobian_rows(theta, at, seeds))
