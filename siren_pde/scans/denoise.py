"""Noisy points moved on to the smooth surface that their neighbours agree on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

MOST = 100_000
"""Points that are moved; of more, that many are drawn at random, and all enter the fits."""
_SIZES = (16, 64, 128, 256)
"""Neighbours: the fewest serve to distinguish noise from detail, the others to smooth."""
_ROUGH = 0.05
"""Heights above the first patch that are noise worth smoothing, in radii of the patch."""
_FLAT = 0.22
"""Heights above a patch that is large enough, in its radii."""
_WIDTH = 0.7
"""Width of the Gaussian weights, in radii of the patch."""


def denoised(points: Floats, seed: int = 0) -> Floats:
    """Points (m, 3), m ≤ n, on the surface that the noisy `points` (n, 3) scatter around.

    Each moves on to the quadric that fits its neighbours best, with Gaussian weights (moving least
    squares, Levin 1998; Alexa et al. 2003): a plane would flatten what is curved. So many
    neighbours enter that most heights above the quadric are small beside the patch.

    Clouds without noise come back as they are. In larger patches noise is flatter, where detail of
    the shape is rougher: by that they are distinguished.
    """
    from scipy.spatial import cKDTree

    tree, rng = cKDTree(points), np.random.default_rng(seed)
    sample = points[rng.permutation(len(points))[:2000]]
    sizes = [size for size in _SIZES if size <= len(points) / 4]
    rough = [float(np.median(_settled(sample, points, tree, size)[1])) for size in sizes]
    if len(sizes) < 2 or rough[0] < _ROUGH or rough[1] > rough[0]:
        return points
    size = next((s for s, r in zip(sizes[1:], rough[1:], strict=True) if r < _FLAT), sizes[-1])
    order = np.asarray(tree.indices)
    if len(order) > MOST:
        order = order[np.sort(rng.choice(len(order), MOST, replace=False))]
    parts = [
        _settled(points[part], points, tree, size)[0]
        for part in np.array_split(order, len(order) // 2000 + 1)
    ]
    return np.concatenate(parts)


def _settled(x: Floats, points: Floats, tree: cKDTree, size: int) -> tuple[Floats, Floats]:
    """Points x (n, 3) on the quadrics of their nearest `points`, and how rough these are (n,).

    That is the root mean square of the heights above the quadric, in radii of the patch.
    """
    near = tree.query(x, k=size, workers=-1)[1]
    patch = torch.from_numpy(points[near] - x[:, None])
    radius = patch.square().sum(2).amax(1).sqrt().clamp_min(1e-300)[:, None, None]
    patch = (patch / radius).float()
    weight = torch.exp(-patch.square().sum(2, keepdim=True) / _WIDTH**2)
    total = weight.sum(1, keepdim=True)
    mean = (weight * patch).sum(1, keepdim=True) / total
    spread = patch - mean
    axes = torch.linalg.eigh((weight * spread).mT @ spread)[1]
    height, v, u = (patch @ axes).unbind(2)  # so that x is at the origin
    terms = torch.stack([torch.ones_like(u), u, v, u * u, u * v, v * v], 2)
    matrix = (weight * terms).mT @ terms
    matrix += 1e-6 * total * torch.eye(6, device=matrix.device)
    quadric = torch.linalg.solve(matrix, (weight * terms).mT @ height[:, :, None])
    left = (height[:, :, None] - terms @ quadric).square()
    freedom = (1 - 6 * weight.square().sum(1) / total[:, 0] ** 2).clamp_min(0.1)
    rough = ((weight * left).sum(1) / total[:, 0] / freedom).sqrt()[:, 0]
    move = radius[:, 0] * quadric[:, 0] * axes[:, :, 0]
    return x + move.double().numpy(), rough.double().numpy()
