"""Cells of a grid cut to a domain: whole where they lie inside, simplices cut at its edge."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Numbers = npt.NDArray[np.int64]
Membership = Callable[[Floats], npt.NDArray[np.bool_]]

MOST = 400_000
"""Small triangles of a polygon, at most."""
HALVINGS = 40
"""Bisections that find the edge of a domain on a cut line: to 10⁻¹² of a cell."""
LINE, TRIANGLE, QUAD, TETRAHEDRON, HEXAHEDRON, WEDGE = 3, 5, 9, 10, 12, 13
"""VTK's numbers of the kinds of cells."""
WHOLE: dict[int, tuple[int, list[tuple[int, ...]]]] = {
    1: (LINE, [(0,), (1,)]),
    2: (QUAD, [(0, 0), (1, 0), (1, 1), (0, 1)]),
    3: (HEXAHEDRON, [(*c, z) for z in (0, 1) for c in ((0, 0), (1, 0), (1, 1), (0, 1))]),
}
"""The kind of a whole cell by dimension, and its corners in VTK's order."""
# What is left of a simplex by its dimension and the number of corners inside, which come first:
# cells of corners k, or of the points (i, j) where the line from i inside to j outside is cut.
Cut = tuple[int, tuple[tuple[int, int], ...]]
CUTS: dict[tuple[int, int], list[Cut]] = {
    (1, 1): [(LINE, ((0, 0), (0, 1)))],
    (2, 1): [(TRIANGLE, ((0, 0), (0, 1), (0, 2)))],
    (2, 2): [(TRIANGLE, ((0, 0), (1, 1), (1, 2))), (TRIANGLE, ((0, 0), (1, 2), (0, 2)))],
    (3, 1): [(TETRAHEDRON, ((0, 0), (0, 1), (0, 2), (0, 3)))],
    (3, 2): [(WEDGE, ((0, 0), (0, 2), (0, 3), (1, 1), (1, 2), (1, 3)))],
    (3, 3): [(WEDGE, ((0, 0), (1, 1), (2, 2), (0, 3), (1, 3), (2, 3)))],
}
SIMPLEX = {1: LINE, 2: TRIANGLE, 3: TETRAHEDRON}


@dataclass(frozen=True, eq=False)
class Cells:
    """Points (n, k) and cells between them: pairs of VTK's kind and corners (m, c)."""

    points: Floats
    blocks: list[tuple[int, Numbers]]


def cut_cells(ticks: Sequence[Floats], inside: Membership) -> Cells:
    """The part of a grid in a domain, its edge found by bisection on the lines of the grid."""
    shape = tuple(map(len, ticks))
    mesh = np.meshgrid(*ticks, indexing="ij")
    nodes = np.stack([each.ravel() for each in mesh], axis=1)
    held = inside(nodes)
    first, d = _first_corners(shape), len(shape)
    kind, order = WHOLE[d]
    corners = np.stack([first + np.ravel_multi_index(c, shape) for c in order], axis=1)
    whole, some = held[corners].all(1), held[corners].any(1)
    blocks = [(kind, corners[whole])]
    cuts: list[tuple[int, Numbers, Numbers]] = []  # kind, ends inside and outside, (m, c) each
    for steps in itertools.permutations(np.eye(d, dtype=int)):
        path = np.concatenate([np.zeros((1, d), dtype=int), np.cumsum(steps, axis=0)])
        offsets = [np.ravel_multi_index(tuple(c), shape) for c in path]
        simplices = first[some & ~whole, None] + np.array(offsets)
        blocks.append((SIMPLEX[d], simplices[held[simplices].all(1)]))
        cuts += _cut(simplices, held, d)
    points, cut_blocks = _placed(nodes, cuts, inside)
    used = [(kind, block) for kind, block in [*blocks, *cut_blocks] if len(block)]
    return _compact(points, used)


def _first_corners(shape: tuple[int, ...]) -> Numbers:
    """The number of the lowest corner of each cell."""
    places = np.meshgrid(*(np.arange(n - 1) for n in shape), indexing="ij")
    return np.asarray(np.ravel_multi_index(tuple(each.ravel() for each in places), shape))


def _cut(
    simplices: Numbers, held: npt.NDArray[np.bool_], d: int
) -> list[tuple[int, Numbers, Numbers]]:
    """What is left of simplices (m, d + 1) that the edge goes through."""
    order = np.argsort(~held[simplices], axis=1, kind="stable")
    sorted_corners = np.take_along_axis(simplices, order, axis=1)
    count = held[simplices].sum(1)
    left = []
    for (_, many), kept in ((key, cuts) for key, cuts in CUTS.items() if key[0] == d):
        mine = sorted_corners[count == many]
        for kind, ends in kept:
            a, b = (mine[:, [end[side] for end in ends]] for side in (0, 1))
            left.append((kind, a, b))
    return left


