"""What is made of boxes is made of the cells of a grid, so that its measure and faces are exact."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch

from siren_pde.domains.base import Domain
from siren_pde.domains.box import Box, Face

_MOST = 256  # cells; beyond, pieces would be too small to sample well
_SLACK = 1e-12  # cuts closer than this, beside the size of the boxes, are one cut


def cells(
    solid: Domain, planes: Sequence[Sequence[float]]
) -> tuple[tuple[Box, ...], tuple[Face, ...]] | None:
    """The grid cells in `solid` and their faces on its boundary, if it ends at `planes` only.

    The planes across every axis cut space into cells that lie in the solid or outside, as their
    middles do. None if there would be too many cells.
    """
    cuts = [_cuts(ends) for ends in planes]
    if math.prod(len(c) - 1 for c in cuts) > _MOST:
        return None
    numbers = list(itertools.product(*(range(len(c) - 1) for c in cuts)))
    middles = [[(c[i] + c[i + 1]) / 2 for c, i in zip(cuts, each, strict=True)] for each in numbers]
    inside = solid.contains(torch.tensor(middles, dtype=torch.float64, device="cpu")).tolist()
    kept = {each for each, held in zip(numbers, inside, strict=True) if held}
    boxes, faces = [], []
    for each in sorted(kept):
        sides = [(c[i], c[i + 1]) for c, i in zip(cuts, each, strict=True)]
        cell = Box(**dict(zip(solid.axes, sides, strict=True)))
        boxes.append(cell)
        for axis, side in itertools.product(range(len(each)), (0, 1)):
            beyond = (*each[:axis], each[axis] + 2 * side - 1, *each[axis + 1 :])
            if beyond not in kept:
                faces.append(cell.at(**{solid.axes[axis]: sides[axis][side]}))
    return tuple(boxes), tuple(faces)


def _cuts(planes: Sequence[float]) -> list[float]:
    ends = sorted(planes)
    apart = _SLACK * (ends[-1] - ends[0])
    cuts = ends[:1]
    for end in ends[1:]:
        if end - cuts[-1] > apart:
            cuts.append(end)
    return cuts
