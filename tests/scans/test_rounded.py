"""Coordinates of single precision far from the origin, and others that only look like it."""

import warnings

import numpy as np
import pytest

from siren_pde import PointCloud
from siren_pde.errors import InputWarning
from siren_pde.scans.prepare import cleaned, deduplicated
from siren_pde.scans.rounded import rounding_step
from tests.oriented_shapes import sphere

POINTS, NORMALS = sphere(4000, np.random.default_rng(0))


def test_single_precision_far_away_is_said_with_its_step():
    far = (50 * POINTS + 1e7).astype(np.float32)
    cloud = deduplicated(PointCloud(far, normals=NORMALS))
    with pytest.warns(InputWarning, match="single precision, rounded to 1, where points") as said:
        cleaned(cloud)
    assert said[0].filename == __file__  # the line that asked, not one of ours


def test_the_step_is_that_of_the_largest_axis():
    far = POINTS + np.array([0, 3e6, 100])
    assert rounding_step(far.astype(np.float32).astype(np.float64)) == 0.25
    assert rounding_step(far) == 0.0


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "points",
    [
        POINTS + 1e7,
        POINTS.astype(np.float32),
        np.round(100 * POINTS + 1e5).astype(np.float32),
        np.indices((40, 40, 1)).reshape(3, -1).T + 0.0,
    ],
)
def test_double_precision_lattices_and_near_clouds_are_not(points):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*in one plane")
        assert len(cleaned(deduplicated(PointCloud(points))).positions) > 1500
