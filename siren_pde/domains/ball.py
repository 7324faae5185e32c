"""Balls in any number of coordinates, and the spheres around them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import torch
from torch import Tensor

from siren_pde.calculus.jets import Constant, Jet
from siren_pde.calculus.points import Points, check_names
from siren_pde.domains.base import Domain, Image, Piece
from siren_pde.domains.box import Box
from siren_pde.domains.intervals import require_measure
from siren_pde.domains.shape import BallAround, Bounds
from siren_pde.errors import DomainError
from siren_pde.numerics.checked import is_real


@final
@dataclass(frozen=True, init=False, repr=False)
class Ball(Piece):
    """All points at most `radius` away from a centre: `Ball(x=0.0, y=0.0, radius=1.0)`.

    An interval, a disc, a ball … according to the number of coordinates that name the centre.
    Raises DomainError unless the centre is finite and 0 < radius < ∞.
    """

    centre: tuple[tuple[str, float], ...]
    radius: float

    def __init__(self, /, *, radius: float = 1.0, **centre: float) -> None:
        if not centre:
            raise DomainError(
                "`Ball` needs its centre, as in `Ball(x=0.0, y=0.0)`: it names the coordinates."
            )
        check_names("an axis", centre)
        if not all(is_real(value) and math.isfinite(value) for value in centre.values()):
            raise DomainError(f"`Ball` needs a finite centre, got {centre}.")
        if not (is_real(radius) and 0 < radius < math.inf):
            raise DomainError(f"`Ball` needs a finite radius > 0, got {radius!r}.")
        named = tuple((name, float(value)) for name, value in centre.items())
        object.__setattr__(self, "centre", named)
        object.__setattr__(self, "radius", float(radius))
        require_measure(self)

    @classmethod
    def from_description(cls, description: Mapping[str, Any]) -> Ball:
        """The ball of this `centre` and `radius`."""
        return cls(radius=description["radius"], **dict(description["centre"]))

    def __repr__(self) -> str:
        centre = ", ".join(f"{name}={value:g}" for name, value in self.centre)
        return f"Ball({centre}, radius={self.radius:g})"

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of the coordinates, in order."""
        return tuple(name for name, _ in self.centre)

    @property
    def dimension(self) -> int:
        """The number d of coordinates."""
        return len(self.centre)

    @property
    def affine(self) -> bool:
        """False, but for an interval."""
        return self.dimension == 1

    @property
    def measure(self) -> float:
        """π^(d/2) Rᵈ / Γ(d/2 + 1)."""
        d = self.dimension
        return float(math.pi ** (d / 2) * math.pow(self.radius, d) / math.gamma(d / 2 + 1))

    @property
    def bounds(self) -> Bounds:
        """The corners of the cube around the ball."""
        return (
            tuple(value - self.radius for _, value in self.centre),
            tuple(value + self.radius for _, value in self.centre),
        )

    @cached_property
    def boundary(self) -> Domain:
        """The sphere, with normals away from the centre; two points in one coordinate."""
        if self.dimension == 1:
            ((name, middle),) = self.centre
            return Box(**{name: (middle - self.radius, middle + self.radius)}).boundary
        return Sphere(self)

    @property
    def convex(self) -> bool:
        """True."""
        return True

    @property
    def bounding_ball(self) -> BallAround:
        """The ball itself."""
        return tuple(value for _, value in self.centre), self.radius

    def holds(self, x: Tensor, tolerance: float) -> Tensor:
        """Whether the distance from the centre is at most the radius."""
        return self.distance(x) <= self.radius + tolerance

    def distance(self, x: Tensor) -> Tensor:
        """The distance of points x, shape (n, d), from the centre, shape (n,)."""
        columns = [x[:, i] - value for i, (_, value) in enumerate(self.centre)]
        distance: Tensor = torch.linalg.vector_norm(torch.stack(columns, 1), dim=1)
        return distance

    def chart(self, u: Tensor) -> Image:
        """A direction, uniform on the sphere, times a distance r with (r/R)ᵈ uniform on (0, 1)."""
        d = self.dimension
        if d == 1:
            offset = 2 * u - 1
        elif d <= 3:
            offset = u[:, :1] ** (1 / d) * directions(u[:, 1:])
        else:
            normal = gaussian(u)
            length = torch.linalg.vector_norm(normal, dim=1, keepdim=True)
            half = torch.full_like(length, d / 2)
            # ‖z‖² has a χ² distribution, so its distribution function is uniform on (0, 1)
            offset = torch.special.gammainc(half, length**2 / 2) ** (1 / d) * normal / length
        return Image(self.place(offset))

    def place(self, offset: Tensor) -> Tensor:
        """centre + R offset, for offsets of shape (n, d)."""
        columns = [value + self.radius * offset[:, i] for i, (_, value) in enumerate(self.centre)]
        return torch.stack(columns, 1)


