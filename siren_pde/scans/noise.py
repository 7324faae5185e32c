"""How noisy the positions of a scan are, told by quadrics through neighbours from its detail."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from siren_pde.numerics.neighbours import neighbours

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

SIZES = (16, 32, 48, 64, 96, 128, 192)
"""Neighbours of a patch: the fewest serve to distinguish noise from detail. Larger ones than the
largest flatten limbs, and with noise of 1 % bring the points of the meshes of benchmarks/sdf.py
farther from them.
"""
_LARGE = 64
"""Neighbours of the patch that noise is flatter in, and detail rougher."""
_ROUGH = 0.05
"""Heights above the first patch that are noise worth smoothing, in radii of the patch."""
_FLAT = 0.25
"""Heights above a patch that is large enough to begin with, in its radii."""
_WIDTH = 0.7
"""Width of the Gaussian weights, in radii of the patch."""
_LOOKED_AT = 2000
"""Points whose patches tell how noisy a cloud is."""
_BETWEEN = 1.5
"""Points scattered so much more than most lie around two sheets."""
_APART = 3.0
"""Sheets nearer than so many standard deviations of noise mix."""
AT_ONCE = 2000
"""Points whose patches are in memory together."""


class Settled(NamedTuple):
    """Points on the quadrics of their neighbours (n, 3), the unit normals of these (n, 3), and the
    root mean squares of the heights above them, (n,): in the unit of the points, and in radii of
    the patches.
    """

    positions: Floats
    normals: Floats
    heights: Floats
    roughness: Floats


def enough_neighbours(points: Floats, seed: int = 0) -> int | None:
    """Neighbours in a patch that is large beside the noise of `points` (n, 3); None without noise.

    In larger patches noise is flatter, where detail of the shape is rougher: by that they are
    distinguished. Creases are rough in patches of any size, but most points lie on none.
    """
    from scipy.spatial import cKDTree

    most = len(points) / 4
    if most < _LARGE:
        return None
    tree = cKDTree(points)
    chosen = np.random.default_rng(seed).permutation(len(points))[:_LOOKED_AT]
    sample = points[np.sort(chosen)]

    @cache
    def roughness(size: int) -> float:
        return float(np.median(settled(sample, points, tree, size).roughness))

    first = roughness(SIZES[0])
    if first < _ROUGH or roughness(_LARGE) > first:
        return None
    sizes = [size for size in SIZES if size <= most]
    return next((size for size in sizes if roughness(size) < _FLAT), sizes[-1])


def settled(x: Floats, points: Floats, tree: cKDTree, size: int) -> Settled:
    """Points x (n, 3) on the quadrics that fit their nearest `points` best, with Gaussian weights.

    Moving least squares (Levin 1998; Alexa et al. 2003): a plane would flatten what is curved.
    """
    parts = [
        _settled(part, points, tree, size) for part in np.array_split(x, -(-len(x) // AT_ONCE))
    ]
    return Settled(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _settled(x: Floats, points: Floats, tree: cKDTree, size: int) -> Settled:
    near = neighbours(tree, x, size)[1]
    patch = torch.from_numpy(points[near] - x[:, None])
    radius = patch.square().sum(2).amax(1).sqrt().clamp_min(1e-300)
    patch = (patch / radius[:, None, None]).float()
    weight = torch.exp(-patch.square().sum(2, keepdim=True) / _WIDTH**2)
    total = weight.sum(1, keepdim=True)
    spread = patch - (weight * patch).sum(1, keepdim=True) / total
    axes = torch.linalg.eigh((weight * spread).mT @ spread)[1]
    height, v, u = (patch @ axes).unbind(2)  # so that x is at the origin
    terms = torch.stack([torch.ones_like(u), u, v, u * u, u * v, v * v], 2)
    matrix = (weight * terms).mT @ terms
    matrix += 1e-6 * total * torch.eye(6, device=matrix.device)
    quadric = torch.linalg.solve(matrix, (weight * terms).mT @ height[:, :, None])
    left = (height[:, :, None] - terms @ quadric).square()
    freedom = (1 - 6 * weight.square().sum(1) / total[:, 0] ** 2).clamp_min(0.1)
    rough = _double(((weight * left).sum(1) / total[:, 0] / freedom).sqrt()[:, 0])
    move = radius * quadric[:, 0, 0]
    slopes = quadric[:, 1:3]
    normals = axes[:, :, 0] - slopes[:, 0] * axes[:, :, 2] - slopes[:, 1] * axes[:, :, 1]
    normals /= normals.norm(dim=1, keepdim=True)
    moved = x + _double(move[:, None] * axes[:, :, 0])
    return Settled(moved, _double(normals), _double(radius) * rough, rough)


def _double(values: Tensor) -> Floats:
    return np.asarray(values.double().numpy())


def shared_by_sheets(points: Floats, normals: Floats, scattered: Floats) -> float:
    """The share of `points` (n, 3) that scatter around two sheets, by standard deviations (n,).

    There the normals (n, 3) of others are opposite to theirs, nearer than three deviations, or
    they scatter one and a half times as much as most.
    """
    from scipy.spatial import cKDTree

    chosen = np.arange(0, len(points), -(-len(points) // _LOOKED_AT))
    typical = float(np.median(scattered))
    far, near = neighbours(cKDTree(points), points[chosen], min(_LARGE, len(points)))
    against = np.einsum("nkd,nd->nk", normals[near], normals[chosen]) < -0.5
    mixed = (against & (far < _APART * typical)).any(1)
    mixed |= np.median(scattered[near], axis=1) > _BETWEEN * typical
    return float(mixed.mean())
