"""What an oriented point cloud itself says about the distance to its surface, and how surely."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from siren_pde.surfaces.winding import dipole_winding

Floats = npt.NDArray[np.float64]

_CLUSTERS = 20
"""Voxels along the longest side, into which points are gathered for the winding number."""


class OrientedCloud:
    """Points (n, 3) with outward unit normals (n, 3), ready for questions about distance.

    `neighbours` points take part in each local plane; `spacing` is the median distance to the
    nearest neighbour, in the unit of the positions.
    """

    def __init__(self, positions: Floats, normals: Floats, neighbours: int = 8) -> None:
        from scipy.spatial import cKDTree

        self.positions, self.normals, self.neighbours = positions, normals, neighbours
        self.tree: Any = cKDTree(positions)
        sample = positions[:: max(len(positions) // 20_000, 1)]
        self.spacing = float(np.median(self.near(sample, 2)[0][:, -1])) or 1e-12

    def near(self, x: Floats, k: int) -> tuple[Floats, npt.NDArray[np.int64]]:
        """Distances and numbers (n, k) of the k nearest points, fewer if there are fewer."""
        k = min(k, len(self.positions))
        distance, index = self.tree.query(x, k=k, workers=-1)
        return distance.reshape(len(x), k), index.reshape(len(x), k)

    def distance(self, x: Floats) -> Floats:
        """Signed pseudo-distances (n,) at x (n, 3), positive outside.

        Within a few spacings, sign and value come from the local plane, the Gaussian-weighted mean
        of the nearest points' tangent planes (moving least squares, Kolluri 2008). Farther away the
        nearest point is the better measure of distance, and the winding number that of its sign:
        beyond the edge of a thin part, the nearest planes contradict each other.
        """
        near, index = self.near(x, self.neighbours)
        offsets = x[:, None] - self.positions[index]
        heights = np.einsum("nkd,nkd->nk", offsets, self.normals[index])
        width = np.maximum(near[:, :1], self.spacing)
        weights = np.exp(-((near / width) ** 2))
        plane = (weights * heights).sum(1) / weights.sum(1)
        reach = 4 * self.spacing
        share = np.clip(near[:, 0] / reach - 1, 0, 1)
        length = (1 - share) * np.minimum(np.abs(plane), near[:, 0]) + share * near[:, 0]
        far = near[:, 0] > max(self._cluster, 2 * reach)
        plane[far] = 0.5 - self.winding_number(x[far])
        low, high = self.positions.min(0), self.positions.max(0)
        beyond = ((x < low - reach) | (x > high + reach)).any(1)
        return np.where(beyond, length, np.copysign(length, plane))

    def winding_number(self, x: Floats) -> Floats:
        """How often the surface winds around x (n, 3): about 1 inside, 0 outside, between at holes.

        Points are gathered in clusters with areas; `dipole_winding` sums them.
        """
        return dipole_winding(x, *self._dipoles)

    @property
    def _cluster(self) -> float:
        """The width of a cluster."""
        return float(np.ptp(self.positions, axis=0).max()) / _CLUSTERS

    @cached_property
    def _dipoles(self) -> tuple[Floats, Floats]:
        """Centres and area vectors Σ aᵢ nᵢ of points gathered in voxels, both (m, 3).

        A point's area is that of the disc which its sixth neighbour is at the edge of, over six.
        """
        areas = np.pi * self.near(self.positions, 7)[0][:, -1] ** 2 / 6
        cells = np.floor((self.positions - self.positions.min(0)) / self._cluster).astype(np.int64)
        _, label = np.unique(cells, axis=0, return_inverse=True)
        label = label.ravel()
        total = np.maximum(np.bincount(label, areas), 1e-300)

        def gathered(values: Floats) -> Floats:
            return np.stack([np.bincount(label, areas * v) for v in values.T], axis=1)

        return gathered(self.positions) / total[:, None], gathered(self.normals)
