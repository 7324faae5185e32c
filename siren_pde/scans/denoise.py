"""Noisy points moved on to the smooth surface, with its creases, that their neighbours agree on."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple, final

import numpy as np
import numpy.typing as npt
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from siren_pde.numerics.neighbours import neighbours
from siren_pde.scans.creases import sharpened
from siren_pde.scans.noise import AT_ONCE, Settled, enough_neighbours, settled
from siren_pde.scans.normals import estimated
from siren_pde.scans.sheets import NEIGHBOURS

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

MOST = 100_000
"""Points that are moved; of more, that many are drawn at random, and all enter the fits."""
_ASKED = 96
"""Neighbours in a patch, if noise requires more, are gathered into so many groups first."""
_GROWN = 3
"""A patch for averaging has so many times the neighbours of one that a quadric is fitted to."""
_SCALES = (1.0, 0.5, 0.25)
"""Variances of the Gaussian weights, of which the first is that of the largest patch."""
_WIDTH = 0.5
"""The largest Gaussian's width, in radii of the patch."""
_CREASE, _SHARP_CREASE = 0.5, 0.3
"""Neighbours whose normals differ by more count less and less: they are beyond a crease. Less is
enough where faces are flat: points of a box, 10,000 with noise of 0.4 and 0.8 % of its length, come
to lie 5 to 9 % farther from it with twice the second, and 1 % farther with half of it.
"""
_FILTERED, _FILTERS, _SHARP_FILTERS = 48, 3, 10
"""Neighbours in a filter of normals, and how often it is applied, and where faces are flat: of that
box, points lie 2 % farther with half the last, and 2 % nearer, in more time, with twice of it.
"""
_TIMES, _LEAST_ALIKE, _MOST_ALIKE = 1.9, 0.15, 0.4
"""In so many of their typical differences, normals are alike, but not in less or more. Of that box,
half the first changes nothing and twice of it 2 %; twice the second brings points 6 to 16 % farther
from it, and half of it brings them no nearer, but turns normals at edges by a degree more. Of 5,000
points of the fandisk, whose normals differ so much that the third counts, half the first brings
points 7 to 14 % nearer, of the armadillo and the elephant less than 1 %.
"""
FLAT = 0.1
"""The typical difference between normals beside each other is smaller where faces are flat: 0.07
for a box with slots and noise of 1 %, 0.14 for the armadillo with half of it.
"""
PLANE = 0.03
"""It is still smaller, of points that have been smoothed, where most of the surface is plane, and
creases are what is left: 0.008 to 0.023 for 100,000 points of designed parts with 0.5 and 1 % of
noise, 0.047 for the bunny, on which creases would be found that it does not have.
"""
_COMPARED = 2000
"""Points whose normals are compared with those beside them."""
_SURE = 1.5
"""Detail counts as far as it is this much stronger than noise would be."""
_REGRESSED = 32
"""Neighbours for the normals of points that have been smoothed."""
_BELIEVED = 0.8
"""Normals are not believed if half of them are farther than this cosine from those of quadrics."""
_ROUGH_NORMALS = 0.02
"""Mean squared differences between normals at one place that are noise: eight degrees."""
_UNUSUAL = 4.0
"""Heights of so many standard deviations count less and less: they are of another sheet."""


class Denoised(NamedTuple):
    """Positions (m, 3), unit normals (m, 3) or None, and standard deviations of positions (m,).

    `scattered` (m,) are those of the points that were given, around the ones that came of them.
    Where there was no noise, positions and normals are those that were given, without deviations.
    """

    positions: Floats
    normals: Floats | None
    noise: Floats
    scattered: Floats


def denoised(points: Floats, normals: Floats | None = None, seed: int = 0) -> Denoised:
    """Points (m, 3), m ≤ n, on the surface that the noisy `points` (n, 3) scatter around.

    Normals (n, 3) that are given show what is surface and what is crease, and are smoothed with
    their neighbours; else they are those of local quadrics, of either sign at first, and oriented
    as soon as points have moved once, so that the other side of a thin part counts no longer. They
    are filtered where they are much alike, so that creases stay, and points follow them (Zheng et
    al. 2011).
    Between two points with normals, the surface rises by what both planes say on average, which
    holds up to third order. So each point moves to the mean of what its neighbours say. How many
    are asked is decided by the detail they show: see `_Cloud.moved`.

    Clouds without noise come back as they are.
    """
    size = enough_neighbours(points, seed)
    if size is None:
        return Denoised(points, normals, *np.zeros((2, len(points))))
    centre, extent = points.mean(axis=0), float(np.ptp(points, axis=0).max())
    noisy, start, given = _begun((points - centre) / extent, normals, size, seed)
    x, noise = start.positions, start.heights
    k = min(int(_GROWN * min(size, _ASKED)), len(x))
    beside = _Beside(x)
    n = given if given is not None else _filtered(beside, start.normals, signed=False)
    x, _ = _moved(noisy, beside, n, noise, k=k, signed=given is not None)
    beside, crease = _Beside(x), _CREASE
    if given is None:
        oriented, _ = estimated(x, near=beside.near[1].numpy()[:, 1 : NEIGHBOURS + 1])
        steps = settled(x, x, beside.tree, min(_REGRESSED, len(x)))
        n = on_side_of(steps.normals, oriented)
        crease = _SHARP_CREASE if beside.typical_difference(n) < FLAT else _CREASE
        n = _filtered(beside, n, signed=True)
    x, error = _moved(noisy, beside, n, noise, k=k, signed=True, crease=crease)
    if crease < _CREASE and typical_difference(x, n) < PLANE:
        x, n = sharpened(noisy, x, n)
    return Denoised(centre + extent * x, n, extent * error, extent * noise)


