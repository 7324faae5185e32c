"""A cloud in patches that face one way each, and how often each winds around the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
import numpy.typing as npt
import torch

from siren_pde.meshes.topology import connected
from siren_pde.scans.sheets import Links, symmetric, voxels

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

_CELLS, _EACH = 20, 20
"""Voxels along the longest side, at most, and points for the square of their number: a patch lies
in a voxel. That makes up to about a thousand patches of four points or more.
"""
_MOST = 1500
"""Patches; what is left over are single points in doubtful places, and no patch of their own."""
_SURE = 0.7
"""Agreement of the links that hold a patch together."""
_PROBES = 5
"""Points of a patch at which winding numbers are taken, at most."""
_WITHIN = 2.0
"""Of patches as near as that, in their radii, all points enter; farther ones are dipoles."""
_SOFT = 0.5
"""Radii of its disc over which a point's dipole is spread."""


@final
@dataclass(frozen=True)
class Patches:
    """Patches of points, numbered by `label` (n,), their `areas` (k,), and what is between them.

    `winding` (k, k) is the mean winding number at the points of a patch that each patch has: half
    of the sum over both sides of the surface. `bonds` (k, k) are the sums of agreements of links
    between patches, `links` (k, k) the numbers of these links; `linked` counts those within, too.
    """

    label: Integers
    areas: Floats
    winding: Singles
    bonds: csr_array
    links: csr_array
    linked: int

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.areas)

    @property
    def loose(self) -> bool:
        """Whether the last one holds what is no patch."""
        return self.count > _MOST

    @staticmethod
    def of(points: Floats, normals: Floats, areas: Floats, links: Links) -> Patches:
        """From points (n, 3) with normals (n, 3) and areas (n,)."""
        cells = int(np.clip(np.sqrt(len(points) / _EACH), 2, _CELLS))
        voxel = voxels(points, cells)
        one = (voxel[links.start] == voxel[links.end]) & (links.agreement > _SURE)
        label = _largest(connected(links.start[one], links.end[one], len(points)))
        count = int(label.max()) + 1
        start, end = label[links.start], label[links.end]
        between = start != end
        start, end, agreement = start[between], end[between], links.agreement[between]
        return Patches(
            label=label,
            areas=np.bincount(label, areas).astype(np.float64),
            winding=_mutual_winding(points, normals, areas, label),
            bonds=symmetric(start, end, agreement, count),
            links=symmetric(start, end, np.ones(len(start)), count),
            linked=len(links.start),
        )


def _largest(label: Integers) -> Integers:
    """The same with numbers in order of size, and all from `_MOST` on as one."""
    rank = np.empty(int(label.max()) + 1, dtype=np.int64)
    rank[np.argsort(-np.bincount(label), kind="stable")] = np.arange(len(rank))
    return np.asarray(np.minimum(rank, _MOST)[label])


def _mutual_winding(points: Floats, normals: Floats, areas: Floats, label: Integers) -> Singles:
    """The mean winding number at the probes of patch i of patch j, (k, k).

    The kernel is m·d / 4π(|d|² + ε²)^{3/2} with ε half the radius of a point's disc: points are no
    discs where they are near (Krasny's regularisation).
    """
    order = np.argsort(label, kind="stable")
    counts = np.bincount(label)
    starts = np.cumsum(counts) - counts
    total = np.maximum(np.bincount(label, areas), 1e-300)
    centres = np.stack([np.bincount(label, areas * x) for x in points.T], 1) / total[:, None]
    moments = areas[:, None] * normals
    soft = np.sqrt(areas / np.pi)
    beyond = np.linalg.norm(points - centres[label], axis=1) + soft
    extents = np.maximum.reduceat(beyond[order], starts)
    x, m = torch.from_numpy(points[order]).float(), torch.from_numpy(moments[order]).float()
    epsilon = torch.from_numpy(_SOFT * soft[order]).float().square()
    coarse = torch.from_numpy(centres).float()
    dipoles = torch.from_numpy(np.add.reduceat(moments[order], starts, axis=0)).float()
    blurred = torch.from_numpy(extents).float().square() * 1e-2
    result = np.empty((len(counts),) * 2, dtype=np.float32)
    for i, (first, size) in enumerate(zip(starts.tolist(), counts.tolist(), strict=True)):
        probes = x[first + np.linspace(0, size - 1, min(size, _PROBES), dtype=int)]
        row = _kernel(probes, coarse, dipoles, blurred)
        apart = np.linalg.norm(centres - centres[i], axis=1)
        near = np.flatnonzero(apart < _WITHIN * extents + extents[i])
        inner = np.concatenate([np.arange(starts[j], starts[j] + counts[j]) for j in near])
        single = _kernel(probes, x[inner], m[inner], epsilon[inner])
        row[near] = np.add.reduceat(single, np.cumsum(counts[near]) - counts[near])
        result[i] = row
    return result


def _kernel(
    probes: torch.Tensor, centres: torch.Tensor, moments: torch.Tensor, squares: torch.Tensor
) -> Singles:
    """The mean over probes of m·d / 4π(|d|² + ε²)^{3/2}, (m,)."""
    apart = centres - probes[:, None]
    length = apart.square().sum(2) + squares
    flux = (apart * moments).sum(2) / length.pow(1.5)
    return np.asarray(flux.mean(0).numpy() / (4 * np.pi))
