"""How points and derivatives are written for people."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from siren_pde.calculus.derivatives import Laplace
from siren_pde.checks.probe import Slot

Bounds = tuple[tuple[float, ...], tuple[float, ...]]


ROUNDING = 1e-12
"""Coordinates below this, beside the largest of a point, are zeros up to rounding."""


def number(value: float) -> str:
    """Four digits, and no minus before a zero."""
    return f"{value + 0.0:.4g}"


def exactly(value: float) -> str:
    """All digits, as code needs them that shall name the same number."""
    short = f"{value + 0.0:g}"
    return short if float(short) == value else repr(value)


def place(axes: Sequence[str], position: Tensor) -> str:
    """A point as `x=0, t=1`."""
    values = position.tolist()
    least = ROUNDING * max(map(abs, values), default=0.0)
    return ", ".join(
        f"{name}={number(value if abs(value) > least else 0.0)}"
        for name, value in zip(axes, values, strict=True)
    )


def sides(axes: Sequence[str], bounds: Bounds, positions: Tensor, tolerance: float) -> list[str]:
    """The faces of a box, as `x=0`, on which positions (n, d) lie; those elsewhere as a point."""
    faces, rest = [], positions
    for axis, name in enumerate(axes):
        for end in (bounds[0][axis], bounds[1][axis]):
            on = (rest[:, axis] - end).abs() <= tolerance
            if bool(on.any()):
                faces.append(f"{name}={number(end)}")
                rest = rest[~on]
    if len(rest):
        faces.append(f"the boundary near {place(axes, rest[0])}")
    return faces


def derivative(slot: Slot, axes: Sequence[str], called: str) -> str:
    """A derivative as `u_xx` or `Δu`."""
    if isinstance(slot.key, Laplace):
        return f"Δ{called}"
    return called + ("_" + "".join(axes[i] for i in slot.key) if slot.key else "")


def listed(items: Sequence[str]) -> str:
    """`a`, `a and b`, or `a, b and c`."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
