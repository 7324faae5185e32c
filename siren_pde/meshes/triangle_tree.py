"""Triangles in a tree of flat cylinders that hold them, to find the nearest one of each point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
import numpy.typing as npt

from siren_pde.meshes.mesh import Mesh, unit
from siren_pde.meshes.triangle import nearest_on_triangles
from siren_pde.numerics.neighbours import neighbours

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_TRIANGLES_PER_LANDMARK = 8
_POINTS_AT_ONCE = 32_768
_PAIRS_AT_ONCE = 131_072


@final
@dataclass(frozen=True, eq=False)
class _Cylinders:
    """Solids {c + s·n + r : |s| ≤ thickness, r ⟂ n, |r| ≤ radius}, one per node of a level.

    A row of `table` (m, 8) is c, n, thickness, radius: together, they are fetched once.
    """

    table: Floats

    def squared_gap(self, which: Integers, points: Floats) -> tuple[Floats, Floats]:
        """Bounds from below and above on the squared distance to what is in these cylinders."""
        rows = self.table[which]
        offset = points - rows[:, :3]
        square = _squares(offset)
        along = np.einsum("ij,ij->i", offset, rows[:, 3:6])
        across = np.sqrt(np.maximum(square - along**2, 0.0))
        along = np.abs(along)
        out = np.maximum(along - rows[:, 6], 0.0)
        beside = np.maximum(across - rows[:, 7], 0.0)
        return out**2 + beside**2, (along + rows[:, 6]) ** 2 + (across + rows[:, 7]) ** 2


@final
@dataclass(frozen=True, eq=False)
class TriangleTree:
    """Triangles (f, 3, 3) in the order of a k-d tree, and cylinders around ever smaller runs.

    Node j of level l holds the triangles from `starts[l][j]` to `starts[l][j + 1]`; its children
    are nodes 4j … 4j + 3 of level l + 1, and the triangles themselves below the last level.
    Because a cylinder is as flat as the surface in it, its lower bound is sharp even for points
    far away from the surface, where spheres around triangles would all have to be opened.
    """

    triangles: Floats
    order: Integers
    starts: tuple[Integers, ...]
    levels: tuple[_Cylinders, ...]
    landmarks: cKDTree

    @classmethod
    def of(cls, mesh: Mesh) -> TriangleTree:
        """Sort and bound the triangles of a mesh, which has some."""
        from scipy.spatial import cKDTree

        centroids = mesh.triangles.mean(axis=1)
        order = np.asarray(cKDTree(centroids, leafsize=2).indices, dtype=np.int64)
        triangles = mesh.triangles[order]
        landmarks = cKDTree(centroids[order[::_TRIANGLES_PER_LANDMARK]])
        starts = [np.array([0, len(order)])]
        while 4 * (len(starts[-1]) - 1) <= len(order):
            starts.append(_halved(_halved(starts[-1])))
        runs = [*starts, np.arange(len(order) + 1)]
        levels = [_bounding_cylinders(triangles, run) for run in runs]
        return cls(triangles, order, tuple(starts), tuple(levels), landmarks)

    def nearest(self, points: Floats) -> Integers:
        """The number in the mesh of the nearest face to each of `points` (n, 3), (n,).

        Each point starts from some triangle that is rather near. Its distance is an upper bound,
        and only cylinders whose lower bound is below all upper bounds so far are opened.
        """
        face = np.zeros(len(points), dtype=np.int64)
        for start in range(0, len(points), _POINTS_AT_ONCE):
            part = slice(start, start + _POINTS_AT_ONCE)
            face[part] = _search(points[part], self)
        return self.order[face]

    def guess(self, points: Floats) -> Integers:
        """For each point a triangle that is rather near, (n,)."""
        # An exact answer would cost more than it saves: far from a surface, much is as near.
        return np.asarray(_TRIANGLES_PER_LANDMARK * neighbours(self.landmarks, points, eps=0.2)[1])

    def children(self, level: int, nodes: Integers) -> tuple[Integers, Integers]:
        """The children of nodes, and for each the index in `nodes` of its parent."""
        if level + 1 < len(self.starts):
            parent = np.repeat(np.arange(len(nodes)), 4)
            return 4 * nodes[parent] + np.tile(np.arange(4), len(nodes)), parent
        first, last = self.starts[level][nodes], self.starts[level][nodes + 1]
        parent = np.repeat(np.arange(len(nodes)), last - first)
        rank = np.arange(len(parent)) - np.repeat(
            np.cumsum(last - first) - (last - first), last - first
        )
        return first[parent] + rank, parent


def _search(points: Floats, tree: TriangleTree) -> Integers:
    """The nearest triangle of each point, (n,)."""
    everyone = np.arange(len(points))
    best, face = np.full(len(points), np.inf), np.zeros(len(points), dtype=np.int64)
    bound = np.full(len(points), np.inf)
    _improve(points, tree, everyone, tree.guess(points), best, face)
    stack = [(0, everyone, np.zeros(len(points), dtype=np.int64))]
    while stack:
        level, who, nodes = stack.pop()
        low, high = tree.levels[level].squared_gap(nodes, points[who])
        first = np.flatnonzero(np.diff(who, prepend=-1))
        high = np.minimum.reduceat(high, first)
        bound[who[first]] = np.minimum(bound[who[first]], high)
        may = (low < best[who]) & (low <= bound[who])
        who, nodes = who[may], nodes[may]
        if level == len(tree.starts):
            _improve(points, tree, who, nodes, best, face)
            continue
        nodes, parent = tree.children(level, nodes)
        who = who[parent]
        for start in range(0, len(nodes), _PAIRS_AT_ONCE):
            part = slice(start, start + _PAIRS_AT_ONCE)
            stack.append((level + 1, who[part], nodes[part]))
    return face


def _improve(
    points: Floats, tree: TriangleTree, who: Integers, nodes: Integers, best: Floats, face: Integers
) -> None:
    """Lower `best` and update `face`, in place, where a triangle of these pairs is nearer."""
    nearest, _ = nearest_on_triangles(points[who], tree.triangles[nodes])
    square = _squares(points[who] - nearest)
    order = np.lexsort((square, who))
    who, nodes, square = who[order], nodes[order], square[order]
    first = np.diff(who, prepend=-1) > 0
    nearer = first & (square < best[who])
    best[who[nearer]] = square[nearer]
    face[who[nearer]] = nodes[nearer]


def _squares(vectors: Floats) -> Floats:
    return np.asarray(np.einsum("ij,ij->i", vectors, vectors))


def _halved(starts: Integers) -> Integers:
    """Runs cut at their middle, where a balanced k-d tree cuts them."""
    middles = starts[:-1] + np.diff(starts) // 2
    return np.append(np.stack([starts[:-1], middles], axis=1).ravel(), starts[-1])


def _bounding_cylinders(triangles: Floats, starts: Integers) -> _Cylinders:
    """Cylinders around runs of triangles, standing on the direction their normals agree on."""
    corners, first, count = triangles.reshape(-1, 3), 3 * starts[:-1], 3 * np.diff(starts)
    low, high = np.minimum.reduceat(corners, first), np.maximum.reduceat(corners, first)
    centre, axis = (low + high) / 2, _common_normals(triangles, starts[:-1])
    offset = corners - np.repeat(centre, count, axis=0)
    along = np.einsum("ij,ij->i", offset, np.repeat(axis, count, axis=0))
    across = np.sqrt(np.maximum(_squares(offset) - along**2, 0.0))
    # Rounding must never make a cylinder too small for its triangles.
    slack = 1e-14 * float(np.abs(corners).max())
    thickness = np.maximum.reduceat(np.abs(along), first) + slack
    radius = np.maximum.reduceat(across, first) + slack
    return _Cylinders(np.column_stack([centre, axis, thickness, radius]))


def _common_normals(triangles: Floats, first: Integers) -> Floats:
    """The main eigenvector of Σ N Nᵀ over each run: opposite sides of a thin sheet agree."""
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    if len(first) == len(triangles):
        return unit(normals)
    moments = np.add.reduceat(normals[:, :, None] * normals[:, None, :], first)
    return np.asarray(np.linalg.eigh(moments)[1][:, :, 2])
