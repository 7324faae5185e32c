"""Cubic B-splines on a uniform grid: a function with two continuous derivatives, locally known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from siren_pde.fields.engine.plan import Plan

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

    def _placed(self, x: Tensor) -> _Place:
        cells = torch.tensor(self.coefficients.shape, dtype=x.dtype, device=x.device) - 3
        y = (x - x.new_tensor(self.low)) / self.cell
        within = y.clamp_min(0).minimum(cells)
        first = within.floor().minimum(cells - 1)
        steps = torch.tensor(self.coefficients.stride(), device=x.device)
        near, around = torch.arange(4, device=x.device), steps.new_zeros(1)
        for step in steps:
            around = (around[:, None] + step * near).flatten()
        numbers = (first.long() * steps).sum(1) + around[:, None]
        return _Place(self, numbers, (within - first).T, (y == within).T)

    def fits(self, other: Splines) -> bool:
        """Whether the other ones are on the same grid."""
        there = (other.low, other.cell, other.coefficients.shape)
        return (self.low, self.cell, self.coefficients.shape) == there

    def __add__(self, other: Splines) -> Splines:
        """The sum of two functions on the same grid."""
        return Splines(self.low, self.cell, self.coefficients + other.coefficients)

    def continued(self) -> Splines:
        """The same on its grid, and on one more cell on each side what the polynomials say there.

        No derivative jumps at the ends: the fourth differences of the coefficients vanish.
        """
        c = self.coefficients
        for axis in range(c.dim()):
            first, last = c.narrow(axis, 0, 4), c.narrow(axis, -4, 4).flip(axis)
            before, after = (
                4 * one.narrow(axis, 0, 1)
                - 6 * one.narrow(axis, 1, 1)
                + 4 * one.narrow(axis, 2, 1)
                - one.narrow(axis, 3, 1)
                for one in (first, last)
            )
            c = torch.cat([before, c, after], axis)
        return Splines([low - self.cell for low in self.low], self.cell, c)

    def rows(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Which coefficients, in the order of memory, each x depends on, and how, (n, 4^d) both."""
        place = self._placed(x)
        weights = place.t.new_ones((1, len(x)))
        for axis in range(len(place.t)):
            weights = (weights[:, None] * place.basis(axis, 0)).flatten(0, 1)
        return place.numbers.int().T, weights.T

    def forward(self, x: Tensor) -> Tensor:
        """s (n,) at x (n, d)."""
        return self._placed(x).sum((0,) * x.shape[1])[0]

    def channels(self, x: Tensor, plan: Plan) -> Tensor:
        """The derivatives of a plan, (S, n)."""
        place, channels = self._placed(x), []
        for key in plan.keys:
            parts = [key] if isinstance(key, tuple) else [(i, i) for i in key.axes]
            orders = [tuple(alpha.count(i) for i in range(x.shape[1])) for alpha in parts]
            channels.append(torch.stack([place.sum(each)[0] for each in orders]).sum(0))
        return torch.stack(channels)


@dataclass(frozen=True)
class _Place:
    """For n points: the numbers (4^d, n) of the coefficients near them, where in their cells they
    are, `t` (d, n) from 0 to 1, and along which axes they are `inside` the grid, (d, n).
    """

    splines: Splines
    numbers: Tensor
    t: Tensor
    inside: Tensor
    bases: dict[tuple[int, int], Tensor] = field(default_factory=dict)
    sums: dict[tuple[int, ...], Tensor] = field(default_factory=dict)

    def basis(self, axis: int, order: int) -> Tensor:
        """The derivatives of `order` of the B-splines along one axis, (4, n)."""
        if (axis, order) not in self.bases:
            basis = _cubics(self.t[axis], order) / self.splines.cell**order
            self.bases[axis, order] = basis * self.inside[axis] if order else basis
        return self.bases[axis, order]

    def sum(self, orders: tuple[int, ...]) -> Tensor:
        """The coefficients near each point, summed along the last axes with B-splines
        differentiated so often, (4^(d − len(orders)), n).
        """
        if orders not in self.sums:
            if orders:
                basis = self.basis(len(self.t) - len(orders), orders[0])
                summed = (torch.unflatten(self.sum(orders[1:]), 0, (-1, 4)) * basis).sum(1)
            else:
                summed = self.splines.coefficients.flatten()[self.numbers].to(self.t.dtype)
            self.sums[orders] = summed
        return self.sums[orders]


def _cubics(t: Tensor, order: int) -> Tensor:
    """The derivatives of `order` of the four B-splines on a cell, at t (n,) from 0 to 1, (4, n)."""
    if order > 3:
        return t.new_zeros((4, len(t)))
    powers = range(order, 4)
    factors = t.new_tensor([math.perm(k, order) for k in powers])
    monomials = torch.stack([t ** (k - order) for k in powers])
    return (t.new_tensor(_CUBICS)[:, order:] * factors / 6) @ monomials
