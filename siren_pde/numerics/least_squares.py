"""Linear algebra on dense systems: damped least squares and shifted Cholesky."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from siren_pde.errors import NonFiniteError


@dataclass(frozen=True)
class Fit:
    """The minimiser x (q,) of ‖A x − b‖ and its relative residual ‖A x − b‖ / ‖b‖."""

    x: Tensor
    relative_residual: Tensor


ORTHOGONAL = 5000
"""Up to so many columns by orthogonal transformations: 2 N q² operations with N = 2 q rows are
then half a minute at 20 Gflop/s, and eight times that for twice as many columns.
"""
REFINED = 4
"""Solutions with the factor of AᵀA, the first and its refinements."""


def least_squares(a: Tensor, b: Tensor, *, tolerance: float | None = None) -> Fit:
    """Minimise ‖A x − b‖² + μ² ‖x‖² with A (N, q), b (N,), columns scaled to unit length.

    μ is `tolerance` times the Frobenius norm of the scaled A, √q; its default is the rounding unit:
    directions that A determines are as without it, those it does not stay small, and the result is
    as accurate as with column pivoting, in matrix products. Overwrites A. Up to `ORTHOGONAL`
    columns AᵀA, which would square the condition number, is never formed; beyond, it is, and
    refinement makes good what that loses down to a relative residual of about 1e-8. Raises
    NonFiniteError for NaN and infinity, on which LAPACK fails in its own ways.

    Sources: Tikhonov regularisation by QR of the augmented matrix, and corrected normal equations
    (Björck, Numerical Methods for Least Squares Problems, 1996, § 2.7.2 and § 6.6).
    """
    scale = _unit_columns(a)
    if not bool(torch.isfinite(scale).all() & torch.isfinite(b).all()):
        raise NonFiniteError("a matrix or right-hand side of least squares is not finite.")
    if a.shape[1] > ORTHOGONAL:
        y = _normal_equations(a, b, _tolerance(a, tolerance))
    else:
        right = torch.cat([b, torch.zeros_like(scale)])[:, None]
        y = torch.linalg.lstsq(_damped(a, tolerance), right, driver="gels").solution[:, 0]
    size = torch.linalg.vector_norm(b).clamp_min(torch.finfo(b.dtype).tiny)
    return Fit(y / scale, torch.linalg.vector_norm(a @ y - b) / size)


@dataclass(frozen=True)
class Factor:
    """A matrix A (N, q), factorised once: `solve(b)` is the x of `least_squares(A, b)`.

    `orthogonal` (N, q) and `upper` (q, q) are the QR factors of A with unit columns, augmented.
    """

    orthogonal: Tensor
    upper: Tensor
    scale: Tensor

    @staticmethod
    def of(a: Tensor, *, tolerance: float | None = None) -> Factor:
        """Factorise A, which is overwritten; `tolerance` is that of `least_squares`."""
        scale = _unit_columns(a)
        orthogonal, upper = torch.linalg.qr(_damped(a, tolerance))
        return Factor(orthogonal[: len(a)].contiguous(), upper, scale)

    def solve(self, b: Tensor) -> Tensor:
        """The minimiser x (q,) for a right-hand side b (N,), in two products."""
        y = (b @ self.orthogonal.conj())[:, None]
        x: Tensor = torch.linalg.solve_triangular(self.upper, y, upper=True)[:, 0]
        return x / self.scale

    def left(self, b: Tensor) -> Tensor:
        """What the columns of A leave of b, (N,) or (N, k): b − A x for the best x."""
        return b - self.orthogonal @ (self.orthogonal.T @ b)


def least_norm(a: Tensor, b: Tensor) -> Tensor:
    """Of all x (q,) or (q, k) that minimise ‖A x − b‖, the smallest: A (N, q) may have any rank.

    The driver of LAPACK that does this is none of a GPU, so that small systems come to the
    processor; the answer goes to where A is.
    """
    columns = b[:, None] if b.ndim == 1 else b
    x: Tensor = torch.linalg.lstsq(a.cpu(), columns.cpu(), driver="gelsd").solution.to(a.device)
    return x[:, 0] if b.ndim == 1 else x


def norm(x: Tensor) -> float:
    """The Euclidean norm of all entries of x, also where their squares leave the number range."""
    size = float(torch.linalg.vector_norm(x))
    info = torch.finfo(x.dtype)
    if math.sqrt(info.tiny) / info.eps < size < math.inf or not x.numel():
        return size
    largest = float(torch.linalg.vector_norm(x, math.inf))
    if not 0 < largest < math.inf:
        return largest
    return largest * float(torch.linalg.vector_norm(x / largest))


def _unit_columns(a: Tensor) -> Tensor:
    """Scale the columns of A to unit length in place; their lengths (q,), one for zero columns."""
    scale = torch.linalg.vector_norm(a, dim=0)
    scale = torch.where(scale == 0, torch.ones_like(scale), scale)
    a /= scale
    return scale


def _tolerance(a: Tensor, given: float | None) -> float:
    return torch.finfo(a.dtype).eps if given is None else given


def _damped(a: Tensor, tolerance: float | None) -> Tensor:
    """A with the rows μ·1 below it (N + q, q)."""
    q = a.shape[1]
    damping = torch.eye(q, dtype=a.dtype, device=a.device) * (_tolerance(a, tolerance) * q**0.5)
    return torch.cat([a, damping])


def _normal_equations(a: Tensor, b: Tensor, tolerance: float) -> Tensor:
    """Cholesky of AᵀA + σ with the smallest σ that rounding allows, and refinements."""
    gram = a.new_zeros((a.shape[1], a.shape[1]))
    add_gram(gram, a)
    shift = tolerance * gram.diagonal().sum()
    while (factor := shifted_cholesky(gram, shift)) is None:
        shift = 10 * shift
    y = torch.zeros_like(a[0])
    for _ in range(REFINED):
        y = y + torch.cholesky_solve((a.T @ (b - a @ y))[:, None], factor)[:, 0]
    return y


def shifted_cholesky(gram: Tensor, shift: float | Tensor) -> Tensor | None:
    """The lower factor of gram + shift·1, or None where rounding has made that indefinite."""
    shifted = gram.clone()
    shifted.diagonal().add_(shift)
    factor, info = torch.linalg.cholesky_ex(shifted)
    return None if int(info) else factor


PANEL = 256
"""Columns of AᵀA at a time: of 32 … 1500 the fastest for A (3000, 1500) in float64 on one core."""


def add_gram(gram: Tensor, a: Tensor) -> None:
    """Add AᵀA (q, q) of A (N, q) to the lower triangle, block column by block column.

    What lies above the blocks on the diagonal is left as it is.
    """
    for start in range(0, a.shape[1], PANEL):
        panel = slice(start, start + PANEL)
        gram[start:, panel].addmm_(a[:, start:].T, a[:, panel])


@dataclass(frozen=True)
class NormalEquations:
    """The equations of a linear model r + J d of N residuals, in p columns or in N rows.

    With `jacobian` (N, p) they are (J Jᵀ + λ) y = r and d = −Jᵀy; without, (JᵀJ + λ) d = −Jᵀr.
    `gram` is the matrix, its lower triangle filled, `right` the right-hand side, and `square` ‖r‖².
    """

    gram: Tensor
    right: Tensor
    square: Tensor
    jacobian: Tensor | None = None

    @staticmethod
    def of(r: Tensor, jacobian: Tensor) -> NormalEquations:
        """The smaller form, for J (N, p)."""
        rows, columns = jacobian.shape
        gram = r.new_zeros((min(rows, columns),) * 2)
        if rows <= columns:
            add_gram(gram, jacobian.T)
            return NormalEquations(gram, r, r @ r, jacobian)
        add_gram(gram, jacobian)
        return NormalEquations(gram, jacobian.T @ r, r @ r)

    @property
    def mean_diagonal(self) -> Tensor:
        """The mean of the diagonal of `gram`: λ is measured in it."""
        return self.gram.diagonal().mean()

    def step(self, shift: float) -> tuple[Tensor, Tensor] | None:
        """d (p,) for λ = shift · `mean_diagonal`, and the predicted decrease ‖r‖² − ‖r + J d‖².

        None where rounding has made the matrix indefinite.
        """
        damping = shift * self.mean_diagonal
        factor = shifted_cholesky(self.gram, damping)
        if factor is None:
            return None
        y = torch.cholesky_solve(self.right[:, None], factor)[:, 0]
        if self.jacobian is not None:  # r + J d = λ y
            return -(self.jacobian.T @ y), self.square - damping**2 * y.square().sum()
        return -y, self.right @ y + damping * y.square().sum()


def damped_solutions(a: Tensor, b: Tensor, tolerances: Sequence[float]) -> Iterator[Tensor]:
    """The x (q,) of `least_squares(A, b, tolerance=…)` for each tolerance, in ascending order.

    A (N, q) is factorised once; each further tolerance costs what a system of 2 q rows does. Those
    below the rounding unit are that. Overwrites A.
    """
    scale = _unit_columns(a)
    q, least = a.shape[1], torch.finfo(a.dtype).eps
    right = torch.cat([b, torch.zeros_like(scale)])[:, None]
    upper = torch.linalg.qr(torch.cat([_damped(a, None), right], dim=1), mode="r").R[:q]
    triangle, z = upper[:, :q], upper[:, q:]
    for tolerance in tolerances:
        more = math.sqrt(max(tolerance**2 - least**2, 0.0))
        if more == 0.0:
            y = torch.linalg.solve_triangular(triangle, z, upper=True)
        else:
            rows, ends = _damped(triangle, more), torch.cat([z, torch.zeros_like(z)])
            y = torch.linalg.lstsq(rows, ends, driver="gels").solution
        yield y[:, 0] / scale
