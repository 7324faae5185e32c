"""Where a distance function is supervised, and the distances there."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from siren_pde.scans.oriented_cloud import OrientedCloud

Floats = npt.NDArray[np.float64]

NEAR = ((0.004, 100_000), (0.015, 120_000), (0.06, 120_000))
"""Widths of layers around the surface, in half-lengths of the padded box, and samples in each.

Measured by benchmarks/sdf.py on the armadillo and the elephant.
"""
EVERYWHERE = 110_000
"""Samples in the whole padded box."""


def training_samples(
    oriented: OrientedCloud, half: Floats, seed: int, density: float = 1.0
) -> tuple[Floats, Floats]:
    """Positions (n, 3) around the surface and in the whole box [−half, half], distances (n,).

    Each is near the one before, which makes the search for nearest points faster; small clouds get
    fewer. Past the end of an open surface there are none.
    """
    rng = np.random.default_rng(seed)
    size, order = len(oriented.positions), oriented.tree.indices
    share = density * min(max(size / 10_000, 0.1), 1.0)
    parts = []
    for width, count in NEAR:
        count = int(share * count)
        chosen = order[np.sort(rng.integers(size, size=count))]
        parts.append(oriented.along_normals(chosen, width * rng.standard_normal(count)))
    x = jittered(half, int(share * EVERYWHERE), rng)
    parts.append((x, oriented.distance(x)))
    x, distances = (np.concatenate(each) for each in zip(*parts, strict=True))
    known = np.isfinite(distances)
    return x[known], distances[known]


def jittered(half: Floats, count: int, rng: np.random.Generator) -> Floats:
    """About `count` points in the box [−half, half], one in each cell of a grid, (n, 3)."""
    cell = 2 * (half.prod() / count) ** (1 / 3)
    counts = np.maximum(np.ceil(2 * half / cell), 1).astype(int)
    corners = np.indices(counts).reshape(3, -1).T
    return np.asarray((corners + rng.random(corners.shape)) / counts * 2 * half - half)
