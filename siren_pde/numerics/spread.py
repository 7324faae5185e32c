"""Least squares whose rows are spread over several processes: TSQR, or sums of AᵀA."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from siren_pde.errors import NonFiniteError
from siren_pde.numerics.least_squares import (
    ORTHOGONAL,
    REFINED,
    Factor,
    Fit,
    NormalEquations,
    add_gram,
    least_squares,
    norm,
    shifted_cholesky,
)
from siren_pde.processes.processes import Processes

COLUMNS = 2 << 20
"""Bytes of columns of J at a time, of all rows: a message that is long beside its latency."""


def spread_size(x: Tensor, processes: Processes) -> float:
    """The Euclidean norm of all entries of x, of which each process has some: see `norm`."""
    return norm(processes.gathered(torch.tensor([norm(x)], dtype=torch.float64)))


def spread_norm(own: Tensor, processes: Processes) -> Tensor:
    """The norm of what each process has, by its `own` norm of that, both without axes."""
    size: Tensor = torch.linalg.vector_norm(processes.gathered(own[None]))
    return size


def spread_least_squares(
    a: Tensor, b: Tensor, processes: Processes, *, tolerance: float | None = None
) -> Fit:
    """Minimise ‖A x − b‖² + μ² ‖x‖² as `least_squares` does, of which this process has the rows a
    (n, q) and b (n,), and the others the rest; x (q,) and the relative residual are those of all.

    Each process makes the R of its rows [a | b], and pairs of them that of their two R, up a binary
    tree: q² numbers travel at a time, each holds two R at most, and no Q is formed. The rows of the
    damping are the first one's, which solves and tells x. Beyond `ORTHOGONAL` columns AᵀA is summed
    instead. Overwrites a.

    Source: Demmel, Grigori, Hoemmen and Langou, SIAM J. Sci. Comput. 34 (2012), TSQR.
    """
    if not processes.several:
        return least_squares(a, b, tolerance=tolerance)
    lengths = torch.linalg.vector_norm(a, dim=0)
    squares, size = processes.summed(lengths.square(), b @ b)
    if not bool(torch.isfinite(squares).all() & torch.isfinite(size)):
        raise NonFiniteError("a matrix or right-hand side of least squares is not finite.")
    scale = torch.where(squares == 0, torch.ones_like(squares), squares.sqrt())
    a /= scale
    least = torch.finfo(a.dtype).eps if tolerance is None else tolerance
    solve = _by_normal_equations if a.shape[1] > ORTHOGONAL else _by_triangles
    y = solve(a, b, processes, least)
    r = a @ y - b
    (left,) = processes.summed(r @ r)
    return Fit(y / scale, (left / size.clamp_min(torch.finfo(b.dtype).tiny)).sqrt())


@final
@dataclass(frozen=True, eq=False)
class SpreadFactor:
    """A matrix A of which this process has the rows (n, q), factorised once by all: `solve(b)` is
    that of `Factor`, for the rows b (n,) of each.

    `matrix` has A's columns with unit lengths, `upper` (q, q) is its R with the `damping` μ below.
    """

    matrix: Tensor
    upper: Tensor
    scale: Tensor
    damping: float
    processes: Processes

    def solve(self, b: Tensor) -> Tensor:
        """The minimiser x (q,), in all processes: by Rᵀ R y = Aᵀ b and one refinement."""
        y = torch.zeros_like(self.scale)
        for _ in range(2):
            (right,) = self.processes.summed(self.matrix.T @ (b - self.matrix @ y))
            right = right - self.damping**2 * y
            y = y + torch.cholesky_solve(right[:, None], self.upper, upper=True)[:, 0]
        return y / self.scale


def spread_factor(a: Tensor, processes: Processes, *, tolerance: float) -> Factor | SpreadFactor:
    """Factorise A, of which this process has the rows a (n, q), which is overwritten; `tolerance`
    is that of `least_squares`, and large enough for AᵀA.

    Source: corrected seminormal equations, Björck (1996), § 6.6.5.
    """
    if not processes.several:
        return Factor.of(a, tolerance=tolerance)
    (squares,) = processes.summed(torch.linalg.vector_norm(a, dim=0).square())
    scale = torch.where(squares == 0, torch.ones_like(squares), squares.sqrt())
    a /= scale
    damping = tolerance * a.shape[1] ** 0.5
    upper = processes.broadcast(_triangle(a, processes, damping))
    return SpreadFactor(a, upper, scale, damping, processes)


def _by_triangles(a: Tensor, b: Tensor, processes: Processes, tolerance: float) -> Tensor:
    """y (q,) of the scaled rows, by TSQR."""
    q = a.shape[1]
    upper = _triangle(torch.cat([a, b[:, None]], dim=1), processes, tolerance * q**0.5)
    y = upper.new_empty((q,))
    if processes.first:
        y = torch.linalg.solve_triangular(upper[:q, :q], upper[:q, q:], upper=True)[:, 0]
    return processes.broadcast(y)


def _triangle(rows: Tensor, processes: Processes, damping: float) -> Tensor:
    """The R (k, k) of the rows (n, k) of all processes, those of the damping among them, up a
    binary tree: that of the first process is it.
    """
    k, step = rows.shape[1], 1
    if processes.first:
        rows = torch.cat([rows, damping * torch.eye(k, dtype=rows.dtype, device=rows.device)])
    upper: Tensor = torch.linalg.qr(rows, mode="r").R
    if len(upper) < k:  # of fewer rows than columns
        upper = torch.cat([upper, upper.new_zeros((k - len(upper), k))])
    while step < processes.count:
        other = processes.passed(upper, step)
        if other is not None:
            upper = torch.linalg.qr(torch.cat([upper, other]), mode="r").R
        step *= 2
    return upper


def _by_normal_equations(a: Tensor, b: Tensor, processes: Processes, tolerance: float) -> Tensor:
    """y (q,) by Cholesky of AᵀA + σ, with the smallest σ that rounding allows, and refinements."""
    gram = a.new_zeros((a.shape[1], a.shape[1]))
    add_gram(gram, a)
    (gram,) = processes.summed(gram)
    shift = tolerance * gram.diagonal().sum()
    while (factor := shifted_cholesky(gram, shift)) is None:
        shift = 10 * shift
    y = torch.zeros_like(a[0]) if len(a) else a.new_zeros((a.shape[1],))
    for _ in range(REFINED):
        (right,) = processes.summed(a.T @ (b - a @ y))
        y = y + torch.cholesky_solve(right[:, None], factor)[:, 0]
    return y


def spread_normal_equations(r: Tensor, jacobian: Tensor, processes: Processes) -> NormalEquations:
    """The equations (J Jᵀ + λ) y = r of which this process has some rows r (n,) and J (n, p).

    J Jᵀ (N, N) is summed over groups of columns of J, each made by one process, which has all rows
    of these alone: `COLUMNS` bytes at a time travel, and nobody holds more of J than its rows.
    """
    counts = [int(n) for n in processes.gathered(torch.tensor([len(r)]))]
    before = sum(counts[: processes.rank])
    own, right = slice(before, before + len(r)), processes.gathered(r)
    gram = r.new_zeros((len(right), len(right)))
    width = max(COLUMNS // (len(right) * r.element_size()), 1)
    for number, columns in enumerate(torch.split(jacobian, width, 1)):
        whole = processes.gathered(columns.contiguous())
        if number % processes.count == processes.rank:
            add_gram(gram, whole.T)
    (gram,) = processes.summed(gram)

    def transposed(y: Tensor) -> Tensor:
        return processes.summed(jacobian.T @ y[own])[0]

    return NormalEquations(gram, right, right @ right, jacobian, transposed)
