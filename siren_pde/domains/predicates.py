"""What can be told for sure about two domains: that they lie apart, or one within the other.

Both answers rest on certificates - bounds, bounding balls and corners - and may be False although
the relation holds; they are never True where it does not.
"""

from __future__ import annotations

import itertools
import math

import torch

from siren_pde.domains.base import Domain
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
    if _surrounds(a, b) or _surrounds(b, a) or _in_planes_that_cross(a, b):
        return True
    return not _reaches(a, b, 1 + _SLACK) or not _reaches(b, a, 1 + _SLACK)


def within(a: Domain, b: Domain) -> bool:
    """Whether a surely lies in the closed domain b.

    Where b is not convex, a also keeps a distance from the boundary of b.
    """
    if not b.convex:
        return _reaches(b, a, -1 - _SLACK)
    corners = torch.tensor(_corners(a), dtype=torch.float64, device="cpu")
    all_inside = bool(b.contains(corners, _SLACK * extent(b)).all())
    return all_inside or _reaches(b, a, _SLACK - 1)


def extent(domain: Domain) -> float:
    """The largest side of the bounds, or 1 for a single point."""
    low, high = domain.bounds
    return max(b - a for a, b in zip(low, high, strict=True)) or 1.0


def scale(domain: Domain) -> float:
    """The size of the numbers that rounding errors are relative to."""
    low, high = domain.bounds
    return extent(domain) + max(abs(value) for value in (*low, *high))


def _corners(domain: Domain) -> list[tuple[float, ...]]:
    return list(itertools.product(*zip(*domain.bounds, strict=True)))


def _reaches(domain: Domain, other: Domain, factor: float) -> bool:
    """Whether the domain, grown by `factor` times a bounding radius of `other`, has its centre."""
    centre, radius = other.bounding_ball
    x = torch.tensor([centre], dtype=torch.float64, device="cpu")
    return bool(domain.contains(x, factor * radius))


def _surrounds(a: Domain, b: Domain) -> bool:
    """Whether a encloses a ball with b strictly inside."""
    if a.enclosed_ball is None:
        return False
    middle, radius = a.enclosed_ball
    inner = radius * (1 - 2 * _SLACK)
    if max(math.dist(middle, corner) for corner in _corners(b)) <= inner * (1 + 2 * _SLACK):
        return True
    centre, reach = b.bounding_ball
    return math.dist(middle, centre) + (1 - _SLACK) * reach <= inner


def _in_planes_that_cross(a: Domain, b: Domain) -> bool:
    """Whether a and b lie in planes that are not parallel, so that they share an edge at most."""
    n, m = a.outward_normal, b.outward_normal
    if n is None or m is None or min(a.dimension, b.dimension) < len(n) - 1:
        return False
    cosine = math.fsum(i * j for i, j in zip(n, m, strict=True))
    across = math.hypot(*(i - cosine * j for i, j in zip(n, m, strict=True)))
    return across > _SLACK
