"""Polygons in the plane of two coordinates, and their sides."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import torch
from torch import Tensor

from siren_pde.calculus.jets import Jet
from siren_pde.calculus.points import Points, check_names
from siren_pde.domains.base import Domain, Image, Piece
from siren_pde.domains.boundary import Boundary
from siren_pde.domains.boundary_functions import beside_segment
from siren_pde.domains.intervals import require_measure
from siren_pde.domains.shape import Bounds
from siren_pde.domains.triangulation import Vertex, area, crossing, meet, triangles, turn
from siren_pde.errors import DomainError

LARGEST = 1e150  # coordinates are below: squares of larger ones are infinite
_STRAIGHT = 1e-12  # a vertex this near to the line of a side, beside its length, is on it


@final
@dataclass(frozen=True, init=False, repr=False)
class Polygon(Piece):
    """What a closed line through given vertices surrounds: `Polygon([(0, 0), (1, 0), (0, 1)])`.

    The vertices go around once, in either sense; `axes` names their two coordinates. Its `sides`
    are domains, side i from vertex i to the next. A vertex may lie on a straight line, to give one
    part of a wall another condition than the rest. Raises DomainError for fewer than three
    vertices, for vertices that are not finite, and where the line touches or crosses itself.
    """

    vertices: tuple[Vertex, ...]
    axes_named: tuple[str, str]

    def __init__(
        self, vertices: Sequence[Sequence[float]], *, axes: Sequence[str] = ("x", "y")
    ) -> None:
        if len(axes) != 2:
            raise DomainError(f"`Polygon` lies in two coordinates, got the axes {tuple(axes)}.")
        check_names("an axis", axes)
        around = tuple(_vertex(each) for each in vertices)
        if len(around) < 3:
            raise DomainError(f"`Polygon` needs at least three vertices, got {len(around)}.")
        object.__setattr__(self, "vertices", around)
        object.__setattr__(self, "axes_named", tuple(axes))
        touching = crossing(around)
        if touching is not None:
            i, j = touching
            raise DomainError(
                f"the sides {i} and {j} of a `Polygon` meet elsewhere than in a common vertex: "
                f"{around[i]} to {around[(i + 1) % len(around)]} and {around[j]} to "
                f"{around[(j + 1) % len(around)]}. Give the vertices in order, once around, "
                "without the first one again at the end."
            )
        require_measure(self)

    @classmethod
    def from_description(cls, description: Mapping[str, Any]) -> Polygon:
        """The polygon of these `vertices`."""
        return cls(description["vertices"], axes=description["axes_named"])

    def __repr__(self) -> str:
        corners = ", ".join(f"({x:g}, {y:g})" for x, y in self.vertices)
        axes = "" if self.axes == ("x", "y") else f", axes={self.axes}"
        return f"Polygon([{corners}]{axes})"

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of the two coordinates."""
        return self.axes_named

    @property
    def dimension(self) -> int:
        """2."""
        return 2

    @property
    def convex(self) -> bool:
        """Whether all turns have the same sense."""
        v = self.vertices
        turns = [turn(v[i - 2], v[i - 1], v[i]) for i in range(len(v))]
        return min(turns) >= 0 or max(turns) <= 0

    @property
    def measure(self) -> float:
        """The area, by the shoelace formula."""
        return abs(area(self.vertices))

    @property
    def bounds(self) -> Bounds:
        """The corners of the box around all vertices."""
        x, y = zip(*self.vertices, strict=True)
        return (min(x), min(y)), (max(x), max(y))

    @cached_property
    def sides(self) -> tuple[Side, ...]:
        """The sides in the order of the vertices, with normals outward."""
        return tuple(Side(self, i) for i in range(len(self.vertices)))

    @cached_property
    def boundary(self) -> Domain:
        """All sides."""
        return Boundary(self.sides, self)

    def holds(self, x: Tensor, tolerance: float) -> Tensor:
        """Whether points lie inside, or no farther from a side than the tolerance."""
        near = torch.stack([side.distance(x) for side in self.sides]).amin(0)
        if tolerance < 0:
            return self._surrounds(x) & (near >= -tolerance)
        return self._surrounds(x) | (near <= tolerance)

    def _surrounds(self, x: Tensor) -> Tensor:
        """Whether a ray from each point crosses the sides an odd number of times."""
        odd = torch.zeros(len(x), dtype=torch.bool, device=x.device)
        for side in self.sides:
            (a, b), (c, d) = side.ends
            if b == d:
                continue
            between = (x[:, 1] < b) != (x[:, 1] < d)
            odd = odd ^ (between & (x[:, 0] < a + (x[:, 1] - b) * ((c - a) / (d - b))))
        return odd

    @cached_property
    def _triangles(self) -> tuple[tuple[Vertex, Vertex, Vertex], ...]:
        return triangles(self.vertices)

    def chart(self, u: Tensor) -> Image:
        """The first unit coordinate picks a triangle by its area; a triangle is mapped to from the
        square by a + √s ((1 − t)(b − a) + t (c − a)), which stretches all of it alike.
        """
        corners = u.new_tensor(self._triangles)
        sizes = u.new_tensor([abs(area(each)) for each in self._triangles])
        ends = (sizes / sizes.sum()).cumsum(0)
        which = torch.searchsorted(ends, u[:, 0].contiguous()).clamp_max(len(ends) - 1)
        start = torch.cat([ends.new_zeros(1), ends])[which]
        s = ((u[:, 0] - start) / (ends[which] - start)).clamp(0, 1)
        a, b, c = corners[which].unbind(1)
        t = u[:, 1:]
        return Image(a + s.sqrt()[:, None] * ((1 - t) * (b - a) + t * (c - a)))


