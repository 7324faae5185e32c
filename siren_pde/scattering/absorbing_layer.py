"""Absorbing layers: coordinates stretched into the complex plane, where outgoing waves die."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from siren_pde.calculus.complex import Complex
from siren_pde.calculus.jets import Jet
from siren_pde.calculus.operators import as_complex, d
from siren_pde.calculus.points import Points
from siren_pde.calculus.vectors import Vector
from siren_pde.domains.box import Box
from siren_pde.errors import DomainError


@final
@dataclass(frozen=True)
class AbsorbingLayer:
    """A perfectly matched layer of the given `width` inside the sides of a `box`.

    Along each space coordinate e = 1 − i a (s/width)², where s is how deep a point is in the layer
    and a the `strength`; elsewhere e = 1. With ∂/∂x replaced by (1/e) ∂/∂x, waves that leave the
    box are damped by exp(−k a width/3) on their way to its side, where u = 0 may be required, and
    none is reflected. Waves are those of time dependence exp(+iωt): outgoing ones are H₀⁽²⁾(kr), in
    one coordinate exp(−ikx). Take the conjugate of all for exp(−iωt).

    Raises DomainError if the layer does not fit into the box.

    Source: Berenger (1994) in the form of Chew and Weedon (1994), with the profile of Sitzmann et
    al. (2020), who take `strength` 5.
    """

    box: Box
    width: float
    strength: float = 5.0

    def __post_init__(self) -> None:
        sides = [
            high - low
            for name, low, high in zip(self.box.axes, *self.box.bounds, strict=True)
            if name != "t"
        ]
        if not (self.width > 0 and self.strength > 0 and all(2 * self.width < s for s in sides)):
            raise DomainError(
                f"an absorbing layer of width {self.width} and strength {self.strength} does not "
                f"fit into a box with sides {sides}. Both are positive, and twice the width is "
                "less than each side."
            )

    def stretch(self, p: Points) -> Vector:
        """The factor e of each space coordinate at points p, complex."""
        factors = []
        for name, low, high in zip(self.box.axes, *self.box.bounds, strict=True):
            if name != "t":
                middle, reach = (low + high) / 2, (high - low) / 2 - self.width
                beyond = abs(getattr(p, name) - middle) - reach
                depth = (beyond + abs(beyond)) / (2 * self.width)
                factors.append(as_complex(1 - 1j * self.strength * depth**2))
        return Vector(factors)

    def lap(self, p: Points, u: Complex[Jet]) -> Complex[Jet]:
        """The Laplacian of u in stretched coordinates, Σ (1/e) ∂((1/e) ∂u)."""
        names = [name for name in self.box.axes if name != "t"]
        total = as_complex(0.0)
        for name, e in zip(names, self.stretch(p), strict=True):
            x = getattr(p, name)
            total = total + d(d(u, x) / e, x) / e
        return total
