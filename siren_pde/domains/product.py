"""The product of domains with different coordinates, as of space and time."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cached_property
from typing import final

import torch
from torch import Tensor

from siren_pde.calculus.jets import Jet
from siren_pde.calculus.points import Points
from siren_pde.domains.base import Domain, Image, Piece, combines, grouped
from siren_pde.domains.boundary import Boundary
from siren_pde.domains.shape import Bounds, unknown_function
from siren_pde.errors import DomainError


@final
@dataclass(frozen=True, repr=False)
class Product(Domain):
    """All points whose first coordinates lie in `first` and others in `second`."""

    first: Domain
    second: Domain

    def __post_init__(self) -> None:
        shared = set(self.first.axes) & set(self.second.axes)
        if shared:
            raise DomainError(
                f"a product needs domains with different coordinates, but both {self.first!r} and "
                f"{self.second!r} have {', '.join(sorted(shared))}. For an intersection write "
                "`a & b`."
            )

    def __repr__(self) -> str:
        return f"{grouped(self.first)} * {grouped(self.second)}"

    @property
    def axes(self) -> tuple[str, ...]:
        """The coordinates of the first, then those of the second."""
        return self.first.axes + self.second.axes

    @property
    def dimension(self) -> int:
        """The sum of both dimensions."""
        return self.first.dimension + self.second.dimension

    @property
    def measure(self) -> float:
        """The product of both measures."""
        return self.first.measure * self.second.measure

    @property
    def bounds(self) -> Bounds:
        """The corners of a box around the domain."""
        return _joined_bounds(self.first, self.second)

    @cached_property
    def boundary(self) -> Domain:
        """∂(a × b) = ∂a × b ∪ a × ∂b; where a factor is a point, the boundary of the other."""
        parts: list[Domain] = []
        if self.first.dimension:
            parts.append(Product(self.first.boundary, self.second))
        if self.second.dimension:
            parts.append(Product(self.first, self.second.boundary))
        if not parts:
            raise DomainError(f"{self!r} is made of points and has no boundary.")
        return Boundary(tuple(parts), self)

    def at(self, **values: float) -> Domain:
        """The part where coordinates of a factor that is a box have these values.

        `(disk * Box(t=(0, 1))).at(t=0)` is the disk at the start, with the normal (0, 0, −1) of a
        face. Raises DomainError for unknown names, for values outside the box, and for coordinates
        of a factor that is none.
        """
        if not values or {*values} - {*self.axes}:
            raise DomainError(
                f"`at` needs values of coordinates of {self!r}, which has {', '.join(self.axes)}; "
                f"got {', '.join(values) or 'none'}."
            )
        first, second = (
            {name: value for name, value in values.items() if name in factor.axes}
            for factor in (self.first, self.second)
        )
        return Product(
            self.first.at(**first) if first else self.first,
            self.second.at(**second) if second else self.second,
        )

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """The products of all pieces of both."""
        pairs = itertools.product(self.first.pieces, self.second.pieces)
        return tuple(ProductPiece(p, q) for p, q in pairs)

    @property
    def smooth_parts(self) -> tuple[Domain, ...]:
        """The products of all smooth parts of both."""
        pairs = itertools.product(self.first.smooth_parts, self.second.smooth_parts)
        return tuple(Product(a, b) for a, b in pairs)

    def boundary_function(self, p: Points) -> Jet:
        """That of the factor which is a boundary, where the other is as wide as its space."""
        return self._bounding.boundary_function(p)

    def depth(self, p: Points) -> Jet:
        """That of the factor which is a boundary, where the other is as wide as its space."""
        return self._bounding.depth(p)

    @property
    def _bounding(self) -> Domain:
        if _full(self.second):
            return self.first
        if _full(self.first):
            return self.second
        raise unknown_function(self)

    def holds(self, x: Tensor, tolerance: float) -> Tensor:
        """Whether both coordinates lie in their factors."""
        return _in_both(self.first, self.second, x, tolerance)


@final
@dataclass(frozen=True, repr=False)
class ProductPiece(Piece):
    """The product of two pieces.

    It has the normals of one, with zeros for the other's coordinates, if the other is as wide as
    its own space.
    """

    first: Piece
    second: Piece

    def __repr__(self) -> str:
        return f"{grouped(self.first)} * {grouped(self.second)}"

    @property
    def axes(self) -> tuple[str, ...]:
        """The coordinates of the first, then those of the second."""
        return self.first.axes + self.second.axes

    @property
    def dimension(self) -> int:
        """The sum of both dimensions."""
        return self.first.dimension + self.second.dimension

    @property
    def inputs(self) -> int:
        """The unit coordinates of the first, then those of the second."""
        return self.first.inputs + self.second.inputs

    @property
    def affine(self) -> bool:
        """Whether both charts are."""
        return self.first.affine and self.second.affine

    @property
    def measure(self) -> float:
        """The product of both measures."""
        return self.first.measure * self.second.measure

    @property
    def bounds(self) -> Bounds:
        """The corners of a box around the piece."""
        return _joined_bounds(self.first, self.second)

    @cached_property
    def boundary(self) -> Domain:
        """As for `Product`."""
        return Product(self.first, self.second).boundary

    @property
    def standard_error(self) -> float:
        """As errors of independent factors add."""
        a, b = self.first, self.second
        return math.hypot(a.standard_error * b.measure, b.standard_error * a.measure)

    def holds(self, x: Tensor, tolerance: float) -> Tensor:
        """Whether both coordinates lie in their factors."""
        return _in_both(self.first, self.second, x, tolerance)

    def chart(self, u: Tensor) -> Image:
        """The charts of both, side by side."""
        split = self.first.inputs
        p, q = self.first.chart(u[:, :split]), self.second.chart(u[:, split:])
        kept = p.kept if q.kept is None else q.kept if p.kept is None else p.kept & q.kept
        normals = None
        if p.normals is not None and q.normals is None and _full(self.second):
            normals = torch.cat([p.normals, torch.zeros_like(q.positions)], 1)
        elif q.normals is not None and p.normals is None and _full(self.first):
            normals = torch.cat([torch.zeros_like(p.positions), q.normals], 1)
        positions = torch.cat([p.positions, q.positions], 1)
        return Image(positions, normals, {**p.data, **q.data}, kept)


@combines("*")
def product(a: Domain, b: Domain) -> Domain:
    """a × b; of two boxes, a box."""
    own = a.times(b)
    return Product(a, b) if own is None else own


def _full(domain: Domain) -> bool:
    return domain.dimension == len(domain.axes)


def _joined_bounds(a: Domain, b: Domain) -> Bounds:
    (low_a, high_a), (low_b, high_b) = a.bounds, b.bounds
    return low_a + low_b, high_a + high_b


def _in_both(a: Domain, b: Domain, x: Tensor, tolerance: float) -> Tensor:
    split = len(a.axes)
    return a.contains(x[:, :split], tolerance) & b.contains(x[:, split:], tolerance)
