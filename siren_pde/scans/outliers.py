"""Points that are on no surface: alone, in small groups, or scattered in space."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from siren_pde.meshes.topology import connected
from siren_pde.numerics.neighbours import neighbours

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

_NEIGHBOURS = 8
_ALONE = 2.5
"""A point that is this much sparser than its neighbours is alone, a local outlier factor."""
_SPARSE = 3.0
"""So many median spacings make a point sparse, and suspect."""
_SOLID = 0.1
"""Share of a patch's variance across its plane that no surface has; scattered points have 0.2."""
_GROUP = 20
"""Fewer linked points are no piece of a surface, unless the whole cloud is small."""
_SHARE = 1e-3
"""Nor are fewer sparse ones than this share of all."""
_ROUNDS = 4


def inliers(points: Floats) -> Integers:
    """The numbers of the `points` (n, 3) that belong to a surface, in order: no outliers.

    A point's spacing is the distance to its eighth neighbour. It is alone where that is much larger
    than the spacing of these (a local outlier factor: Breunig et al. 2000), so that sparse regions
    are not, only what is sparse beside something dense. It is scattered where it is sparse and its
    neighbours lie on no plane. Both are left out, until there are no more; then what is linked
    by steps of their spacing to fewer than twenty others, or, where it is sparse, to fewer than a
    thousandth of all. At least half of all points stay.
    """
    kept = np.arange(len(points))
    near, spacing = _neighbours(points)
    for _ in range(_ROUNDS):
        good = ~_alone(near, spacing) & ~_scattered(points[kept], spacing)
        if good.all() or 2 * good.sum() < len(points):
            break
        kept = kept[good]
        near, spacing = _neighbours(points[kept])
    size = _group_sizes(near, spacing)
    enough = np.where(_sparse(spacing), max(_GROUP, _SHARE * len(points)), _GROUP)
    good = size >= np.minimum(enough, size.max())
    return kept[good] if 2 * good.sum() >= len(points) else kept


def _neighbours(points: Floats) -> tuple[Integers, Floats]:
    """The nearest other points and how far they are, both (n, k)."""
    from scipy.spatial import cKDTree

    count = min(_NEIGHBOURS, len(points) - 1)
    spacing, near = neighbours(cKDTree(points), points, count + 1)
    return near[:, 1:], spacing[:, 1:]


def _alone(near: Integers, spacing: Floats) -> Booleans:
    return np.asarray(spacing[:, -1] > _ALONE * np.median(spacing[near, -1], axis=1))


def _sparse(spacing: Floats) -> Booleans:
    return np.asarray(spacing[:, -1] > _SPARSE * np.median(spacing[:, -1]))


def _scattered(points: Floats, spacing: Floats) -> Booleans:
    """Whether a point is sparse and its patch as thick as wide, (n,)."""
    from scipy.spatial import cKDTree

    scattered = _sparse(spacing)
    if scattered.any():
        _, near = neighbours(cKDTree(points), points[scattered], min(24, len(points)))
        patch = points[near] - points[near].mean(axis=1, keepdims=True)
        variance = np.linalg.eigvalsh(patch.transpose(0, 2, 1) @ patch)
        scattered[scattered] = variance[:, 0] > _SOLID * variance.sum(axis=1)
    return scattered


def _group_sizes(near: Integers, spacing: Floats) -> Integers:
    """How many points each one is linked to in steps of one and a half spacings, (n,)."""
    start, which = np.nonzero(spacing <= 1.5 * spacing[near, -1])
    piece = connected(start, near[start, which], len(near))
    return np.asarray(np.bincount(piece)[piece])
