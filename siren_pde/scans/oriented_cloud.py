"""Pseudo-distances: what an oriented point cloud itself determines of the distance to a surface."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, final

import numpy as np
import numpy.typing as npt

from siren_pde.meshes.winding import dipole_winding
from siren_pde.numerics.neighbours import neighbours
from siren_pde.scans.rim import Rim

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_CLUSTERS = 20
"""Voxels along the longest side, into which points are gathered for the winding number."""
_VOTERS = 8
"""Points whose planes decide a sign where the nearest one alone may be wrong."""
_PAST = 0.5
"""Radii of a point at an end, out from which a place is past it."""
_CONTINUED, _LEAST_CONTINUED = 10.0, 0.04
"""How far an open surface goes on past its end, in radii of points, and half-lengths of the box at
least: farther than its mesh, which is cut there, and three cells of the splines that refine it.
"""


@final
class OrientedCloud:
    """Points (n, 3) with outward unit normals (n, 3), in a tree, with their pseudo-distances.

    `spacing` is the median distance to the nearest neighbour, in the unit of the positions, and
    `noise` (n,) are the standard deviations of these, None where points are exact. `rim` says where
    the surface ends, if it is open: then its distances are those of `sheet`.
    """

    def __init__(
        self,
        positions: Floats,
        normals: Floats,
        rim: Rim | None = None,
        *,
        noise: Floats | None = None,
    ) -> None:
        from scipy.spatial import cKDTree

        self.positions, self.normals, self.rim, self.noise = positions, normals, rim, noise
        self.tree: cKDTree = cKDTree(positions)
        sample = positions[:: max(len(positions) // 20_000, 1)]
        self.spacing = float(np.median(self.near(sample, 2)[0][:, -1])) or 1e-12

    def part(self, kept: npt.NDArray[np.bool_]) -> OrientedCloud:
        """The cloud of the points that a mask (n,) keeps."""
        noise = None if self.noise is None else self.noise[kept]
        rim = None if self.rim is None else replace(self.rim, outward=self.rim.outward[kept])
        return OrientedCloud(self.positions[kept], self.normals[kept], rim, noise=noise)

    def near(self, x: Floats, k: int) -> tuple[Floats, Integers]:
        """Distances and numbers (n, k) of the k nearest points, fewer if there are fewer."""
        k = min(k, len(self.positions))
        distance, index = neighbours(self.tree, x, k)
        return distance.reshape(len(x), k), index.reshape(len(x), k)

    def has_within(self, x: Floats, reach: float) -> Flags:
        """Which x (n, 3) have a point nearer than `reach`.

        In a box around a cloud of 100,000 points that takes a ninth of the time of `near`.
        """
        return np.asarray(np.isfinite(self.tree.query(x, distance_upper_bound=reach)[0]))

    @cached_property
    def radii(self) -> Floats:
        """The radius of the disc of surface that belongs to each point, (n,).

        The one that its sixth neighbour is at the edge of has room for six.
        """
        return np.asarray(self.near(self.positions, 7)[0][:, -1] / np.sqrt(6))

    def distance(self, x: Floats) -> Floats:
        """Signed pseudo-distances (n,) at x (n, 3), positive outside; NaN where nobody knows.

        The length is that to the nearest point's disc, which lies in its tangent plane: plane
        distances err by the curvature they neglect, distances to points by the gaps between them.
        Far away, the nearest of many discs is the one that is most in front, and a smaller one errs
        to neither side. Beside the disc, the Gaussian-weighted mean of several planes (moving least
        squares, Kolluri 2008) gives the sign, and in gaps of the cloud the length. Farther away the
        sign is that of the winding number: beyond the edge of a thin part, the nearest planes
        contradict each other.

        An open surface has no inside: its sign is that of the nearest planes everywhere. Past its
        end, and not farther than a few points, it goes on straight, and the distance is that to its
        continuation; farther on it has neither side, and NaN. A surface with one side only has
        distances without sign.
        """
        distance, number = self.near(x, 1)
        return self._distance(x, distance[:, 0], number[:, 0])

    def _distance(self, x: Floats, near: Floats, index: Integers) -> Floats:
        """The same where the nearest points, so near (n,), are `index` (n,)."""
        radius, reach = self.radii[index], 4 * self.spacing
        side = np.einsum("nd,nd->n", x - self.positions[index], self.normals[index])
        beside = np.sqrt(np.maximum(near**2 - side**2, 0.0))
        share = 0.7 + 0.8 * np.exp(-((near / (4 * radius)) ** 2))
        length = np.hypot(side, np.maximum(beside - share * radius, 0.0))
        unsure = np.abs(side) < beside
        side[unsure] = self._mean_height(x[unsure])
        gap = unsure & (near < reach) & (beside > share * radius)
        length[gap] = np.minimum(np.abs(side), near)[gap]
        if self.rim is not None:
            return self._of_sheet(x, index, side, length)
        far = near > max(self._cluster, 2 * reach)
        side[far] = 0.5 - self.winding_number(x[far])
        low, high = self.positions.min(0), self.positions.max(0)
        beyond = ((x < low - reach) | (x > high + reach)).any(1)
        return np.asarray(np.where(beyond, length, np.copysign(length, side)))

    def _of_sheet(self, x: Floats, index: Integers, side: Floats, length: Floats) -> Floats:
        """The distances (n,) at x (n, 3) to an open surface, whose nearest points are `index`."""
        assert self.rim is not None
        if not self.rim.has_sides:
            return length
        beyond, past = self._beyond(x, index)
        value = np.copysign(length, side)
        value[past] = side[past]
        continued = np.maximum(_CONTINUED * self.radii[index], _LEAST_CONTINUED) + np.abs(side)
        value[past & (beyond > continued)] = np.nan
        return value

    def _mean_height(self, x: Floats) -> Floats:
        """How far x (n, 3) is above the planes of the nearest points, on weighted average (n,)."""
        near, index = self.near(x, _VOTERS)
        offsets = x[:, None] - self.positions[index]
        heights = np.einsum("nkd,nkd->nk", offsets, self.normals[index])
        weights = np.exp(-((near / np.maximum(near[:, :1], self.spacing)) ** 2))
        return np.asarray((weights * heights).sum(1) / weights.sum(1))

    def along_normals(self, index: Integers, heights: Floats) -> tuple[Floats, Floats]:
        """Points x (n, 3) at given heights (n,) above points of the cloud, and their distances.

        A point's normal leads away from the surface as straight as possible, so the height *is* the
        distance as long as no other point of the cloud is nearer; where one is, it is `distance`.
        On smooth surfaces that is ten to fifty times as accurate as any guess from nearby points.
        """
        x = self.positions[index] + heights[:, None] * self.normals[index]
        distance, number = self.near(x, 1)
        near, nearest = distance[:, 0], number[:, 0]
        other = near < np.abs(heights) * (1 - 1e-9)
        distances = heights.copy()
        distances[other] = self._distance(x[other], near[other], nearest[other])
        return x, distances if self.has_sides else np.abs(distances)

    def _beyond(self, x: Floats, index: Integers) -> tuple[Floats, Flags]:
        """How far x (n, 3) is out of the end that its nearest point is at, and if it is past it."""
        assert self.rim is not None
        beyond = ((x - self.positions[index]) * self.rim.outward[index]).sum(1)
        return beyond, beyond > _PAST * self.radii[index]

    def past_end(self, x: Floats) -> Flags:
        """Which x (n, 3) are past the end of an open surface: nearest to an end, and out of it.

        None where distances have no sign, for then they are known past it, too.
        """
        if self.rim is None or not self.has_sides:  # and nearest points would be looked for in vain
            return np.zeros(len(x), dtype=bool)
        return self._beyond(x, self.near(x, 1)[1][:, 0])[1]

    @property
    def has_sides(self) -> bool:
        """Whether the surface has two sides; a Möbius band has one, and distances no sign."""
        return self.rim is None or self.rim.has_sides

    def winding_number(self, x: Floats) -> Floats:
        """How often the surface winds around x (n, 3): about 1 inside, 0 outside, between at holes.

        Points are gathered in clusters with areas; `dipole_winding` sums them.
        """
        return dipole_winding(x, *self.dipoles)

    @cached_property
    def _cluster(self) -> float:
        """The width of a cluster."""
        return float(np.ptp(self.positions, axis=0).max()) / _CLUSTERS

    @cached_property
    def voxels(self) -> tuple[Integers, Integers]:
        """The voxels (m, 3) that hold points, and the number of its voxel for each point (n,)."""
        cells = np.floor((self.positions - self.positions.min(0)) / self._cluster).astype(np.int64)
        voxels, label = np.unique(cells, axis=0, return_inverse=True)
        return voxels, label.ravel()

    @cached_property
    def dipoles(self) -> tuple[Floats, Floats]:
        """Centres and area vectors Σ aᵢ nᵢ of the points in each voxel, both (m, 3)."""
        areas, label = np.pi * self.radii**2, self.voxels[1]
        total = np.maximum(np.bincount(label, areas), 1e-300)

        def gathered(values: Floats) -> Floats:
            return np.stack([np.bincount(label, areas * v) for v in values.T], axis=1)

        return gathered(self.positions) / total[:, None], gathered(self.normals)
