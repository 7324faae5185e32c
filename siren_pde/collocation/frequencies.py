"""How fast a problem's own data vary: the frequencies a field should start with."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from siren_pde.collocation.collocated import Collocated
from siren_pde.collocation.evaluation import Rows
from siren_pde.fields.base import Field

PROBED = 64
"""Points in the interior at which the data of a problem are measured."""
NEGLIGIBLE = 1e-6
"""Data this much smaller than the largest of a problem are taken for rounding errors."""
SEVERAL = 8
"""Of so many points at least, a single one may be left out."""
STEP = 0.005
"""Half the step of the differences that measure slopes, in half-lengths of the box."""


def box(collocated: Collocated) -> tuple[Tensor, Tensor]:
    """The corners low and high (d,) of the problem's bounding box."""
    like = collocated.like
    low, high = collocated.problem.bounds
    return like.new_tensor(low), like.new_tensor(high)


def frequencies(collocated: Collocated, field: Field) -> Tensor:
    """The highest angular frequency (d,) to start a field with along each axis.

    The root-mean-square frequency √(mean |∂f|² / mean f²) of the data f, which is the
    residual of the zero field (sources, boundary and initial values), over all conditions; at least
    two radians per half-length of the box. Measurements at points have no known slope and do not
    count.
    """
    low, high = box(collocated)
    half = torch.where(high > low, (high - low) / 2, torch.ones_like(low))
    rows = [r for r in collocated.rows if not r.points.data]
    pairs = [_data_and_slopes(r, field, half) for r in rows]
    highest = 2.0 / half
    largest = max((size for size, _ in pairs), default=half.new_zeros(()))
    for size, slope in pairs:
        if bool(size > NEGLIGIBLE * largest):  # what is all rounding has none
            ratio = slope / size
            highest = torch.where(torch.isfinite(ratio), torch.maximum(highest, ratio), highest)
    return highest


def _data_and_slopes(rows: Rows, field: Field, half: Tensor) -> tuple[Tensor, Tensor]:
    """Root mean squares of a condition's data, and of their slopes (d,) along the axes."""

    def data(step: Tensor) -> Tensor:
        moved = replace(rows.points, positions=rows.points.positions + step)
        return rows.residual.zero_field_residual(field, moved)

    here = data(torch.zeros_like(half))
    spread, slopes = _outweighed(here) is None, []
    for axis in range(len(half)):
        step = torch.zeros_like(half)
        step[axis] = STEP * half[axis]
        change = (data(step) - data(-step)).square()
        jump = _outweighed(change) if spread else None
        mean = change.mean() if jump is None else (change.sum() - jump) / change.numel()
        slopes.append(mean.sqrt() / (2 * step[axis]))
    return here.square().mean().sqrt(), torch.stack(slopes)


def _outweighed(values: Tensor) -> Tensor | None:
    """The largest of several values, if it is more than all others together.

    Of differences of data that are spread over many points, it is a jump that one point happens to
    be next to, and no slope.
    """
    largest, total = values.abs().max(), values.abs().sum()
    return largest if values.numel() >= SEVERAL and bool(2 * largest > total) else None
