"""Whether a cloud samples an open surface, and what is known of one: its ends and its sides."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from siren_pde.domains.cloud import PointCloud
from siren_pde.errors import say
from siren_pde.meshes.topology import connected
from siren_pde.scans.interior_points import winding_beside
from siren_pde.scans.normals import estimate_normals
from siren_pde.scans.oriented_cloud import OrientedCloud
from siren_pde.scans.rim import Rim, ends_of

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

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
_GAPS = 90
"""Gaps between few points on a detailed shape bound as much as so many of them: measured with 300
to 1,000 points on five closed meshes.
"""
_ROOM, _ROOM_POINTS = 0.015, 200
"""A surface whose normals point into what it encloses was seen from inside: a room. There an end is
no hole of a scan, but a door, if it bounds that share of the area, and as much as so many points.
"""
_INWARDS = -0.25
"""Of the median of winding numbers: it is −½ where normals point into what a surface encloses."""
_PARALLEL, _BESIDE = 0.8, 0.3
"""Cosine between planes of neighbours on one sheet, and the sine of the step out of them."""
_SEAM = 0.7
"""Contradictions between neighbours, over the square root of the number of points, that a sheet
with two sides does not have: 0 for all of those, 2 for a Möbius band.
"""
_TURNED = 0.9
"""The share of normals opposite to those given that says they were turned as a whole."""
_STEEP, _MOST_STEEP = 0.3, 0.1
"""Cosine between a plane's normal and steep ground, and the share of such ground in terrain."""


def with_rim(
    cloud: OrientedCloud, scan: PointCloud, *, is_open: bool | None, seed: int
) -> OrientedCloud:
    """The cloud as it is where its surface is closed, and else with its `Rim`.

    `scan` is what it was made of, cleaned. `is_open` None leaves the decision to `looks_open`, and
    a warning says where that is so. Normals of an open surface are made to agree along it where
    they contradict each other. Where the scan has none, those of terrain, a surface over a plane,
    point upwards along the axis nearest to the plane's normal.
    """
    if is_open is None:
        is_open = looks_open(_sampled(cloud, scan, seed))
        if is_open:
            say(
                "the points are those of an open surface: its mesh ends where they do, and "
                "encloses nothing. Say `is_open=False` (`--open no`) to have it closed."
            )
    if not is_open:
        return cloud
    sample = _drawn(cloud.positions, cloud.normals, seed)
    along = np.asarray(estimate_normals(sample.positions))
    given = scan.normals is not None
    before, after = (_contradictions(sample, each) for each in (sample.normals, along))
    rim = Rim(ends_of(cloud.positions)[0], has_sides=min(before, after) < _SEAM)
    if not rim.has_sides or (before <= after if given else before < after):
        return OrientedCloud(cloud.positions, cloud.normals, rim, noise=cloud.noise)
    along = along if given else _upwards(sample, along)
    along = along[sample.near(cloud.positions, 1)[1][:, 0]]
    normals = _agreeing(cloud.normals, along, given)
    return OrientedCloud(cloud.positions, normals, rim, noise=cloud.noise)


def on_given_side(cloud: OrientedCloud, positions: Floats, scan: PointCloud) -> OrientedCloud:
    """An open cloud, on the side that its normals were given on: it encloses nothing, so that there
    was no reason to turn them as a whole, and rooms are seen from inside.

    `positions` (n, 3) are those of its points in the unit of the scan.
    """
    if scan.normals is None:
        return cloud
    from scipy.spatial import cKDTree

    there, normals = (x.double().cpu().numpy() for x in (scan.positions, scan.normals))
    given = normals[cKDTree(there).query(positions)[1]]
    if np.mean(np.einsum("nd,nd->n", given, cloud.normals) < 0) < _TURNED:
        return cloud
    return OrientedCloud(cloud.positions, -cloud.normals, cloud.rim, noise=cloud.noise)


