"""Points with body on both sides: what they bound is no surface that a distance could show."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from siren_pde.meshes.winding import dipole_winding
from siren_pde.scans.oriented_cloud import OrientedCloud

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def interior(cloud: OrientedCloud) -> Flags:
    """Which points (n,) have body on both sides, one spacing away: their winding numbers are 1.

    They line slits too narrow to be resolved at this density, such as closed lips, or lie where
    parts of a body reach into each other. Their normals say that there is air where there is none,
    or none that could be resolved.
    """
    inside = winding_beside(cloud, cloud.spacing) > 0.5
    return np.asarray(inside & (winding_beside(cloud, -cloud.spacing, inside) > 0.5))


def winding_beside(cloud: OrientedCloud, height: float, of: Flags | None = None) -> Floats:
    """The winding number (n,) at a height above each point along its normal, in the cloud's unit.

    Points count one by one in a voxel and its neighbours, and as one dipole a voxel beyond (Barill
    et al., Fast winding numbers for soups and clouds, 2018). In voxels without any point `of` a
    mask (n,) it is zero, and takes no time.
    """
    moments = np.pi * cloud.radii[:, None] ** 2 * cloud.normals
    (voxels, label), (centres, totals) = cloud.voxels, cloud.dipoles
    order = np.argsort(label, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(label))[:-1])
    result = np.zeros(len(cloud.positions))
    for voxel, own in zip(voxels, members, strict=True):
        if of is not None and not of[own].any():
            continue
        near = (np.abs(voxels - voxel) <= 1).all(1)
        single = np.concatenate([members[i] for i in np.flatnonzero(near)])
        result[own] = dipole_winding(
            cloud.positions[own] + height * cloud.normals[own],
            np.concatenate([centres[~near], cloud.positions[single]]),
            np.concatenate([totals[~near], moments[single]]),
        )
    return result
