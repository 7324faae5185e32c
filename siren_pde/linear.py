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


def least_squares(a: Tensor, b: Tensor, *, tolerance: float | None = None) -> Fit:
    """Minimise ‖A x − b‖ with A (N, q), b (N,), columns scaled to unit length.

    Directions whose singular value lies below `tolerance` times the largest are left out; the
    default is the rounding unit. Never forms AᵀA, which would square the condition number.
    Source: column-pivoted complete orthogonal factorisation (LAPACK gelsy); on devices without it
    the singular values of the triangular factor.
    """
    tolerance = torch.finfo(a.dtype).eps if tolerance is None else tolerance
    scale = torch.linalg.vector_norm(a, dim=0)
    scale = torch.where(scale > 0, scale, torch.ones_like(scale))
    scaled = a / scale
    if a.device.type == "cpu":
        solved = torch.linalg.lstsq(scaled, b[:, None], rcond=tolerance, driver="gelsy")
        y = solved.solution[:, 0]
    else:
        q, r = torch.linalg.qr(scaled)
        u, s, vt = torch.linalg.svd(r, full_matrices=False)
        inverse = torch.where(s > tolerance * s[0], 1 / s, torch.zeros_like(s))
        y = vt.T @ (inverse * (u.T @ (q.T @ b)))
    size = torch.linalg.vector_norm(b).clamp_min(torch.finfo(b.dtype).tiny)
    return Fit(y / scale, torch.linalg.vector_norm(scaled @ y - b) / size)


def shifted_cholesky(gram: Tensor, shift: float | Tensor) -> Tensor | None:
    """The lower factor of gram + shift·1, or None where rounding has made that indefinite."""
    shifted = gram.clone()
    shifted.diagonal().add_(shift)
    factor, info = torch.linalg.cholesky_ex(shifted)
    return None if int(info) else factor
