"""Smooth functions that vanish on a boundary, for fields with exact boundary values."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import torch

from siren_pde.calculus.functions import sqrt
from siren_pde.calculus.jets import Derivative
from siren_pde.calculus.points import Points
from siren_pde.domains.ball import Sphere
from siren_pde.domains.base import Domain
from siren_pde.domains.booleans import Union
from siren_pde.domains.box import Face
from siren_pde.domains.implicit import Shell
from siren_pde.domains.polygon import Side
from siren_pde.errors import DomainError


def vanishing(domain: Domain, p: Points) -> Any:
    """A jet of moderate size that is zero on `domain` and positive inside.

    A face of a box and a side of a convex polygon are the zeros of their distances, a sphere that
    of r² − |x − c|², the boundary of an `Implicit` solid that of its function, and a union that of
    the product over its parts. Other sides have a function that bends around their ends and has no
    second derivatives there: at a corner of more than 180° an `Ansatz` is no smooth field, and
    residuals on the boundary reach more. Raises DomainError for everything else.
    """
    if isinstance(domain, Union):
        first, *rest = (vanishing(part, p) for part in domain.parts)
        for factor in rest:
            first = first * factor
        return first
    if isinstance(domain, Shell):
        return domain.solid.level.jet(p) * (-2 / _shortest(domain))
    if isinstance(domain, Face) and len(domain.fixed) == 1:
        low, high = _interval(domain)
        return depth(domain, p) * (2 / (high - low))
    if isinstance(domain, Sphere):
        return depth(domain, p) * (2 / domain.ball.radius)
    if isinstance(domain, Side):
        return depth(domain, p) * (2 / _highest(domain))
    raise DomainError(
        f"no smooth function is known that vanishes on {domain!r}. Faces of boxes, sides of "
        "polygons, spheres, implicit surfaces and unions of them have one; otherwise write "
        "`Ansatz(…, vanishing=lambda p: …)`."
    )


def depth(part: Face | Side | Sphere | Shell, p: Points) -> Any:
    """A jet that is zero on a part of a boundary, rises inward with slope one, and is positive
    inside.
    """
    coordinates = dict(zip(p.axes, p, strict=True))
    if isinstance(part, Face):
        ((name, value),) = part.fixed
        past = coordinates[name] - value
        return -past if value == _interval(part)[1] else past
    if isinstance(part, Sphere):
        centre, radius = part.ball.centre, part.ball.radius
        square = sum((coordinates[name] - value) ** 2 for name, value in centre)
        return (radius - square / radius) / 2
    if isinstance(part, Side):
        return beside(part, p)
    level = part.solid.level.jet(p)
    square = sum(Derivative(level, i) ** 2 for i in range(len(p.axes)))
    return -level / sqrt(square + (2 / _shortest(part) * level) ** 2)


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


def _interval(face: Face) -> tuple[float, float]:
    ((name, _),) = face.fixed
    return next((a, b) for axis, a, b in face.box.intervals if axis == name)


def _shortest(shell: Shell) -> float:
    return min(b - a for a, b in zip(*shell.bounds, strict=True))


@lru_cache(maxsize=None)
def _highest(side: Side) -> float:
    """The largest value of `beside` at the vertices."""
    corners = torch.tensor(side.polygon.vertices, dtype=torch.float64, device="cpu")
    return float(
        beside(side, Points(side.axes, corners, corners.new_zeros(len(corners)))).value.max()
    )
