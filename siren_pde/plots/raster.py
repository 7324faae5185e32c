"""Triangles on a grid of pixels: which one of many is in front at each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from siren_pde.meshes.topology import spread

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

AT_ONCE = 2_000_000
"""Pixels in the bounding boxes of the triangles that are drawn at once: some 200 MB."""
_EDGE = 1e-9
"""Pixels by which triangles are larger, so that none is missed by both sides of an edge."""


def in_front(corners: Floats, height: int, width: int) -> Integers:
    """The number of the triangle that is in front at each pixel (height, width), −1 where none is.

    `corners` (f, 3, 3) say how far to the right, down and near the corners of f triangles are, in
    pixels; the centre of pixel (i, j) is at (j + ½, i + ½). Lines of each triangle are cut by its
    edges (scan conversion: Foley et al., Computer Graphics, §3.6), and at each pixel the nearest is
    kept (the z-buffer of Catmull, 1974). What several are equally near at belongs to the last.
    Triangles seen edge-on are not seen.
    """
    image = np.full(height * width, -1)
    nearest = np.full(height * width, -np.inf)
    first, rows = _centres(corners[:, :, 1].min(axis=1), corners[:, :, 1].max(axis=1), height)
    slopes, level = _planes(corners)
    rows[~np.isfinite(level)] = 0
    for part in _parts(corners, rows, width):
        triangle, row = _spread(part, first[part], rows[part])
        start, columns = _centres(*_cut(corners[triangle], row.astype(np.float64) + 0.5), width)
        which, column = _spread(np.arange(len(row)), start, columns)
        triangle, row = triangle[which], row[which]
        places = np.stack([column, row], axis=1) + 0.5
        depth = level[triangle] + np.einsum("ni,ni->n", slopes[triangle], places)
        order = np.argsort(depth, kind="stable")
        pixel, depth, triangle = (row * width + column)[order], depth[order], triangle[order]
        front = np.full(height * width, -1)
        front[pixel] = np.arange(len(pixel))  # the last one stays, and that is the nearest
        seen = np.flatnonzero(front >= 0)
        front = front[seen]
        better = depth[front] >= nearest[seen]
        image[seen[better]] = triangle[front[better]]
        nearest[seen[better]] = depth[front[better]]
    return image.reshape(height, width)


def _centres(low: Floats, high: Floats, count: int) -> tuple[Integers, Integers]:
    """The first of `count` pixels whose centre lies between low and high, (n,), and how many do."""
    first = np.ceil(low - 0.5 - _EDGE).clip(0, count)
    last = np.floor(high - 0.5 + _EDGE).clip(-1, count - 1)
    return first.astype(np.int64), (last - first + 1).clip(0).astype(np.int64)


def _parts(corners: Floats, rows: Integers, width: int) -> list[Integers]:
    """Numbers of triangles, in parts that cover no more than `AT_ONCE` pixels by their boxes."""
    columns = np.ptp(corners[:, :, 0], axis=1).clip(0, width) + 1
    shown = np.flatnonzero(rows > 0)
    area = np.cumsum(rows[shown] * columns[shown])
    if not len(shown):
        return []
    places = np.searchsorted(area, np.arange(AT_ONCE, area[-1], AT_ONCE))
    return [part for part in np.split(shown, places) if len(part)]


def _spread(names: Integers, first: Integers, count: Integers) -> tuple[Integers, Integers]:
    """Each name as often as its count says, beside the numbers from its first on."""
    owner, rank = spread(count)
    return names[owner], first[owner] + rank


def _cut(corners: Floats, height: Floats) -> tuple[Floats, Floats]:
    """Where lines of a height (n,) enter triangles (n, 3, 3) and leave them; (∞, −∞) beside."""
    left, right = np.full(len(height), np.inf), np.full(len(height), -np.inf)
    for one, other in ((0, 1), (1, 2), (2, 0)):
        start, end = corners[:, one], corners[:, other]
        low, high = np.minimum(start[:, 1], end[:, 1]), np.maximum(start[:, 1], end[:, 1])
        rise = end[:, 1] - start[:, 1]
        crosses = (low <= height) & (height <= high) & (rise != 0)
        share = (height - start[:, 1]) / np.where(crosses, rise, 1)
        at = start[:, 0] + share * (end[:, 0] - start[:, 0])
        left = np.where(crosses, np.minimum(left, at), left)
        right = np.where(crosses, np.maximum(right, at), right)
    return left, right


def _planes(corners: Floats) -> tuple[Floats, Floats]:
    """How much nearer a pixel to the right and down is (f, 2), and the first (f,): NaN edge-on."""
    start = corners[:, 0]
    normal = np.cross(corners[:, 1] - start, corners[:, 2] - start)
    across = np.where(normal[:, 2] == 0, np.nan, normal[:, 2])
    slopes = -normal[:, :2] / across[:, None]
    return slopes, start[:, 2] - np.einsum("fi,fi->f", slopes, start[:, :2])