def looks_open(sample: OrientedCloud) -> bool:
    """Whether some thousand points are those of an open surface, not of a closed one with holes.

    Its ends (`ends_of`) bound much of what it would take to close it, and winding numbers at its
    points, between both sides, are not those of a closed surface, ½. Or it was seen from inside,
    and has a door.
    """
    bounded = ends_of(sample.positions)[1] / (np.pi * sample.radii**2).sum()
    least = max(_ROOM, _ROOM_POINTS / len(sample.positions))
    if bounded.max(initial=0.0) < min(least, _LOOP):
        return False
    height = sample.spacing
    middle = (winding_beside(sample, height) + winding_beside(sample, -height)) / 2
    if float(np.median(middle)) < _INWARDS:
        return bool(bounded.max() > least)
    undecided = float(np.mean(np.abs(np.abs(middle) - 0.5)))
    missing = bounded[bounded > _LOOP].sum() - _GAPS / len(sample.positions)
    return bool(missing > _MISSING and undecided > _UNDECIDED)


def _sampled(cloud: OrientedCloud, scan: PointCloud, seed: int) -> OrientedCloud:
    """Some points, with normals as they were given, if they were."""
    if scan.normals is None:
        return _drawn(cloud.positions, cloud.normals, seed)
    positions, normals = (x.double().cpu().numpy() for x in (scan.positions, scan.normals))
    return _drawn(positions, normals, seed)


def _drawn(positions: Floats, normals: Floats, seed: int) -> OrientedCloud:
    chosen = np.random.default_rng(seed).permutation(len(positions))[:SAMPLE]
    return OrientedCloud(positions[chosen], normals[chosen])


def _neighbours(sample: OrientedCloud, along: Floats) -> tuple[Integers, Floats]:
    """Pairs of neighbours on one sheet (m, 2), and the cosines of their normals `along` it (m,)."""
    near = sample.near(sample.positions, 9)[1]
    pairs = np.stack([np.repeat(near[:, 0], near.shape[1] - 1), near[:, 1:].ravel()], axis=1)
    steps = sample.positions[pairs[:, 1]] - sample.positions[pairs[:, 0]]
    agreement = np.einsum("nd,nd->n", along[pairs[:, 0]], along[pairs[:, 1]])
    out = np.abs(np.einsum("nd,nd->n", steps, along[pairs[:, 0]]))
    on_sheet = (out < _BESIDE * np.linalg.norm(steps, axis=1)) & (np.abs(agreement) > _PARALLEL)
    return pairs[on_sheet], agreement[on_sheet]


def _contradictions(sample: OrientedCloud, along: Floats) -> float:
    """How many neighbours on one sheet have opposite normals `along` it (n, 3), over √n.

    Normals that agree along a tree contradict each other only across a seam, where the surface has
    one side.
    """
    return float((_neighbours(sample, along)[1] < 0).sum() / np.sqrt(len(along)))


def _upwards(sample: OrientedCloud, along: Floats) -> Floats:
    """Normals `along` the sheet, pieces of terrain turned upwards; of other sheets as they are."""
    axes = np.linalg.svd(sample.positions - sample.positions.mean(0), full_matrices=False)[2]
    up = axes[2] * np.sign(axes[2][np.argmax(np.abs(axes[2]))])
    rise = along @ up
    if np.mean(np.abs(rise) < _STEEP) > _MOST_STEEP:
        return along
    pairs = _neighbours(sample, along)[0]
    piece = connected(pairs[:, 0], pairs[:, 1], len(along))
    return np.asarray(along * np.where(np.bincount(piece, rise) < 0, -1.0, 1.0)[piece][:, None])


def _agreeing(normals: Floats, along: Floats, given: bool) -> Floats:
    """Normals (n, 3) with the signs of those `along` the sheet; given ones keep those of most."""
    signs = np.where(np.einsum("nd,nd->n", normals, along) < 0, -1.0, 1.0)
    keep = given and signs.mean() < 0
    return np.asarray(normals * (-signs if keep else signs)[:, None])
