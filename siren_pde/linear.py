"""Linear algebra on dense systems: rank-revealing least squares and shifted Cholesky."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Fit:
    """The minimiser x (q,) of ‖A x − b‖ and its relative residual ‖A x − b‖ / ‖b‖."""

    x: Tensor
    relative_residual: Tensor


PIVOTED = 4000
"""Up to so many columns, pivoted QR; beyond, its memory traffic would cost minutes."""


def least_squares(a: Tensor, b: Tensor, *, tolerance: float | None = None) -> Fit:
    """Minimise ‖A x − b‖ with A (N, q), b (N,), columns scaled to unit length. Overwrites A.

    Directions whose singular value lies below `tolerance` times the largest are left out; the
    default is the rounding unit. Up to `PIVOTED` columns AᵀA, which would square the condition
    number, is never formed; beyond, it is, and refinement makes good what that loses down to a
    relative residual of about 1e-8.

    Sources: column-pivoted complete orthogonal factorisation (LAPACK gelsy), or on devices without
    it the singular values of the triangular factor; corrected normal equations (Björck, Numerical
    Methods for Least Squares Problems, 1996, § 6.6).
    """
    tolerance = torch.finfo(a.dtype).eps if tolerance is None else tolerance
    scale = torch.linalg.vector_norm(a, dim=0)
    scale = torch.where(scale > 0, scale, torch.ones_like(scale))
    a /= scale
    if a.shape[1] > PIVOTED:
        y = _normal_equations(a, b, tolerance)
    elif a.device.type == "cpu":
        solved = torch.linalg.lstsq(a, b[:, None], rcond=tolerance, driver="gelsy")
        y = solved.solution[:, 0]
    else:
        q, r = torch.linalg.qr(a)
        u, s, vt = torch.linalg.svd(r, full_matrices=False)
        inverse = torch.where(s > tolerance * s[0], 1 / s, torch.zeros_like(s))
        y = vt.T @ (inverse * (u.T @ (q.T @ b)))
    size = torch.linalg.vector_norm(b).clamp_min(torch.finfo(b.dtype).tiny)
    return Fit(y / scale, torch.linalg.vector_norm(a @ y - b) / size)


def _normal_equations(a: Tensor, b: Tensor, tolerance: float) -> Tensor:
    """Cholesky of AᵀA + σ with the smallest σ that rounding allows, and three refinements."""
    gram = a.T @ a
    shift = tolerance * gram.diagonal().sum()
    while (factor := shifted_cholesky(gram, shift)) is None:
        shift = 10 * shift
    y = torch.zeros_like(a[0])
    for _ in range(4):
        y = y + torch.cholesky_solve((a.T @ (b - a @ y))[:, None], factor)[:, 0]
    return y


def shifted_cholesky(gram: Tensor, shift: float | Tensor) -> Tensor | None:
    """The lower factor of gram + shift·1, or None where rounding has made that indefinite."""
    shifted = gram.clone()
    shifted.diagonal().add_(shift)
    factor, info = torch.linalg.cholesky_ex(shifted)
    return None if int(info) else factor