@final
class _Beside:
    """Points (n, 3) and those beside each of them, looked up once."""

    def __init__(self, positions: Floats) -> None:
        self.positions, self.tree = positions, cKDTree(positions)

    @property
    def parts(self) -> list[Integers]:
        """All points, some at once, each near the one before."""
        return np.array_split(np.asarray(self.tree.indices), -(-len(self.positions) // AT_ONCE))

    @cached_property
    def near(self) -> tuple[Tensor, Tensor]:
        """The distances and numbers (n, k) of those that filters take the mean of."""
        shape = len(self.positions), min(_FILTERED, len(self.positions))
        far, near = np.empty(shape, dtype=np.float32), np.empty(shape, dtype=np.int64)
        for part in self.parts:
            far[part], near[part] = neighbours(self.tree, self.positions[part], shape[1])
        return torch.from_numpy(far), torch.from_numpy(near)

    def typical_difference(self, normals: Floats) -> float:
        """That of their normals (n, 3)."""
        return typical_difference(self.positions, normals, self.near[1].numpy())


def on_side_of(normals: Floats, oriented: Floats) -> Floats:
    """Unit normals (n, 3), each of two signs, on the side of others that have one."""
    return np.where(_dot(normals, oriented) < 0, -1.0, 1.0)[:, None] * normals


def _begun(
    points: Floats, normals: Floats | None, size: int, seed: int
) -> tuple[Floats, Settled, Floats | None]:
    """The points that are moved (m, 3), on quadrics, and the normals that are believed of them.

    Of too many points, some stand for those nearest to them on the surface, whose mean they become.
    """
    tree = cKDTree(points)
    chosen = np.asarray(tree.indices)
    most = min(MOST, len(chosen) * _ASKED // max(size, _ASKED))
    if len(chosen) > most:
        drawn = np.random.default_rng(seed).permutation(len(chosen))[:most]
        chosen = chosen[np.sort(drawn)]
    start = settled(points[chosen], points, tree, size)
    if normals is not None:
        normals = normals[chosen]
        agreement = _dot(normals, start.normals)
        if np.median(np.abs(agreement)) < _BELIEVED:
            normals = on_side_of(start.normals, normals)
        if _contradictory(start.positions, normals):
            normals = _filtered(_Beside(start.positions), normals, signed=True)
    if len(chosen) == len(points):
        return points[chosen], start, normals
    owner = neighbours(cKDTree(start.positions), points)[1]
    heights = _dot(points - start.positions[owner], start.normals[owner])
    count = np.maximum(np.bincount(owner, minlength=len(chosen)), 1)
    mean = np.bincount(owner, heights, len(chosen)) / count
    shared = start._replace(heights=start.heights / np.sqrt(count))
    return start.positions + mean[:, None] * start.normals, shared, normals


def _contradictory(x: Floats, normals: Floats) -> bool:
    """Whether unit normals (n, 3) differ from those right beside them more than surfaces turn.

    Their squared differences grow with the square of distance; what remains at none is noise, the
    nugget of the variogram (Matheron 1963).
    """
    sample = np.arange(0, len(x), -(-len(x) // 5000))
    far, near = neighbours(cKDTree(x), x[sample], 17)
    unlike = ((normals[sample, None] - normals[near]) ** 2).sum(2).mean(0)
    apart = (far**2).mean(0)
    nugget = unlike[1] - (unlike[-1] - unlike[1]) * apart[1] / max(apart[-1] - apart[1], 1e-300)
    return bool(nugget > _ROUGH_NORMALS)


def _filtered(cloud: _Beside, normals: Floats, *, signed: bool) -> Floats:
    """Normals (n, 3) averaged with those beside them that are alike, again and again.

    What is alike is told by what is usual (Tomasi and Manduchi 1998): on flat faces, a crease is.
    """
    usual = cloud.typical_difference(normals)
    alike = min(max(_TIMES * usual, _LEAST_ALIKE), _MOST_ALIKE)
    far, near = cloud.near
    n = torch.from_numpy(normals).float()
    for _ in range(_SHARP_FILTERS if usual < FLAT else _FILTERS):
        new = torch.empty_like(n)
        for part in map(torch.from_numpy, cloud.parts):
            beside, own = n[near[part]], n[part]
            cosine = (beside @ own[:, :, None])[:, :, 0]
            weight = _gaussian(far[part], _WIDTH)
            weight *= _alike(cosine if signed else cosine.abs(), alike)
            weight = weight if signed else weight * cosine.sign()
            mean = (weight[:, None] @ beside)[:, 0]
            new[part] = mean / mean.norm(dim=1, keepdim=True).clamp_min(1e-30)
        n = new
    return np.asarray(n.double().numpy())


def typical_difference(x: Floats, normals: Floats, near: Integers | None = None) -> float:
    """The median length of differences between normals (n, 3), of either sign, of neighbours.

    `near` (n, k) are these, and the points themselves first, where they are known.
    """
    chosen = np.arange(0, len(x), -(-len(x) // _COMPARED))
    if near is None:
        beside = neighbours(cKDTree(x), x[chosen], min(_FILTERED, len(x)))[1]
    else:
        beside = near[chosen]
    cosine = np.abs(np.einsum("nkd,nd->nk", normals[beside[:, 1:]], normals[chosen]))
    return float(np.sqrt(np.median(np.maximum(2 - 2 * cosine, 0))))


def _moved(
    noisy: Floats,
    cloud: _Beside,
    normals: Floats,
    noise: Floats,
    *,
    k: int,
    signed: bool,
    crease: float = _CREASE,
) -> tuple[Floats, Floats]:
    """A cloud (n, 3) where `noisy` points (n, 3) beside it are on average, and how sure that is.

    Of the k nearest, the mean is taken with wide weights and with narrower ones. What that changes
    is detail, as far as its square in the neighbourhood exceeds that of noise of standard
    deviations `noise` (n,): so it is shrunk (James and Stein 1961). The standard deviations (n,)
    that come back are those of the mean, and of the detail that is kept.
    """
    x, tree = cloud.positions, cloud.tree
    means, shares = np.empty((2, len(_SCALES), len(x)))
    beside = np.empty((len(x), k // 4), dtype=np.int32)
    y, at, n = (torch.from_numpy(values).float() for values in (noisy, x, normals))
    for part in cloud.parts:
        far, near = neighbours(tree, x[part], k)
        beside[part] = near[:, : k // 4]
        own, index = torch.from_numpy(part), torch.from_numpy(near)
        cosine = (n[index] @ n[own][:, :, None])[:, :, 0]
        ways = n[index] if signed else n[index] * cosine.sign()[:, :, None]
        cosine = cosine if signed else cosine.abs()
        ways = (ways + n[own][:, None]) / (1 + cosine.clamp_min(0))[:, :, None]
        heights = ((y[index] - at[own][:, None]) * ways).sum(2)
        usual = torch.from_numpy(noise[part]).float()[:, None].clamp_min(1e-30)
        unusual = heights / (_UNUSUAL * usual)
        weight = _alike(cosine, crease) * torch.exp(-unusual.square() / 2)
        before: Tensor | float = 0.0
        distance = torch.from_numpy(far).float()
        for i, scale in enumerate(_SCALES):
            mine = weight * _gaussian(distance, _WIDTH * scale**0.5)
            mine = mine / mine.sum(1, keepdim=True).clamp_min(1e-30)
            means[i, part] = (mine * heights).sum(1).numpy()
            shares[i, part] = (mine - before).square().sum(1).numpy()
            before = mine
    variance = noise**2
    height, error = means[0], variance * shares[0]
    for i in range(1, len(_SCALES)):
        detail, random = means[i] - means[i - 1], variance * shares[i]
        power, random = (detail[beside] ** 2).mean(1), random[beside].mean(1)
        share = np.clip(1 - _SURE * random / np.maximum(power, 1e-300), 0, 1)
        height = height + share * detail
        lost = (1 - share) ** 2 * np.maximum(power - random, 0)
        error = error + share**2 * random + lost
    return x + height[:, None] * normals, np.sqrt(error)


def _gaussian(far: Tensor, width: float) -> Tensor:
    """Weights of neighbours so far (n, k), in order; the width is in radii of the last one."""
    return torch.exp(-((far / (width * far[:, -1:].clamp_min(1e-30))) ** 2) / 2)


def _alike(cosine: Tensor, width: float) -> Tensor:
    """Weights of unit normals by their difference, whose square is 2 − 2 cos."""
    return torch.exp((cosine - 1) / width**2)


def _dot(a: Floats, b: Floats) -> Floats:
    return np.asarray(np.einsum("nd,nd->n", a, b))
