"""Triangles on pixels: each centre belongs to what covers it, and of several to the nearest."""

import numpy as np
import pytest

from siren_pde.plots import raster
from siren_pde.plots.raster import in_front

SQUARE = np.array([[[1.0, 1, 0], [9, 1, 0], [9, 9, 0]], [[1, 1, 0], [9, 9, 0], [1, 9, 0]]])


def scene(count, seed):
    """Triangles of many sizes, some of them partly beside the picture."""
    rng = np.random.default_rng(seed)
    sides = 10 ** rng.uniform(-1, 1.7, (count, 1, 1))
    return rng.uniform(-5, 45, (count, 1, 3)) + sides * rng.standard_normal((count, 3, 3))


def seen_one_by_one(corners, height, width):
    """The same by barycentric coordinates of all pixels in each triangle."""
    image, nearest = np.full((height, width), -1), np.full((height, width), -np.inf)
    row, column = np.indices((height, width)) + 0.5
    for number, corner in enumerate(corners):
        system = np.stack([corner[:, 0], corner[:, 1], np.ones(3)])
        right = np.stack([column.ravel(), row.ravel(), np.ones(row.size)])
        shares = np.linalg.solve(system, right)
        depth = (corner[:, 2] @ shares).reshape(height, width)
        better = (shares.min(axis=0).reshape(height, width) >= 0) & (depth > nearest)
        image[better], nearest[better] = number, depth[better]
    return image


@pytest.mark.parametrize("at_once", [raster.AT_ONCE, 500])
def test_the_picture_is_that_of_triangles_one_by_one(monkeypatch, at_once):
    monkeypatch.setattr(raster, "AT_ONCE", at_once)
    corners = scene(300, seed=0)
    np.testing.assert_array_equal(in_front(corners, 40, 30), seen_one_by_one(corners, 40, 30))


def test_neighbours_leave_no_gap():
    assert (in_front(SQUARE, 10, 10) >= 0).sum() == 64
    turn = np.linspace(0, 2 * np.pi, 200)
    rim = np.stack([50 + 40.3 * np.cos(turn), 50 + 40.3 * np.sin(turn), 0 * turn], axis=1)
    fan = np.stack([np.full_like(rim[1:], [50, 50, 0]), rim[:-1], rim[1:]], axis=1)
    covered = in_front(fan, 100, 100) >= 0
    row, column = np.indices((100, 100)) + 0.5
    np.testing.assert_array_equal(covered, np.hypot(row - 50, column - 50) < 40.3)


def test_what_is_seen_edge_on_is_not_seen():
    standing = np.array([[[1.0, 1, 0], [9, 9, 0], [5, 5, 7]]])
    assert (in_front(standing, 10, 10) == -1).all()
    behind = SQUARE - [0, 0, 1]
    assert set(np.unique(in_front(np.concatenate([standing, behind]), 10, 10))) == {-1, 1, 2}


def test_nothing_gives_an_empty_picture():
    assert (in_front(np.empty((0, 3, 3)), 4, 5) == -1).all()
    assert (in_front(SQUARE + 100, 4, 5) == -1).all()
