"""Smooth functions that vanish on a boundary, for fields with exact boundary values."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import torch

from siren_pde.domains.algebra import Union
from siren_pde.domains.ball import Sphere
from siren_pde.domains.base import Domain
from siren_pde.domains.box import Face
from siren_pde.domains.implicit import Shell
from siren_pde.domains.polygon import Side
from siren_pde.errors import DomainError
from siren_pde.functions import sqrt
from siren_pde.points import Points


def vanishing(domain: Domain, p: Points) -> Any:
    """A jet of moderate size that is zero on `domain` and positive inside.

    A face of a box and a side of a convex polygon are the zeros of their distances, a sphere that
    of r² − |x − c|², the boundary of an `Implicit` solid that of its function, and a union that of
    the product over its parts. Other sides have a function that bends around their ends and has no
    second derivative there. Raises DomainError for everything else.
    """
    coordinates = dict(zip(p.axes, p, strict=True))
    if isinstance(domain, Face) and len(domain.fixed) == 1:
        (name, value) = domain.fixed[0]
        low, high = next((a, b) for axis, a, b in domain.box.intervals if axis == name)
        sign = -1 if value == high else 1
        return (coordinates[name] - value) * (sign * 2 / (high - low))
    if isinstance(domain, Sphere):
        centre, radius = domain.ball.centre, domain.ball.radius
        square = sum((coordinates[name] - value) ** 2 for name, value in centre)
        return 1 - square / radius**2
    if isinstance(domain, Side):
        return beside(domain, p) * (2 / _highest(domain))
    if isinstance(domain, Shell):
        shortest = min(b - a for a, b in zip(*domain.bounds, strict=True))
        return domain.solid.level.jet(p) * (-2 / shortest)
    if isinstance(domain, Union):
        first, *rest = (vanishing(part, p) for part in domain.parts)
        for factor in rest:
            first = first * factor
        return first
    raise DomainError(
        f"no smooth function is known that vanishes on {domain!r}. Faces of boxes, sides of "
        "polygons, spheres, implicit surfaces and unions of them have one; otherwise write "
        "`Ansatz(…, vanishing=lambda p: …)`."
    )


def beside(side: Side, p: Points) -> Any:
    """A jet that is zero on a side, rises inward from it with slope one, and is positive inside.

    The distance f from its line where all of the polygon lies inward of that. Else f ∨ g ∨ h, with
    f ∨ g = f + g + √(f² + g²), which is negative in a triangle outside alone, where all three are.

    Source: Rvachev and Sheiko, Appl. Mech. Rev. 48 (1995), §2.
    """
    x, y = (p.coordinates[p.axes.index(name)] for name in side.axes)
    (a, b), (n, m) = side.ends[0], side.outward
    depth = (a - x) * n + (b - y) * m
    angle = side.clearance
    if angle is None:
        return depth
    (c, d), length = side.ends[1], side.measure
    along = ((x - a) * (c - a) + (y - b) * (d - b)) / length
    found = depth
    for way in (along, length - along):
        past = -(depth * math.cos(angle) + way * math.sin(angle))
        found = found + past + sqrt(found**2 + past**2)
    return found


@lru_cache(maxsize=None)
def _highest(side: Side) -> float:
    """The largest value of `beside` at the vertices."""
    corners = torch.tensor(side.polygon.vertices, dtype=torch.float64, device="cpu")
    return float(
        beside(side, Points(side.axes, corners, corners.new_zeros(len(corners)))).value.max()
    )
