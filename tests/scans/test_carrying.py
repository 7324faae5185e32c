"""What was measured at points is there at the vertices of their surface."""

import numpy as np
import pytest

from siren_pde import PointCloud
from siren_pde.scans import carrying
from siren_pde.scans.carrying import carried

DRAW = np.random.default_rng(0)
POINTS = DRAW.uniform(-1, 1, (4000, 3))
PLACES = DRAW.uniform(-0.9, 0.9, (500, 3))


@pytest.mark.parametrize("offset", [0.0, 1e7])
def test_smooth_measurements_are_carried_closely(offset: float) -> None:
    heat = POINTS @ [1.0, -2.0, 3.0]
    there = carried(PointCloud(POINTS + offset, heat=heat), PLACES + offset)
    spacing = 2 / len(POINTS) ** (1 / 3)
    assert np.abs(there["heat"] - PLACES @ [1.0, -2.0, 3.0]).mean() < 2 * spacing
    same = carried(PointCloud(POINTS + offset, heat=heat), POINTS[:50] + offset)
    np.testing.assert_allclose(same["heat"], heat[:50], atol=1e-6)


def test_constants_stay_constant_and_means_stay_between() -> None:
    red = DRAW.integers(0, 256, len(POINTS))
    there = carried(PointCloud(POINTS, red=red, one=np.full(len(POINTS), 0.1)), PLACES)
    np.testing.assert_allclose(there["one"], 0.1, rtol=1e-12)
    assert red.min() <= there["red"].min() and there["red"].max() <= red.max()


def test_classes_are_those_of_the_nearest_point() -> None:
    kind = DRAW.choice([2, 5, 6], len(POINTS))
    there = carried(PointCloud(POINTS, kind=kind, pair=POINTS[:, :2]), PLACES)
    near = np.linalg.norm(POINTS[None] - PLACES[:, None], axis=2).argmin(axis=1)
    np.testing.assert_array_equal(there["kind"], kind[near])
    assert set(there) == {"kind"}


def test_few_or_many_points_or_none_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    assert carried(PointCloud(POINTS), PLACES) == {}
    np.testing.assert_array_equal(carried(PointCloud(POINTS[:1], t=[0.5]), PLACES)["t"], 0.5)
    monkeypatch.setattr(carrying, "MOST", 1000)
    heat = POINTS @ [1.0, -2.0, 3.0]
    there = carried(PointCloud(POINTS, heat=heat), PLACES)
    assert np.abs(there["heat"] - PLACES @ [1.0, -2.0, 3.0]).mean() < 1
