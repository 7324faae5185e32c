"""A field in stretched coordinates, u(x) = N(ξ(x)): layers become wide, and so easy to resolve.

Each axis is stretched by itself, by ξ = Σ asinh((x − c)/δ), scaled so that the interval maps to
itself: around each centre c a layer of width δ takes as much room as all the rest.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import final

import torch
from torch import Tensor, nn

from siren_pde.calculus.jets import Composition, Jet
from siren_pde.fields.base import Network
from siren_pde.fields.derived.composed import Composed, coordinates_of
from siren_pde.fields.storage import described, restored_network
from siren_pde.files.json_values import JSON, Description, entry, real, reals, record, whole


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

    def _sum(self, x: Tensor, order: int) -> Tensor:
        """The derivative of `order` of Σ asinh((x − c)/δ)."""
        total = torch.zeros_like(x)
        for c, width in zip(self.centres, self.widths, strict=True):
            y = (x - c) / width
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

    def _sum_at(self, x: float) -> float:
        """Σ asinh((x − c)/δ) at one point, to the precision of Python's numbers."""
        pairs = zip(self.centres, self.widths, strict=True)
        return sum(math.asinh((x - c) / width) for c, width in pairs)

    def derivative(self, x: Tensor, order: int) -> Tensor:
        """ξ⁽ᵏ⁾ at x (n,), k = `order` ≤ 4."""
        first, last = self._sum_at(self.low), self._sum_at(self.high)
        scale = (self.high - self.low) / (last - first)
        if order == 0:
            return self.low + scale * (self._sum(x, 0) - first)
        return scale * self._sum(x, order)

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
    """The field N(ξ(x)) around a network N; `stretch` says how one axis is stretched."""

    def __init__(self, network: Network, stretch: GridStretching) -> None:
        super().__init__(network)
        self.stretch, self.period = stretch, network.period

    def coordinates(self, x: Tensor) -> list[Jet]:
        """Those of x, one of them stretched."""
        xi: list[Jet] = list(coordinates_of(x))
        xi[self.stretch.axis] = Composition(self.stretch.derivative, xi[self.stretch.axis])  # type: ignore[arg-type]
        return xi

    def scaled_to(self, low: Tensor, high: Tensor, frequency: Tensor) -> Stretched:
        """The same stretch of the scaled network; the box is mapped to itself."""
        return Stretched(self.network.scaled_to(low, high, frequency), self.stretch)

    def with_random_features(
        self, width: int, frequency: Tensor, seed: int, order: int = 0
    ) -> Stretched:
        """The same stretch of frozen features."""
        return Stretched(
            self.network.with_random_features(width, frequency, seed, order), self.stretch
        )

    def companion(self, share: float, *, widening: float = 1.0, seed: int = 0) -> Stretched | None:
        """The same stretch of the network's companion."""
        network = self.network.companion(share, widening=widening, seed=seed)
        return None if network is None else Stretched(network, self.stretch)

    def describe(self) -> dict[str, JSON]:
        """Its network, and how an axis is stretched."""
        return {"field": described(self.network), "stretch": asdict(self.stretch)}

    @classmethod
    def from_description(
        cls, description: Description, template: nn.Module | None, numbers: int
    ) -> Stretched:
        """The network described, stretched as much."""
        stretch = record(entry(description, "stretch"), "stretch")
        network = restored_network(entry(description, "field"), template, numbers)
        low, high = (real(stretch, name) for name in ("low", "high"))
        centres, widths = (reals(stretch, name) for name in ("centres", "widths"))
        map_ = GridStretching(whole(stretch, "axis"), low, high, centres, widths)
        return Stretched(network, map_)
