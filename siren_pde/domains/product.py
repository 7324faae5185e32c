"""The product of domains with different coordinates, as of space and time."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import final

import torch
from torch import Tensor

from siren_pde.domains.base import Bounds, Domain, Image, Piece
from siren_pde.domains.booleans import Union
from siren_pde.domains.box import Box
from siren_pde.errors import DomainError


@final
@dataclass(frozen=True)
class Product(Domain):
    """All points whose first coordinates lie in `a` and whose others lie in `b`."""

    a: Domain
    b: Domain

    def __post_init__(self) -> None:
        shared = set(self.a.axes) & set(self.b.axes)
        if shared:
            raise DomainError(
                f"a product needs domains with different coordinates, but both {self.a!r} and "
                f"{self.b!r} have {', '.join(sorted(shared))}. For an intersection write `a & b`."
            )

    @property
    def axes(self) -> tuple[str, ...]:
        """The coordinates of a, then those of b."""
        return self.a.axes + self.b.axes

    @property
    def dimension(self) -> int:
        """The sum of both dimensions."""
        return self.a.dimension + self.b.dimension

    @property
    def measure(self) -> float:
        """The product of both measures."""
        return self.a.measure * self.b.measure

    @property
    def bounds(self) -> Bounds:
        """The corners of a box around the domain."""
        return _joined_bounds(self.a, self.b)

    @cached_property
    def boundary(self) -> Domain:
        """∂(a × b) = ∂a × b ∪ a × ∂b; where a factor is a point, the boundary of the other."""
        parts: list[Domain] = []
        if self.a.dimension:
            parts.append(Product(self.a.boundary, self.b))
        if self.b.dimension:
            parts.append(Product(self.a, self.b.boundary))
        if not parts:
            raise DomainError(f"{self!r} is made of points and has no boundary.")
        return Union(tuple(parts), disjoint=True)

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """The products of all pieces of both."""
        return tuple(Pair(p, q) for p, q in itertools.product(self.a.pieces, self.b.pieces))

    def _holds(self, x: Tensor, tolerance: float) -> Tensor:
        return _both_hold(self.a, self.b, x, tolerance)


@final
@dataclass(frozen=True)
class Pair(Piece):
    """The product of two pieces.

    It has the normals of one, with zeros for the other's coordinates, if the other is as wide as
    its own space.
    """

    a: Piece
    b: Piece

    @property
    def axes(self) -> tuple[str, ...]:
        """The coordinates of a, then those of b."""
        return self.a.axes + self.b.axes

    @property
    def dimension(self) -> int:
        """The sum of both dimensions."""
        return self.a.dimension + self.b.dimension

    @property
    def inputs(self) -> int:
        """The unit coordinates of a, then those of b."""
        return self.a.inputs + self.b.inputs

    @property
    def affine(self) -> bool:
        """Whether both charts are."""
        return self.a.affine and self.b.affine

    @property
    def measure(self) -> float:
        """The product of both measures."""
        return self.a.measure * self.b.measure

    @property
    def bounds(self) -> Bounds:
        """The corners of a box around the piece."""
        return _joined_bounds(self.a, self.b)

    @cached_property
    def boundary(self) -> Domain:
        """As for `Product`."""
        return Product(self.a, self.b).boundary

    def _holds(self, x: Tensor, tolerance: float) -> Tensor:
        return _both_hold(self.a, self.b, x, tolerance)

    def chart(self, u: Tensor) -> Image:
        """The charts of both, side by side."""
        p, q = self.a.chart(u[:, : self.a.inputs]), self.b.chart(u[:, self.a.inputs :])
        kept = p.kept if q.kept is None else q.kept if p.kept is None else p.kept & q.kept
        normals = None
        if p.normals is not None and q.normals is None and _full(self.b):
            normals = torch.cat([p.normals, torch.zeros_like(q.positions)], 1)
        elif q.normals is not None and p.normals is None and _full(self.a):
            normals = torch.cat([torch.zeros_like(p.positions), q.normals], 1)
        positions = torch.cat([p.positions, q.positions], 1)
        return Image(positions, normals, {**p.data, **q.data}, kept)


def product(a: Domain, b: Domain) -> Domain:
    """a × b; of two boxes, a box."""
    if isinstance(a, Box) and isinstance(b, Box) and not set(a.axes) & set(b.axes):
        return Box(**{name: (low, high) for name, low, high in a.intervals + b.intervals})
    return Product(a, b)


def _full(domain: Domain) -> bool:
    return domain.dimension == len(domain.axes)


def _joined_bounds(a: Domain, b: Domain) -> Bounds:
    (low_a, high_a), (low_b, high_b) = a.bounds, b.bounds
    return low_a + low_b, high_a + high_b


def _both_hold(a: Domain, b: Domain, x: Tensor, tolerance: float) -> Tensor:
    split = len(a.axes)
    return a.contains(x[:, :split], tolerance) & b.contains(x[:, split:], tolerance)
