"""Which neighbours lie on one sheet of a surface: links between points, and the tree they span."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
import numpy.typing as npt
import torch

from siren_pde.meshes.topology import adjacency

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
    """Pairs of neighbours `start`, `end` (m,), and how surely they lie on one sheet.

    `agreement` (m,) is nᵢ·nⱼ times what is left of one after the squared share of their distance
    that is across their planes: near 1 on one sheet, −1 where one of both normals is flipped, and
    near 0 between sheets that lie above each other. `across` (m,) is that share: the squares of
    (xⱼ − xᵢ)·n over those of the distance, the mean of both planes.
    """

    start: Integers
    end: Integers
    agreement: Floats
    across: Floats

    @staticmethod
    def between(points: Floats, normals: Floats, near: Integers) -> Links:
        """The links from each point (n, 3) to its neighbours (n, k)."""
        start, end = np.repeat(np.arange(len(points)), near.shape[1]), near.ravel()
        apart = points[end] - points[start]
        heights = [np.einsum("ij,ij->i", apart, normals[at]) for at in (start, end)]
        length = np.maximum(np.einsum("ij,ij->i", apart, apart), 1e-300)
        across = (heights[0] ** 2 + heights[1] ** 2) / (2 * length)
        cosine = np.einsum("ij,ij->i", normals[start], normals[end])
        return Links(start, end, cosine * np.maximum(1 - 2 * across, 0.0), across)

    def signed(self, signs: Floats) -> Links:
        """The same where each normal is multiplied by its sign (n,)."""
        agreement = self.agreement * signs[self.start] * signs[self.end]
        return Links(self.start, self.end, agreement, self.across)

    def votes(self, size: int) -> Floats:
        """The mean agreement of each of `size` points with its neighbours, in −1…1."""
        strength = np.bincount(self.start, np.abs(self.agreement), minlength=size)
        total = np.bincount(self.start, self.agreement, minlength=size)
        return np.asarray(total / np.maximum(strength, 1e-12))


def nearest(points: Floats, count: int) -> Integers:
    """The indices of the nearest other points, (n, count)."""
    from scipy.spatial import cKDTree

    _, near = cKDTree(points).query(points, k=count + 1, workers=2)
    return np.asarray(near[:, 1:], dtype=np.int64)


def disc_areas(points: Floats, near: Integers) -> Floats:
    """The area of surface that belongs to each point, (n,)."""
    last = min(AREA_OF, near.shape[1])
    return np.asarray(np.pi * np.square(points - points[near[:, last - 1]]).sum(axis=1) / last)


def least_spread(points: Floats, near: Integers, weights: Floats | None = None) -> Floats:
    """The eigenvector of least variance of each point and its neighbours (n, k), (n, 3).

    `weights` (n, k) say how much each neighbour counts; all count alike without.
    """
    normals = np.empty_like(points)
    for start in range(0, len(points), 65536):
        part = slice(start, start + 65536)
        patch = np.concatenate([points[part, None], points[near[part]]], axis=1)
        share = np.ones(patch.shape[:2])
        if weights is not None:
            share[:, 1:] = weights[part]
        patch -= np.einsum("nk,nki->ni", share / share.sum(axis=1)[:, None], patch)[:, None]
        # Scaled to one, so that clouds of any unit are as well conditioned.
        patch /= np.abs(patch).max(axis=(1, 2), keepdims=True)
        moments = torch.from_numpy(np.einsum("nk,nki,nkj->nij", share, patch, patch, optimize=True))
        normals[part] = torch.linalg.eigh(moments)[1][:, :, 0].numpy()
    return normals


def spanning_tree(cosines: Floats, links: Links, size: int) -> Integers:
    """The edges (2, m) of a forest that crosses creases and goes from sheet to sheet last.

    Minimal are the weights 1 − |nᵢ·nⱼ| (Hoppe et al. 1992, §3.3) plus the share that is `across`.
    """
    from scipy.sparse.csgraph import minimum_spanning_tree

    # A constant on every edge leaves the tree as it is, and no weight is zero ("no edge").
    weights = adjacency(links.start, links.end, 2 - np.abs(cosines) + links.across, size)
    tree = minimum_spanning_tree(weights.maximum(weights.T)).tocoo()
    return np.stack([tree.row, tree.col]).astype(np.int64)


def carried(edges: Integers, roots: Integers, normals: Floats) -> Floats:
    """Signs that make the two normals of every edge of a forest agree, +1 at the roots, (n,)."""
    size = len(normals)  # also the number of one more node, above all roots
    before = descent(edges, roots, size)[1]
    inner = before[:size] < size
    agreement = np.einsum("ij,ij->i", normals[inner], normals[before[:size][inner]])
    signs = np.ones(size + 1)
    signs[:size][inner] = np.where(agreement < 0, -1.0, 1.0)
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
