"""Planes across which the data or the coefficients of a problem jump, found on lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.collocation.collocated import Collocated
from siren_pde.collocation.evaluation import Rows
from siren_pde.collocation.residual import BoundResidual
from siren_pde.numerics.sobol import sobol

LINES, TICKS = 33, 513
"""Lines along each axis, and points on each of them: of two jumps nearer to each other than two
points neither may be seen.
"""
AGREEING = 3
"""So many lines have a jump where there is a plane, not a curve that they cross."""
SMALLEST = 1e-6
"""Jumps beside the largest value anywhere; smaller ones are of no account."""
STEEP = 4.0
"""Jumps change a value by this times as much as it changes between most neighbours."""
CANDIDATES = 64
"""Steep intervals of one line that are looked at."""
LASTING = 0.25
"""A jump keeps this share of its size however small the interval gets; the change of a smooth
function halves with it.
"""
HALVINGS = 50
"""They lead from an interval between neighbours to rounding."""
ROUNDING = 1e-11
"""Places that differ by less than this share of a side are one."""
DIGITS, NEAREST = 12, 1e-3
"""A place is a number of so many decimals if one is nearer than this share of that: the side of a
face that a coefficient is taken on depends on it.
"""
MOST = 600
"""Planes that cut a domain into more boxes than this are left alone."""


@dataclass(frozen=True, eq=False)
class _Probe:
    """Values and derivatives by channels of one residual at constant channels, beside the `size`
    (q,) that each has.
    """

    residual: BoundResidual
    axes: tuple[str, ...]
    size: Tensor | float = 1.0

    def at(self, x: Tensor) -> Tensor:
        """They at points x (n, d), (n, q)."""
        points = Points(self.axes, x, torch.ones_like(x[:, 0]))
        generator = torch.Generator(device=x.device).manual_seed(0)
        one = self.residual.random_channels(points.select(slice(0, 1)), generator)
        channels = {
            site: (0.5 + c.abs()).expand(-1, len(x), -1).contiguous() for site, c in one.items()
        }
        r, seeds = self.residual.seeds(self.residual.structure, points, channels)
        columns = [s.movedim(1, 0).flatten(1) for seed in seeds for s in seed.values()]
        return torch.cat([r, *columns], dim=1) / self.size

    def change(self, a: Tensor, b: Tensor) -> Tensor:
        """The largest change (n,) from values a to b (n, q); 0 where one is not finite."""
        return (b - a).abs().nan_to_num(0.0, 0.0, 0.0).amax(1)


def bounds(collocated: Collocated) -> tuple[Tensor, Tensor]:
    """The corners (d,) of a problem's box, in double precision, where its points are."""
    low, high = collocated.like.new_tensor(collocated.problem.bounds, dtype=torch.float64)
    return low, high


def planes(collocated: Collocated) -> list[list[float]]:
    """For each axis, where data or coefficients of equations inside domains jump, in rising order.

    Nowhere if there are so many of them that boxes between them would be too many.
    """
    low, high = bounds(collocated)
    out: list[list[float]] = []
    for axis in range(len(low)):
        sites: list[Tensor] = []
        for rows in collocated.rows:
            if rows.condition.domain.dimension == len(low) and not rows.points.data:
                sites.append(jumps_on_lines(rows, axis, low, high))
        side = float(high[axis] - low[axis])
        needed = 1 if len(low) == 1 else AGREEING
        at = _agreeing(torch.cat(sites), ROUNDING * side, needed) if sites else []
        inner = (float(low[axis]) + ROUNDING * side, float(high[axis]) - ROUNDING * side)
        out.append([value for value in at if inner[0] < value < inner[1]])
    return out if prod(len(at) + 1 for at in out) <= MOST else [[] for _ in out]


def jumps_on_lines(rows: Rows, axis: int, low: Tensor, high: Tensor) -> Tensor:
    """Where along an axis a residual jumps (n,), on any line inside its domain."""
    d, domain = len(low), rows.condition.domain
    lines = 1 if d == 1 else LINES
    starts = sobol(lines, d, seed=0, dtype=low.dtype, device=low.device)
    x = low + starts[:, None] * (high - low)
    x = x.repeat(1, TICKS, 1)
    ticks = torch.linspace(0, 1, TICKS, dtype=low.dtype, device=low.device)
    x[:, :, axis] = ticks * (high - low)[axis] + low[axis]
    inside = domain.contains(x.view(-1, d)).view(lines, TICKS)
    probe = _Probe(rows.residual, rows.points.axes)
    values = probe.at(x.view(-1, d))
    usual = torch.where(inside.view(-1, 1), values, 0.0).nan_to_num(0.0, 0.0, 0.0)
    tiny = torch.finfo(values.dtype).tiny
    probe = _Probe(rows.residual, rows.points.axes, usual.abs().amax(0).clamp_min(tiny))
    values = (values / probe.size).view(lines, TICKS, -1)
    first, last = values[:, :-1].flatten(0, 1), values[:, 1:].flatten(0, 1)
    change = probe.change(first, last).view(lines, -1)
    change = torch.where(inside[:, :-1] & inside[:, 1:], change, 0.0)
    steep = (change > SMALLEST) & (change > STEEP * change.median(1, keepdim=True).values)
    top = change.topk(CANDIDATES, dim=1).values[:, -1:]
    i, j = (steep & (change >= top)).nonzero().unbind(1)
    return _bisected(probe, x[i, j], x[i, j + 1], axis)


def _bisected(probe: _Probe, a: Tensor, b: Tensor, axis: int) -> Tensor:
    """Where a jump between a and b (n, d) persists, along an axis."""
    if not len(a):
        return a[:, axis]
    at_a, at_b = probe.at(a), probe.at(b)
    least = LASTING * probe.change(at_a, at_b)
    for _ in range(HALVINGS):
        middle = (a + b) / 2
        at_middle = probe.at(middle)
        lower = probe.change(at_a, at_middle) > probe.change(at_middle, at_b)
        a, at_a = _chosen(lower, (a, at_a), (middle, at_middle))
        b, at_b = _chosen(lower, (middle, at_middle), (b, at_b))
        kept = probe.change(at_a, at_b) >= least
        a, b, at_a, at_b, least = (v[kept] for v in (a, b, at_a, at_b, least))
        if not len(a):
            break
    return (a[:, axis] + b[:, axis]) / 2


def _chosen(
    mask: Tensor, one: tuple[Tensor, Tensor], other: tuple[Tensor, Tensor]
) -> tuple[Tensor, Tensor]:
    pairs = zip(one, other, strict=True)
    first, second = (torch.where(mask[:, None], v, w) for v, w in pairs)
    return first, second


def _agreeing(at: Tensor, apart: float, needed: int) -> list[float]:
    """The places (n,) that so many lines agree on, each once."""
    out, at = [], torch.sort(at).values
    groups: Sequence[Tensor] = ()
    if len(at):
        ends = ((at[1:] - at[:-1]) > apart).nonzero()[:, 0] + 1
        groups = torch.tensor_split(at, ends)
    for group in groups:
        if len(group) >= needed:
            place = float(group.median())
            plain = round(place, DIGITS)
            out.append(plain if abs(plain - place) <= NEAREST * apart else place)
    return out
