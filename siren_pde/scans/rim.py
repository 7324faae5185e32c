"""Where a sampled sheet ends: points with neighbours on one side only, and the loops they form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
import numpy.typing as npt

from siren_pde.meshes.topology import connected
from siren_pde.numerics.neighbours import neighbours

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_NEIGHBOURS = 16
"""The distance to so many neighbours is the radius of a neighbourhood, ..."""
_MOST = 40
"""... which holds so many points at most. Beside sparser points it is as large as theirs."""
_AROUND = 8
"""Neighbours with the largest radius of which a neighbourhood is widened."""
_GAP = np.deg2rad(130)
"""An angle without neighbours. Of sixteen random ones, one in three hundred leaves it; at a
straight end it is 180°.
"""
_LINK, _CHAIN = 1.5, 8
"""Points at an end form chains in steps of so many radii; shorter ones are gaps between points."""
_BESIDE = 0.5
"""Points as near to an end as that share of a radius count as ends, too: of random points, some of
the outermost are overlooked.
"""
_AT_ONCE = 50_000  # points


@final
@dataclass(frozen=True, eq=False)
class Rim:
    """Where an open surface ends.

    `outward` (n, 3) says in which direction nothing follows at points that lie at an end, of length
    one, and is zero for all others. `has_sides` is False where the surface has one side only, like
    a Möbius band.
    """

    outward: Floats
    has_sides: bool = True


def ends_of(points: Floats) -> tuple[Floats, Floats]:
    """Where a surface ends at its `points` (n, 3), and what these ends bound.

    A point is at an end if, seen along the normal of its neighbourhood, there are no neighbours in
    an angle of 130° (the criterion of angles: Bendels, Schnabel and Klein, Detecting holes in point
    set surfaces, 2006). Returns unit directions outwards (n, 3), zero at points that are at no end,
    and the area that each chain of those that are would bound if it were an ellipse, (k,).
    """
    from scipy.spatial import cKDTree

    tree = cKDTree(points)
    most = min(_MOST, len(points) - 1)
    wide = _radii(tree, points)
    flags, outward = np.zeros(len(points), dtype=bool), np.zeros_like(points)
    for start in range(0, len(points), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        far, near = neighbours(tree, points[part], most + 1)
        offsets = points[near] - points[part, None]
        within = far <= wide[part, None]
        gap, centre = _widest_gap(offsets, within)
        flags[part], outward[part] = gap > _GAP, -centre
    chain, kept = _chains(points, np.flatnonzero(flags), wide)
    flags[:] = False
    flags[kept] = True
    outward[~flags] = 0.0
    length = np.maximum(np.linalg.norm(outward, axis=1), 1e-300)
    outward = _spread(points, kept, outward / length[:, None], wide)
    return outward, _bounded(points[kept], chain)


def _radii(tree: cKDTree, points: Floats) -> Floats:
    """The radius of each neighbourhood, (n,): the largest of a few neighbours."""
    k = min(_NEIGHBOURS, len(points) - 1)
    radius, wide = np.empty(len(points)), np.empty(len(points))
    near = np.empty((len(points), min(_AROUND, k) + 1), dtype=np.int64)
    for start in range(0, len(points), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        far, index = neighbours(tree, points[part], k + 1)
        radius[part], near[part] = far[:, -1], index[:, : near.shape[1]]
    np.max(radius[near], axis=1, out=wide)
    return wide


def _widest_gap(offsets: Floats, within: Flags) -> tuple[Floats, Floats]:
    """The largest angle (n,) without a neighbour in the plane of each patch, and its mean (n, 3).

    Of `offsets` (n, k, 3) from a point, itself first, only those `within` (n, k) count.
    """
    share = within[:, :, None] / within.sum(1)[:, None, None]
    centre = (share * offsets).sum(1)
    spread = np.sqrt(share) * (offsets - centre[:, None])
    axes = np.linalg.eigh(spread.transpose(0, 2, 1) @ spread)[1]
    flat = offsets @ axes[:, :, 1:]
    angle = np.arctan2(flat[:, :, 1], flat[:, :, 0])
    first = np.where(within, angle, np.inf)[:, 1:]
    first.sort(axis=1)
    count = within[:, 1:].sum(1)
    steps = np.diff(np.where(np.isfinite(first), first, 0.0), axis=1)
    steps[np.arange(1, first.shape[1]) >= count[:, None]] = 0.0
    last = first[np.arange(len(first)), np.maximum(count - 1, 0)]
    around = np.where(count > 0, first[:, 0] + 2 * np.pi - last, 2 * np.pi)
    normal = axes[:, :, 0]
    centre -= np.einsum("nd,nd->n", centre, normal)[:, None] * normal
    return np.maximum(steps.max(1, initial=0.0), around), centre


def _chains(points: Floats, ends: Integers, wide: Floats) -> tuple[Integers, Integers]:
    """The number of the chain of each end that is in one, (m,), and which points these are."""
    from scipy.spatial import cKDTree

    if len(ends) < _CHAIN:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    far, near = neighbours(cKDTree(points[ends]), points[ends], _CHAIN)
    start, which = np.nonzero(far <= _LINK * wide[ends][:, None])
    chain = connected(start, near[start, which], len(ends))
    long = np.bincount(chain)[chain] >= _CHAIN
    return np.unique(chain[long], return_inverse=True)[1], ends[long]


def _spread(points: Floats, ends: Integers, outward: Floats, wide: Floats) -> Floats:
    """Directions (n, 3) that points right beside an end share with it."""
    from scipy.spatial import cKDTree

    if not len(ends):
        return outward
    far, nearest = neighbours(cKDTree(points[ends]), points)
    beside = far < _BESIDE * wide
    return np.where(beside[:, None], outward[ends[nearest]], outward)


def _bounded(ends: Floats, chain: Integers) -> Floats:
    """The area of the ellipse with the moments of each chain, (k,)."""
    areas = np.zeros(int(chain.max(initial=-1)) + 1)
    for number in range(len(areas)):
        own = ends[chain == number]
        spread = np.linalg.svd(own - own.mean(0), compute_uv=False) / np.sqrt(len(own))
        areas[number] = 2 * np.pi * spread[0] * spread[1]  # axes are √2 deviations of its outline
    return areas
