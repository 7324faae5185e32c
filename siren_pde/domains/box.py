"""Boxes in any named coordinates, space and time alike, and their faces."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import torch
from torch import Tensor

from siren_pde.calculus.jets import Jet
from siren_pde.calculus.points import Points, check_names
from siren_pde.domains.base import Domain, Image, Piece
from siren_pde.domains.boundary import Boundary
from siren_pde.domains.intervals import checked_interval, require_measure
from siren_pde.domains.shape import Bounds, unknown_function
from siren_pde.errors import DomainError

_SNAP = 1e-12  # a value this close to the edge, beside the size of the box, is on the edge


@final
@dataclass(frozen=True, init=False, repr=False)
class Box(Piece):
    """The product of intervals, one for each coordinate: `Box(x=(0, 1), t=(0, 2))`.

    Coordinates have the order of the keywords. Raises DomainError unless every interval is finite
    and has low < high.
    """

    intervals: tuple[tuple[str, float, float], ...]

    def __init__(self, /, **intervals: tuple[float, float]) -> None:
        if not intervals:
            raise DomainError(
                "`Box` needs at least one coordinate. Name them all, as in `Box(x=(0, 1))`."
            )
        check_names("an axis", intervals)
        checked = tuple((name, *checked_interval(name, pair)) for name, pair in intervals.items())
        object.__setattr__(self, "intervals", checked)
        require_measure(self)

    @classmethod
    def from_description(cls, description: Mapping[str, Any]) -> Box:
        """The box of these `intervals`."""
        return cls(**{name: (low, high) for name, low, high in description["intervals"]})

    @staticmethod
    def around(domain: Domain, margin: float = 0.5) -> Box:
        """The smallest box around a cloud or any domain, made wider on every side.

        It grows by `margin` times half its largest extent. Raises DomainError if that leaves it
        flat, as for a single point.
        """
        if not 0 <= margin < math.inf:
            raise DomainError(f"`margin` must be a number ≥ 0, got {margin}.")
        low, high = domain.bounds
        grow = margin * max(b - a for a, b in zip(low, high, strict=True)) / 2
        if any(a - grow >= b + grow for a, b in zip(low, high, strict=True)):
            raise DomainError(
                f"the box around {domain!r} would be flat, as its bounds are {low} to {high}. "
                "Give a margin > 0, or write the `Box` yourself."
            )
        sides = zip(domain.axes, low, high, strict=True)
        return Box(**{name: (a - grow, b + grow) for name, a, b in sides})

    def __repr__(self) -> str:
        sides = ", ".join(f"{name}=({a:g}, {b:g})" for name, a, b in self.intervals)
        return f"Box({sides})"

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of the coordinates, in order."""
        return tuple(name for name, _, _ in self.intervals)

    @property
    def dimension(self) -> int:
        """The number of coordinates."""
        return len(self.intervals)

    @property
    def affine(self) -> bool:
        """True."""
        return True

    @property
    def measure(self) -> float:
        """The product of the lengths of all sides."""
        return math.prod(b - a for _, a, b in self.intervals)

    @property
    def bounds(self) -> Bounds:
        """The corners (low, high)."""
        return tuple(a for _, a, _ in self.intervals), tuple(b for _, _, b in self.intervals)

    @cached_property
    def boundary(self) -> Domain:
        """All faces, those of a coordinate `t` included; `at` picks single ones."""
        return _edges(self, {}, self)

    def at(self, **values: float) -> Face:
        """The part of the box where the named coordinates have these values.

        One value at the edge of the box gives a face with an outward normal: `box.at(t=0)`.
        Raises DomainError for unknown names and for values outside the box.
        """
        if not values:
            raise DomainError("`at` needs the value of a coordinate, as in `box.at(x=0)`.")
        sides = {name: (a, b) for name, a, b in self.intervals}
        fixed = {}
        for name, value in values.items():
            if name not in sides:
                raise DomainError(
                    f"`at` names `{name}`, but {self!r} has the coordinates {', '.join(self.axes)}."
                )
            low, high = sides[name]
            near = _SNAP * (high - low)
            if not low - near <= value <= high + near:
                raise DomainError(
                    f"{name}={value} is not in {self!r}. Give a value from {low:g} to {high:g}."
                )
            edge = [end for end in (low, high) if abs(value - end) <= near]
            fixed[name] = edge[0] if edge else float(value)
        return Face(self, tuple((name, fixed[name]) for name in self.axes if name in fixed))

    @property
    def convex(self) -> bool:
        """True."""
        return True

    @property
    def grid_planes(self) -> tuple[tuple[float, ...], ...]:
        """Two across every axis."""
        return tuple((low, high) for _, low, high in self.intervals)

    def times(self, other: Domain) -> Domain | None:
        """The box in all coordinates of two boxes."""
        if not isinstance(other, Box) or {*self.axes} & {*other.axes}:
            return None
        return Box(**{name: (low, high) for name, low, high in self.intervals + other.intervals})

    def holds(self, x: Tensor, tolerance: float) -> Tensor:
        """Whether every coordinate lies in its interval."""
        held = torch.ones(len(x), dtype=torch.bool, device=x.device)
        for i, (_, low, high) in enumerate(self.intervals):
            held = held & (x[:, i] >= low - tolerance) & (x[:, i] <= high + tolerance)
        return held

    def chart(self, u: Tensor) -> Image:
        """low + (high − low) u."""
        columns = [low + (high - low) * u[:, i] for i, (_, low, high) in enumerate(self.intervals)]
        return Image(torch.stack(columns, 1))


