"""Domains made of domains: unions, intersections, differences and products."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import final

from torch import Tensor

from siren_pde.domains.base import Bounds, Domain, Piece
from siren_pde.domains.box import Box
from siren_pde.domains.box_cells import cells
from siren_pde.domains.cloud import PointCloud
from siren_pde.domains.fragments import fragments, skin
from siren_pde.domains.predicates import apart, check_same_axes, within
from siren_pde.errors import DomainError


class Combination(Domain):
    """A domain made of others with the same coordinates by set operations."""

    @property
    @abstractmethod
    def operands(self) -> tuple[Domain, ...]:
        """The domains it is made of."""

    @abstractmethod
    def _pieces(self) -> tuple[Piece, ...]: ...

    @final
    @property
    def axes(self) -> tuple[str, ...]:
        """The names of the coordinates, in order."""
        return self.operands[0].axes

    @final
    @cached_property
    def measure(self) -> float:
        """The sum over the pieces; `standard_error` tells how well it is known."""
        return math.fsum(piece.measure for piece in self.pieces)

    @final
    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """Disjoint pieces, grid cells where all is made of boxes. Raises DomainError if empty."""
        grid = self._grid
        pieces: tuple[Piece, ...] = self._pieces() if grid is None else grid[0]
        if not pieces:
            raise DomainError(
                f"{self!r} is empty, or too thin to hit with points. Check its parts."
            )
        return pieces

    @final
    @cached_property
    def boundary(self) -> Domain:
        """The parts of the operands' boundaries with the domain on one side, normals outward."""
        grid = self._grid
        found = skin(self, self.operands) if grid is None else grid[1]
        return Union(found, disjoint=True)

    @final
    @cached_property
    def _grid(self) -> tuple[tuple[Piece, ...], tuple[Piece, ...]] | None:
        networks = _leaves(self)
        boxes = [network for network in networks if isinstance(network, Box)]
        return cells(self, boxes) if len(boxes) == len(networks) else None


@final
@dataclass(frozen=True)
class Union(Combination):
    """All points in at least one of the parts, which all have the same dimension.

    What parts share counts once. `disjoint` says that they are known to share nothing.
    """

    parts: tuple[Domain, ...]
    disjoint: bool = False

    def __post_init__(self) -> None:
        if not self.parts:
            raise DomainError(
                "a union needs at least one part; this one, or this boundary, is empty."
            )
        for part in self.parts:
            check_same_axes("a union", self.parts[0], part)
            if part.dimension != self.parts[0].dimension:
                raise DomainError(
                    f"a union needs parts of one dimension, got {self.parts[0].dimension} and "
                    f"{part.dimension}: areas and lengths do not add. Write two conditions."
                )

    @property
    def operands(self) -> tuple[Domain, ...]:
        """The parts."""
        return self.parts

    @property
    def dimension(self) -> int:
        """The dimension of every part."""
        return self.parts[0].dimension

    @property
    def bounds(self) -> Bounds:
        """The corners of a box around all parts."""
        lows, highs = zip(*(part.bounds for part in self.parts), strict=True)
        return tuple(map(min, zip(*lows, strict=True))), tuple(map(max, zip(*highs, strict=True)))

    def _holds(self, x: Tensor, tolerance: float) -> Tensor:
        held = self.parts[0].contains(x, tolerance)
        for part in self.parts[1:]:
            held = held | part.contains(x, tolerance)
        return held

    def _pieces(self) -> tuple[Piece, ...]:
        found: list[Piece] = []
        for i, part in enumerate(self.parts):
            before = () if self.disjoint else self.parts[:i]
            found += fragments(part.pieces, outside=before)
        return tuple(found)


@final
@dataclass(frozen=True)
class Intersection(Combination):
    """All points in both domains; `a` has the smaller dimension."""

    a: Domain
    b: Domain

    def __post_init__(self) -> None:
        check_same_axes("an intersection", self.a, self.b)
        if apart(self.a, self.b):
            raise DomainError(
                f"{self.a!r} and {self.b!r} do not meet: their intersection is empty."
            )

    @property
    def operands(self) -> tuple[Domain, ...]:
        """Both domains."""
        return self.a, self.b

    @property
    def dimension(self) -> int:
        """The smaller of both dimensions."""
        return min(self.a.dimension, self.b.dimension)

    @property
    def bounds(self) -> Bounds:
        """The corners of what the bounds of both share."""
        (low_a, high_a), (low_b, high_b) = self.a.bounds, self.b.bounds
        return tuple(map(max, low_a, low_b)), tuple(map(min, high_a, high_b))

    def _holds(self, x: Tensor, tolerance: float) -> Tensor:
        return self.a.contains(x, tolerance) & self.b.contains(x, tolerance)

    def _pieces(self) -> tuple[Piece, ...]:
        return fragments(self.a.pieces, inside=(self.b,))


@final
@dataclass(frozen=True)
class Difference(Combination):
    """All points in `a` that are not inside `b`."""

    a: Domain
    b: Domain

    def __post_init__(self) -> None:
        check_same_axes("a difference", self.a, self.b)
        if within(self.a, self.b):
            raise DomainError(f"nothing is left of {self.a!r} without {self.b!r}.")

    @property
    def operands(self) -> tuple[Domain, ...]:
        """Both domains."""
        return self.a, self.b

    @property
    def dimension(self) -> int:
        """The dimension of `a`."""
        return self.a.dimension

    @property
    def bounds(self) -> Bounds:
        """The bounds of `a`."""
        return self.a.bounds

    def _holds(self, x: Tensor, tolerance: float) -> Tensor:
        return self.a.contains(x, tolerance) & ~self.b.contains(x, -tolerance)

    def _pieces(self) -> tuple[Piece, ...]:
        return fragments(self.a.pieces, outside=(self.b,))


def union(a: Domain, b: Domain) -> Domain:
    """a ∪ b; what both share counts once."""
    sides = [s.parts if isinstance(s, Union) and not s.disjoint else (s,) for s in (a, b)]
    parts = tuple(dict.fromkeys(part for side in sides for part in side))
    return parts[0] if len(parts) == 1 else Union(parts)


def intersection(a: Domain, b: Domain) -> Domain:
    """a ∩ b; a cloud keeps its points in the other domain, with their data."""
    if b.dimension < a.dimension:
        a, b = b, a
    if isinstance(a, PointCloud):
        check_same_axes("an intersection", a, b)
        return a.where(b.contains(a.positions))
    return Intersection(a, b)


def difference(a: Domain, b: Domain) -> Domain:
    """a without b; a cloud keeps its points outside b, with their data."""
    if isinstance(a, PointCloud):
        check_same_axes("a difference", a, b)
        return a.where(~b.contains(a.positions))
    return Difference(a, b)


def _leaves(domain: Domain) -> tuple[Domain, ...]:
    if not isinstance(domain, Combination):
        return (domain,)
    return tuple(network for operand in domain.operands for network in _leaves(operand))
