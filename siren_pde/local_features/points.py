"""Points of every condition in every box: equally many, however small a box is."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.domains.base import Domain, Piece
from siren_pde.numerics.box_tree import BoxTree
from siren_pde.numerics.sobol import sobol

STENCIL = 5
"""Points along each side of a cell of a chart that show where its image lies."""
FINEST = 48
"""A chart is halved at most so often."""
CANDIDATES = 12
"""So many times as many points are tried in boxes that are partly outside a domain."""
MOST_CELLS = 400_000
"""Cells of a chart that are looked at at once."""

Locate = Callable[[Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class Located:
    """The points of one condition in the order of their boxes; `starts` (K + 1,) are where each
    box's begin.
    """

    points: Points
    boxes: Tensor
    starts: Tensor

    @property
    def counts(self) -> Tensor:
        """How many points (K,) each box has."""
        return self.starts[1:] - self.starts[:-1]

    @staticmethod
    def of(points: Points, boxes: Tensor, count: int, most: int | None = None) -> Located:
        """Sorted by box, of which there are `count`; at most `most` points are kept in each."""
        order = torch.argsort(boxes, stable=True)
        sizes = torch.bincount(boxes, minlength=count)
        if most is not None:
            first = torch.cumsum(sizes, 0) - sizes
            rank = torch.arange(len(order), device=order.device) - first[boxes[order]]
            many = sizes[boxes[order]]
            # every so many of them, so that those kept lie as the others do
            kept = (rank * most // many.clamp_min(most)) != (
                (rank - 1) * most // many.clamp_min(most)
            )
            order = order[kept | (many <= most)]
            sizes = torch.bincount(boxes[order], minlength=count)
        starts = torch.cat([sizes.new_zeros((1,)), torch.cumsum(sizes, 0)])
        return Located(points.select(order), boxes[order], starts)

    def part(self, first: int, last: int) -> tuple[Points, Tensor]:
        """The points of the boxes first … last − 1, and the box of each."""
        piece = slice(int(self.starts[first]), int(self.starts[last]))
        return self.points.select(piece), self.boxes[piece]


def interior_points(
    domain: Domain, tree: BoxTree, *, each: int, seed: int
) -> tuple[Points, Tensor, Tensor]:
    """`each` points of every box in a domain as wide as its space, fewer only in tiny parts.

    With the points come the boxes they lie in, and the share (K,) of each box that is inside.
    """
    k = len(tree)
    x, boxes = _drawn(tree, torch.arange(k, device=tree.low.device), each, seed)
    kept = domain.contains(x)
    x, boxes = x[kept], boxes[kept]
    counts = torch.bincount(boxes, minlength=k)
    shares = counts / each
    cut = ((counts > 0) & (counts < each)).nonzero()[:, 0]
    if len(cut):
        more, which = _drawn(tree, cut, CANDIDATES * each, seed + 1)
        kept = domain.contains(more)
        more, which = more[kept], which[kept]
        sizes = torch.bincount(which, minlength=k)
        first = torch.cumsum(sizes, 0) - sizes
        rank = torch.arange(len(which), device=which.device) - first[which]
        missing = rank < (each - counts)[which]
        x, boxes = torch.cat([x, more[missing]]), torch.cat([boxes, which[missing]])
    return Points(domain.axes, x, torch.ones_like(x[:, 0])), boxes, shares


def _drawn(tree: BoxTree, boxes: Tensor, each: int, seed: int) -> tuple[Tensor, Tensor]:
    """`each` points in every one of some boxes, and their boxes."""
    d = tree.low.shape[1]
    low, high = tree.low[boxes], tree.high[boxes]
    u = _uniform(len(boxes), each, low, seed)
    x = low[:, None] + u * (high - low)[:, None]
    return x.view(-1, d), boxes.repeat_interleave(each)


def _uniform(cells: int, each: int, like: Tensor, seed: int) -> Tensor:
    """`each` points of the unit cube for every cell (cells, each, d), of the kind of `like`."""
    d = like.shape[1]
    u = sobol(cells * each, d, seed=seed, dtype=like.dtype, device=like.device)
    return u.view(cells, each, d)


def surface_points(domain: Domain, tree: BoxTree, *, each: int, seed: int) -> Points:
    """Points of a domain that is thinner than its space: about `each` or more in every box.

    The unit cubes of its charts are halved until the images of their cells are smaller than the
    boxes they lie in; each cell then has as many points. Measured data are taken whole.
    """
    parts = []
    for number, piece in enumerate(domain.pieces):
        if piece.is_data:
            data = piece.drawn(
                piece.count or 0, seed=0, dtype=tree.low.dtype, device=tree.low.device
            )
            assert data is not None
            parts.append(data)
        elif not piece.inputs:
            parts.append(piece.points(piece.chart(tree.low.new_zeros((1, 0)))))
        else:
            parts.append(_chart_points(piece, tree, each=each, seed=seed + number))
    return Points.concatenate(parts)


def _chart_points(piece: Piece, tree: BoxTree, *, each: int, seed: int) -> Points:
    """Points of one chart, equally many in each of its cells."""
    k = piece.inputs
    low, size = tree.low.new_zeros((1, k)), tree.low.new_ones((1, k))
    done: list[tuple[Tensor, Tensor]] = []
    for _ in range(FINEST):
        small = _small_enough(piece, tree, low, size)
        done.append((low[small], size[small]))
        low, size = low[~small], size[~small]
        if not len(low) or len(low) > MOST_CELLS:
            done.append((low, size))
            break
        low, size = _halved(piece, low, size)
    else:
        done.append((low, size))
    lows, sizes = (torch.cat(column) for column in zip(*done, strict=True))
    inner = _uniform(len(lows), each, lows, seed)
    u = (lows[:, None] + inner * sizes[:, None]).view(-1, k)
    return piece.points(piece.chart(u))


def _images(piece: Piece, low: Tensor, size: Tensor) -> Tensor:
    """Where a grid of points of each cell lies (cells, points, d)."""
    ticks = torch.linspace(0.0, 1.0, STENCIL, dtype=low.dtype, device=low.device)
    k = low.shape[1]
    grid = torch.cartesian_prod(*[ticks] * k).view(-1, k)
    u = (low[:, None] + grid * size[:, None]).view(-1, k)
    return piece.chart(u.clamp(0, 1)).positions.view(len(low), len(grid), -1)


def _small_enough(piece: Piece, tree: BoxTree, low: Tensor, size: Tensor) -> Tensor:
    """Which cells have an image smaller than a quarter of the smallest box that is seen in it."""
    x = _images(piece, low, size)
    boxes = tree.locate(x.flatten(0, 1)).view(x.shape[:2])
    sides = (tree.high - tree.low)[boxes].amin(1)
    extent = x.amax(1) - x.amin(1)
    return (extent <= 0.25 * sides * (1 + 1e-9)).all(1)


def _halved(piece: Piece, low: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
    """Each cell halved along the side whose image is longest."""
    k = low.shape[1]
    if k == 1:
        axis = torch.zeros_like(low[:, 0], dtype=torch.long)
    else:
        x = _images(piece, low, size).view(len(low), *[STENCIL] * k, -1)
        lengths = []
        for i in range(k):
            along = x.movedim(i + 1, 1)
            steps = (along[:, 1:] - along[:, :-1]).norm(dim=-1)
            lengths.append(steps.sum(1).flatten(1).amax(1))
        axis = torch.stack(lengths, 1).argmax(1)
    rows = torch.arange(len(low), device=low.device)
    half = size.clone()
    half[rows, axis] /= 2
    upper = low.clone()
    upper[rows, axis] += half[rows, axis]
    return torch.cat([low, upper]), torch.cat([half, half])


def target_on_surface(features: int, dimension: int) -> int:
    """Points on a surface across a box whose inside holds so many features."""
    across: float = features ** ((dimension - 1) / dimension)
    return math.ceil(4 * across)
