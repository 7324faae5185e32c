"""Vectors of jets: fields with several outputs, gradients, Hessians."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, final

from torch import Tensor

from siren_pde.calculus.foreign import no_number, torch_function, untaken
from siren_pde.calculus.jets import as_jet
from siren_pde.errors import ResidualError

Component = Any
"""A jet, a complex number or, in a matrix, a vector: static types do not follow which."""


@final
class Vector:
    """A tuple of jets with the algebra of a vector space; a matrix is a vector of vectors.

    Its components stay separate jets, so that `div(k * grad(u))` requires u_xx and u_yy of
    the field but never u_xy.
    """

    __array_ufunc__ = untaken
    __array_function__ = untaken
    __torch_function__ = torch_function
    __float__ = no_number

    def __init__(self, components: Sequence[Component]) -> None:
        self.components = tuple(components)

    def __len__(self) -> int:
        return len(self.components)

    def __iter__(self) -> Iterator[Component]:
        return iter(self.components)

    def __getitem__(self, index: int) -> Component:
        return self.components[index]

    def map(self, function: Callable[[Component], Component]) -> Vector:
        """The vector of `function` of each component."""
        return Vector([function(c) for c in self.components])

    def _with(self, other: object, combine: Callable[[Component, Component], Component]) -> Vector:
        if isinstance(other, Tensor) and other.ndim == 2:
            other = Vector([as_jet(other[:, i]) for i in range(other.shape[1])])
        if not isinstance(other, Vector):
            kind = "a number" if isinstance(other, int | float) else "a scalar"
            raise ResidualError(
                f"a vector with {len(self)} components cannot be added to {kind}. Take a "
                f"component (`v[0]`), or `norm(v)`, `dot(v, w)`."
            )
        if len(self) != len(other):
            raise ResidualError(
                f"vectors with {len(self)} and {len(other)} components cannot be combined."
            )
        return Vector([combine(a, b) for a, b in zip(self, other, strict=True)])

    def __add__(self, other: object) -> Vector:
        return self._with(other, lambda a, b: a + b)

    def __radd__(self, other: object) -> Vector:
        return self._with(other, lambda a, b: b + a)

    def __sub__(self, other: object) -> Vector:
        return self._with(other, lambda a, b: a - b)

    def __rsub__(self, other: object) -> Vector:
        return self._with(other, lambda a, b: b - a)

    def __mul__(self, other: object) -> Vector:
        if isinstance(other, Vector):
            raise ResidualError(
                "the product of two vectors is ambiguous: write `dot(v, w)`, or multiply "
                "components."
            )
        return self.map(lambda c: c * other)

    __rmul__ = __mul__

    def __truediv__(self, other: object) -> Vector:
        return self.map(lambda c: c / other)

    def __neg__(self) -> Vector:
        return self.map(lambda c: -c)
