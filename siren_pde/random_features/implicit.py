"""One slab of an implicit march: Newton's method on the equations of Radau's collocation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from siren_pde.numerics.least_squares import least_squares
from siren_pde.numerics.normal_factor import NormalFactor
from siren_pde.numerics.radau import Radau
from siren_pde.random_features.stages import Lines

COUPLED = 150
"""Up to so many unknowns of all stages, their equations are solved together, linearised at each."""
MOST = 10
"""Newton's steps at most: more take longer than two shorter slabs."""
SLOW = 0.9
"""Steps that shrink by less than this do not converge."""
ROUNDED = 1e-15
"""Moves this small, beside the values, are rounding."""
CLOSE = 1e-2
"""How much smaller than the tolerance moves have to become."""


@dataclass(frozen=True, eq=False)
class Level:
    """What a slab starts with: a time, the coefficients (Q,) of the values and of derivatives in
    time below the order, and those of that order, `top`.
    """

    time: float
    parts: tuple[Tensor, ...]
    top: Tensor


@dataclass(frozen=True, eq=False)
class Linear:
    """The equations of a slab, linearised and factorised: `slopes` (N, Q) by the coefficients of
    each order in time are those of all stages together.
    """

    radau: Radau
    length: float
    slopes: Sequence[Tensor]
    weights: Tensor
    factors: tuple[NormalFactor, ...]

    @staticmethod
    def of(
        radau: Radau,
        lines: Lines,
        length: float,
        slopes: Sequence[Tensor],
        *,
        only: int | None = None,
    ) -> Linear:
        """Factorised for each rate, or for the first `only`."""
        weights, factors = torch.ones_like(slopes[0][:, 0]), []
        for k, rate in enumerate(radau.rates[:only]):
            matrix = _powers(slopes, (rate if k else rate.real) / length)
            if not k:
                weights = _balance(matrix, lines)
            factors.append(NormalFactor.of(matrix * weights[:, None]))
        return Linear(radau, length, slopes, weights, tuple(factors))

    def solve(self, r: Tensor) -> Tensor:
        """The stages (s, Q) whose residuals (s, N) are least far from r."""
        right = self.radau.decoupled(r * self.weights)
        parts = [
            factor.solve(b if k else b.real).to(right.dtype)
            for k, (factor, b) in enumerate(zip(self.factors, right, strict=True))
        ]
        return self.radau.recombined(torch.stack(parts))

    def filtered(self, defects: Sequence[Tensor]) -> Tensor:
        """The error (Q,) that defects of each derivative at the start lead to: stiff parts of
        them die away.
        """
        rate, r = self.radau.rate / self.length, torch.zeros_like(self.weights)
        for k, slope in enumerate(self.slopes):
            for j in range(k):
                r = r + slope @ (rate ** (k - 1 - j) / self.length * defects[j])
        return self.factors[0].solve(r * self.weights)


def _powers(slopes: Sequence[Tensor], rate: complex | float) -> Tensor:
    matrix = slopes[0].to(torch.complex128) if isinstance(rate, complex) else slopes[0].clone()
    for k, slope in enumerate(slopes[1:], 1):
        matrix = matrix + rate**k * slope
    return matrix


def _balance(matrix: Tensor, lines: Lines) -> Tensor:
    """The factors (N,) that give the rows of each component a mean square of one."""
    weights = torch.ones_like(matrix[:, 0])
    for rows in lines.components():
        size = float(torch.linalg.vector_norm(matrix[rows])) / math.sqrt(matrix.shape[1])
        weights[rows] = 1 / size if 0 < size < math.inf else 1.0
    return weights


@dataclass(frozen=True, eq=False)
class Stages:
    """The equations of a slab solved: increments (s, Q), and coefficients of each order there.

    `linear` is what they were solved with, `steps` how many steps it took, `contraction` how much
    the last ones shrank.
    """

    increments: Tensor
    parts: list[Tensor]
    linear: Linear
    steps: int
    contraction: float


