"""What a fitted network leaves over of a cloud's pseudo-distances, on two grids of splines."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from siren_pde.fields.base import Network
from siren_pde.fields.derived.refined import Refined
from siren_pde.fields.derived.splines import Splines
from siren_pde.scans.oriented_cloud import OrientedCloud

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Floats = npt.NDArray[np.float64]

COARSE, FINE = 48, 160
"""Cells along a cube as large as [−1, 1]³: everywhere, and in the band around the surface."""
WIDE, NARROW = 0.13, 0.08
"""Half-width of that band, and what is enough of it where exact distances come after."""
FADING = 0.03
"""In so much of it, at its edge, the fine grid fades out."""
PARTS = 2
"""Additional samples in it, along each edge of a coarse cell."""
_TRUST = 1e-2
"""Weight of c² beside the squares of what is left over; more where that is noisy."""
_OUTLYING = 6.0
"""Medians of what is left over, beyond which samples on the other side of the surface are dropped,
and others in the band count less and less.
"""
_SOME = 4
"""Of so many samples in the band, one is enough for the coarse grid."""
_STEPS = 15
"""Of conjugate gradients, which end sooner when the gradient is a thousandth."""
_AT_ONCE = 2048  # points, which stay in the cache


def refined(
    network: Network,
    oriented: OrientedCloud,
    half: Floats,
    samples: Floats,
    distances: Floats,
    *,
    seed: int,
    reach: float = WIDE,
) -> Refined:
    """The network with what it leaves over of pseudo-distances (n,) at `samples` (n, 3).

    On each grid, the coefficients solve a linear least-squares problem, in seconds. The fine one
    has no more cells than the points of the cloud can determine. Pseudo-distances of the other sign
    than the network's, by more than it errs, are left out. `half` are the half-widths of the box,
    `reach` is that of the band.

    Source: scattered data on ever finer grids of B-splines, Lee, Wolberg and Shin, IEEE TVCG 3
    (1997); the weights of outliers, Geman and McClure (1987).
    """
    fine = cells(oriented)
    coarse = max(fine * COARSE // FINE, 2)
    on, band = oriented.positions, _around(oriented, half, 2 / coarse, reach=reach, seed=seed)
    at_band = oriented.distance(band)
    known = np.isfinite(at_band)
    x = np.concatenate([samples, on, band[known]])
    d = np.concatenate([distances, np.zeros(len(on)), at_band[known]])
    values = values_of(network, x)
    left, at_points = d - values, values[len(samples) :][: len(on)]
    trusted = (np.sign(d) == np.sign(values)) | (np.abs(left) < _outlying(left))
    x, d, left = x[trusted], d[trusted], left[trusted]
    near = np.abs(d) < reach
    some = ~near | (np.arange(len(d)) % _SOME == 0)
    everywhere = _fitted(x[some], left[some], half, 2 / coarse)
    x, left = x[near], left[near]
    noise = noise_ratio(oriented, at_points + values_of(everywhere, on))
    fading = ((reach - np.abs(d[near])) / FADING).clip(0.0, 1.0)
    left = fading * (left - values_of(everywhere, x))
    around = _fitted(x, left, half, 2 / fine, max(_TRUST, noise), robust=True)
    return Refined(network, [everywhere, around]).to(next(network.parameters()))


def cells(oriented: OrientedCloud) -> int:
    """Cells along [−1, 1] of the fine grid: no more than the points determine."""
    return max(int(min(FINE, 1 / oriented.spacing)), 4)


def noise_ratio(oriented: OrientedCloud, left: Floats) -> float:
    """The variance of noise in values (n,) at the points over that of what they have in common.

    Halves of mean squared differences between neighbours grow as the square of their distance if
    values vary smoothly; what remains at distance zero is noise, the nugget of the variogram
    (Matheron 1963).
    """
    left = left.clip(-_outlying(left), _outlying(left))
    far, index = oriented.near(oriented.positions, 7)
    unlike = ((left[:, None] - left[index]) ** 2).mean(0) / 2
    apart = (far**2).mean(0)
    between = max(float(apart[-1] - apart[1]), 1e-300)  # none where all are as far apart
    nugget = (unlike[1] * apart[-1] - unlike[-1] * apart[1]) / between
    noise, total = max(float(nugget), 0.0), float(np.mean(left**2))
    return noise / max(total - noise, 1e-6 * total, 1e-300)


def _around(
    oriented: OrientedCloud, half: Floats, edge: float, *, reach: float, seed: int
) -> Floats:
    """Random points in those of the cells that the band meets, evenly spread, (n, 3)."""
    counts = np.ceil(2 * half / edge).astype(int).tolist()
    corners = np.indices(counts).reshape(3, -1).T * edge - half
    within = reach + edge * np.sqrt(3) / 2
    corners = corners[oriented.has_within(corners + edge / 2, within)]
    parts = np.indices((PARTS,) * 3).reshape(3, -1).T
    rng = np.random.default_rng(seed)
    inner = (parts + rng.random((len(corners), len(parts), 3))) * (edge / PARTS)
    x = (corners[:, None] + inner).reshape(-1, 3)
    return np.asarray(x[(np.abs(x) <= half).all(1)])


def _outlying(left: Floats) -> float:
    return _OUTLYING * max(float(np.median(np.abs(left))), 1e-300)


def values_of(function: nn.Module, x: Floats) -> Floats:
    """A network or splines at x (n, 3), (n,)."""
    like = next(itertools.chain(function.parameters(), function.buffers()))
    values = np.empty(len(x))
    with torch.no_grad():
        for start in range(0, len(x), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            values[part] = function(torch.from_numpy(x[part]).to(like)).double().cpu().numpy()
    return values


def _fitted(
    x: Floats, y: Floats, half: Floats, cell: float, trust: float = _TRUST, robust: bool = False
) -> Splines:
    """Splines on the box with s(x) ≈ y (n,) at x (n, 3) in the sense of least squares."""
    from scipy.sparse import csr_matrix

    shape = np.maximum(np.ceil(2 * half / cell - 1e-9), 1).astype(int) + 3
    splines = Splines((-half).tolist(), cell, torch.zeros(tuple(shape.tolist()), device="cpu"))
    scale = np.ones(len(y))
    if robust:
        scale = 1 / (1 + (y / _outlying(y)) ** 2)
    at = torch.from_numpy(x).float()
    numbers, weights = (rows.contiguous().numpy() for rows in splines.rows(at))
    weights *= scale[:, None].astype(np.float32)
    used = np.zeros(splines.coefficients.numel(), dtype=bool)
    used[numbers] = True
    column = (np.cumsum(used, dtype=np.int32) - 1)[numbers]
    starts = np.arange(0, column.size + 1, column.shape[1], dtype=np.int32)
    c = _least_squares(csr_matrix((weights.ravel(), column.ravel(), starts)), scale * y, trust)
    splines.coefficients.view(-1)[torch.from_numpy(used)] = torch.from_numpy(c)
    return splines


def _least_squares(matrix: csr_matrix, y: Floats, trust: float) -> npt.NDArray[np.float32]:
    """The c that minimises |A c − y|² + λ|c|², by conjugate gradients, each scaled by its column.

    Source: Hestenes and Stiefel, J. Res. Nat. Bur. Standards 49 (1952), §10.
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.linalg import LinearOperator, cg

    adjoint = matrix.T
    squared = csr_matrix((matrix.data**2, matrix.indices, matrix.indptr), matrix.shape)
    diagonal = squared.T @ np.ones(len(y), np.float32) + np.float32(trust)
    size = (len(diagonal),) * 2
    normal = LinearOperator(size, lambda c: adjoint @ (matrix @ c) + trust * c, dtype=np.float32)
    inverse = LinearOperator(size, lambda c: c / diagonal, dtype=np.float32)
    target = adjoint @ y.astype(np.float32)
    return np.asarray(cg(normal, target, rtol=1e-3, maxiter=_STEPS, M=inverse)[0], np.float32)
