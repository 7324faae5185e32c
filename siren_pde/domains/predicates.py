"""What can be told for sure about two domains: that they lie apart, or one within the other.

Both answers rest on certificates - bounds, bounding balls and corners - and may be False although
the relation holds; they are never True where it does not.
"""

from __future__ import annotations

import itertools
import math

import torch

from siren_pde.domains.ball import Ball, Sphere
from siren_pde.domains.base import Domain
from siren_pde.domains.box import Box, Face
from siren_pde.domains.polygon import Polygon, Side
from siren_pde.errors import DomainError

_SLACK = 1e-9  # relative room for rounding, small beside any geometry that is meant


def check_same_axes(name: str, a: Domain, b: Domain) -> None:
    """Raise DomainError unless both domains have the same coordinates in the same order."""
    if a.axes != b.axes:
        raise DomainError(
            f"{name} needs domains with the same coordinates in the same order, got "
            f"({', '.join(a.axes)}) and ({', '.join(b.axes)}). For space times time write `a * b`."
        )


def apart(a: Domain, b: Domain) -> bool:
    """Whether a and b surely share no set that has a measure in the smaller of their dimensions."""
    (low_a, high_a), (low_b, high_b) = a.bounds, b.bounds
    slack = _SLACK * max(extent(a), extent(b))
    shared = [
        min(p, q) - max(r, s) for p, q, r, s in zip(high_a, high_b, low_a, low_b, strict=True)
    ]
    if min(shared) < -slack or sum(s > slack for s in shared) < min(a.dimension, b.dimension):
        return True
    if _hollow(a, b) or _hollow(b, a) or _askew(a, b):
        return True
    return not _reaches(a, b, 1 + _SLACK) or not _reaches(b, a, 1 + _SLACK)


def within(a: Domain, b: Domain) -> bool:
    """Whether a surely lies in the closed domain b.

    Where b is not convex, a also keeps a distance from the boundary of b.
    """
    if convex(b):
        corners = torch.tensor(
            list(itertools.product(*zip(*a.bounds, strict=True))), dtype=torch.float64, device="cpu"
        )
        if bool(b.contains(corners, _SLACK * extent(b)).all()):
            return True
        if isinstance(a, Ball | Sphere):
            return _reaches(b, a, _SLACK - 1)
    return _reaches(b, a, -1 - _SLACK)


def convex(domain: Domain) -> bool:
    """Whether the domain is known to be convex."""
    if isinstance(domain, Polygon):
        return domain.convex
    return isinstance(domain, Box | Face | Ball | Side)


def extent(domain: Domain) -> float:
    """The largest side of the bounds, or 1 for a single point."""
    low, high = domain.bounds
    return max(b - a for a, b in zip(low, high, strict=True)) or 1.0


def scale(domain: Domain) -> float:
    """The size of the numbers that rounding errors are relative to."""
    low, high = domain.bounds
    return extent(domain) + max(abs(value) for value in (*low, *high))


def _bounding_ball(domain: Domain) -> tuple[list[float], float]:
    low, high = domain.bounds
    centre = [(a + b) / 2 for a, b in zip(low, high, strict=True)]
    if isinstance(domain, Ball | Sphere):
        return centre, extent(domain) / 2
    return centre, math.dist(low, high) / 2


def _reaches(domain: Domain, other: Domain, factor: float) -> bool:
    """Whether the domain, grown by `factor` times a bounding radius of `other`, has its centre."""
    centre, radius = _bounding_ball(other)
    x = torch.tensor([centre], dtype=torch.float64, device="cpu")
    return bool(domain.contains(x, factor * radius))


def _hollow(a: Domain, b: Domain) -> bool:
    """Whether a is a sphere with b strictly inside."""
    if not isinstance(a, Sphere):
        return False
    inner = Ball(**dict(a.ball.centre), radius=a.ball.radius * (1 - 2 * _SLACK))
    return within(b, inner)


def _askew(a: Domain, b: Domain) -> bool:
    """Whether a and b are sides of polygons, and not parallel: they share a point at most."""
    if not (isinstance(a, Side) and isinstance(b, Side)):
        return False
    (p, q), (r, s) = a.outward, b.outward
    return abs(p * s - q * r) > _SLACK
