"""Which neighbours lie on one sheet of a surface: links between points, and the tree they span."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
import numpy.typing as npt
import torch

from siren_pde.meshes.topology import adjacency
from siren_pde.numerics.neighbours import neighbours

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

NEIGHBOURS = 16
"""Nearest points that a plane goes through, and that a point is linked to."""
AREA_OF = 6
"""The neighbour that bounds the disc of surface in which so many points have room."""


@final
@dataclass(frozen=True)
class Links:
    """Pairs of neighbours `start`, `end` (m,), and what they say of each other's normals.

    `agreement` (m,) is near 1 where both normals are on one side of the surface, and near −1 where
    they are not. On one sheet that is nᵢ·nⱼ; it fades to 0 the more of the way from one point to
    the other leads across their planes, as it does between sheets. Beyond a crease, where nᵢ·nⱼ
    says nothing, it is −2 (nᵢ·d)(nⱼ·d), d being the direction of the way: both normals look away
    from each other, or towards each other (König and Gumhold 2009).
    """

    start: Integers
    end: Integers
    agreement: Floats

    @staticmethod
    def between(points: Floats, normals: Floats, near: Integers) -> Links:
        """The links from each point (n, 3) to its neighbours (n, k)."""
        start, end = np.repeat(np.arange(len(points)), near.shape[1]), near.ravel()
        way = points[end] - points[start]
        way /= np.maximum(np.linalg.norm(way, axis=1), 1e-300)[:, None]
        first, second = (np.einsum("ij,ij->i", way, normals[at]) for at in (start, end))
        cosine = np.einsum("ij,ij->i", normals[start], normals[end])
        on_sheet = cosine * np.maximum(1 - first**2 - second**2, 0.0)
        beyond_crease = (1 - np.abs(cosine)) * -2 * first * second
        return Links(start, end, np.clip(on_sheet + beyond_crease, -1.0, 1.0))

    def signed(self, signs: Floats) -> Links:
        """The same where each normal is multiplied by its sign (n,)."""
        agreement = self.agreement * signs[self.start] * signs[self.end]
        return Links(self.start, self.end, agreement)

    def votes(self, size: int) -> Floats:
        """The mean agreement of each of `size` points with its neighbours, in −1…1."""
        strength = np.bincount(self.start, np.abs(self.agreement), minlength=size)
        total = np.bincount(self.start, self.agreement, minlength=size)
        return np.asarray(total / np.maximum(strength, 1e-12))


def nearest(points: Floats, count: int) -> Integers:
    """The indices of the nearest other points, (n, count)."""
    from scipy.spatial import cKDTree

    _, near = neighbours(cKDTree(points), points, count + 1)
    return np.asarray(near[:, 1:], dtype=np.int64)


def voxels(points: Floats, count: int) -> Integers:
    """The number (n,) of the voxel that each point is in, `count` along the longest side."""
    low = points.min(axis=0)
    size = np.ptp(points, axis=0).max() / count
    cells = np.minimum((points - low) / size, count - 1).astype(np.int64)
    return np.asarray(np.unique(cells @ [1, count, count**2], return_inverse=True)[1]).ravel()


def disc_areas(points: Floats, near: Integers) -> Floats:
    """The area of surface that belongs to each point, (n,)."""
    last = min(AREA_OF, near.shape[1])
    return np.asarray(np.pi * np.square(points - points[near[:, last - 1]]).sum(axis=1) / last)


def least_spread(points: Floats, near: Integers, chosen: Integers | None = None) -> Floats:
    """The eigenvector of least variance of each point and its neighbours (n, k), (n, 3).

    Of those that are `chosen` (m,) alone, (m, 3).
    """
    chosen = np.arange(len(points)) if chosen is None else chosen
    normals = np.empty((len(chosen), 3))
    for start in range(0, len(chosen), 65536):
        part = slice(start, start + 65536)
        own = chosen[part]
        patch = np.concatenate([points[own, None], points[near[own]]], axis=1)
        patch -= patch.mean(axis=1, keepdims=True)
        # Scaled to one, so that clouds of any unit are as well conditioned.
        patch /= np.abs(patch).max(axis=(1, 2), keepdims=True)
        moments = torch.from_numpy(patch.transpose(0, 2, 1) @ patch)
        normals[part] = torch.linalg.eigh(moments)[1][:, :, 0].numpy()
    return normals


def spanning_tree(links: Links, size: int) -> Integers:
    """The edges (2, m) of a forest that crosses doubtful links last.

    Minimal are the weights 1 − |agreement|; on smooth sheets they are 1 − |nᵢ·nⱼ| (Hoppe et al.
    1992, §3.3).
    """
    from scipy.sparse.csgraph import minimum_spanning_tree

    # A constant on every edge leaves the tree as it is, and no weight is zero ("no edge").
    weights = adjacency(links.start, links.end, 2 - np.abs(links.agreement), size)
    tree = minimum_spanning_tree(weights.maximum(weights.T)).tocoo()
    return np.stack([tree.row, tree.col]).astype(np.int64)


def propagated_signs(edges: Integers, links: Links, roots: Integers, size: int) -> Floats:
    """Signs (n,) that make all agreements along the edges of a forest positive, +1 at the roots."""
    before = descent(edges, roots, size)[1]
    signs = np.ones(size + 1)  # one more node is above all roots
    agreement = symmetric(links.start, links.end, links.agreement, size)
    inner = np.flatnonzero(before[:size] < size)
    upwards = np.asarray(agreement[inner, before[inner]]).ravel()
    signs[inner] = np.where(upwards < 0, -1.0, 1.0)
    # Pointer doubling: after k rounds, the sign of each node is relative to its 2ᵏ-th ancestor.
    while (before != size).any():
        signs, before = signs * signs[before], before[before]
    return signs[:size]


def descent(edges: Integers, roots: Integers, size: int) -> tuple[Integers, Integers]:
    """All nodes of a forest, parents first, and the parent of each; above all roots is `size`."""
    from scipy.sparse.csgraph import breadth_first_order

    start = np.concatenate([edges[0], np.full(len(roots), size)])
    end = np.concatenate([edges[1], roots])
    forest = adjacency(start, end, np.ones(len(start)), size + 1)
    order, before = breadth_first_order(forest, size, directed=False)
    before = before.astype(np.int64)
    before[size] = size
    return order.astype(np.int64), before


def symmetric(start: Integers, end: Integers, values: Floats, size: int) -> csr_array:
    """The sum of a matrix with `values` at (start, end) and of its transpose."""
    matrix = adjacency(start, end, values, size)
    return (matrix + matrix.T).tocsr()
