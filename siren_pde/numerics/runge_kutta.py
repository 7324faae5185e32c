"""Diagonally implicit Runge-Kutta schemes of order four, all with one matrix for all stages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

DIAGONAL = 0.25
"""γ of both schemes: they share the factors of their matrix."""


@dataclass(frozen=True, eq=False)
class Scheme:
    """Stages at `nodes` (s,), slopes weighed by `weights` (s, s), lower triangular with γ on the
    diagonal; the last stage is the end of the step. The scheme with `embedded` (s,) in place of
    the last row is of order three.

    Where the first stage is `explicit`, its slope is that at the end of the step before.
    """

    nodes: tuple[float, ...]
    rows: tuple[tuple[float, ...], ...]
    embedded: tuple[float, ...]
    explicit: bool

    @cached_property
    def error(self) -> tuple[float, ...]:
        """What weighs slopes (s,) to the difference of the two schemes."""
        return tuple(a - b for a, b in zip(self.rows[-1], self.embedded, strict=True))

    @property
    def implicit(self) -> range:
        """The stages that equations are solved for."""
        return range(1 if self.explicit else 0, len(self.nodes))


STARTING = Scheme(
    (1 / 4, 3 / 4, 11 / 20, 1 / 2, 1.0),
    (
        (1 / 4,),
        (1 / 2, 1 / 4),
        (17 / 50, -1 / 25, 1 / 4),
        (371 / 1360, -137 / 2720, 15 / 544, 1 / 4),
        (25 / 24, -49 / 48, 125 / 16, -85 / 12, 1 / 4),
    ),
    (59 / 48, -17 / 96, 225 / 32, -85 / 12, 0.0),
    explicit=False,
)
"""SDIRK4, which needs no slope to start from.

Source: Hairer and Wanner, Solving Ordinary Differential Equations II, table IV.6.5.
"""

GOING_ON = Scheme(
    (0.0, 1 / 2, 83 / 250, 31 / 50, 17 / 20, 1.0),
    (
        (0.0,),
        (1 / 4, 1 / 4),
        (8611 / 62500, -1743 / 31250, 1 / 4),
        (5012029 / 34652500, -654441 / 2922500, 174375 / 388108, 1 / 4),
        (
            15267082809 / 155376265600,
            -71443401 / 120774400,
            730878875 / 902184768,
            2285395 / 8070912,
            1 / 4,
        ),
        (82889 / 524892, 0.0, 15625 / 83664, 69875 / 102672, -2260 / 8211, 1 / 4),
    ),
    (
        4586570599 / 29645900160,
        0.0,
        178811875 / 945068544,
        814220225 / 1159782912,
        -3700637 / 11593932,
        61727 / 225920,
    ),
    explicit=True,
)
"""ARK4(3)6L[2]SA, whose stages are of order two: boundary values that change cost no order.

Source: Kennedy and Carpenter, Appl. Numer. Math. 44, 2003.
"""