def _placed(
    nodes: Floats, cuts: list[tuple[int, Numbers, Numbers]], inside: Membership
) -> tuple[Floats, list[tuple[int, Numbers]]]:
    """Nodes and the points of cut lines, each line cut once; cells between them."""
    if not cuts or not any(len(a) for _, a, _ in cuts):
        return nodes, []
    starts, ends = [a.ravel() for _, a, _ in cuts], [b.ravel() for _, _, b in cuts]
    flat = np.stack([np.concatenate(starts), np.concatenate(ends)], axis=1)
    lines, which = np.unique(flat, axis=0, return_inverse=True)
    own = lines[:, 0] == lines[:, 1]  # a corner itself
    low, high = nodes[lines[~own, 0]], nodes[lines[~own, 1]]
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        kept = inside(middle)[:, None]
        low, high = np.where(kept, middle, low), np.where(kept, high, middle)
    numbers = lines[:, 0].copy()
    numbers[~own] = len(nodes) + np.arange(len(low))
    points, start, blocks = np.concatenate([nodes, low]), 0, []
    every = numbers[which.ravel()]
    for kind, a, _ in cuts:
        blocks.append((kind, every[start : start + a.size].reshape(a.shape)))
        start += a.size
    return points, blocks


def _compact(points: Floats, blocks: list[tuple[int, Numbers]]) -> Cells:
    """The points that cells have, and no others."""
    if not blocks:
        return Cells(points[:0], [])
    used = np.unique(np.concatenate([block.ravel() for _, block in blocks]))
    numbers = np.zeros(len(points), dtype=np.int64)
    numbers[used] = np.arange(len(used))
    kinds = dict.fromkeys(kind for kind, _ in blocks)
    joined = [
        (kind, numbers[np.concatenate([block for k, block in blocks if k == kind])])
        for kind in kinds
    ]
    return Cells(points[used], [(kind, oriented(points[used], kind, b)) for kind, b in joined])


def oriented(points: Floats, kind: int, corners: Numbers) -> Numbers:
    """Corners whose order gives triangles a positive area, tetrahedra and wedges a volume."""
    if kind not in (TRIANGLE, TETRAHEDRON, WEDGE):
        return corners
    d = points.shape[1]
    sides = points[corners[:, 1 : d + 1]] - points[corners[:, :1]]
    negative = np.linalg.det(sides) < 0
    swap = {WEDGE: [0, 2, 1, 3, 5, 4], TETRAHEDRON: [0, 2, 1, 3], TRIANGLE: [0, 2, 1]}[kind]
    return np.where(negative[:, None], corners[:, swap], corners)


def triangle_cells(triangles: Sequence[Sequence[tuple[float, float]]], longest: float) -> Cells:
    """Triangles of a polygon, each cut into n² equal ones, so that no side exceeds `longest`.

    n is the same for all, so that neighbours share all points of a side.
    """
    corners = np.array(triangles, dtype=np.float64)
    sides = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2)
    n = max(1, min(int(np.ceil(sides.max() / longest)), int((MOST / len(corners)) ** 0.5)))
    pairs = [(i, j) for i in range(n + 1) for j in range(n + 1 - i)]
    number = {pair: k for k, pair in enumerate(pairs)}
    small = [[(i, j), (i + 1, j), (i, j + 1)] for i, j in pairs if i + j < n]
    small += [[(i + 1, j), (i + 1, j + 1), (i, j + 1)] for i, j in pairs if i + j < n - 1]
    numbers = np.array([[number[pair] for pair in each] for each in small])
    share = np.array(pairs) / n
    a, b, c = corners[:, None, 0], corners[:, None, 1], corners[:, None, 2]
    points = a + share[:, :1] * (b - a) + share[:, 1:] * (c - a)
    every = (np.arange(len(corners))[:, None, None] * len(pairs) + numbers).reshape(-1, 3)
    flat = points.reshape(-1, 2)
    # points of one side, computed in two triangles, differ by rounding
    _, index, which = np.unique(
        np.round(flat / sides.max() * n * 1e6), axis=0, return_index=True, return_inverse=True
    )
    joined = which.ravel()[every]
    return Cells(flat[index], [(TRIANGLE, oriented(flat[index], TRIANGLE, joined))])
