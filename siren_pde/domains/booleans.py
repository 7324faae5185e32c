"""Domains made of domains with the same coordinates: unions, intersections, differences."""

from __future__ import annotations

import itertools
import math
from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import final

from torch import Tensor

from siren_pde.calculus.jets import Jet
from siren_pde.calculus.points import Points
from siren_pde.domains.base import Domain, Piece, combines, grouped
from siren_pde.domains.boundary import (
    Boundary,
    check_parts,
    common_bounds,
    in_any,
    product_of_functions,
)
from siren_pde.domains.box_cells import cells
from siren_pde.domains.fragments import fragments
from siren_pde.domains.local import Boxes, Tree
from siren_pde.domains.predicates import apart, check_same_axes, within
from siren_pde.domains.shape import Bounds, unknown_function
from siren_pde.domains.surface_parts import boundary_pieces
from siren_pde.errors import DomainError


class Combination(Domain):
    """A domain made of others with the same coordinates by set operations."""

    @property
    @abstractmethod
    def operands(self) -> tuple[Domain, ...]:
        """The domains it is made of."""

    @property
    @abstractmethod
    def symbol(self) -> str:
        """The operator that makes it of them."""

    @abstractmethod
    def _pieces(self) -> tuple[Piece, ...]: ...

    @final
    @cached_property
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
        if self._grid is not None:
            return Boundary(self._grid[1], self)
        return Boundary(boundary_pieces(self, self._tree.singles, self._tree.near), self)

    @final
    @cached_property
    def _tree(self) -> Tree:
        """The operations that it is made by."""
        return Tree.of(self, _split)

    @final
    @cached_property
    def _grid(self) -> tuple[tuple[Piece, ...], tuple[Piece, ...]] | None:
        planes = self.grid_planes
        return None if planes is None else cells(self, planes)

    @final
    @property
    def grid_planes(self) -> tuple[tuple[float, ...], ...] | None:
        """Those of all operands, if all have some."""
        planes = [each.grid_planes for each in self.operands if each.grid_planes is not None]
        if len(planes) < len(self.operands):
            return None
        return tuple(tuple(itertools.chain(*lines)) for lines in zip(*planes, strict=True))


@final
@dataclass(frozen=True, repr=False)
class Union(Combination):
    """All points in at least one of the parts, which all have the same dimension.

    What parts share counts once.
    """

    parts: tuple[Domain, ...]

    def __post_init__(self) -> None:
        check_parts("a union", self.parts)

    def __repr__(self) -> str:
        return " | ".join(grouped(part) for part in self.parts)

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
        return common_bounds(self.parts)

    @property
    def smooth_parts(self) -> tuple[Domain, ...]:
        """Those of all parts."""
        return tuple(each for part in self.parts for each in part.smooth_parts)

    def boundary_function(self, p: Points) -> Jet:
        """The product of those of all parts."""
        return product_of_functions(self.parts, p)

    def depth(self, p: Points) -> Jet:
        """Raises DomainError: each part has its own."""
        raise unknown_function(self)

    def holds(self, x: Tensor, tolerance: float) -> Tensor:
        """Whether points lie in any part."""
        return in_any(self.parts, x, tolerance)

    @property
    def symbol(self) -> str:
        """|."""
        return "|"

    def _pieces(self) -> tuple[Piece, ...]:
        pieces: list[Piece] = []
        boxes = Boxes.around(self.parts)
        for i, part in enumerate(self.parts):
            before = tuple(self.parts[j] for j in boxes.touching(part) if j < i)
            pieces += fragments(part.pieces, outside=before)
        return tuple(pieces)


@final
@dataclass(frozen=True, repr=False)
class Intersection(Combination):
    """All points in both domains; the first has the smaller dimension."""

    first: Domain
    second: Domain

    def __post_init__(self) -> None:
        check_same_axes("an intersection", self.first, self.second)
        if apart(self.first, self.second):
            raise DomainError(
                f"{self.first!r} and {self.second!r} do not meet: their intersection is empty."
            )

    def __repr__(self) -> str:
        return f"{grouped(self.first)} & {grouped(self.second)}"

    @property
    def operands(self) -> tuple[Domain, ...]:
        """Both domains."""
        return self.first, self.second

    @property
    def dimension(self) -> int:
        """The smaller of both dimensions."""
        return min(self.first.dimension, self.second.dimension)

    @property
    def bounds(self) -> Bounds:
        """The corners of what the bounds of both share."""
        (low_a, high_a), (low_b, high_b) = self.first.bounds, self.second.bounds
        return tuple(map(max, low_a, low_b)), tuple(map(min, high_a, high_b))

    def holds(self, x: Tensor, tolerance: float) -> Tensor:
        """Whether points lie in both."""
        return self.first.contains(x, tolerance) & self.second.contains(x, tolerance)

    @property
    def symbol(self) -> str:
        """&."""
        return "&"

    def _pieces(self) -> tuple[Piece, ...]:
        return fragments(self.first.pieces, inside=(self.second,))


@final
@dataclass(frozen=True, repr=False)
class Difference(Combination):
    """All points of a whole that are not inside what is removed."""

    whole: Domain
    removed: Domain

    def __post_init__(self) -> None:
        check_same_axes("a difference", self.whole, self.removed)
        if within(self.whole, self.removed):
            raise DomainError(f"nothing is left of {self.whole!r} without {self.removed!r}.")

    def __repr__(self) -> str:
        return f"{grouped(self.whole)} - {grouped(self.removed)}"

    @property
    def operands(self) -> tuple[Domain, ...]:
        """Both domains."""
        return self.whole, self.removed

    @cached_property
    def dimension(self) -> int:
        """The dimension of the whole."""
        return self.whole.dimension

    @cached_property
    def bounds(self) -> Bounds:
        """The bounds of the whole."""
        return self.whole.bounds

    def holds(self, x: Tensor, tolerance: float) -> Tensor:
        """Whether points lie in the whole and not inside what is removed."""
        return self.whole.contains(x, tolerance) & ~self.removed.contains(x, -tolerance)

    @property
    def symbol(self) -> str:
        """−."""
        return "-"

    def _pieces(self) -> tuple[Piece, ...]:
        whole: Domain = self.whole
        removed = [self.removed]
        while isinstance(whole, Difference) and whole.grid_planes is None:
            removed.append(whole.removed)
            whole = whole.whole
        return fragments(whole.pieces, outside=tuple(reversed(removed)))


def _split(domain: Domain) -> tuple[str, tuple[Domain, ...]] | None:
    return (domain.symbol, domain.operands) if isinstance(domain, Combination) else None


@combines("|")
def union(a: Domain, b: Domain) -> Domain:
    """a ∪ b; what both share counts once."""
    sides = [side.parts if isinstance(side, Union) else (side,) for side in (a, b)]
    parts = tuple(dict.fromkeys(part for side in sides for part in side))
    return parts[0] if len(parts) == 1 else Union(parts)


@combines("&")
def intersection(a: Domain, b: Domain) -> Domain:
    """a ∩ b; a cloud keeps its points in the other domain, with their data."""
    if b.dimension < a.dimension:
        a, b = b, a
    check_same_axes("an intersection", a, b)
    own = a.restricted(b.contains)
    return Intersection(a, b) if own is None else own


@combines("-")
def difference(a: Domain, b: Domain) -> Domain:
    """a without b; a cloud keeps its points outside b, with their data."""
    check_same_axes("a difference", a, b)
    own = a.restricted(lambda x: ~b.contains(x))
    return Difference(a, b) if own is None else own
