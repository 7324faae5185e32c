"""Noise is measured and smoothed, with normals and without; creases and clean points stay."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from siren_pde import PointCloud
from siren_pde.errors import InputWarning
from siren_pde.scans.denoise import denoised
from siren_pde.scans.noise import enough_neighbours
from siren_pde.scans.prepare import cleaned
from tests.oriented_shapes import box
from tests.prisms import PRISMS
from tests.scans.parts import DIAGONAL, block, off_block

N = 20_000


def directions(n, rng):
    x = rng.standard_normal((n, 3))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def angles(normals, true):
    return np.degrees(np.arccos(np.clip(np.abs((normals * true).sum(1)), 0, 1)))


@pytest.mark.parametrize("known", [True, False])
def test_clean_blocks_with_their_creases_come_back_untouched(known):
    points, normals = block(N, seed=0)
    same = denoised(points, normals if known else None)
    assert same.positions is points
    assert same.normals is (normals if known else None)
    assert not same.noise.any()


@pytest.mark.parametrize("n", [70, 300, 3000])
def test_few_points_are_no_noise(n):
    x = directions(n, np.random.default_rng(0)) * [3, 1, 1]
    assert enough_neighbours(x) is None


@pytest.mark.slow
def test_given_normals_make_smoothing_better():
    rng = np.random.default_rng(0)
    x = directions(N, rng)
    noisy = x + 0.02 * rng.standard_normal(x.shape)

    def rms(normals):
        heights = np.linalg.norm(denoised(noisy, normals).positions, axis=1) - 1
        return float(np.sqrt(np.mean(heights**2)))

    without = rms(None)
    assert without < 0.02 / 4
    assert rms(x) < 0.95 * without
    rough = x + 0.3 * rng.standard_normal(x.shape)
    assert rms(rough / np.linalg.norm(rough, axis=1, keepdims=True)) < 1.05 * without
    assert rms(directions(N, rng)) < 0.02 / 4  # normals of no worth are not believed


@pytest.mark.slow
@pytest.mark.parametrize(("level", "off"), [(0.005, 8e-4), (0.01, 1.4e-3)])
def test_noisy_blocks_keep_their_creases(level, off):
    points, normals = block(60_000, seed=0)
    noise = 2 * level * np.random.default_rng(1).standard_normal(points.shape)
    smooth = denoised(points + noise)
    assert off_block(smooth.positions).mean() < off * DIAGONAL
    # One noise away from a crease, most normals are those of a face again.
    turned = angles(smooth.normals, normals[nearest(smooth.positions, points)])
    assert np.median(turned) < 4


@pytest.mark.slow
@pytest.mark.parametrize("name", PRISMS)
def test_faces_of_designed_parts_stay_apart(name):
    """One to three deviations of the noise beside a crease, normals are those of a face."""
    shape = PRISMS[name]
    points, normals = shape.sample(60_000)
    level = 0.005 * np.ptp(points, axis=0).max()
    smooth = denoised(points + level * np.random.default_rng(1).standard_normal(points.shape))
    assert np.abs(shape.distance(smooth.positions)).mean() < 6.5e-4 * shape.diagonal
    far = cKDTree(shape.creases(level).positions).query(smooth.positions)[0]
    beside = (far > level) & (far < 3 * level)
    own = nearest(smooth.positions[beside], points)
    assert smooth.normals is not None
    assert np.median(angles(smooth.normals[beside], normals[own])) < 15


def nearest(x, points):
    return cKDTree(points).query(x)[1]


def test_the_other_side_of_a_thin_part_counts_no_longer():
    """A plate six deviations thick keeps its thickness, for its sides are told apart."""
    rng = np.random.default_rng(0)
    x, _ = box(N, rng, (1.0, 1.0, 0.06))
    smooth = denoised(x + 0.02 * rng.standard_normal(x.shape))
    middle = (np.abs(smooth.positions[:, :2]) < 0.8).all(1)
    up = np.sign(smooth.positions[middle, 2])
    assert smooth.normals is not None
    assert np.mean(smooth.normals[middle, 2] * up < 0) < 0.01
    np.testing.assert_allclose(np.median(np.abs(smooth.positions[middle, 2])), 0.06, rtol=0.1)


@pytest.mark.parametrize("name", PRISMS)
def test_prisms_are_what_they_say(name):
    shape = PRISMS[name]
    x, normals = shape.sample(5000, seed=1)
    np.testing.assert_allclose(shape.distance(x), 0, atol=1e-12)
    assert (shape.distance(x + 1e-4 * normals) > 0).all()
    creases = shape.creases(0.02)
    np.testing.assert_allclose(shape.distance(creases.positions), 0, atol=1e-12)
    assert ((creases.first * creases.second).sum(1) < 0.9).all()


def test_deviations_of_what_was_smoothed_are_those_of_its_errors():
    rng = np.random.default_rng(0)
    x = directions(N, rng)
    smooth = denoised(x + 0.01 * rng.standard_normal(x.shape), x)
    errors = np.abs(np.linalg.norm(smooth.positions, axis=1) - 1)
    assert 0.85 < np.mean(errors < 2 * smooth.noise) < 1
    np.testing.assert_allclose(np.median(smooth.scattered), 0.01, rtol=0.2)


@pytest.mark.filterwarnings("ignore:.* left out")
def test_two_sheets_nearer_than_noise_are_said():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (N, 3))
    x[:, 2] = np.where(rng.random(N) < 0.5, 0.03, -0.03)
    near = np.abs(x[:, 0]) > 0.5
    x[near, 2] *= 8  # half of the plate is thick enough
    with pytest.warns(InputWarning, match="two sheets are nearer to each other than noise"):
        cleaned(PointCloud(x + 0.03 * rng.standard_normal(x.shape)))
