"""What an oriented point cloud itself says about the distance to its surface, and how surely."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class OrientedCloud:
    """Points (n, 3) with outward unit normals (n, 3), ready for nearest-neighbour questions.

    `neighbours` points take part in each local plane; `spacing` is the median distance to the
    nearest neighbour.
    """

    positions: Floats
    normals: Floats
    neighbours: int = 8

    def __post_init__(self) -> None:
        from scipy.spatial import cKDTree

        object.__setattr__(self, "tree", cKDTree(self.positions))
        sample = self.positions[:: max(len(self.positions) // 20_000, 1)]
        near, _ = self._query(sample, 2)
        object.__setattr__(self, "spacing", float(np.median(near[:, -1])) or 1e-12)

    tree: object = None
    spacing: float = 0.0

    def _query(self, x: Floats, k: int) -> tuple[Floats, npt.NDArray[np.int64]]:
        k = min(k, len(self.positions))
        distance, index = self.tree.query(x, k=k, workers=-1)  # type: ignore[attr-defined]
        return distance.reshape(len(x), k), index.reshape(len(x), k)

    def distance(self, x: Floats) -> Floats:
        """Signed pseudo-distances (n,) at x (n, 3), positive outside.

        The sign and the value within a few spacings come from the local plane, the
        Gaussian-weighted mean of the nearest points' tangent planes (moving least squares, Kolluri
        2008); farther away the nearest point is the better measure of distance.
        """
        near, index = self._query(x, self.neighbours)
        offsets = x[:, None] - self.positions[index]
        heights = np.einsum("nkd,nkd->nk", offsets, self.normals[index])
        width = np.maximum(near[:, :1], self.spacing)
        weights = np.exp(-((near / width) ** 2))
        plane = (weights * heights).sum(1) / weights.sum(1)
        reach = 4 * self.spacing
        share = np.clip(near[:, 0] / reach - 1, 0, 1)
        length = (1 - share) * np.minimum(np.abs(plane), near[:, 0]) + share * near[:, 0]
        return np.copysign(length, plane)