@final
@dataclass(frozen=True, repr=False)
class Sphere(Piece):
    """The boundary of a ball in two or more coordinates, with normals away from the centre."""

    ball: Ball

    def __post_init__(self) -> None:
        if self.ball.dimension == 1:
            raise DomainError(f"the boundary of {self.ball!r} is two points: write `.boundary`.")

    def __repr__(self) -> str:
        return f"{self.ball!r}.boundary"

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of the coordinates, in order."""
        return self.ball.axes

    @property
    def dimension(self) -> int:
        """One less than the number of coordinates."""
        return self.ball.dimension - 1

    @property
    def inputs(self) -> int:
        """d − 1 unit coordinates for d ≤ 3; from d = 4 on d of them, for a Gaussian direction."""
        return self.dimension if self.ball.dimension <= 3 else self.ball.dimension

    @property
    def affine(self) -> bool:
        """False."""
        return False

    @property
    def measure(self) -> float:
        """d/R times the measure of the ball: 2πR, 4πR² …."""
        return self.ball.dimension * self.ball.measure / self.ball.radius

    @property
    def bounds(self) -> Bounds:
        """The corners of the cube around the sphere."""
        return self.ball.bounds

    @property
    def boundary(self) -> Domain:
        """Raises DomainError: a sphere is closed."""
        raise DomainError(f"{self!r} is a closed surface and has no boundary.")

    @property
    def bounding_ball(self) -> BallAround:
        """The ball that it bounds."""
        return self.ball.bounding_ball

    @property
    def enclosed_ball(self) -> BallAround:
        """The ball that it bounds."""
        return self.ball.bounding_ball

    def boundary_function(self, p: Points) -> Jet:
        """1 − |x − c|²/r²."""
        return self.depth(p) * (2 / self.ball.radius)

    def depth(self, p: Points) -> Jet:
        """(r − |x − c|²/r)/2."""
        coordinates, radius = dict(zip(p.axes, p, strict=True)), self.ball.radius
        squares = ((coordinates[name] - value) ** 2 for name, value in self.ball.centre)
        return (radius - sum(squares, start=Constant(0.0)) / radius) / 2

    def holds(self, x: Tensor, tolerance: float) -> Tensor:
        """Whether the distance from the centre is the radius."""
        return (self.ball.distance(x) - self.ball.radius).abs() <= tolerance

    def chart(self, u: Tensor) -> Image:
        """A direction, uniform on the unit sphere, which is the normal as well."""
        if self.ball.dimension <= 3:
            normals = directions(u)
        else:
            normals = torch.nn.functional.normalize(gaussian(u), dim=1)
        return Image(self.ball.place(normals), normals)


def directions(u: Tensor) -> Tensor:
    """Uniform unit vectors in the plane, from u of shape (n, 1), or in space, from (n, 2).

    In space by Archimedes: a slice of a sphere has an area proportional to its height.
    """
    angle = 2 * math.pi * u[:, -1]
    if u.shape[1] == 1:
        return torch.stack([angle.cos(), angle.sin()], 1)
    height = 2 * u[:, 0] - 1
    radius = ((1 - height) * (1 + height)).sqrt()
    return torch.stack([radius * angle.cos(), radius * angle.sin(), height], 1)


def gaussian(u: Tensor) -> Tensor:
    """Independent standard normal numbers from uniform ones, by the inverse error function."""
    quantiles: Tensor = torch.special.erfinv(2 * u - 1)
    return math.sqrt(2) * quantiles
