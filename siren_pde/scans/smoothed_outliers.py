"""Smoothed points that have not come to the surface of those around them."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from siren_pde.numerics.neighbours import neighbours
from siren_pde.scans.denoise import Denoised

_ASKED = 48
"""Neighbours that say where the surface is: of fewer, outliers find some beside them to agree with.
"""
_AGREE = 0.25
"""The share of neighbours in whose planes a point must lie: a corner shares its face with fewer
than a third. There 1.2 % of the points are left out, and 7.4 % at 0.35.
"""
_FAR = 0.3
"""Heights of so many standard deviations of the noise are far, where others are so dense that they
have become a thin sheet.
"""
_UNUSUAL = 6.0
"""Heights of so many times the median are unusual, where points are few and their surface bends.

Of 20,000 points of a box with slots and 0.5 % of noise, 1.6 % are left out, among them 9 of 12 that
are more than 1.5 standard deviations off; at 8 it is 7 of 12, at 4 it is 9 and 3.6 % of all.
"""


def without_outliers(smooth: Denoised) -> Denoised:
    """The points of a cloud that has been smoothed, but for those beside its surface.

    A point that noise has thrown far out has few neighbours beside it that tell it where to go. It
    stays behind, and where others have become a thin sheet, it is a sheet of its own: islands and
    tunnels come of it. What is not in the planes of enough of its neighbours is left out. Where
    there was no noise, all come back as they are.
    """
    x, normals = smooth.positions, smooth.normals
    if normals is None or not smooth.scattered.any():
        return smooth
    near = neighbours(cKDTree(x), x, min(_ASKED + 1, len(x)))[1][:, 1:]
    heights = np.abs(np.einsum("nkd,nkd->nk", x[:, None] - x[near], normals[near]))
    rank = int(_AGREE * heights.shape[1])
    off = np.partition(heights, rank, axis=1)[:, rank]
    kept = off <= np.maximum(_FAR * smooth.scattered, _UNUSUAL * np.median(off))
    return Denoised(*(values[kept] for values in (x, normals, smooth.noise, smooth.scattered)))
