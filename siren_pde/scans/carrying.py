"""What was measured at the points of a scan, carried to other places: colours, intensities."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from siren_pde.domains.cloud import PointCloud
from siren_pde.numerics.neighbours import neighbours

Floats = npt.NDArray[np.float64]

NEAREST = 4
"""Points whose measurements are averaged: fewer let single ones show, more blur edges of colour."""
MOST = 1_000_000
"""Points that are looked through: of more, every second or third is as near as a mesh is fine."""
LABELS = 32
"""So many different whole numbers are names of kinds, of which a mean is none."""


def carried(cloud: PointCloud, places: npt.ArrayLike) -> dict[str, Floats]:
    """The measurements of a cloud at places (m, 3), each (m,), by their names.

    It is the mean over the `NEAREST` points, weighted by 1/d² of their distance d (Shepard, 1968);
    whole numbers that take few values, such as classes, are those of the nearest point. Those of
    several numbers at a point are left out.
    """
    measured = {n: v.double().cpu().numpy() for n, v in cloud.data.items() if v.ndim == 1}
    if not measured:
        return {}
    from scipy.spatial import cKDTree

    positions = cloud.positions.double().cpu().numpy()
    among = np.arange(0, len(positions), -(-len(positions) // MOST))
    scale = np.abs(positions).max() or 1.0  # no square leaves the number range
    centre = (positions[among] / scale).mean(axis=0)  # far from the origin, squares lose digits
    count = min(NEAREST, len(among))
    wanted = np.asarray(places, dtype=np.float64) / scale - centre
    tree = cKDTree(positions[among] / scale - centre)
    distance, near = neighbours(tree, wanted, count)
    distance, near = distance.reshape(-1, count), among[near.reshape(-1, count)]
    squares = np.square(distance)
    weights = 1 / (squares + 1e-12 * squares[:, -1:] + 1e-300)
    weights /= weights.sum(axis=1, keepdims=True)
    return {
        name: column[near[:, 0]]
        if _are_labels(name, column)
        else np.einsum("mk,mk->m", weights, column[near])
        for name, column in measured.items()
    }


def _are_labels(name: str, column: Floats) -> bool:
    if name in ("red", "green", "blue") or not bool((column % 1 == 0).all()):
        return False
    return len(np.unique(column)) <= LABELS
