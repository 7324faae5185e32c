"""How far smoothing errs, told by smoothing once more what it made of a noisy cloud."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from siren_pde.numerics.neighbours import neighbours
from siren_pde.scans.denoise import Denoised, denoised

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_WHOLE = 20_000
"""Points that are smoothed once more; of larger clouds as many, in parts around random points."""
_PARTS = 4
"""So many parts: together a third of the work of smoothing 100,000 points."""
_INNER = 0.55
"""Radii of a part within which its edge, farther away than the radius of a patch, hardly matters.
"""
_SCATTER = 33
"""Neighbours whose heights above the smooth surface say how noisy a point is."""
_BESIDE = 4
"""Points of the second surface that say how far it is from the first."""
_CREASE = 0.3
"""Points whose normals differ by more count less and less: they are beyond a crease."""
_STREAM = 3
"""Of random numbers, other than those that points may have been made with."""
_USUAL = 1.8
"""The answer where no part shows noise: the median of what others do, by benchmarks/sdf.py. Of four
noisy clouds of 5,000 points (armadillo, elephant, fandisk), of which rehearsals say 1.8 to 2.3, so
82 to 95 % of the errors are within two deviations; with half of it 55 to 71 %, with twice of it 97
to 100 %.
"""


def error_ratio(points: Floats, normals: Floats | None, smooth: Denoised, seed: int = 0) -> float:
    """How many times larger errors of `smooth` are than the standard deviations it tells of them.

    `points` (n, 3) with or without normals (n, 3) have become `smooth`. Those are right for points
    that err independently, but what a patch takes for its normal errs together with its
    neighbours', and creases and thin parts are rounded. So smooth points are taken for the truth,
    get as much noise as there was, and are smoothed again: that errs by nearly as much, and here it
    is known. It is the parametric bootstrap (Efron 1979).
    """
    from scipy.spatial import cKDTree

    assert smooth.normals is not None  # what was smoothed has them
    tree = cKDTree(smooth.positions)
    squares, told = 0.0, 0.0
    for number, part in enumerate(_parts(points, seed)):
        owner = neighbours(tree, points[part])[1]
        above = _dot(points[part] - smooth.positions[owner], smooth.normals[owner])
        feet = points[part] - above[:, None] * smooth.normals[owner]
        own = None if normals is None else smooth.normals[owner]
        again = denoised(_scattered(feet, above, [seed, number, _STREAM]), own, seed)
        if not again.noise.any():
            continue
        inner = np.unique(owner[_inner(points[part])] if len(part) < len(points) else owner)
        squares += float(_apart(smooth, again, inner).sum())
        told += float((smooth.noise[inner] ** 2).sum())
    return float(np.sqrt(squares / told)) if told > 0 else _USUAL


def _parts(points: Floats, seed: int) -> list[Integers]:
    """The numbers of the points in each part; the first one is in its middle."""
    from scipy.spatial import cKDTree

    if len(points) <= _WHOLE:
        return [np.arange(len(points))]
    middles = np.random.default_rng([seed, 2]).choice(len(points), _PARTS, replace=False)
    near = neighbours(cKDTree(points), points[middles], _WHOLE // _PARTS)[1]
    return list(near)


def _inner(part: Floats) -> npt.NDArray[np.bool_]:
    """Which points (n, 3) of a part, from its middle outwards, are away from its edge."""
    far = np.linalg.norm(part - part[0], axis=1)
    return np.asarray(far < _INNER * far[-1])


def _scattered(feet: Floats, above: Floats, seed: list[int]) -> Floats:
    """Points (n, 3) on a surface, scattered as much as heights (n,) above it are beside them."""
    from scipy.spatial import cKDTree

    near = neighbours(cKDTree(feet), feet, min(_SCATTER, len(feet)))[1]
    deviations = np.sqrt((above[near] ** 2).mean(1))
    noise = np.random.default_rng(seed).standard_normal(feet.shape)
    return np.asarray(feet + deviations[:, None] * noise)


def _apart(first: Denoised, second: Denoised, chosen: Integers) -> Floats:
    """Squares (k,) of how far chosen points of the first surface are from the second.

    Between two points, a surface rises by what both planes say on average, unless there is a crease
    between them.
    """
    from scipy.spatial import cKDTree

    assert first.normals is not None and second.normals is not None
    x, normals = first.positions[chosen], first.normals[chosen]
    near = neighbours(cKDTree(second.positions), x, _BESIDE)[1]
    offsets, theirs = x[:, None] - second.positions[near], second.normals[near]
    cosine = np.einsum("nkd,nd->nk", theirs, normals)
    ways = theirs * np.sign(cosine)[:, :, None] + normals[:, None]
    heights = np.einsum("nkd,nkd->nk", offsets, ways) / (1 + np.abs(cosine))
    weights = np.exp((np.abs(cosine) - 1) / _CREASE**2)
    return np.asarray((weights * heights**2).sum(1) / weights.sum(1))


def _dot(a: Floats, b: Floats) -> Floats:
    return np.asarray(np.einsum("nd,nd->n", a, b))
