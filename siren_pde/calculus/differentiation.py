"""Derivatives of jets as jets of their own."""

from __future__ import annotations

from typing import final

from siren_pde.calculus.derivatives import Alpha, Key, Laplace, Part, shifted, total
from siren_pde.calculus.jets import Jet


@final
class Derivative(Jet):
    """∂u/∂xᵢ as a jet of its own."""

    def __init__(self, inner: Jet, axis: int) -> None:
        self.inner, self.axis = inner, axis
        self.frame, self.from_field = inner.frame, inner.from_field

    def _part(self, key: Key) -> Part:
        return total(self.inner.part(alpha) for alpha in shifted(key, (self.axis,)))


@final
class Laplacian(Jet):
    """Σᵢ ∂ᵢᵢ u over `axes` as a jet of its own, its value required as one collapsed derivative."""

    def __init__(self, inner: Jet, axes: Alpha) -> None:
        self.inner, self.axes = inner, axes
        self.frame, self.from_field = inner.frame, inner.from_field

    def _part(self, key: Key) -> Part:
        if key == ():
            return self.inner.part(Laplace(self.axes))
        shifts = (alpha for i in self.axes for alpha in shifted(key, (i, i)))
        return total(self.inner.part(alpha) for alpha in shifts)
