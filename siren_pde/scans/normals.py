"""Normals for a cloud that has none: a plane through each neighbourhood, signs along a tree."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from siren_pde.errors import ConfigError, DomainError, NonFiniteError
from siren_pde.meshes.topology import adjacency
from siren_pde.scans.orientation import outward

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def estimate_normals(points: Tensor | npt.ArrayLike, neighbours: int = 16) -> Tensor:
    """Unit normals, (n, 3), of the surface that `points` (n, 3) were taken from.

    The normal is the direction in which the `neighbours` nearest points spread least. The signs
    are carried from point to point along the minimum spanning tree of the neighbour graph with
    weights 1 − |nᵢ·nⱼ|, which crosses sharp edges last (Hoppe et al. 1992, §3.3). Each connected
    piece is then turned `outward`: so that it encloses a positive volume, or into the cavity that
    it is the wall of. For an open piece that is a guess. Where two sheets are nearer to each other
    than to their own neighbours, points do not determine which is which.

    Repeated points share a normal. The result has the dtype and device of `points`, float64 on
    the CPU for anything but a tensor. Raises
    `DomainError` for another shape, fewer than four different points or points on one line,
    `NonFiniteError` for NaN or infinity, `ConfigError` for fewer than three neighbours.
    """
    if not isinstance(points, Tensor):
        points = torch.from_numpy(np.array(points, dtype=np.float64))
    if points.ndim != 2 or points.shape[1] != 3:
        raise DomainError(
            f"normals need points of shape (n, 3), got {tuple(points.shape)}. Give a row per point."
        )
    if neighbours < 3:
        raise ConfigError(
            f"a plane needs at least 3 neighbours, got neighbours={neighbours}. The default is 16."
        )
    if not torch.isfinite(points).all():
        bad = int((~torch.isfinite(points)).any(dim=1).int().argmax())
        raise NonFiniteError(f"point number {bad} is NaN or infinite. Remove such points.")
    cloud = points.detach().to(device="cpu", dtype=torch.float64).numpy()
    different, copies = np.unique(cloud, axis=0, return_inverse=True)
    _check_spread(different)
    near = _neighbours(different, min(neighbours, len(different) - 1))
    normals = _least_spread(different, near)
    normals *= _signs(different, normals, near)[:, None]
    result = torch.from_numpy(normals[copies.reshape(-1)])
    return result.to(dtype=points.dtype, device=points.device)


def _check_spread(points: Floats) -> None:
    spread = np.zeros(3)
    if len(points) >= 4:
        spread = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    if spread[1] <= 1e-9 * spread[0]:
        raise DomainError(
            f"{len(points)} different points that are fewer than four or on one line are no "
            "surface: normals cannot be estimated. Give more points, or give normals."
        )


def _neighbours(points: Floats, count: int) -> Integers:
    """The indices of the nearest other points, (n, count)."""
    from scipy.spatial import cKDTree

    _, near = cKDTree(points).query(points, k=count + 1, workers=2)
    return np.asarray(near[:, 1:], dtype=np.int64)


def _least_spread(points: Floats, near: Integers) -> Floats:
    """The eigenvector of least variance of each point and its neighbours, (n, 3)."""
    normals = np.empty_like(points)
    for start in range(0, len(points), 65536):
        part = slice(start, start + 65536)
        patch = np.concatenate([points[part, None], points[near[part]]], axis=1)
        patch -= patch.mean(axis=1, keepdims=True)
        # Scaled to one, so that clouds of any unit are as well conditioned.
        patch /= np.abs(patch).max(axis=(1, 2), keepdims=True)
        moments = torch.from_numpy(np.einsum("nki,nkj->nij", patch, patch))
        normals[part] = torch.linalg.eigh(moments)[1][:, :, 0].numpy()
    return normals


def _signs(points: Floats, normals: Floats, near: Integers) -> Floats:
    """+1 or −1 for every normal, (n,), consistent along the tree and outwards on each piece."""
    from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

    start, end = np.repeat(np.arange(len(points)), near.shape[1]), near.ravel()
    agreement = np.abs(np.einsum("ij,ij->i", normals[start], normals[end]))
    # A constant on every edge leaves the tree as it is, and no weight is zero ("no edge").
    weights = adjacency(start, end, 2 - agreement, len(points))
    weights = weights.maximum(weights.T)
    tree = minimum_spanning_tree(weights).tocoo()
    piece = connected_components(tree, directed=False)[1]
    _, roots = np.unique(piece, return_index=True)
    signs = _carried(np.stack([tree.row, tree.col]), roots, normals)
    areas = np.pi * np.square(points - points[near[:, -1]]).sum(axis=1) / near.shape[1]
    return np.asarray(signs * outward(points, signs[:, None] * normals, areas, piece)[piece])


def _carried(edges: Integers, roots: Integers, normals: Floats) -> Floats:
    """Signs that make the two normals of every edge of a forest agree, +1 at the roots, (n,)."""
    from scipy.sparse.csgraph import breadth_first_order

    size = len(normals)  # also the number of one more node, above all roots
    start = np.concatenate([edges[0], np.full(len(roots), size)])
    end = np.concatenate([edges[1], roots])
    forest = adjacency(start, end, np.ones(len(start)), size + 1)
    before = breadth_first_order(forest, size, directed=False)[1].astype(np.int64)
    before[size] = size
    inner = before[:size] < size
    agreement = np.einsum("ij,ij->i", normals[inner], normals[before[:size][inner]])
    signs = np.ones(size + 1)
    signs[:size][inner] = np.where(agreement < 0, -1.0, 1.0)
    # Pointer doubling: after k rounds, the sign of each node is relative to its 2ᵏ-th ancestor.
    while (before != size).any():
        signs, before = signs * signs[before], before[before]
    return signs[:size]
