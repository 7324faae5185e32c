"""Numbers that change while a solve proceeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from siren_pde.errors import ConfigError


@final
@dataclass(frozen=True, init=False, repr=False)
class Schedule:
    """A weight that depends on how much of the budget is used.

    It is linear between the pairs (share of the budget, value), and constant before the first and
    after the last: `Schedule((0.5, 0), (1, 0.1))` is zero for half the time, then rises to 0.1.

    Raises ConfigError unless shares grow within [0, 1], and values are not negative nor all zero.
    """

    pairs: tuple[tuple[float, float], ...]

    def __init__(self, *pairs: tuple[float, float]) -> None:
        try:
            table = np.array(pairs, dtype=np.float64).reshape(-1, 2)
        except (TypeError, ValueError):  # no pairs of numbers: refused below
            table = np.full((1, 2), np.nan)
        shares, values = table.T
        rising = (np.diff(shares) > 0).all() and ((shares >= 0) & (shares <= 1)).all()
        if not (rising and np.isfinite(values).all() and min(values, default=-1) >= 0):
            raise ConfigError(
                "`Schedule` needs pairs (share of the budget, value) with shares that grow from 0 "
                f"to 1 and values that are not negative, got {pairs}."
            )
        if not values.any():
            raise ConfigError(f"a weight that is always zero says nothing, got {pairs}.")
        object.__setattr__(self, "pairs", tuple(map(tuple, table.tolist())))

    def __call__(self, used: float) -> float:
        """The value when the share `used` of the budget is spent."""
        shares, values = zip(*self.pairs, strict=True)
        return float(np.interp(used, shares, values))

    @property
    def largest(self) -> float:
        """The largest value."""
        return max(value for _, value in self.pairs)

    def __repr__(self) -> str:
        return f"Schedule({', '.join(map(str, self.pairs))})"
