"""Fitted distance functions on disk: a solution's file with the frame and the points of its scan.

Beside what `siren_pde.io.solutions` writes, the group `scan` holds `centre` (3,), `scale` (1,),
`half` (3,) and, in coordinates where the padded box lies in [−1, 1]³, `positions` and `normals`
(n, 3).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from siren_pde.errors import StorageError
from siren_pde.files.atomic import atomic_write
from siren_pde.files.sealed import Array, pack
from siren_pde.io.solutions import contents, read, restored
from siren_pde.scans.oriented_cloud import OrientedCloud
from siren_pde.scans.signed_distance import SignedDistance


def save_sdf(distance: SignedDistance, path: str | os.PathLike[str]) -> None:
    """Write a fitted signed distance function to an HDF5 file, all of it or nothing.

    The network keeps every bit; the points of the scan are stored in single precision. Raises
    StorageError if the file cannot be written.
    """
    about, groups = contents(distance.solution)
    scan = {
        "centre": distance.centre,
        "scale": np.array([distance.scale]),
        "half": distance.half,
        "positions": distance.cloud.positions.astype(np.float32),
        "normals": distance.cloud.normals.astype(np.float32),
    }
    atomic_write(path, pack(about, {**groups, "scan": scan}))


def load_sdf(path: str | os.PathLike[str]) -> SignedDistance:
    """Read a signed distance function back, to call, to differentiate and to mesh.

    Raises StorageError naming the file if it is missing, damaged, foreign, or holds no scan.
    """
    return read(path, _distance)


def _distance(said: Mapping[str, Any], groups: Mapping[str, Mapping[str, Array]]) -> SignedDistance:
    if "scan" not in groups:
        raise StorageError("it holds a solution, but no scan: read it by `load`.")
    scan = {name: np.asarray(v, dtype=np.float64) for name, v in groups["scan"].items()}
    shapes = {name: values.shape for name, values in scan.items()}
    n = len(scan["positions"])
    expected = {"centre": (3,), "scale": (1,), "half": (3,), "positions": (n, 3), "normals": (n, 3)}
    if shapes != expected or not all(np.isfinite(values).all() for values in scan.values()):
        raise StorageError(f"its scan has shapes {shapes}, or numbers that are not finite.")
    cloud = OrientedCloud(scan["positions"], scan["normals"])
    solution = restored(said, groups)
    return SignedDistance(solution, scan["centre"], float(scan["scale"][0]), scan["half"], cloud)