def parts_of(radau: Radau, start: Level, increments: Tensor, length: float) -> list[Tensor]:
    """The coefficients (s, Q) at the stages of values and of each derivative in time."""
    parts, apart = [start.parts[0] + increments], increments
    for known in (*start.parts[1:], None):
        slope = radau.slopes @ apart / length
        parts.append(slope)
        if known is not None:
            apart = slope - known
    return parts


@dataclass(frozen=True, eq=False)
class Collocation:
    """How slabs are solved: stages, lines, the sizes of unknowns, and how well.

    `norm` takes coefficients (…, Q) to the sizes of functions, relative to those of the solution.
    """

    radau: Radau
    lines: Lines
    tolerance: float

    def solved(
        self, start: Level, length: float, guess: Tensor, scale: Tensor, linear: Linear | None
    ) -> Stages | None:
        """The stages of a slab; None where Newton's method does not converge."""
        coupled = self.radau.stages * self.lines.basis.size <= COUPLED
        z, last, contraction = guess, math.inf, 0.0
        times = start.time + length * self.radau.nodes
        for step in range(MOST):
            parts = parts_of(self.radau, start, z, length)
            if coupled:
                r, slopes = self.lines.linearised(times, parts)
                move = self._coupled(r, slopes, length)
            else:
                if linear is None:
                    r, slopes = self.lines.linearised(times, parts, mean=True)
                    linear = self._linear([slope[0] for slope in slopes], length)
                else:
                    r = self.lines.residual(times, parts)
                if not bool(torch.isfinite(r).all()):
                    return None
                move = linear.solve(r)
            z = z - move
            reached = self.lines.basis.sizes(start.parts[0] + z[-1], self._places)
            size = self.size(move, torch.maximum(scale, torch.nan_to_num(reached, posinf=0.0)))
            if not math.isfinite(size):
                return None
            contraction = size / last if step else 0.0
            settled = size * (max(contraction, 1e-3) if step else 1.0)
            if settled <= CLOSE * self.tolerance or size <= ROUNDED:
                parts = parts_of(self.radau, start, z, length)
                if coupled:
                    mean = [slope.mean(0) for slope in slopes]
                    linear = self._linear(mean, length, only=1)
                assert linear is not None
                return Stages(z, parts, linear, step + 1, contraction)
            if step and contraction > SLOW:
                return None
            last = size
        return None

    def size(self, move: Tensor, scale: Tensor) -> float:
        """The largest of the functions' sizes (…, networks), beside those of the solution."""
        return float((self.lines.basis.sizes(move, self._places) / scale).max())

    @property
    def _places(self) -> Tensor:
        return self.lines.rows[0].points.positions

    def _linear(self, slopes: list[Tensor], length: float, only: int | None = None) -> Linear:
        return Linear.of(self.radau, self.lines, length, slopes, only=only)

    def _coupled(self, r: Tensor, slopes: list[Tensor], length: float) -> Tensor:
        """The move (s, Q) of all stages that makes their residuals (s, N) least."""
        s, n, q = slopes[0].shape
        power, matrix = torch.eye(s, dtype=r.dtype), r.new_zeros((s, n, s, q))
        for slope in slopes:
            matrix += slope[:, :, None, :] * power[:, None, :, None]
            power = power @ self.radau.slopes / length
        flat = matrix.view(s * n, s * q)
        size = torch.linalg.vector_norm(flat, dim=1, keepdim=True).clamp_min(1e-300)
        right = (r.flatten()[:, None] / size)[:, 0]
        if n == q:
            move, info = torch.linalg.solve_ex(flat / size, right[:, None])
            if not int(info) and bool(torch.isfinite(move).all()):
                solved: Tensor = move[:, 0]
                return solved.view(s, q)
        fitted: Tensor = least_squares(flat / size, right).x
        return fitted.view(s, q)
