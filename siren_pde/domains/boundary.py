"""A boundary: smooth parts that share no more than their edges."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, final

from torch import Tensor

from siren_pde.calculus.jets import Jet
from siren_pde.calculus.points import Points
from siren_pde.domains.base import Domain, Piece, grouped
from siren_pde.domains.predicates import check_same_axes
from siren_pde.domains.shape import Bounds, unknown_function
from siren_pde.errors import DomainError

_SLACK = 1e-9  # a plane this close to the bounds, beside their size, is at their edge


@final
@dataclass(frozen=True, repr=False)
class Boundary(Domain):
    """All points in any of the parts, of one dimension, which share no set of positive measure.

    `of` is the domain that they bound.
    """

    parts: tuple[Domain, ...]
    of: Domain = field(compare=False)

    def __post_init__(self) -> None:
        check_parts("a boundary", self.parts)

    def __repr__(self) -> str:
        return f"{grouped(self.of)}.boundary"

    def describe(self) -> Mapping[str, object]:
        """The domain that it bounds."""
        return {"of": self.of}

    @classmethod
    def from_description(cls, description: Mapping[str, Any]) -> Boundary:
        """The boundary of that domain. Raises DomainError where it is none of this kind."""
        boundary = description["of"].boundary
        if not isinstance(boundary, cls):
            raise DomainError(f"{boundary!r} is no boundary made of parts.")
        return boundary

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of the coordinates, in order."""
        return self.parts[0].axes

    @property
    def dimension(self) -> int:
        """The dimension of every part."""
        return self.parts[0].dimension

    @cached_property
    def measure(self) -> float:
        """The sum over the pieces."""
        return math.fsum(piece.measure for piece in self.pieces)

    @property
    def bounds(self) -> Bounds:
        """The corners of a box around all parts."""
        return common_bounds(self.parts)

    @property
    def boundary(self) -> Domain:
        """Raises DomainError: it is known only for a single part."""
        raise no_boundary(self)

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """The pieces of all parts."""
        return tuple(piece for part in self.parts for piece in part.pieces)

    @property
    def smooth_parts(self) -> tuple[Domain, ...]:
        """Those of all parts."""
        return tuple(each for part in self.parts for each in part.smooth_parts)

    def boundary_function(self, p: Points) -> Jet:
        """The product of those of all parts, of several in one plane only once.

        Raises DomainError where such a plane cuts the domain, as at reentrant corners of boxes.
        """
        return product_of_functions(self._distinct_parts, p)

    @cached_property
    def _distinct_parts(self) -> tuple[Domain, ...]:
        """One part of each plane across an axis, and all others."""
        distinct: dict[object, Domain] = {}
        for part in self.parts:
            normal, key = part.outward_normal, part.depth_axis
            if normal is None or key is None:
                distinct[part] = part
                continue
            axis = self.axes.index(key)
            low, high = self.of.bounds[0][axis], self.of.bounds[1][axis]
            past = high - part.bounds[0][axis] if normal[axis] > 0 else part.bounds[0][axis] - low
            if past > _SLACK * (high - low):
                raise DomainError(
                    f"the plane of {part!r} cuts {self.of!r}, so that its boundary function would "
                    "vanish inside as well. Write the domain as a `Polygon`, or "
                    "`Ansatz(…, vanishing=lambda p: …)`."
                )
            distinct.setdefault((axis, normal[axis] > 0), part)
        return tuple(distinct.values())

    def depth(self, p: Points) -> Jet:
        """Raises DomainError: each part has its own."""
        raise unknown_function(self)

    def holds(self, x: Tensor, tolerance: float) -> Tensor:
        """Whether points lie in any part."""
        return in_any(self.parts, x, tolerance)


def check_parts(name: str, parts: Sequence[Domain]) -> None:
    """Raise DomainError unless there are parts, with the same axes and of one dimension."""
    if not parts:
        raise DomainError(f"{name} needs at least one part, and this one is empty.")
    for part in parts:
        check_same_axes(name, parts[0], part)
        if part.dimension != parts[0].dimension:
            raise DomainError(
                f"{name} needs parts of one dimension, got {parts[0].dimension} and "
                f"{part.dimension}: areas and lengths do not add. Write two conditions."
            )


def common_bounds(parts: Sequence[Domain]) -> Bounds:
    """The corners of a box around all parts."""
    lows, highs = zip(*(part.bounds for part in parts), strict=True)
    return tuple(map(min, zip(*lows, strict=True))), tuple(map(max, zip(*highs, strict=True)))


def in_any(parts: Sequence[Domain], x: Tensor, tolerance: float) -> Tensor:
    """Which of the points x (n, d) lie in any part, as a mask (n,)."""
    inside = parts[0].contains(x, tolerance)
    for part in parts[1:]:
        inside = inside | part.contains(x, tolerance)
    return inside


def product_of_functions(parts: Sequence[Domain], p: Points) -> Jet:
    """The product of the boundary functions of all parts, zero on their union."""
    product = parts[0].boundary_function(p)
    for part in parts[1:]:
        product = product * part.boundary_function(p)
    return product


def no_boundary(domain: Domain) -> DomainError:
    """The error where the boundary of a set that is thinner than its space is asked for."""
    return DomainError(
        f"the boundary of a set of dimension {domain.dimension} in {len(domain.axes)} coordinates "
        "is known only for a face of a `Box`."
    )
