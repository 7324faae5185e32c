"""Least squares by the Cholesky factor of AᴴA, for those who correct what that loses."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from siren_pde.numerics.least_squares import shifted_cholesky

SHIFT = 1e-15
"""What is added to the diagonal of AᴴA, beside its trace: ten times more until it is definite."""


@dataclass(frozen=True, eq=False)
class NormalFactor:
    """A matrix A (N, q), real or complex, by its normal equations: several times faster than `QR`.

    Half of the digits are lost, so `solve` refines once, and whoever iterates makes good the rest:
    where x is right, Aᴴ(b − A x) is zero to all digits.
    """

    matrix: Tensor
    lower: Tensor
    scale: Tensor

    @staticmethod
    def of(a: Tensor) -> NormalFactor:
        """Factorise A."""
        scale = torch.linalg.vector_norm(a, dim=0).clamp_min(torch.finfo(a.dtype).tiny)
        unit = a / scale
        gram, shift = unit.mH @ unit, SHIFT * a.shape[1]
        while (lower := shifted_cholesky(gram, shift)) is None:
            shift *= 10
        return NormalFactor(unit, lower, scale)

    def solve(self, b: Tensor) -> Tensor:
        """Nearly the minimiser x (q,) of ‖A x − b‖."""
        y = self._nearly(b)
        y = y + self._nearly(b - self.matrix @ y)
        return y / self.scale

    def _nearly(self, b: Tensor) -> Tensor:
        return torch.cholesky_solve((self.matrix.mH @ b)[:, None], self.lower)[:, 0]
