"""The one matrix of equal slabs of time: factorised once, it hands coefficients on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from siren_pde.numerics.least_squares import Factor
from siren_pde.random_features.output_layer import balancing

LOOKED = 60
"""Slabs after which the growth of noise is known."""


@dataclass(frozen=True)
class Side:
    """Residuals of the first slab at some points, and what they are in all later ones.

    `scale` (N,) makes conditions comparable; `starts` (m,) are the rows of the initial conditions,
    and `ahead` (m, q) the same rows at the end of the slab.
    """

    objective: Any
    scale: Tensor
    starts: Tensor
    ahead: Tensor

    @staticmethod
    def of(objective: Any, weights: dict[str, float], length: float) -> Side:
        """For features that are in place, and slabs of a length."""
        like, rows, initial = objective.parameters, objective.rows(), objective.initial()
        scale = like.new_empty((objective.count,))
        for name, those in rows.items():
            scale[those] = weights[name]
        numbers = torch.arange(len(scale), device=like.device)
        starts = torch.cat([numbers[rows[s.condition.name]] for s in initial.samples])
        _, ahead = initial.later(length).residual_and_output_jacobian(like)
        return Side(objective, scale, starts, ahead * scale[starts][:, None])

    def right(self, c: Tensor, by: float) -> Tensor:
        """The residuals (N,) of the zero field in the slab `by` later, handed over from c (q,)."""
        found = self.objective.later(by).data() * self.scale
        found[self.starts] = -self.ahead @ c
        return found


@dataclass(frozen=True)
class Stepper:
    """From the coefficients c of one slab to those of the next, by products with two matrices.

    `solved` are the residuals that determine a slab, their matrix factorised; `judged` those at
    fresh points, with their matrix (N, q).
    """

    solved: Side
    judged: Side
    factor: Factor
    judge: Tensor

    @staticmethod
    def of(objective: Any, length: float) -> Stepper:
        """For the residuals of the first slab, with features in place, and slabs of a length.

        The initial conditions have the problem's own residuals, whose values at the end of one slab
        are asked of the next.
        """
        fresh, theta = objective.redrawn(objective.seed + 1), objective.parameters
        _, a = objective.residual_and_output_jacobian(theta)
        weights = balancing(objective, a)
        solved, judged = (Side.of(rows, weights, length) for rows in (objective, fresh))
        a *= solved.scale[:, None]
        judge = fresh.residual_and_output_jacobian(theta)[1] * judged.scale[:, None]
        return Stepper(solved, judged, Factor.of(a), judge)

    def amplification(self, slabs: int) -> float:
        """How many times larger noise in the initial values is after so many slabs, once what the
        first ones do to it is over.

        In general it measures how the solutions themselves grow; where they do not, it should be
        about one, but with too few points it is not: nothing then holds the end of a slab.
        """
        side, looked = self.solved, max(min(slabs, LOOKED), 2)
        like = side.scale
        generator = torch.Generator(device=like.device).manual_seed(0)
        noise = torch.randn(
            (len(side.starts),), generator=generator, dtype=like.dtype, device=like.device
        )
        sizes: list[float] = []
        for _ in range(looked):
            b = torch.zeros_like(like)
            b[side.starts] = noise
            noise = side.ahead @ self.factor.solve(b)
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
        solved, judged = (side.right(c, by) for side in (self.solved, self.judged))
        found = -self.factor.solve(solved)
        left = torch.linalg.vector_norm(self.judge @ found + judged)
        return found, float(left), float(torch.linalg.vector_norm(judged))
