"""Where a march in slabs chosen by their residual stands, and whether its solution blows up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from siren_pde.fields.base import Field
from siren_pde.random_features.evolution import Slabs

GROWN = 10.0
"""A solution that blows up has grown by this since the start at least."""
AHEAD = 20.0
"""It does so within so many lengths of the last slab."""


@dataclass(frozen=True)
class Attempt:
    """A slab solved with some band of frequencies, and its relative residual at fresh points."""

    field: Field
    band: tuple[float, ...]
    residual: float


@dataclass(frozen=True)
class State:
    """Where the march stands: slabs behind it, the next one's length, its band (see `Attempt`).

    `band` holds radians per half-length of each axis; `upwards` is how it last changed for the
    better. A slab has `fewest` features or more. `limit` is what residuals are held to. `rejected`
    attempts at this slab came before, the last with the residual `refused`. At `ends`, initial
    values break boundary conditions. `sizes` are the largest values at the start and at each of the
    `breaks`; the residuals of `above` slabs, the `worst` among them, are above the tolerance.
    """

    slabs: Slabs
    half: tuple[float, ...]
    start: float
    length: float
    band: tuple[float, ...]
    fewest: int
    features: int
    limit: float
    sizes: tuple[float, ...]
    fields: tuple[Field, ...] = ()
    breaks: tuple[float, ...] = ()
    upwards: bool = True
    rejected: int = 0
    refused: float = math.inf
    worst: float = 0.0
    above: int = 0
    ends: tuple[float, ...] = ()

    @property
    def before(self) -> Field | None:
        """The field of the slab before the next one, if there is one."""
        return self.fields[-1] if self.fields else None

    @property
    def blow_up(self) -> float | None:
        """When the solution grows beyond all bounds, if it seems to."""
        times = (self.slabs.evolution.low, *self.breaks)
        return blow_up_time(times, self.sizes)


def blow_up_time(times: Sequence[float], sizes: Sequence[float]) -> float | None:
    """Where the sizes (n,) at times (n,) become infinite, if that is just ahead; else None.

    Of sizes like (t* − t)^(−p), log size has a slope p / (t* − t), whose inverse falls to zero
    linearly. Growth such as an exponential has a slope that stays.
    """
    if len(sizes) < 4 or not sizes[-1] > GROWN * sizes[0]:
        return None
    (a, b, c), (x, y, z) = times[-3:], sizes[-3:]
    if not 0 < x < y < z:
        return None
    first, last = (b - a) / math.log(y / x), (c - b) / math.log(z / y)
    if not last < first:
        return None
    middle = (b + c) / 2
    end = middle + last * (c - a) / 2 / (first - last)
    return end if c < end < c + AHEAD * (c - b) else None


def largest(slabs: Slabs, field: Field, time: float) -> float:
    """The largest value of a field and its time derivatives below the order, at a time."""
    points = slabs.whole.collocated.rows[0].points
    positions = points.positions.clone()
    positions[:, slabs.evolution.axis] = time
    values = slabs.state.at(field, replace(points, positions=positions))
    return float(torch.nan_to_num(values.abs(), nan=math.inf).max())
