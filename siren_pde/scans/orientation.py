"""Which side of each piece of a surface is outside: by its volume, and by what it lies in."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from siren_pde.meshes.winding import dipole_winding

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_VOTERS = 3
"""Points of a piece that vote on whether another one winds around it."""
_AROUND = 0.75
"""Winding number of a piece that encloses a point, holes and all."""


def outward(points: Floats, normals: Floats, areas: Floats, piece: Integers) -> Floats:
    """+1 or −1 for each piece, (k,): what makes its normals point out of the solid.

    Of n points with `normals` (n, 3) and `areas` (n,), `piece` (n,) says which one they are of. A
    lone piece encloses a positive volume, 3 V = Σ aᵢ nᵢ·(xᵢ − x̄). One inside an odd number of
    others is the wall of a cavity, and points into it: solids do not overlap.
    """
    total = np.maximum(np.bincount(piece, areas), 1e-300)
    centre = np.stack([np.bincount(piece, areas * x) for x in points.T], axis=1) / total[:, None]
    flux = areas * np.einsum("ij,ij->i", normals, points - centre[piece])
    signs = np.where(np.bincount(piece, flux) < 0, -1.0, 1.0)
    moments = areas[:, None] * normals * signs[piece][:, None]
    members = np.split(np.argsort(piece, kind="stable"), np.cumsum(np.bincount(piece))[:-1])
    low = np.stack([points[one].min(axis=0) for one in members])
    high = np.stack([points[one].max(axis=0) for one in members])
    voters = np.stack([one[np.linspace(0, len(one) - 1, _VOTERS, dtype=int)] for one in members])
    depth = np.zeros(len(members), dtype=np.int64)
    for k, one in enumerate(members):
        within = np.flatnonzero(((low > low[k]) & (high < high[k])).all(axis=1))
        around = dipole_winding(points[voters[within].ravel()], points[one], moments[one])
        depth[within] += np.median(around.reshape(-1, _VOTERS), axis=1) > _AROUND
    return np.where(depth % 2 == 1, -signs, signs)
