"""The smooth sheet through nearby points: heights above it and normals, the latter up to a sign."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from siren_pde.meshes.mesh import unit
from siren_pde.scans.oriented_cloud import OrientedCloud

Floats = npt.NDArray[np.float64]

_VOTERS = 16
_AT_ONCE = 100_000  # points


def heights(cloud: OrientedCloud, x: Floats) -> tuple[Floats, Floats]:
    """Heights (n,) of x (n, 3) above the sheet through the nearest points, and its unit normals.

    Both have the sign of the nearest point's normal, to which those of its neighbours are turned.
    The height is a weighted mean of those above the neighbours' planes, each tilted half-way to the
    common normal: of points on a sphere all such planes pass through x where x is on it and the
    normal is right, so that curvature makes hardly an error (implicit moving least squares, Kolluri
    2008, with circular arcs in place of lines).
    """
    values, normals = np.empty(len(x)), np.empty_like(x)
    for start in range(0, len(x), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        values[part], normals[part] = _heights(cloud, x[part])
    return values, normals


def _heights(cloud: OrientedCloud, x: Floats) -> tuple[Floats, Floats]:
    far, index = cloud.near(x, _VOTERS)
    own = cloud.normals[index]
    own = own * np.where(np.einsum("nkd,nd->nk", own, own[:, 0]) < 0, -1.0, 1.0)[:, :, None]
    aside = far**2 - far[:, :1] ** 2
    weights = (1 - aside / np.maximum(aside[:, -1:], 1e-300)) ** 2
    weights /= weights.sum(1, keepdims=True)
    common = unit(np.einsum("nk,nkd->nd", weights, own))
    offsets = x[:, None] - cloud.positions[index]
    above = np.einsum("nkd,nkd->nk", offsets, own + common[:, None]) / 2
    return (weights * above).sum(1), common


def bend(cloud: OrientedCloud, x: Floats) -> Floats:
    """The mean curvature ½ div n (n,) of the sheet at x (n, 3), n the normal of `heights`."""
    step = 3 * cloud.spacing
    normal = heights(cloud, x)[1]
    total = np.zeros(len(x))
    for axis, move in enumerate(step * np.eye(3)):
        ends = [heights(cloud, x + sign * move)[1] for sign in (1, -1)]
        after, before = (n * np.sign(np.einsum("nd,nd->n", n, normal))[:, None] for n in ends)
        total += (after - before)[:, axis] / (2 * step)
    return total / 2
