"""Whether a cloud samples an open surface, and what is known of one: its ends and its sides."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt

from siren_pde.errors import InputWarning
from siren_pde.scans.interior_points import winding_beside
from siren_pde.scans.normals import estimate_normals
from siren_pde.scans.oriented_cloud import OrientedCloud
from siren_pde.scans.rim import Rim, ends_of

Floats = npt.NDArray[np.float64]

SAMPLE = 20_000
"""Points on which it is decided; of more, that many are drawn at random."""
_LOOP, _MISSING = 0.04, 0.15
"""Ends that bound less than this share of the surface's area are holes of a scan, and so are all
together below the second share. Measured: 0.23 for a tube of two diameters, 0.4 to 1.1 for a half-
sphere, a skirt, terrain and a facade; at most 0.04 in all for the gargoyle, the bunny's range scans
and five closed meshes, with noise and without.
"""
_UNDECIDED = 0.04
"""Mean distance of winding numbers at the points from ½, where that many say the surface is open:
0.13 to 0.48 for those, 0.01 to 0.06 for closed ones. Edges of thin plates look like ends, but not
to winding numbers.
"""
_PARALLEL, _BESIDE = 0.8, 0.3
"""Cosine between planes of neighbours on one sheet, and the sine of the step out of them."""
_SEAM = 0.7
"""Contradictions between neighbours, over the square root of the number of points, that a sheet
with two sides does not have: 0 for all of those, 2 for a Möbius band.
"""
_CONSISTENT, _LEVEL = 0.98, 0.6


def with_rim(cloud: OrientedCloud, *, given: bool, is_open: bool | None, seed: int) -> OrientedCloud:
    """The cloud as it is where its surface is closed, and else with its `Rim`.

    `is_open` None leaves the decision to `looks_open`, and a warning says where that is so. Normals
    of an open surface are made to agree along it; where they were not `given`, those of terrain,
    the surface over a plane, point upwards along the axis nearest to them.
    """
    if is_open is False or is_open is None and not looks_open(cloud, seed):
        return cloud
    if is_open is None:
        warnings.warn(
            "the points are those of an open surface: its mesh ends where they do, and encloses "
            "nothing. Say `is_open=False` (`--open no`) to have it closed.",
            InputWarning,
            stacklevel=3,
        )
    sample = _sample(cloud, seed)
    along = np.asarray(estimate_normals(sample.positions))
    ends, outward, _ = ends_of(cloud.positions)
    rim = Rim(ends, outward, has_sides=_seam(sample, along) < _SEAM)
    normals = cloud.normals
    if rim.has_sides:
        normals = _agreeing(cloud, along[sample.near(cloud.positions, 1)[1][:, 0]])
        normals = normals if given else _upwards(normals)
    return OrientedCloud(cloud.positions, normals, rim)


def looks_open(cloud: OrientedCloud, seed: int = 0) -> bool:
    """Whether the points are those of an open surface, rather than of a closed one with holes.

    Its ends (`ends_of`) bound much of what it would take to close it, and winding numbers at its
    points, between both sides, are not those of a closed surface, ½.
    """
    sample = _sample(cloud, seed)
    bounded = ends_of(sample.positions)[2] / (np.pi * sample.radii**2).sum()
    if bounded[bounded > _LOOP].sum() < _MISSING:
        return False
    height = sample.spacing
    middle = (winding_beside(sample, height) + winding_beside(sample, -height)) / 2
    return float(np.mean(np.abs(np.abs(middle) - 0.5))) > _UNDECIDED


def _sample(cloud: OrientedCloud, seed: int) -> OrientedCloud:
    if len(cloud.positions) <= SAMPLE:
        return cloud
    chosen = np.random.default_rng(seed).choice(len(cloud.positions), SAMPLE, replace=False)
    return OrientedCloud(cloud.positions[chosen], cloud.normals[chosen])


def _seam(sample: OrientedCloud, along: Floats) -> float:
    """Neighbours on one sheet whose normals (n, 3) contradict each other, over √n.

    Normals that agree along a tree contradict each other only across a seam, where the surface has
    one side.
    """
    _, near = sample.near(sample.positions, 9)
    steps = sample.positions[near[:, 1:]] - sample.positions[:, None]
    length = np.maximum(np.linalg.norm(steps, axis=2), 1e-300)
    agreement = np.einsum("nkd,nd->nk", along[near[:, 1:]], along)
    out = np.abs(np.einsum("nkd,nd->nk", steps, along)) / length
    return float(((agreement < -_PARALLEL) & (out < _BESIDE)).sum() / np.sqrt(len(along)))


def _agreeing(cloud: OrientedCloud, along: Floats) -> Floats:
    """Normals with the signs of those `along` the sheet (n, 3), the majority as it was."""
    signs = np.where(np.einsum("nd,nd->n", cloud.normals, along) < 0, -1.0, 1.0)
    mean = float(signs.mean())
    if abs(mean) > _CONSISTENT:
        return cloud.normals
    return np.asarray(cloud.normals * (signs if mean >= 0 else -signs)[:, None])


def _upwards(normals: Floats) -> Floats:
    """Normals of which most point the same way, along the axis nearest to their mean."""
    mean = normals.mean(0)
    if np.linalg.norm(mean) < _LEVEL:
        return normals
    return normals * np.sign(mean[np.argmax(np.abs(mean))])
