"""Intervals that users give, checked."""

from __future__ import annotations

import math

from siren_pde.errors import DomainError


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
    return low, high
