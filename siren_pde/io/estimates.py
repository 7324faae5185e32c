"""Error bars on disk: numbers that JSON has, and null for those that it has not."""

from __future__ import annotations

import math

from siren_pde.estimates.estimate import Estimate
from siren_pde.estimates.sizes import Size
from siren_pde.files.json_values import JSON, Description, entry, real, reals, record, text


def as_description(estimate: Estimate) -> dict[str, JSON]:
    """An error bar as JSON values: numbers that are not finite are null."""
    low, high = estimate.interval
    return {
        "relative": {name: finite(value) for name, value in estimate.relative.items()},
        "squares": {name: [s.error, s.unknown] for name, s in estimate.sizes.items()},
        "total": finite(estimate.total),
        "interval": [finite(low), finite(high)],
        "beta": finite(estimate.beta),
        "why": estimate.why,
        "seconds": finite(estimate.seconds),
    }


def estimate_of(said: Description) -> Estimate:
    """The error bar that `as_description` describes. Raises StorageError if it is none."""
    squares = record(entry(said, "squares"), "squares")
    sizes = {name: Size(*reals(squares, name)) for name in squares}
    beta, seconds = (number(said, name) for name in ("beta", "seconds"))
    return Estimate(sizes, beta, text(said, "why"), seconds)


def numbers(said: Description) -> dict[str, float]:
    """Numbers by name, null among them NaN."""
    return {name: number(said, name) for name in said}


def finite(value: float | None) -> float | None:
    """JSON has neither NaN nor infinity: both are stored as null."""
    return float(value) if value is not None and math.isfinite(value) else None


def number(said: Description, name: str) -> float:
    """A number, NaN for null."""
    return math.nan if entry(said, name) is None else real(said, name)
