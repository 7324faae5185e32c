"""A scan made fit to be fitted: each point once, outliers left out, noise smoothed, normals."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from siren_pde.domains.cloud import PointCloud
from siren_pde.errors import DataFileError, InputWarning
from siren_pde.scans.denoise import denoised, on_side_of
from siren_pde.scans.given_normals import Orientation, checked, known_orientation
from siren_pde.scans.noise import shared_by_sheets
from siren_pde.scans.normals import estimated
from siren_pde.scans.outliers import inliers
from siren_pde.scans.rehearsal import error_ratio
from siren_pde.scans.rounded import say_rounding
from siren_pde.scans.smoothed_outliers import without_outliers

Floats = npt.NDArray[np.float64]

MOST = 500_000
"""Points that a fit takes; of more, that many are drawn at random."""
DRAWN = 4
"""So many times `MOST` are many, of which half as many are looked at."""
_SHEETS = 0.02
"""The share of points between two sheets that is said."""
_FLAT = 1e-9
"""Extents below this share of the largest one are rounding."""


def deduplicated(cloud: PointCloud, seed: int = 0) -> PointCloud:
    """The different points of a scan, at most `MOST` of them, with their normals.

    A warning says where points in a plane leave the surface open, and what was left out because
    there is too much of it. Raises DataFileError where there can be no surface: in fewer than three
    coordinates, with fewer than four different points, or with all points on one line.
    """
    if len(cloud.axes) != 3:
        raise DataFileError(
            f"a surface needs points in three coordinates, got {', '.join(cloud.axes)}. Give "
            "positions of shape (n, 3)."
        )
    positions = cloud.positions.double().cpu().numpy()
    kept = _thinned(positions, seed)
    if len(kept) < 4:
        raise DataFileError(
            f"a surface needs at least four different points, got {len(kept)} among "
            f"{len(positions)}. Check that the file holds the positions you expect."
        )
    _check_spread(positions[kept])
    if len(kept) > MOST:
        warnings.warn(
            f"of {len(positions)} points, {MOST} drawn at random are used: more of them would make "
            "no difference to the fit.",
            stacklevel=3,
        )
        kept = np.sort(np.random.default_rng(seed).choice(kept, MOST, replace=False))
    if len(kept) == len(positions):
        return cloud
    chosen = torch.from_numpy(kept).to(cloud.positions.device)
    normals = None if cloud.normals is None else cloud.normals[chosen]
    return PointCloud(cloud.positions[chosen], normals=normals, axes=cloud.axes)


def _thinned(positions: Floats, seed: int) -> npt.NDArray[np.int64]:
    """The numbers of different points, more than `MOST` where there are more: of very many, some
    drawn at random are compared alone, which takes a tenth of the time.
    """
    if len(positions) > DRAWN * MOST:
        share = DRAWN / 2 * MOST / len(positions)
        drawn = np.flatnonzero(np.random.default_rng([seed, 1]).random(len(positions)) < share)
        kept = drawn[_first_of_each(positions[drawn])]
        if len(kept) > MOST:
            return np.asarray(kept)
    return _first_of_each(positions)


def _first_of_each(positions: Floats) -> npt.NDArray[np.int64]:
    """The numbers of the points that differ from all before them."""
    bits = (positions + 0.0).view(np.uint64)  # + 0.0 makes one of both zeros
    # Products of the bits with odd numbers agree for different points once in 2⁶⁴ pairs.
    key = bits[:, 0] * np.uint64(0x9E3779B97F4A7C15)
    key ^= key >> np.uint64(29)
    key = (key ^ bits[:, 1]) * np.uint64(0xC2B2AE3D27D4EB4F)
    key ^= key >> np.uint64(31)
    key = (key ^ bits[:, 2]) * np.uint64(0x165667B19E3779F9)
    key ^= key >> np.uint64(32)
    return np.sort(np.unique(key, return_index=True)[1])


def _check_spread(positions: Floats) -> None:
    """An error for points on a line, a warning for points in a plane."""
    centred = positions - positions.mean(0)
    extent = np.abs(centred).max()
    rounding = _FLAT + 4 * np.finfo(np.float64).eps * np.abs(positions).max() / extent
    centred /= extent
    extents = np.sqrt(np.maximum(np.linalg.eigvalsh(centred.T @ centred), 0.0))
    # The matrix of squares loses half of the digits: look again along its own axes.
    if extents[0] < 1e-6 * extents[2]:
        axes = np.linalg.eigh(centred.T @ centred)[1]
        extents = np.linalg.norm(centred @ axes, axis=0)
    flat = int((extents <= rounding * extents.max()).sum())
    if flat >= 2:
        raise DataFileError(
            f"all {len(positions)} different points lie on one line: that is no surface. Check "
            "that the file holds the positions you expect."
        )
    if flat == 1:
        warnings.warn(
            f"all {len(positions)} points lie in one plane: so does what is fitted, up to the box "
            "around them.",
            stacklevel=4,
        )


class Cleaned(NamedTuple):
    """Positions (m, 3), unit normals (m, 3), and what is known of them.

    `trust` (m,) is the confidence in each normal, in 0…1, and `noise` (m,) are the standard
    deviations of the positions as they are now, in their unit: None where there was none to be
    smoothed away.
    """

    positions: Floats
    normals: Floats
    trust: Floats
    noise: Floats | None = None


def cleaned(cloud: PointCloud, seed: int = 0, orientation: Orientation = "auto") -> Cleaned:
    """The `inliers` of a cloud, `denoised`, with normals that are `checked` or `estimated`.

    A cloud with normals keeps all of its points: where they were measured, outliers have been left
    out. Warnings say how many outliers there are, what is done to normals, where coordinates have
    been rounded, and where two sheets are too near to each other to be told apart.
    """
    known_orientation(orientation)
    positions = cloud.positions.double().cpu().numpy()
    say_rounding(positions)
    given = None if cloud.normals is None else cloud.normals.double().cpu().numpy()
    kept = inliers(positions) if given is None else np.arange(len(positions))
    if len(kept) < len(positions):
        warnings.warn(
            f"{len(positions) - len(kept)} of {len(positions)} points are left out: they lie on no "
            "surface with others. Give normals to keep all points.",
            stacklevel=3,
        )
    positions = positions[kept]
    surface = without_outliers(denoised(positions, given, seed))
    smooth, normals, noise, scattered = surface
    if given is None:
        oriented, trust = estimated(smooth)
        normals = oriented if normals is None else on_side_of(normals, oriented)
    else:
        normals = given if normals is None else normals
        normals, trust, said = checked(smooth, normals, orientation)
        for sentence in said:
            warnings.warn(sentence, InputWarning, stacklevel=3)
    if smooth is positions:
        return Cleaned(smooth, normals, trust)
    _say_sheets(shared_by_sheets(smooth, normals, scattered))
    noise = error_ratio(positions, given, surface, seed) * noise
    return Cleaned(smooth, normals, trust, noise)


def _say_sheets(share: float) -> None:
    if share > _SHEETS:
        warnings.warn(
            f"{share:.0%} of the points lie where two sheets are nearer to each other than noise "
            "lets them be told apart: there, what was fitted may be one sheet or have holes. "
            "Points with less noise, or with measured normals, would tell.",
            InputWarning,
            stacklevel=4,
        )
