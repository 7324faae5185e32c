"""One value for each coordinate, from what the user of a `Siren` gave."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from siren_pde.errors import ConfigError
from siren_pde.fields.engine.periodic import Periods


def reals_per_axis(
    given: float | Sequence[float] | None, inputs: int, name: str
) -> tuple[float, ...] | None:
    """`given` for each of the inputs. Raises ConfigError for other numbers of values, or NaN."""
    if given is None:
        return None
    try:
        values = (
            (float(given),) * inputs
            if isinstance(given, int | float | np.number)
            else tuple(float(v) for v in given)
        )
    except (TypeError, ValueError):  # no numbers at all
        values = ()
    if len(values) != inputs or not all(map(math.isfinite, values)):
        raise ConfigError(
            f"`Siren` {name} has one finite value per input, got {given} for {inputs}."
        )
    return values


def periods(given: Sequence[float | None] | None, inputs: int) -> Periods:
    """The length of each period. Raises ConfigError unless there is one, or None, per input."""
    values = tuple(None if v is None else float(v) for v in given or (None,) * inputs)
    if len(values) != inputs or not all(v is None or 0 < v < math.inf for v in values):
        raise ConfigError(
            f"`Siren` period has a positive length or None per input, got {given} for {inputs}. "
            "For period 2 in the first of two coordinates write `period=(2, None)`."
        )
    return values


def names(given: Sequence[str] | None, inputs: int) -> tuple[str, ...]:
    """The names of the coordinates, () if none are given. Raises ConfigError unless each input has
    its own.
    """
    if given is None:
        return ()
    values = (given,) if isinstance(given, str) else tuple(given)
    strings = all(isinstance(v, str) for v in values)
    if not strings or len(values) != inputs or len(set(values)) < inputs:
        raise ConfigError(
            f"`Siren` of has one name of a coordinate per input, got {given} for {inputs}. For a "
            'function of t alone write `Siren(1, of=("t",))`.'
        )
    return values
