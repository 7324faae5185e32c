"""A cloud without normals made fit to be fitted: strays left out, noise smoothed, normals found."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from siren_pde.domains.cloud import PointCloud
from siren_pde.scans.denoise import denoised
from siren_pde.scans.normals import estimate_normals
from siren_pde.scans.outliers import on_surface

Floats = npt.NDArray[np.float64]


class Cleaned(NamedTuple):
    """Positions (m, 3), unit normals (m, 3), and whether noise had to be smoothed away."""

    positions: Floats
    normals: Floats
    noisy: bool = False


def cleaned(cloud: PointCloud, seed: int = 0) -> Cleaned:
    """Points that are `on_surface`, `denoised`, and their `estimate_normals`.

    Of a cloud with normals, all as it is: who knows them has cleaned their points. A warning says
    how many points are left out.
    """
    positions = cloud.positions.double().cpu().numpy()
    if cloud.normals is not None:
        return Cleaned(positions, cloud.normals.double().cpu().numpy())
    kept = on_surface(positions)
    if len(kept) < len(positions):
        warnings.warn(
            f"{len(positions) - len(kept)} of {len(positions)} points are left out: they lie on no "
            "surface with others. Give normals to keep all points.",
            stacklevel=3,
        )
    positions = positions[kept]
    smooth = denoised(positions, seed)
    low, high = smooth.min(axis=0), smooth.max(axis=0)
    normals = estimate_normals((smooth - (low + high) / 2) / np.max(high - low))
    return Cleaned(smooth, np.asarray(normals), smooth is not positions)