@final
@dataclass(frozen=True, repr=False)
class Side(Piece):
    """One side of a polygon, with its outward normal; made by `polygon.sides[i]`."""

    polygon: Polygon
    index: int

    def __repr__(self) -> str:
        return f"{self.polygon!r}.sides[{self.index}]"

    @property
    def ends(self) -> tuple[Vertex, Vertex]:
        """The vertices where it begins and ends."""
        v = self.polygon.vertices
        return v[self.index], v[(self.index + 1) % len(v)]

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of the two coordinates."""
        return self.polygon.axes

    @property
    def dimension(self) -> int:
        """1."""
        return 1

    @property
    def affine(self) -> bool:
        """True."""
        return True

    @property
    def measure(self) -> float:
        """The length."""
        return math.dist(*self.ends)

    @property
    def bounds(self) -> Bounds:
        """The corners of the box around both ends."""
        (a, b), (c, d) = self.ends
        return (min(a, c), min(b, d)), (max(a, c), max(b, d))

    @property
    def boundary(self) -> Domain:
        """Raises DomainError: the ends of a side are given as points."""
        raise DomainError(
            f"the ends of {self!r} are no domain of their own. Write `PointCloud({self.ends})`."
        )

    @property
    def convex(self) -> bool:
        """True."""
        return True

    @property
    def outward_normal(self) -> Vertex:
        """The outward unit normal."""
        (a, b), (c, d) = self.ends
        length = math.copysign(self.measure, area(self.polygon.vertices))
        return (d - b) / length, (a - c) / length

    def height(self, v: Vertex) -> float:
        """How far a point lies inward of the line through both ends."""
        (a, b), (n, m) = self.ends[0], self.outward_normal
        return (a - v[0]) * n + (b - v[1]) * m

    @cached_property
    def clearance(self) -> float | None:
        """The base angle, 45° or a half, a quarter … of it, of a triangle on the side's outside
        that no other side enters; None where all of the polygon but the side lies inward of its
        line.
        """
        v, (a, b) = self.polygon.vertices, self.ends
        if min(self.height(c) for c in v if c not in (a, b)) > _STRAIGHT * self.measure:
            return None
        angle = math.pi / 4
        while any(_enters(v[i - 1], v[i], a, b, self._apex(angle)) for i in range(len(v))):
            angle /= 2
        return angle

    def _apex(self, angle: float) -> Vertex:
        (a, b), (c, d), (n, m) = *self.ends, self.outward_normal
        far = math.tan(angle) * self.measure / 2
        return (a + c) / 2 + far * n, (b + d) / 2 + far * m

    def distance(self, x: Tensor) -> Tensor:
        """The distance (n,) of points x (n, 2) from the nearest point of the side."""
        start, end = (x.new_tensor(vertex) for vertex in self.ends)
        along = end - start
        share = ((x - start) @ along / (along @ along)).clamp(0, 1)
        distance: Tensor = torch.linalg.vector_norm(x - start - share[:, None] * along, dim=1)
        return distance

    def boundary_function(self, p: Points) -> Jet:
        """The depth, by its largest value at the vertices.

        Where the polygon does not lie on one side of the line it bends around the ends and has no
        second derivatives there: at a corner of more than 180° an `Ansatz` is no smooth field, and
        residuals on the boundary reach more.
        """
        return self.depth(p) * (2 / self._highest)

    def depth(self, p: Points) -> Jet:
        """The distance where all of the polygon lies inward of the line, else see the formula."""
        x, y = (p.coordinates[p.axes.index(name)] for name in self.axes)
        return beside_segment(
            x, y, ends=self.ends, outward=self.outward_normal, angle=self.clearance
        )

    @cached_property
    def _highest(self) -> float:
        corners = torch.tensor(self.polygon.vertices, dtype=torch.float64, device="cpu")
        depth = self.depth(Points(self.axes, corners, corners[:, 0])).value
        return float(torch.as_tensor(depth).max())

    def meets_squarely(self, other: object) -> bool:
        """Whether two sides have a common end and a right angle, and distances for depths."""
        if not isinstance(other, Side):
            return False
        normals = zip(self.outward_normal, other.outward_normal, strict=True)
        straight = self.clearance is None and other.clearance is None
        shared = bool({*self.ends} & {*other.ends})
        return straight and shared and abs(sum(i * j for i, j in normals)) < 1e-12

    def holds(self, x: Tensor, tolerance: float) -> Tensor:
        """Whether the distance is at most the tolerance."""
        return self.distance(x) <= tolerance

    def chart(self, u: Tensor) -> Image:
        """From the first end to the second."""
        start, end = (u.new_tensor(vertex) for vertex in self.ends)
        return Image(start + u * (end - start), u.new_tensor(self.outward_normal).expand(len(u), 2))


def _enters(c: Vertex, d: Vertex, a: Vertex, b: Vertex, apex: Vertex) -> bool:
    """Whether a side c d meets a leg of the triangle over a b that it does not begin or end at."""
    return any(foot not in (c, d) and meet(foot, apex, c, d) for foot in (a, b))


def _vertex(given: Sequence[float]) -> Vertex:
    try:
        x, y = (float(value) for value in given)
    except (TypeError, ValueError) as error:
        raise DomainError(
            f"`Polygon` needs pairs of numbers as vertices, got {given!r}."
        ) from error
    if not (abs(x) < LARGEST and abs(y) < LARGEST):
        raise DomainError(
            f"`Polygon` needs finite vertices of a moderate size, got ({x:g}, {y:g})."
        )
    return x, y
