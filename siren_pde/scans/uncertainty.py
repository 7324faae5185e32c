"""How uncertain each place of a fitted surface is, told by the points beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
import numpy.typing as npt

from siren_pde.errors import say
from siren_pde.meshes.mesh import Mesh
from siren_pde.scans.oriented_cloud import OrientedCloud
from siren_pde.scans.signed_distance import SignedDistance

Floats = npt.NDArray[np.float64]

_WITNESSES = 9
"""Nearest points that say where the surface is."""
_RISE, _BEND, _NOISE, _GAP, _END = 0.75, 0.05, 1.25, 1.4, 0.4
"""How much counts of: the disagreement of what points say by their normals and the surface's, by
their planes alone, the noise of points, how far beyond points a place is, and how far past the end
of an open surface. With these, nine of ten true errors are within two standard deviations, measured
on spheres, tori, boxes, half-spheres and wavy sheets of 300 to 10,000 points, and on the meshes of
benchmarks/sdf.py with 300 to 100,000: clean, and with noise of 0.5 and 1 %.
"""
_SEEN = 2.0
"""Radii of a point, within which the surface is seen."""
_GUESSED = 0.5
"""Median spacings: where what is not seen makes the surface less certain, it is guessed."""
_UNSURE = 3e-3
"""Standard deviations of most of a surface that are said, as a share of the box's diagonal."""
_INVENTED = 0.05
"""The share of a surface that is guessed, above which it is said."""


@final
@dataclass(frozen=True)
class Uncertainty:
    """Standard deviations (v,) of the vertices of a mesh across its surface, in their unit, and
    the share of its area that is guessed: it is so far from points that these do not tell where.
    """

    deviations: Floats
    guessed_share: float


def uncertainty(distance: SignedDistance, mesh: Mesh, normals: Floats | None = None) -> Uncertainty:
    """Estimate how far a vertex may be from the true surface, whose unit normals (v, 3) are those
    of the distance unless they are given.

    Nine points beside a vertex each say where the surface passes there: by the plane halfway
    between their own normal and the surface's, right up to third order of how far they are. Where
    they disagree, the surface is curved more than the points resolve. To that comes what smoothing
    leaves of their noise and takes of their shape, see `error_ratio`, what the fit leaves over at
    them, and a share of the distance beyond which nothing is seen, or to the end of an open
    surface. The true surface is within two standard deviations at nine vertices of ten.
    """
    cloud, scale = distance.cloud, distance.scale
    x = (mesh.vertices - distance.centre) / scale
    normals = distance.normals(mesh.vertices) if normals is None else normals
    far, near = cloud.near(x, _WITNESSES)
    left = (distance(distance.centre + scale * cloud.positions) / scale) ** 2
    seen = left[near].mean(1)
    if cloud.noise is not None:
        seen += (_NOISE * cloud.noise[near]) ** 2 @ np.full(near.shape[1], 1 / near.shape[1])
    unseen = _unseen(cloud, x, normals, far, near)
    guessed = unseen > (_GUESSED * cloud.spacing) ** 2
    areas = mesh.face_areas
    share = float((areas * guessed[mesh.faces].mean(1)).sum() / max(areas.sum(), 1e-300))
    return Uncertainty(scale * np.sqrt(seen + unseen), share)


def say_uncertainty(told: Uncertainty, diagonal: float) -> None:
    """A warning where a surface is uncertain as a whole, or much of it is guessed."""
    typical = float(np.median(told.deviations))
    if typical > _UNSURE * diagonal or told.guessed_share > _INVENTED:
        say(
            f"most of the surface is known to ±{2 * typical:.2g} ({2 * typical / diagonal:.1%} of "
            f"its size), and {told.guessed_share:.0%} of it is guessed, too far from points to be "
            "known: see `uncertainty` at the vertices. More points would tell."
        )


def _unseen(
    cloud: OrientedCloud,
    x: Floats,
    normals: Floats,
    far: Floats,
    near: npt.NDArray[np.int64],
) -> Floats:
    """The variance (n,) at x (n, 3) of what the points beside it do not tell."""
    radius = cloud.radii[near[:, 0]]
    width = np.maximum(far[:, 0], 1.5 * radius)
    weight = np.exp(-((far / width[:, None]) ** 2))
    weight /= weight.sum(1, keepdims=True)
    offsets, theirs = x[:, None] - cloud.positions[near], cloud.normals[near]
    cosine = np.einsum("nkd,nd->nk", theirs, normals)
    if not cloud.has_sides:  # then neither normal has a sign
        theirs, cosine = theirs * np.sign(cosine)[:, :, None], np.abs(cosine)
    alike = np.clip(cosine, 0.0, 1.0)
    planes = np.einsum("nkd,nkd->nk", offsets, theirs)
    rises = (planes + np.einsum("nkd,nd->nk", offsets, normals)) / (1 + alike)
    disagreement = weight * ((_RISE * rises) ** 2 + (_BEND * planes) ** 2)
    beyond = np.maximum(far[:, 0] - _SEEN * radius, 0)
    beyond *= beyond / np.maximum(beyond + _SEEN * radius, 1e-300)  # a narrow gap is bridged well
    past = 0.0
    if cloud.rim is not None:
        past = np.maximum(np.einsum("nd,nd->n", offsets[:, 0], cloud.rim.outward[near[:, 0]]), 0)
    return np.asarray(disagreement.sum(1) + (_GAP * beyond) ** 2 + (_END * past) ** 2)
