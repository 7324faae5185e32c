"""Cubic B-splines on a uniform grid: a function with two continuous derivatives, locally known."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from siren_pde.derivatives import Alpha
from siren_pde.fields.plan import Plan

# rows: the four B-splines that live on a cell; columns: their coefficients of 1, t, t², t³
_CUBICS = ((1, -3, 3, -1), (4, 0, -6, 3), (1, 3, 3, -3), (0, 0, 0, 1))


class Splines(nn.Module):
    """s(x) = Σ c_k Π B(xᵢ/h − kᵢ), cubic, on cells of width h = `cell` from the corner `low` on.

    `coefficients` (m₁ + 3, …, m_d + 3) are those of m₁ × … × m_d cells; they are fixed, not
    parameters. Beyond the grid, s is what it is at the nearest point of the grid.

    Source: de Boor, A Practical Guide to Splines (1978), ch. IX and XVII.
    """

    coefficients: Tensor

    def __init__(self, low: Sequence[float], cell: float, coefficients: Tensor) -> None:
        super().__init__()
        self.low, self.cell = tuple(map(float, low)), float(cell)
        self.register_buffer("coefficients", coefficients)

    def _placed(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The cell of each x (n, d), where in it, from 0 to 1, and along which axes it is so."""
        cells = torch.tensor(self.coefficients.shape, dtype=x.dtype, device=x.device) - 3
        y = (x - x.new_tensor(self.low)) / self.cell
        within = y.clamp_min(0).minimum(cells)
        first = within.floor().minimum(cells - 1)
        return first.long(), within - first, y == within

    def numbers(self, x: Tensor) -> Tensor:
        """Which coefficients, in the order of memory, each x depends on, (n, 4^d)."""
        first, _, _ = self._placed(x)
        near, found = torch.arange(4, device=x.device), first.new_zeros((len(x), 1))
        for axis, size in enumerate(self.coefficients.shape):
            along = first[:, axis, None] + near
            found = (found[:, :, None] * size + along[:, None]).flatten(1)
        return found

    def weights(self, x: Tensor) -> Tensor:
        """With which weights, (n, 4^d)."""
        _, t, _ = self._placed(x)
        found = t.new_ones((len(x), 1))
        for column in t.unbind(1):
            found = (found[:, :, None] * _cubics(column, 0)[:, None]).flatten(1)
        return found

    def forward(self, x: Tensor) -> Tensor:
        """s (n,) at x (n, d)."""
        return self._summed(x, self._near(x), ())

    def channels(self, x: Tensor, plan: Plan) -> Tensor:
        """The derivatives of a plan, (S, n)."""
        near = self._near(x)
        found: dict[object, Tensor] = {}
        for key in plan.keys:
            if isinstance(key, tuple):
                found[key] = self._summed(x, near, key)
            else:
                found[key] = torch.stack([self._summed(x, near, (i, i)) for i in key.axes]).sum(0)
        return torch.stack([found[key] for key in plan.keys])

    def _near(self, x: Tensor) -> Tensor:
        return self.coefficients.flatten()[self.numbers(x)].to(x.dtype)

    def _summed(self, x: Tensor, near: Tensor, alpha: Alpha) -> Tensor:
        """∂^alpha s, from the coefficients near each point (n, 4^d)."""
        _, t, inside = self._placed(x)
        for axis in reversed(range(x.shape[1])):
            order = alpha.count(axis)
            basis = _cubics(t[:, axis], order) / self.cell**order
            basis = basis * inside[:, axis, None] if order else basis
            near = (near.unflatten(1, (-1, 4)) * basis[:, None]).sum(2)
        return near[:, 0]


def _cubics(t: Tensor, order: int) -> Tensor:
    """The derivatives of `order` of the four B-splines on a cell, at t (n,) from 0 to 1, (n, 4)."""
    if order > 3:
        return t.new_zeros((len(t), 4))
    table = t.new_tensor(_CUBICS) / 6
    powers = range(order, 4)
    factors = t.new_tensor([math.perm(k, order) for k in powers])
    monomials = torch.stack([t ** (k - order) for k in powers], 1)
    return (monomials * factors) @ table[:, order:].T
