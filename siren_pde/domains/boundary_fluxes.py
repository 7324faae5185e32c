"""Parts of a boundary with a given slope: what bends a field there, and nowhere else."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import torch

from siren_pde.calculus.derivatives import Key, Laplace, Part, add, multiply
from siren_pde.calculus.jets import Derivative, Jet
from siren_pde.calculus.points import Points
from siren_pde.calculus.vectors import Vector
from siren_pde.domains.ball import Sphere
from siren_pde.domains.base import Domain
from siren_pde.domains.booleans import Union
from siren_pde.domains.boundary_functions import depth
from siren_pde.domains.box import Face
from siren_pde.domains.implicit import Shell
from siren_pde.domains.polygon import Side
from siren_pde.errors import DomainError

Smooth = Face | Side | Sphere | Shell


@final
@dataclass(frozen=True, eq=False)
class Wall:
    """A smooth part of a boundary, and the parts where its bend shall change no value or no slope.

    Parts at a right angle to it need no such care, and are in neither list: beside them data are
    taken along `normal`, at the feet of points, so that what agrees in the corner agrees on all of
    them.
    """

    part: Smooth
    values: tuple[Smooth, ...]
    slopes: tuple[Smooth, ...]
    normal: tuple[float, ...] | None

    def bend(self, p: Points) -> Any:
        """A jet ψ at p that is zero on the part, with outward slope one.

        It is zero on `values`, and so is its gradient on `slopes`: ψ = −ω Π (α/(α + ω))ᵏ for depths
        ω below this part and α below the other, k = 1 or 2.
        """
        mine = depth(self.part, p)
        found = -mine
        for other, order, (sign, way) in self._kept:
            theirs = depth(other, p) * sign
            found = found * (theirs / (theirs + mine * way)) ** order
        return found

    @cached_property
    def _kept(self) -> list[tuple[Smooth, int, tuple[float, float]]]:
        """The other parts, the orders of zeros there, and signs to make both depths positive."""
        return [
            (other, order, (_sign(other, self.part), _sign(self.part, other)))
            for order, others in ((1, self.values), (2, self.slopes))
            for other in others
        ]

    def slope(self, u: Any, p: Points) -> Any:
        """∂u/∂n on the part, continued into the domain: −∇ω·∇u."""
        if isinstance(u, Vector):
            return u.map(lambda c: self.slope(c, p))
        mine = depth(self.part, p)
        return -sum(Derivative(mine, i) * Derivative(u, i) for i in range(len(p.axes)))

    def foot(self, p: Points) -> Points:
        """The nearest points of the plane of the part; p itself where no normal is needed."""
        if self.normal is None:
            return p
        x, n = p.positions, p.positions.new_tensor(self.normal)
        away = (x - x.new_tensor(self._middle)) @ n
        return Points(p.axes, x - away[:, None] * n, p.weights)

    def lifted(self, value: Any) -> Any:
        """A jet known at `foot(p)` as a jet at p, constant along the normal."""
        if self.normal is None:
            return value
        if isinstance(value, Vector):
            return value.map(self.lifted)
        axes = range(len(self.normal))
        return AtFoot(
            value, [[float(i == j) - self.normal[i] * self.normal[j] for j in axes] for i in axes]
        )

    @cached_property
    def _middle(self) -> list[float]:
        return [float(v) for v in _middle(self.part).positions[0]]


def wall(part: Domain, values: Domain | None, slopes: Sequence[Domain]) -> Wall:
    """The part as a wall beside what has values, and beside all parts with slopes, itself included.

    Raises DomainError for what is no face at the edge of its box, side of a polygon, sphere or
    surface of an `Implicit`.
    """
    smooth, held, sloped = _smooth(part), [*map(_smooth, _parts(values))], [*map(_smooth, slopes)]
    valued = [v for v in held if not _square(part, v)]
    others = [s for s in sloped if s != part]
    if all(isinstance(each, Face) for each in (*held, *sloped)):  # else bends vary along others
        others = [s for s in others if not _crossed(part, s)]
    normal = None
    if isinstance(smooth, Face) or (isinstance(smooth, Side) and len(valued) < len(held)):
        normal = smooth.outward
    return Wall(smooth, tuple(valued), tuple(others), normal)


def _parts(domain: Domain | None) -> tuple[Domain, ...]:
    if isinstance(domain, Union):
        return tuple(each for part in domain.parts for each in _parts(part))
    return () if domain is None else (domain,)


def _smooth(part: Domain) -> Smooth:
    if isinstance(part, Side | Sphere | Shell) or (isinstance(part, Face) and part.outward):
        return part
    raise DomainError(
        f"no smooth function is known that has slope one on {part!r}, for a flux there or beside "
        "it. Faces at the edge of a box, sides of polygons, spheres and implicit surfaces have "
        "one: give each of them its own flux, and values on a union of them."
    )


def _middle(part: Smooth) -> Points:
    """A point of the part (1, d)."""
    return part.points(part.chart(torch.full((1, part.inputs), 0.5, dtype=torch.float64)))


def _sign(part: Smooth, other: Smooth) -> float:
    """1 where the other lies inward of the part, −1 where it lies outward, as around a hole."""
    return math.copysign(1.0, float(depth(part, _middle(other)).value))


def _crossed(a: Domain, b: Domain) -> bool:
    """Whether both are faces of one box that meet."""
    if not (isinstance(a, Face) and isinstance(b, Face) and a.box == b.box):
        return False
    return a.fixed[0][0] != b.fixed[0][0]


def _square(a: Domain, b: Domain) -> bool:
    """Whether the two meet at a right angle, and depths below them are distances."""
    if not (isinstance(a, Side) and isinstance(b, Side)):
        return _crossed(a, b)
    cosine = sum(i * j for i, j in zip(a.outward, b.outward, strict=True))
    straight = a.clearance is None and b.clearance is None
    return straight and bool({*a.ends} & {*b.ends}) and abs(cosine) < 1e-12


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
