"""A field in stretched coordinates, u(x) = N(ξ(x)): layers become wide, and so easy to resolve.

Each axis is stretched by itself, by ξ = Σ asinh((x − c)/δ), scaled so that the interval maps to
itself: around each centre c a layer of width δ takes as much room as all the rest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor

from siren_pde.calculus.jets import Composition, Jet
from siren_pde.fields.base import Network
from siren_pde.fields.derived.composed import Composed, coordinates_of


@dataclass(frozen=True)
class GridStretching:
    """A map ξ of [low, high] onto itself along one axis, steep at `centres` over their `widths`.

    Source: sinh maps of Tee and Trefethen, SIAM J. Sci. Comput. 28 (2006), here their sum.
    """

    axis: int
    low: float
    high: float
    centres: tuple[float, ...]
    widths: tuple[float, ...]

    def _raw(self, x: Tensor | float, order: int) -> Any:
        """The derivative of `order` of Σ asinh((x − c)/δ)."""
        total: Any = 0.0
        for c, width in zip(self.centres, self.widths, strict=True):
            y = (x - c) / width
            if isinstance(y, float):
                total += math.asinh(y)
                continue
            q = 1 + y * y
            if order == 0:
                term = torch.asinh(y)
            elif order == 1:
                term = q**-0.5
            elif order == 2:
                term = -y * q**-1.5
            elif order == 3:
                term = (2 * y * y - 1) * q**-2.5
            else:
                term = y * (9 - 6 * y * y) * q**-3.5
            total = total + term / width**order
        return total

    def derivative(self, x: Tensor, order: int) -> Tensor:
        """ξ⁽ᵏ⁾ at x (n,), k = `order` ≤ 4."""
        first, last = self._raw(self.low, 0), self._raw(self.high, 0)
        scale = (self.high - self.low) / (last - first)
        if order == 0:
            return self.low + scale * (self._raw(x, 0) - first)
        found: Tensor = scale * self._raw(x, order)
        return found

    def inverse(self, xi: Tensor) -> Tensor:
        """x with ξ(x) = xi, by bisection to rounding."""
        low, high = torch.full_like(xi, self.low), torch.full_like(xi, self.high)
        for _ in range(60):
            middle = (low + high) / 2
            below = self.derivative(middle, 0) < xi
            low, high = torch.where(below, middle, low), torch.where(below, high, middle)
        return (low + high) / 2


@final
class Stretched(Composed):
    """The field N(ξ(x)) around a leaf N; `stretch` says how one axis is stretched."""

    def __init__(self, network: Network, stretch: GridStretching) -> None:
        super().__init__(network)
        self.stretch, self.period = stretch, network.period

    def coordinates(self, x: Tensor) -> list[Jet]:
        """Those of x, one of them stretched."""
        xi: list[Jet] = list(coordinates_of(x))
        xi[self.stretch.axis] = Composition(self.stretch.derivative, xi[self.stretch.axis])  # type: ignore[arg-type]
        return xi

    def scaled_to(self, low: Tensor, high: Tensor, frequency: Tensor) -> Stretched:
        """The same stretch of the placed leaf; the box is mapped to itself."""
        return Stretched(self.network.scaled_to(low, high, frequency), self.stretch)  # type: ignore[arg-type]

    def with_random_features(
        self, width: int, frequency: Tensor, seed: int, order: int = 0
    ) -> Stretched:
        """The same stretch of frozen features."""
        return Stretched(
            self.network.with_random_features(width, frequency, seed, order), self.stretch
        )  # type: ignore[arg-type]
