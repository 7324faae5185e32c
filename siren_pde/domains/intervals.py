"""Intervals that users give, checked."""

from __future__ import annotations

import math
from typing import Protocol

from siren_pde.domains.shape import Bounds
from siren_pde.errors import DomainError

ROUNDED = 1e-12
"""Sides shorter than this, beside the numbers at their ends, hold too few floating-point numbers
for points inside: some thousands.
"""


class Measured(Protocol):
    """What is checked of a domain."""

    @property
    def measure(self) -> float:
        """Its length, area, volume …"""
        ...

    @property
    def bounds(self) -> Bounds:
        """The corners of a box around it."""
        ...


def checked_interval(name: str, pair: tuple[float, float]) -> tuple[float, float]:
    """The ends of a side of a box. Raises DomainError unless both are finite and low < high."""
    try:
        low, high = (float(end) for end in pair)
    except (TypeError, ValueError) as error:
        raise DomainError(
            f"`Box` needs two numbers (low, high) on every axis, got {name}={pair!r}."
        ) from error
    if not (math.isfinite(low) and math.isfinite(high)):
        raise DomainError(
            f"`Box` needs finite bounds on every axis, got {name}=({low:g}, {high:g}). "
            "Cut an unbounded domain where the solution is negligible."
        )
    if low >= high:
        kind = "instant" if name == "t" else "value"
        hint = (
            f"For a single {kind} use `box.at({name}={low:g})`."
            if low == high
            else f"Write {name}=({high:g}, {low:g})."
        )
        raise DomainError(
            f"`Box` needs low < high on every axis, got {name}=({low:g}, {high:g}). {hint}"
        )
    if high - low <= ROUNDED * max(abs(low), abs(high)):
        raise DomainError(
            f"`Box` needs sides beyond rounding, got {name}=({low!r}, {high!r}): too few numbers "
            "lie between. Move the origin, or take a longer side."
        )
    return low, high


def require_measure(domain: Measured) -> None:
    """Raise DomainError where the measure or the size of a domain is no positive, finite number."""
    low, high = domain.bounds
    try:
        sizes = [domain.measure, *((b - a) ** 2 for a, b in zip(low, high, strict=True))]
    except OverflowError:
        sizes = [math.inf]
    if not all(0 < size < math.inf for size in sizes):
        raise DomainError(
            f"{domain!r} has the measure {sizes[0]:g} in floating-point numbers, or sides whose "
            "squares are zero or infinite. Choose units in which it has a moderate size."
        )
