"""What a domain says about its shape: its size, and on request more, which has defaults."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import final

from siren_pde.calculus.jets import Jet
from siren_pde.calculus.points import Points
from siren_pde.domains.boundary_functions import normalised
from siren_pde.errors import DomainError

Bounds = tuple[tuple[float, ...], tuple[float, ...]]
"""The corners (low, high) of a box."""
BallAround = tuple[tuple[float, ...], float]
"""The centre and the radius of a ball."""


class Shape(ABC):
    """A set in the coordinates `axes`: four properties, and what else is known of it.

    All that has a default is knowledge that may be missing. Then set operations estimate measures
    by points where they could be exact, and an `Ansatz` cannot hold conditions on the set.
    """

    @property
    @abstractmethod
    def axes(self) -> tuple[str, ...]:
        """The names of the coordinates, in order."""

    @property
    @abstractmethod
    def dimension(self) -> int:
        """The intrinsic dimension: 2 for a disc in the plane, 1 for its boundary, 0 for points."""

    @property
    @abstractmethod
    def measure(self) -> float:
        """The length, area, volume … of the domain; it is the number of points in dimension 0."""

    @property
    @abstractmethod
    def bounds(self) -> Bounds:
        """The corners (low, high) of a box around the domain."""

    # ── where it lies ─────────────────────────────────────────────────────────────────────────

    @property
    def convex(self) -> bool:
        """Whether the domain is known to be convex."""
        return False

    @property
    def bounding_ball(self) -> BallAround:
        """The centre and the radius of a ball around the domain; by default around its bounds."""
        low, high = self.bounds
        centre = tuple((a + b) / 2 for a, b in zip(low, high, strict=True))
        return centre, math.dist(low, high) / 2

    @property
    def enclosed_ball(self) -> BallAround | None:
        """A ball with no point of the domain inside although it lies all around, as in a sphere."""
        return None

    @property
    def grid_planes(self) -> tuple[tuple[float, ...], ...] | None:
        """For every axis the planes across it, if the domain is made of cells between them."""
        return None

    # ── measured data ─────────────────────────────────────────────────────────────────────────

    @property
    def data_points(self) -> Points | None:
        """The points of measured data, with equal weights that sum to 1; None for other sets."""
        return None

    @final
    @property
    def is_data(self) -> bool:
        """Whether the domain is made of measured data, which lie where they lie."""
        return self.data_points is not None

    @final
    @property
    def count(self) -> int | None:
        """The number of points of measured data; None for other sets."""
        return None if self.data_points is None else len(self.data_points)

    # ── a part of a boundary ──────────────────────────────────────────────────────────────────

    def boundary_function(self, p: Points) -> Jet:
        """A smooth jet φ at p that is zero on this domain and positive inside what it bounds.

        `Ansatz(vanishing_on=…)` multiplies its network by φ, so that φ has moderate size. Raises
        DomainError where none is known, as by default.
        """
        raise unknown_function(self)

    def depth(self, p: Points) -> Jet:
        """A jet ω at p that is zero on this part of a boundary and rises inward with slope one.

        `Ansatz(flux=…)` takes it for the distance from the part. By default it is the boundary
        function φ, normalised: ω = φ/√(|∇φ|² + (2φ/s)²), where s is the shortest side of the
        bounds. Raises DomainError where there is no such function, or no side is inward.
        """
        low, high = self.bounds
        sides = (b - a for a, b in zip(low, high, strict=True))
        shortest = min((side for side in sides if side > 0), default=1.0)
        return normalised(self.boundary_function(p), len(p.axes), shortest)

    @property
    def outward_normal(self) -> tuple[float, ...] | None:
        """The outward unit normal of a flat part of a boundary; None for everything else."""
        return None

    @property
    def depth_axis(self) -> str | None:
        """The one coordinate that `depth` depends on, if there is one."""
        return None

    def meets_squarely(self, other: object) -> bool:
        """Whether two flat parts meet at a right angle, with distances for depths.

        Their data may then be continued along normals, and agree in the corner alone.
        """
        return False


def unknown_function(shape: Shape) -> DomainError:
    """The error where no boundary function is known."""
    return DomainError(
        f"no smooth function is known that vanishes on {shape!r}. Faces of boxes, sides of "
        "polygons, spheres, implicit surfaces and unions of them have one, and domains of your own "
        "that define `boundary_function`; otherwise write `Ansatz(…, vanishing=lambda p: …)`."
    )
