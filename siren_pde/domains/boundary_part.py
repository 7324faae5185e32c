"""Parts of a boundary with a given slope: what changes a field's slope there, and nowhere else."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, TypeVar, final

import torch

from siren_pde.calculus.derivatives import Key, Laplace, Part, add, multiply
from siren_pde.calculus.jets import Constant, Jet
from siren_pde.calculus.operators import Derivative
from siren_pde.calculus.points import Points
from siren_pde.calculus.vectors import Vector
from siren_pde.errors import DomainError

Value = TypeVar("Value", Jet, Vector)


class SmoothPart(Protocol):
    """What is asked of a part of a boundary: a `Domain` answers all of it, see `Shape`."""

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of the coordinates."""
        ...

    @property
    def outward_normal(self) -> tuple[float, ...] | None:
        """The outward unit normal, if it is flat."""
        ...

    @property
    def depth_axis(self) -> str | None:
        """The one coordinate that `depth` depends on."""
        ...

    def depth(self, p: Points) -> Jet:
        """A jet that is zero on the part and rises inward with slope one."""
        ...

    def meets_squarely(self, other: object) -> bool:
        """Whether another flat part meets it at a right angle."""
        ...

    def sample_point(self) -> Points:
        """One point of the part."""
        ...


@final
@dataclass(frozen=True, eq=False)
class BoundaryPart:
    """A smooth part of a boundary, and the parts where its lift shall change no value or no slope.

    Parts at a right angle to it need no such care, and are in neither list: beside them data are
    taken along `normal`, at the feet of points, so that what agrees in the corner agrees on all of
    them.
    """

    part: SmoothPart
    values: tuple[SmoothPart, ...]
    slopes: tuple[SmoothPart, ...]
    normal: tuple[float, ...] | None

    def lift(self, p: Points) -> Jet:
        """A jet ψ at p that is zero on the part, with outward slope one.

        It is zero on `values`, and so is its gradient on `slopes`: ψ = −ω Π (α/(α + ω))ᵏ for depths
        ω below this part and α below the other, k = 1 or 2.
        """
        mine = self.part.depth(p)
        result = -mine
        for other, order, (sign, way) in self._kept:
            theirs = other.depth(p) * sign
            result = result * (theirs / (theirs + mine * way)) ** order
        return result

    @cached_property
    def _kept(self) -> list[tuple[SmoothPart, int, tuple[float, float]]]:
        """The other parts, the orders of zeros there, and signs to make both depths positive."""
        return [
            (other, order, (_sign(other, self.part), _sign(self.part, other)))
            for order, others in ((1, self.values), (2, self.slopes))
            for other in others
        ]

    def slope(self, u: Value, p: Points) -> Value:
        """∂u/∂n on the part, continued into the domain: −∇ω·∇u."""
        if isinstance(u, Vector):
            return u.map(lambda c: self.slope(c, p))
        mine = self.part.depth(p)
        products = (Derivative(mine, i) * Derivative(u, i) for i in range(len(p.axes)))
        return -sum(products, start=Constant(0.0))

    def foot(self, p: Points) -> Points:
        """The nearest points of the plane of the part; p itself where no normal is needed."""
        if self.normal is None:
            return p
        x, n = p.positions, p.positions.new_tensor(self.normal)
        away = (x - x.new_tensor(self._point)) @ n
        return Points(p.axes, x - away[:, None] * n, p.weights)

    def extended(self, value: Value) -> Value:
        """A jet known at `foot(p)` as a jet at p, constant along the normal."""
        if self.normal is None:
            return value
        if isinstance(value, Vector):
            return value.map(self.extended)
        axes, n = range(len(self.normal)), self.normal
        return AtFoot(value, [[float(i == j) - n[i] * n[j] for j in axes] for i in axes])

    @cached_property
    def _point(self) -> list[float]:
        return [float(v) for v in self.part.sample_point().positions[0]]


def boundary_part(
    part: SmoothPart, values: Sequence[SmoothPart], slopes: Sequence[SmoothPart]
) -> BoundaryPart:
    """A part beside those with values, and beside all parts with slopes, itself included.

    Raises DomainError for what has no `depth`.
    """
    for each in (part, *values, *slopes):
        _require_depth(each)
    valued = tuple(v for v in values if not part.meets_squarely(v))
    others = tuple(s for s in slopes if s != part)
    if all(each.depth_axis is not None for each in (*values, *slopes)):  # else lifts vary along it
        others = tuple(s for s in others if not part.meets_squarely(s))
    straight = part.depth_axis is not None or len(valued) < len(values)
    return BoundaryPart(part, valued, others, part.outward_normal if straight else None)


def _require_depth(part: SmoothPart) -> None:
    origin = torch.zeros((1, len(part.axes)), dtype=torch.float64, device="cpu")
    try:
        part.depth(Points(part.axes, origin, origin[:, 0]))
    except DomainError as error:
        raise DomainError(
            f"no smooth function is known that has slope one on {part!r}, for a flux there or "
            "beside it. Faces at the edge of a box, sides of polygons, spheres and implicit "
            "surfaces have one, and domains of your own that define `boundary_function`: give each "
            "of them its own flux, and values on a union of them."
        ) from error


def _sign(part: SmoothPart, other: SmoothPart) -> float:
    """1 where the other lies inward of the part, −1 where it lies outward, as around a hole."""
    return math.copysign(1.0, float(part.depth(other.sample_point()).value))


@final
class AtFoot(Jet):
    """f(Ax + b) of a jet f known at Ax + b, for a symmetric matrix A."""

    def __init__(self, inner: Jet, matrix: Sequence[Sequence[float]]) -> None:
        self.inner, self.matrix = inner, matrix
        self.frame, self.from_field = inner.frame, inner.from_field

    def _part(self, key: Key) -> Part:
        total: Part = 0.0
        for chain in [(i, i) for i in key.axes] if isinstance(key, Laplace) else [key]:
            for axes in itertools.product(range(len(self.matrix)), repeat=len(chain)):
                factor = math.prod(self.matrix[i][j] for i, j in zip(chain, axes, strict=True))
                if factor:
                    part = self.inner.part(tuple(sorted(axes)))
                    total = add(total, multiply(float(factor), part))
        return total
