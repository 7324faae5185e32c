"""Rows of one box, before all its rows are put together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from siren_pde.numerics.multifrontal import Part


class Block(NamedTuple):
    """Some rows of a box: its own columns (r, q), those of constants (r, c), the right-hand side
    (r,), and the value at a face (r,) that each is compared with, negative for none.
    """

    own: Tensor
    constants: Tensor
    right: Tensor
    traces: Tensor


def part_of(blocks: Sequence[Block], traces: int) -> Part:
    """All rows of a box; constants are numbered after the `traces` values at faces."""
    own, constants, right, names = (torch.cat(column) for column in zip(*blocks, strict=True))
    ids = torch.unique(names[names >= 0])
    shared = own.new_zeros((len(own), len(ids)))
    compared = (names >= 0).nonzero()[:, 0]
    shared[compared, torch.searchsorted(ids, names[compared])] = -1.0
    more = traces + torch.arange(constants.shape[1], device=ids.device)
    return Part(own, torch.cat([shared, constants], dim=1), torch.cat([ids, more]), right)


def ranges(boxes: Tensor, first: int) -> Iterator[tuple[int, slice]]:
    """The boxes, counted from `first`, of ascending `boxes` (n,), and where each one's rows are."""
    which, sizes = torch.unique_consecutive(boxes, return_counts=True)
    ends = torch.cumsum(sizes, 0).tolist()
    for box, n, end in zip((which - first).tolist(), sizes.tolist(), ends, strict=True):
        yield box, slice(end - n, end)
