"""Smooth functions that vanish on a boundary, for fields with exact boundary values."""

from __future__ import annotations

from typing import Any

from siren_pde.domains.algebra import Union
from siren_pde.domains.ball import Sphere
from siren_pde.domains.base import Domain
from siren_pde.domains.box import Face
from siren_pde.domains.implicit import Shell
from siren_pde.errors import DomainError
from siren_pde.points import Points


def vanishing(domain: Domain, p: Points) -> Any:
    """A jet of moderate size that is zero on `domain` and positive inside.

    A face of a box is the zero of its distance, a sphere that of r² − |x − c|², the boundary
    of an `Implicit` solid that of its function, and a union that of the product over its parts.
    Raises DomainError for everything else.
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
    if isinstance(domain, Shell):
        shortest = min(b - a for a, b in zip(*domain.bounds, strict=True))
        return domain.solid.level.jet(p) * (-2 / shortest)
    if isinstance(domain, Union):
        first, *rest = (vanishing(part, p) for part in domain.parts)
        for factor in rest:
            first = first * factor
        return first
    raise DomainError(
        f"no smooth function is known that vanishes on {domain!r}. Faces of boxes, spheres, "
        "implicit surfaces and unions of them have one; otherwise write "
        "`Ansatz(…, vanishing=lambda p: …)`."
    )
