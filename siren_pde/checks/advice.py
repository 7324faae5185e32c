"""Places as one writes them: code for parts of the boundary and instants of a domain."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from siren_pde.checks.places import exactly
from siren_pde.domains.base import Domain
from siren_pde.domains.box import Box
from siren_pde.domains.product import Product

LISTED = 12
"""Up to how many pieces of a boundary are written one by one."""


def factors(domain: Domain) -> list[Domain]:
    """The domains whose product a domain is; itself if it is none."""
    if isinstance(domain, Product):
        return [*factors(domain.first), *factors(domain.second)]
    return [domain]


def names(domain: Domain) -> list[str]:
    """What the factors of a domain are called: `domain`, or `space`, `time` and the like."""
    parts = factors(domain)
    if len(parts) == 1:
        return ["domain"]
    others = [part for part in parts if part.axes != ("t",)]
    return [
        "time" if part.axes == ("t",) else "space" if len(others) == 1 else "_".join(part.axes)
        for part in parts
    ]


def explained(domain: Domain) -> str:
    """A clause that says what the names of factors stand for, empty if there are none."""
    called = names(domain)
    return f", with `domain = {' * '.join(called)}`," if len(called) > 1 else ""


def instant(domain: Domain, t: float) -> str:
    """The code for a domain at a time, `domain.at(t=0)` or `space * time.at(t=0)`."""
    text = []
    for part, name in zip(factors(domain), names(domain), strict=True):
        if "t" not in part.axes:
            text.append(name)
        elif isinstance(part, Box):
            text.append(f"{name}.at(t={exactly(t)})")
        else:
            text.append(_pieces(part, name, _at(part, t)))
    return " * ".join(text)


def _at(domain: Domain, t: float) -> list[int]:
    """Which pieces of a boundary lie at a time."""
    axis = domain.axes.index("t")
    bounds = [piece.bounds for piece in domain.boundary.pieces]
    return [i for i, (low, high) in enumerate(bounds) if low[axis] == high[axis] == t]


def part(domain: Domain, x: Tensor, tolerance: float) -> str:
    """The code for the part of the boundary in space on which positions x, (n, d), lie."""
    parts, called = factors(domain), names(domain)
    unions = []
    for k, (each, name) in enumerate(zip(parts, called, strict=True)):
        if each.axes == ("t",) or not each.dimension:
            continue
        own = x[:, [domain.axes.index(axis) for axis in each.axes]]
        on = own if len(parts) == 1 else own[each.boundary.contains(own, tolerance)]
        if not len(on):
            continue
        code = (
            _box(each, name, on, tolerance) if isinstance(each, Box) else _general(each, name, on)
        )
        several = " | " in code and len(parts) > 1
        code = f"({code})" if several else code
        unions.append(" * ".join([*called[:k], code, *called[k + 1 :]]))
    return " | ".join(unions) or whole(domain)


def whole(domain: Domain) -> str:
    """The code for all of the boundary in space."""
    text = []
    parts, called = factors(domain), names(domain)
    for k, (each, name) in enumerate(zip(parts, called, strict=True)):
        if each.axes == ("t",):
            continue
        code = f"{name}.boundary"
        if isinstance(each, Box) and "t" in each.axes:
            ends = zip(each.axes, *each.bounds, strict=True)
            space = [(axis, low, high) for axis, low, high in ends if axis != "t"]
            code = " | ".join(
                f"{name}.at({axis}={exactly(end)})" for axis, *pair in space for end in pair
            )
            code = f"({code})" if len(parts) > 1 else code
        text.append(" * ".join([*called[:k], code, *called[k + 1 :]]))
    return " | ".join(text) or "domain.boundary"


def _box(domain: Domain, name: str, x: Tensor, tolerance: float) -> str:
    faces = [face for i in range(len(domain.axes)) for face in ends(domain, i, x, tolerance)]
    every = 2 * sum(axis != "t" for axis in domain.axes)
    if "t" not in domain.axes and len(faces) == every > 2:
        return f"{name}.boundary"
    return " | ".join(f"{name}.at({face})" for face in faces) or f"{name}.boundary"


def ends(domain: Domain, axis: int, x: Tensor, tolerance: float) -> list[str]:
    """The faces `x=0` of a box across an axis on which positions lie; none for time."""
    if domain.axes[axis] == "t":
        return []
    faces = []
    for bound in domain.bounds:
        if bool(((x[:, axis] - bound[axis]).abs() <= tolerance).any()):
            faces.append(f"{domain.axes[axis]}={exactly(bound[axis])}")
    return faces


def _general(domain: Domain, name: str, x: Tensor) -> str:
    pieces = domain.boundary.pieces
    tolerance = 1e-9 * max(abs(v) for side in domain.bounds for v in side)
    if len(pieces) > LISTED:
        return f"{name}.boundary"
    shares = [piece.contains(x, tolerance).sum() for piece in pieces]
    return _pieces(domain, name, [i for i, share in enumerate(shares) if int(share) > 1])


def _pieces(domain: Domain, name: str, which: Sequence[int]) -> str:
    if len(which) in (0, len(domain.boundary.pieces)):
        return f"{name}.boundary"
    return " | ".join(f"{name}.boundary.pieces[{i}]" for i in which)


def fresh(wanted: str, taken: Sequence[str]) -> str:
    """A name for a condition that none has yet."""
    more = (f"{wanted}_{k}" for k in range(2, len(taken) + 3))
    return next(name for name in (wanted, *more) if name not in taken)