@final
@dataclass(frozen=True, repr=False)
class Face(Piece):
    """The part of a box where some coordinates are fixed; made by `box.at(...)`.

    It has an outward normal where exactly one coordinate is fixed, at an end of its interval.
    """

    box: Box
    fixed: tuple[tuple[str, float], ...]

    def __repr__(self) -> str:
        return f"{self.box!r}.at({', '.join(f'{name}={value:g}' for name, value in self.fixed)})"

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of all coordinates of the box, the fixed ones included."""
        return self.box.axes

    @property
    def dimension(self) -> int:
        """The number of coordinates that are free."""
        return self.box.dimension - len(self.fixed)

    @property
    def affine(self) -> bool:
        """True."""
        return True

    @property
    def measure(self) -> float:
        """The product of the lengths of the free sides, 1 for a corner."""
        low, high = self.bounds
        held = dict(self.fixed)
        return math.prod(
            b - a for name, a, b in zip(self.axes, low, high, strict=True) if name not in held
        )

    @property
    def bounds(self) -> Bounds:
        """The corners (low, high)."""
        held = dict(self.fixed)
        sides = self.box.intervals
        return (
            tuple(held.get(name, a) for name, a, _ in sides),
            tuple(held.get(name, b) for name, _, b in sides),
        )

    @cached_property
    def boundary(self) -> Domain:
        """The edges of the face, without normals. Raises DomainError for a corner."""
        if self.dimension == 0:
            raise DomainError(f"{self!r} is a point and has no boundary.")
        return _edges(self.box, dict(self.fixed), self)

    @property
    def convex(self) -> bool:
        """True."""
        return True

    @property
    def outward_normal(self) -> tuple[float, ...] | None:
        """One number for each coordinate; None for a face that is not at the edge of its box."""
        if len(self.fixed) > 1:
            return None
        ((fixed, value),) = self.fixed
        signs = dict(zip(self._interval, (-1.0, 1.0), strict=True))
        if value not in signs:
            return None
        return tuple(signs[value] if name == fixed else 0.0 for name in self.axes)

    @property
    def depth_axis(self) -> str | None:
        """The coordinate that is fixed, if there is only one."""
        return self.fixed[0][0] if len(self.fixed) == 1 else None

    @property
    def _interval(self) -> tuple[float, float]:
        """The side of the box along the first coordinate that is fixed."""
        return next((a, b) for name, a, b in self.box.intervals if name == self.fixed[0][0])

    def boundary_function(self, p: Points) -> Jet:
        """Twice the share of the box's side between a point and the face."""
        if len(self.fixed) > 1:
            raise unknown_function(self)
        low, high = self._interval
        return self._past(p) * (2 / (high - low))

    def depth(self, p: Points) -> Jet:
        """The distance. Raises DomainError for a face that is not at the edge of its box."""
        if self.outward_normal is None:
            raise unknown_function(self)
        return self._past(p)

    def _past(self, p: Points) -> Jet:
        ((name, value),) = self.fixed
        past = dict(zip(p.axes, p, strict=True))[name] - value
        return -past if value == self._interval[1] else past

    def meets_squarely(self, other: object) -> bool:
        """Whether both are faces of one box that meet."""
        if not (isinstance(other, Face) and other.box == self.box):
            return False
        return self.fixed[0][0] != other.fixed[0][0]

    def holds(self, x: Tensor, tolerance: float) -> Tensor:
        """Whether points lie in the box and have the fixed coordinates."""
        held = self.box.contains(x, tolerance)
        for name, value in self.fixed:
            held = held & ((x[:, self.axes.index(name)] - value).abs() <= tolerance)
        return held

    def chart(self, u: Tensor) -> Image:
        """The free coordinates as in the box, the fixed ones constant."""
        held, free, columns = dict(self.fixed), 0, []
        for name, low, high in self.box.intervals:
            if name in held:
                columns.append(u.new_full((len(u),), held[name]))
            else:
                columns.append(low + (high - low) * u[:, free])
                free += 1
        normals = None
        if self.outward_normal is not None:
            normals = torch.stack([u.new_full((len(u),), c) for c in self.outward_normal], 1)
        return Image(torch.stack(columns, 1), normals)


def _edges(box: Box, fixed: dict[str, float], of: Domain) -> Domain:
    free = [side for side in box.intervals if side[0] not in fixed]
    ends = itertools.chain.from_iterable(((name, a), (name, b)) for name, a, b in free)
    return Boundary(tuple(box.at(**fixed, **{name: end}) for name, end in ends), of)
