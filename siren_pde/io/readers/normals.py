"""Normals as files hold them: scaled to length one, and the few unusable ones mended."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from siren_pde.errors import say
from siren_pde.io.readers.source import Floats, Source
from siren_pde.meshes.mesh import unit
from siren_pde.numerics.neighbours import neighbours

_BLOCK = 1 << 16
"""Normals that are scaled at once."""
_NEAREST = 8
"""Usable normals, of the nearest points, whose mean takes the place of one that is not."""
_AMONG = 500_000
"""Usable points that are looked through: of more, every second or third is near enough."""
_MOST = 0.5
"""The share of unusable normals from which the others are no longer believed either."""


def unit_normals(source: Source, positions: Floats, normals: Floats) -> Floats | None:
    """Normals (n, 3) at length one, or None where most are zero, NaN or infinite.

    Single ones of that kind become the mean of those of the nearest points, said in a warning.
    """
    squares = np.einsum("nk,nk->n", normals, normals)
    usable = np.isfinite(squares) & (squares > 0)
    if not usable.all():  # or their squares leave the number range
        usable = np.isfinite(normals).all(axis=1) & ~np.equal(normals, 0).all(axis=1)
    bad = int((~usable).sum())
    if bad > _MOST * len(usable):
        say(
            f"`{source.name}`: {bad} of {len(usable)} normals are zero, NaN or infinite, so none "
            "is used, and new ones are estimated where they are needed."
        )
        return None
    normals = np.where(usable[:, None], normals, 0.0) if bad else normals
    for start in range(0, len(normals), _BLOCK):  # what is held besides is small
        block = slice(start, start + _BLOCK)
        normals[block] = unit(normals[block])
    if bad:
        normals[~usable] = _of_nearest(positions, normals, usable)
        say(
            f"`{source.name}`: {bad} of {len(usable)} normals are zero, NaN or infinite; those of "
            "the nearest points take their place. Leave all normals out to have them estimated."
        )
    return normals


def _of_nearest(positions: Floats, normals: Floats, usable: npt.NDArray[np.bool_]) -> Floats:
    """The mean of the nearest usable normals, for each of the others."""
    from scipy.spatial import cKDTree

    among = np.flatnonzero(usable)
    among = among[:: -(-len(among) // _AMONG)]
    scaled = positions / (np.abs(positions).max() or 1.0)  # no square leaves the number range
    centre = scaled[among].mean(axis=0)
    tree = cKDTree(scaled[among] - centre)
    count = min(_NEAREST, len(among))
    _, near = neighbours(tree, scaled[~usable] - centre, count)
    nearest = normals[among[near.reshape(-1, count)]]
    mean = nearest.mean(axis=1)
    opposed = np.linalg.norm(mean, axis=1) < 0.5  # of the two sides of a sheet: the nearest one's
    return unit(np.where(opposed[:, None], nearest[:, 0], mean))
