"""Points that smoothing has left beside the surface are left out, and few others."""

import numpy as np
import pytest

from siren_pde.scans.denoise import denoised
from siren_pde.scans.smoothed_outliers import without_outliers
from tests.prisms import PRISMS


@pytest.mark.parametrize(("level", "off"), [(0.005, 1.5), (0.01, 1.5)])
def test_points_far_from_a_part_are_left_out(level, off):
    shape = PRISMS["slotted box"]
    x, _ = shape.sample(20_000, 1)
    deviation = level * np.ptp(x, axis=0).max()
    noise = np.random.default_rng(5).standard_normal(x.shape)
    smooth = denoised(x + deviation * noise, None, 0)
    kept = without_outliers(smooth)
    far, left = (np.abs(shape.distance(y.positions)) > off * deviation for y in (smooth, kept))
    assert far.sum() >= 10 and left.sum() < 0.4 * far.sum()
    assert len(kept.positions) > 0.97 * len(smooth.positions)


def test_corners_of_a_dense_part_stay():
    shape = PRISMS["slotted box"]
    x, normals = shape.sample(20_000, 2)
    noise = np.full(len(x), 0.01)
    smooth = denoised(x, normals, 0)._replace(positions=x, normals=normals, scattered=noise)
    kept = without_outliers(smooth).positions
    corners = x[np.linalg.norm(np.abs(x) - [1, 0.7, 0.4], axis=1) < 0.1]
    assert len(kept) > 0.99 * len(x) and len(corners) > 100
    there = (kept[:, None] == corners).all(2).any(0)
    assert there.mean() > 0.95


def test_points_without_noise_come_back_as_they_are():
    x, normals = PRISMS["bracket"].sample(5000, 3)
    smooth = denoised(x, normals, 0)
    assert without_outliers(smooth) is smooth
