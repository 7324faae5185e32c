"""The points of a scan, ready to be fitted: cleaned, oriented, and with samples around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
import numpy.typing as npt

from siren_pde.domains.cloud import PointCloud
from siren_pde.scans.given_normals import Orientation
from siren_pde.scans.interior_points import interior
from siren_pde.scans.open_surfaces import on_given_side, with_rim
from siren_pde.scans.oriented_cloud import OrientedCloud
from siren_pde.scans.prepare import cleaned, deduplicated
from siren_pde.scans.samples import training_samples
from siren_pde.solving.stages import Stages

Floats = npt.NDArray[np.float64]

MARGIN = 1.2
"""The padded box is this much larger than the cloud's bounding box."""


@final
@dataclass(frozen=True, eq=False)
class Ready:
    """What training needs of a scan, in coordinates (x − centre) / scale where the padded box, of
    half-widths `half`, lies in [−1, 1]³: the cloud, how far each of its normals is to be trusted
    (n,), and samples (m, 3) with their pseudo-distances (m,).
    """

    centre: Floats
    scale: float
    half: Floats
    oriented: OrientedCloud
    trust: Floats
    samples: Floats
    distances: Floats


def ready(
    cloud: PointCloud,
    seed: int,
    orientation: Orientation,
    *,
    is_open: bool | None,
    density: float,
    stages: Stages,
) -> Ready:
    """A scan, made ready for `fit_sdf`, with `density` times as many samples as usual."""
    with stages.of("preparing"):
        scan = deduplicated(cloud, seed)
        if orientation == "inward" and scan.normals is not None:  # said once, for all that follows
            scan = PointCloud(scan.positions, normals=-scan.normals, axes=scan.axes)
            orientation = "given"
        clean = cleaned(scan, seed, orientation)
        centre, scale, half = _frame(clean.positions)
        noise, trust = None if clean.noise is None else clean.noise / scale, clean.trust
        oriented = OrientedCloud((clean.positions - centre) / scale, clean.normals, noise=noise)
        oriented = with_rim(oriented, scan, is_open=is_open, seed=seed)
        mended = np.einsum("nd,nd->n", oriented.normals, clean.normals) < 0
        trust = np.where(mended, 1.0, trust)
        if oriented.rim is not None:
            oriented = on_given_side(oriented, clean.positions, scan)
        elif not (kept := _without_interior(oriented)).all():
            oriented, trust = oriented.part(kept), trust[kept]
    with stages.of("sampling"):
        samples, distances = training_samples(oriented, half, seed, density)
    return Ready(centre, scale, half, oriented, trust, samples, distances)


def _without_interior(cloud: OrientedCloud) -> npt.NDArray[np.bool_]:
    """Which points (n,) have no body on both sides; all, if none has."""
    inside = interior(cloud)
    return np.asarray(~inside | inside.all())


def _frame(positions: Floats) -> tuple[Floats, float, Floats]:
    low, high = positions.min(0), positions.max(0)
    extent = float((high - low).max())
    scale = MARGIN * extent / 2
    half = (high - low) / 2 / scale + (MARGIN - 1) / MARGIN
    return (low + high) / 2, scale, half
