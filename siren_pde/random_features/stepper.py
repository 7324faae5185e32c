"""The one matrix of equal slabs of time: factorised once, it hands coefficients on."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from siren_pde.collocation.objective import Objective
from siren_pde.numerics.least_squares import Factor
from siren_pde.random_features.evolution import Evolution
from siren_pde.random_features.output_system import OutputSystem, Weights

LOOKED = 60
"""Slabs after which the growth of noise is known."""


@dataclass(frozen=True)
class Side:
    """Residuals of the first slab at some points, and what they are in all later ones.

    `scale` (N,) makes conditions comparable; `starts` (m,) are the rows of the initial conditions,
    and `ahead` (m, q) the same rows at the end of the slab.
    """

    objective: Objective
    axis: int
    scale: Tensor
    starts: Tensor
    ahead: Tensor

    @staticmethod
    def of(objective: Objective, time: Evolution, weights: Weights, length: float) -> Side:
        """For features that are in place, and slabs of a length."""
        like, rows = objective.parameters, objective.collocated.slices
        initial = time.initial_residuals(objective.collocated)
        scale = like.new_empty((objective.collocated.count,))
        for name, those in rows.items():
            scale[those] = weights[name]
        numbers = torch.arange(len(scale), device=like.device)
        starts = torch.cat([numbers[rows[r.condition.name]] for r in initial.rows])
        end = replace(objective, collocated=initial.shifted(time.axis, length))
        ahead = OutputSystem.of(end, like).matrix
        return Side(objective, time.axis, scale, starts, ahead * scale[starts][:, None])

    def right(self, c: Tensor, by: float) -> Tensor:
        """The residuals (N,) of the zero field in the slab `by` later, handed over from c (q,)."""
        later = self.objective.collocated.shifted(self.axis, by)
        right = later.zero_field_residual(self.objective.field) * self.scale
        right[self.starts] = -self.ahead @ c
        return right


@dataclass(frozen=True)
class Matrices:
    """What a stepper multiplies by.

    `solved` are the residuals that determine a slab, their matrix factorised; `judged` those at
    fresh points, with their matrix (N, q).
    """

    solved: Side
    judged: Side
    factor: Factor
    judge: Tensor


@dataclass(frozen=True, eq=False)
class Stepper:
    """From the coefficients c of one slab to those of the next, by products with two matrices.

    It is for the residuals of the first slab, with features in place, and slabs of a length. The
    initial conditions have the problem's own residuals, whose values at the end of one slab are
    asked of the next.
    """

    objective: Objective
    time: Evolution
    length: float

    @cached_property
    def matrices(self) -> Matrices:
        """Made of the residuals when they are needed first."""
        objective, theta = self.objective, self.objective.parameters
        fresh = objective.redrawn(objective.seed + 1)
        system, judge = OutputSystem.of(objective, theta), OutputSystem.of(fresh, theta).matrix
        weights, a = system.balance(), system.matrix
        solved, judged = (
            Side.of(each, self.time, weights, self.length) for each in (objective, fresh)
        )
        a *= solved.scale[:, None]
        return Matrices(solved, judged, Factor.of(a), judge * judged.scale[:, None])

    def amplification(self, slabs: int) -> float:
        """How many times larger noise in the initial values is after so many slabs, once what the
        first ones do to it is over.

        In general it measures how the solutions themselves grow; where they do not, it should be
        about one, but with too few points it is not: nothing then holds the end of a slab.
        """
        matrices = self.matrices
        side, looked = matrices.solved, max(min(slabs, LOOKED), 2)
        like = side.scale
        generator = torch.Generator(device=like.device).manual_seed(0)
        noise = torch.randn(
            (len(side.starts),), generator=generator, dtype=like.dtype, device=like.device
        )
        sizes: list[float] = []
        for _ in range(looked):
            b = torch.zeros_like(like)
            b[side.starts] = noise
            noise = side.ahead @ matrices.factor.solve(b)
            size = float(torch.linalg.vector_norm(noise))
            if not size > 0:
                return 0.0
            noise, sizes = noise / size, [*sizes, size]
        later = sizes[looked // 2 :]
        each = math.fsum(math.log(size) for size in later) / len(later)
        return math.exp(min(each * slabs, 700.0))

    def next(self, c: Tensor, by: float) -> tuple[Tensor, float, float]:
        """The coefficients of the slab `by` later than the first, and the sizes at fresh points of
        its residual and of that of the zero field.
        """
        own = self.matrices
        solved, judged = (side.right(c, by) for side in (own.solved, own.judged))
        following = -own.factor.solve(solved)
        left = torch.linalg.vector_norm(own.judge @ following + judged)
        return following, float(left), float(torch.linalg.vector_norm(judged))
