"""Fitted distance functions on disk: a solution's file with the frame and the points of its scan.

Beside what `siren_pde.io.solutions` writes, the group `scan` holds `centre` (3,), `scale` (1,),
`half` (3,) and, in coordinates where the padded box lies in [−1, 1]³, `positions` and `normals`
(n, 3). That of an open surface also holds `outward` (n, 3), the directions in which it ends, zero
at points within, and `sides` (1,), of which a surface like a Möbius band has one; that of a noisy
scan `noise` (n,), the standard deviations of its smoothed points.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from siren_pde.domains.homes import Homes
from siren_pde.errors import StorageError
from siren_pde.files.sealed import Array
from siren_pde.scans.oriented_cloud import OrientedCloud
from siren_pde.scans.rim import Rim
from siren_pde.scans.signed_distance import SignedDistance
from siren_pde.solving.solution import Solution

SCAN = "scan"
"""The group that a file has if it holds a distance."""


def scan(distance: SignedDistance) -> dict[str, Array]:
    """The frame and the points of a distance; the points are stored in single precision."""
    rim = distance.cloud.rim
    further: dict[str, Array] = {}
    if rim is not None:
        further = {
            "outward": rim.outward.astype(np.float32),
            "sides": np.array([2 if rim.has_sides else 1]),
        }
    if distance.cloud.noise is not None:
        further["noise"] = distance.cloud.noise.astype(np.float32)
    return further | {
        "centre": distance.centre,
        "scale": np.array([distance.scale]),
        "half": distance.half,
        "positions": distance.cloud.positions.astype(np.float32),
        "normals": distance.cloud.normals.astype(np.float32),
    }


def distance_of(solution: Solution, scan: Mapping[str, Array]) -> SignedDistance:
    """The distance that a solution is in the frame of a scan. Raises StorageError if it is none."""
    arrays = {name: np.asarray(v, dtype=np.float64) for name, v in scan.items()}
    shapes = {name: values.shape for name, values in arrays.items()}
    n = len(arrays["positions"])
    expected = {"centre": (3,), "scale": (1,), "half": (3,), "positions": (n, 3), "normals": (n, 3)}
    if "outward" in arrays or "sides" in arrays:
        expected |= {"outward": (n, 3), "sides": (1,)}
    if "noise" in arrays:
        expected |= {"noise": (n,)}
    if shapes != expected or not all(np.isfinite(values).all() for values in arrays.values()):
        raise StorageError(f"its scan has shapes {shapes}, or numbers that are not finite.")
    rim = None
    if "outward" in arrays:
        rim = Rim(arrays["outward"], has_sides=bool(arrays["sides"][0] == 2))
    noise = arrays.get("noise")
    cloud = OrientedCloud(arrays["positions"], arrays["normals"], rim, noise=noise)
    scale = float(arrays["scale"][0])
    solution = replace(solution, homes=Homes())  # beyond its box it is continued, and says nothing
    return SignedDistance(solution, arrays["centre"], scale, arrays["half"], cloud)
