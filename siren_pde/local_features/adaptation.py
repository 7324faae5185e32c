"""Where boxes are halved: those with the largest share of what is left, across rough directions."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from siren_pde.fields.local_sines import LocalSines
from siren_pde.numerics.box_tree import BoxTree

COVERED = 0.9
"""What share of the squares of residuals the boxes hold that are halved."""
HALF = 0.5
"""And what share of the squares times volumes."""
ROUGH = 0.2
"""Boxes are halved across axes along which they are rough, to this share of the roughest."""
TICKS = {1: 24, 2: 14, 3: 9}
"""Gauss points along an axis that show how rough a box is, by dimension."""


def marked(squares: Tensor, volumes: Tensor, most: int) -> Tensor:
    """The boxes (n,) that hold nearly all of the squares (K,), and nearly all of the squares times
    volumes, `most` at most.

    Where boundary values jump, small boxes keep their squares however small they are: the first
    measure alone would halve no others, the second alone corners too late.
    """
    each = _holding(squares, COVERED, most), _holding(squares * volumes, HALF, most // 2)
    boxes: Tensor = torch.unique(torch.cat(each))
    return boxes[:most]


def _holding(squares: Tensor, share: float, most: int) -> Tensor:
    order = torch.argsort(squares, descending=True)
    running = torch.cumsum(squares[order], 0)
    count = int((running < share * running[-1]).sum()) + 1
    return order[: max(min(count, most), 1)]


def axes_to_cut(field_networks: list[LocalSines], boxes: Tensor, whole: Tensor) -> list[list[int]]:
    """Across which axes each of the boxes is halved: all of them if it is not `whole` (n,)."""
    d = field_networks[0].inputs
    tails = torch.stack([_tails(net, boxes) for net in field_networks]).amax(0)
    rough = tails >= ROUGH * tails.amax(1, keepdim=True)
    every = [*range(d)]
    return [
        [i for i in every if rough[k, i]] if bool(whole[k]) else every for k in range(len(boxes))
    ]


def _tails(net: LocalSines, boxes: Tensor) -> Tensor:
    """How much of a network in each box is of high degree along each axis (n, d), relative to the
    size of the network.

    Its values at Gauss points are transformed to Legendre polynomials.
    """
    d, n = net.inputs, TICKS.get(net.inputs, 6)
    ticks, weights = np.polynomial.legendre.leggauss(n)
    vander = np.polynomial.legendre.legvander(ticks, n - 1)
    scaled = (vander * weights[:, None] * (np.arange(n) + 0.5)).T
    transform, along = (torch.tensor(a, device=boxes.device) for a in (scaled, ticks))
    grid = torch.cartesian_prod(*[along] * d).view(-1, d)
    sines = torch.sin(grid @ net.waves.T + net.phases)
    c = net.coefficients.detach()[boxes, :, : net.sines]
    values = torch.einsum("nom,gm->nog", c, sines).view(len(boxes), net.outputs, *[n] * d)
    for axis in range(d):
        moved = torch.tensordot(values, transform, dims=([2 + axis], [1]))
        values = moved.movedim(-1, 2 + axis)
    squares = values.square()
    size = squares.sum().clamp_min(torch.finfo(squares.dtype).tiny)
    out = []
    for axis in range(d):
        high = squares.narrow(2 + axis, n // 2, n - n // 2)
        out.append(high.flatten(1).sum(1) / size)
    return torch.stack(out, 1).sqrt()


def cut(tree: BoxTree, boxes: Tensor, axes: list[list[int]]) -> tuple[BoxTree, Tensor]:
    """The tree with these boxes halved, and the box that each new one comes from."""
    every: list[list[int]] = [[] for _ in range(len(tree))]
    for k, own in zip(boxes.tolist(), axes, strict=True):
        every[k] = own
    return tree.split(every)


def corners(tree: BoxTree, boxes: Tensor, peaks: Tensor) -> Tensor:
    """The corners (n, d) of boxes (n,) that are nearest to the `peaks` (n, d) of residuals."""
    low, high = tree.low[boxes], tree.high[boxes]
    return torch.where(peaks - low < high - peaks, low, high)


def graded(tree: BoxTree, at: Tensor, levels: int) -> tuple[BoxTree, Tensor]:
    """The tree with all boxes at some points (n, d) halved so many times, across all axes.

    Also the box (K,) of the given tree that each new one comes from.
    """
    parents = torch.arange(len(tree), device=tree.low.device)
    every = [*range(tree.low.shape[1])]
    for _ in range(levels):
        touched = ((tree.low[:, None] <= at) & (at <= tree.high[:, None])).all(2).any(1)
        tree, more = tree.split([every if t else [] for t in touched.tolist()])
        parents = parents[more]
    return tree, parents


def separated(tree: BoxTree, at: Tensor) -> BoxTree:
    """The tree halved until each box has one of some points (n, d) at most."""
    every = [*range(tree.low.shape[1])]
    while True:
        has = ((tree.low[:, None] <= at) & (at <= tree.high[:, None])).all(2).sum(1)
        if not bool((has > 1).any()):
            return tree
        tree, _ = tree.split([every if n > 1 else [] for n in has.tolist()])
