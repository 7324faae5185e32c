"""How long trials take: what the next one costs, known from those before it."""

from __future__ import annotations

import math
from dataclasses import dataclass

ASSEMBLED = 500
"""Columns with which the matrix takes as long to assemble as to factorise; measured on one core."""
MARGIN = 1.25
"""How much longer than predicted trials may take: other programs run beside."""


@dataclass(frozen=True)
class Pace:
    """The most seconds that a unit of work took in trials of the largest number of `columns`.

    Work is q² (q + `ASSEMBLED`) for q columns, to which rows are in proportion.
    """

    columns: int = 0
    rate: float = 0.0

    def after(self, columns: int, seconds: float) -> Pace:
        """The pace after a trial with so many columns took so many seconds."""
        if columns < self.columns:
            return self
        rate = seconds / _work(columns)
        return Pace(columns, max(rate, self.rate) if columns == self.columns else rate)

    def predicted(self, columns: float) -> float:
        """The seconds of a trial with so many columns; 0 where nothing is known yet."""
        return self.rate * _work(columns)

    def most(self, seconds: float) -> float:
        """How many columns a trial may have to end within so many seconds."""
        if not self.rate or math.isinf(seconds):
            return math.inf
        allowed = max(seconds, 0.0) / (MARGIN * self.rate)
        low, high = 0.0, allowed ** (1 / 3) + 1
        for _ in range(60):  # halved until it is exact
            middle = (low + high) / 2
            low, high = (middle, high) if _work(middle) <= allowed else (low, middle)
        return low


def _work(columns: float) -> float:
    return columns**2 * (columns + ASSEMBLED)
