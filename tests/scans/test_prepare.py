"""Clouds as scanners give them: outliers go, noise is smoothed, and the clean are let be."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from siren_pde import PointCloud
from siren_pde.scans.denoise import denoised
from siren_pde.scans.outliers import inliers
from siren_pde.scans.prepare import cleaned

N = 20_000


def directions(n, rng):
    x = rng.standard_normal((n, 3))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def sphere(n, rng):
    x = directions(n, rng)
    return x, x


def torus(n, rng):
    """Radii 1 and 0.4, evenly by area."""
    u, v = 2 * np.pi * rng.random((2, 4 * n))
    u, v = (a[rng.random(4 * n) < (1 + 0.4 * np.cos(v)) / 1.4][:n] for a in (u, v))
    normals = np.stack([np.cos(v) * np.cos(u), np.cos(v) * np.sin(u), np.sin(v)], 1)
    return np.stack([np.cos(u), np.sin(u), 0 * u], 1) + 0.4 * normals, normals


def box(n, rng, half=(1.0, 0.7, 0.5)):
    half = np.array(half)
    areas = half.prod() / half
    axis = rng.choice(3, n, p=areas / areas.sum())
    normals = np.eye(3)[axis] * rng.choice([-1.0, 1.0], n)[:, None]
    return half * np.where(normals == 0, rng.uniform(-1, 1, (n, 3)), normals), normals


def plate(n, rng):
    return box(n, rng, (1.0, 1.0, 0.1))


def two_spheres(n, rng):
    x = directions(n, rng)
    return np.where(np.arange(n)[:, None] % 2, x, 0.7 * x + [2.0, 0, 0]), x


SHAPES = [sphere, torus, box, plate, two_spheres]


def scattered(points, share, rng):
    """The points with a share of them put anywhere, and which these are."""
    low, high = points.min(0), points.max(0)
    outlier = rng.random(len(points)) < share
    wide = (high - low).max() / 10
    anywhere = rng.uniform(low - wide, high + wide, points.shape)
    return np.where(outlier[:, None], anywhere, points), outlier


def matched(found, points, normals):
    """The share of normals that are those of a true point beside them, to sixty degrees: at
    an edge the nearest may be on the other face, to which a right normal is perpendicular.
    """
    nearest = cKDTree(points).query(found[0], k=8)[1]
    cosine = np.einsum("nd,nkd->nk", found[1], normals[nearest])
    return np.mean(cosine.max(1) > 0.5)


@pytest.mark.parametrize("shape", SHAPES)
def test_clean_clouds_are_unchanged(shape):
    points, normals = shape(N, np.random.default_rng(0))
    found = cleaned(PointCloud(points))
    np.testing.assert_array_equal(found[0], points)
    assert matched(found, points, normals) > 0.999


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.* left out")
@pytest.mark.parametrize("shape", SHAPES)
def test_noisy_clouds_are_oriented(shape):
    rng = np.random.default_rng(0)
    points, normals = shape(N, rng)
    noise = 0.005 * np.ptp(points, axis=0).max() * rng.standard_normal(points.shape)
    found = cleaned(PointCloud(points + noise))
    assert matched(found, points, normals) > 0.999


@pytest.mark.slow
@pytest.mark.parametrize("level", [0.002, 0.005, 0.01])
def test_smoothing_a_sphere_leaves_a_third_of_the_noise(level):
    """Heights of a sphere of radius 1 above itself, of 100,000 points; and it does not shrink."""
    rng = np.random.default_rng(0)
    x = directions(100_000, rng)
    heights = (
        np.linalg.norm(denoised(x + level * rng.standard_normal(x.shape)).positions, axis=1) - 1
    )
    assert np.sqrt(np.mean(heights**2)) < level / 3
    assert abs(heights.mean()) < level / 20


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.* left out")
@pytest.mark.parametrize("shape", SHAPES)
def test_outliers_are_left_out_and_the_rest_is_oriented(shape):
    rng = np.random.default_rng(0)
    points, normals = shape(N, rng)
    both, outlier = scattered(points, 0.05, rng)
    found = cleaned(PointCloud(both))
    assert matched(found, points, normals) > 0.999
    kept = np.isin(np.arange(N), inliers(both))
    assert kept[~outlier].mean() > 0.999
    tree = cKDTree(points[~outlier])
    spacing = np.median(tree.query(points[:1000], k=9)[0][:, -1])
    away = outlier & (tree.query(both)[0] > 3 * spacing)
    assert away.sum() > 100
    assert kept[away].mean() < 0.01


@pytest.mark.parametrize("shape", SHAPES)
def test_a_density_that_varies_thirtyfold_is_no_reason(shape):
    rng = np.random.default_rng(0)
    points, _ = shape(4 * N, rng)
    height = (points[:, 2] - points[:, 2].min()) / np.ptp(points[:, 2])
    uneven = points[rng.random(len(points)) < 30.0**-height]
    assert len(inliers(uneven)) > 0.99 * len(uneven)


@pytest.mark.parametrize("n", [4, 10, 100, 1000])
def test_small_clouds_lose_nothing(n):
    points = directions(n, np.random.default_rng(0))
    np.testing.assert_array_equal(inliers(points), np.arange(n))
    assert denoised(points).positions is points


def test_a_small_group_apart_is_left_out_with_a_warning():
    rng = np.random.default_rng(0)
    group = [3.0, 0, 0] + 0.01 * rng.standard_normal((10, 3))
    with pytest.warns(UserWarning, match="10 of 5010 points are left out"):
        points, *_ = cleaned(PointCloud(np.concatenate([directions(5000, rng), group])))
    assert len(points) == 5000


def test_a_piece_of_forty_points_is_kept_if_it_is_as_dense_as_the_rest():
    rng = np.random.default_rng(0)
    body, disc = directions(50_000, rng), np.zeros((40, 3))
    spacing = np.median(cKDTree(body).query(body[:1000], k=9)[0][:, -1])
    disc[:, :2] = np.indices((8, 5)).reshape(2, -1).T + 0.3 * rng.random((40, 2))
    for width, kept in ((0.6 * spacing, 40), (6 * spacing, 0)):
        found = inliers(np.concatenate([body, [3.0, 0, 0] + width * disc]))
        assert (found >= len(body)).sum() == kept
        assert (found < len(body)).sum() > 0.999 * len(body)


def test_of_many_noisy_points_some_are_moved(monkeypatch):
    monkeypatch.setattr("siren_pde.scans.denoise.MOST", 3000)
    rng = np.random.default_rng(0)
    x = directions(N, rng)
    moved = denoised(x + 0.01 * rng.standard_normal(x.shape)).positions
    assert moved.shape == (3000, 3)
    assert np.abs(np.linalg.norm(moved, axis=1) - 1).mean() < 0.004


@pytest.mark.parametrize(("sign", "orientation"), [(1, "auto"), (-1, "given")])
def test_normals_that_are_given_are_believed(sign, orientation):
    x = directions(100, np.random.default_rng(0))
    points, normals, trust, noise = cleaned(PointCloud(x, normals=sign * x), 0, orientation)
    np.testing.assert_array_equal(points, x)
    np.testing.assert_allclose(normals, sign * x, atol=1e-15)
    assert noise is None
    assert (trust > 0.9).all()


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_units_and_a_distant_origin_change_nothing(noise):
    rng = np.random.default_rng(0)
    x, _ = torus(N, rng)
    x += noise * rng.standard_normal(x.shape)
    points, normals, _, smoothed = cleaned(PointCloud(x))
    moved, turned, _, still = cleaned(PointCloud(40 * x + 1e6))
    assert (smoothed is not None) == (still is not None) == (noise > 0)
    np.testing.assert_allclose((moved - 1e6) / 40, points, atol=1e-6)
    np.testing.assert_allclose(turned, normals, atol=1e-4)
