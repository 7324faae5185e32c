"""Nine of ten true errors are within two of the standard deviations that vertices get."""

import numpy as np
import pytest

from siren_pde import PointCloud, fit_sdf
from siren_pde.errors import InputWarning
from siren_pde.scans.uncertainty import Uncertainty, say_uncertainty, uncertainty
from tests.scans.parts import block, off_block


def directions(n, rng):
    x = rng.standard_normal((n, 3))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def told(points, normals, *, is_open=False):
    """The uncertainty of a short fit to points, and its mesh."""
    cloud = PointCloud(points, normals=normals)
    distance = fit_sdf(cloud, seconds=None, steps=150, width=64, depth=2, is_open=is_open)
    mesh = distance.mesh(64)
    return uncertainty(distance, mesh), mesh


def off_sphere(x):
    return np.abs(np.linalg.norm(x, axis=1) - 1)


def rms(values):
    return float(np.sqrt(np.mean(np.square(values))))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n", "noise", "known"),
    [
        (4000, 0.0, True),
        (4000, 0.0, False),
        (300, 0.0, True),
        (4000, 0.01, True),
        (4000, 0.02, False),
    ],
)
@pytest.mark.parametrize("shape", ["sphere", "block"])
def test_nine_of_ten_errors_are_within_two_deviations(shape, n, noise, known):
    rng = np.random.default_rng(0)
    x, normals = block(n, seed=0) if shape == "block" else (directions(n, rng),) * 2
    noisy = x + noise * rng.standard_normal(x.shape)
    answer, mesh = told(noisy, normals if known else None)
    errors = (off_block if shape == "block" else off_sphere)(mesh.vertices)
    assert np.mean(errors < 2 * answer.deviations) > 0.9
    # And they are no wider than errors are.
    assert 0.5 < rms(answer.deviations) / rms(errors) < 2.5


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_ends_of_open_surfaces_are_as_uncertain_as_they_are_wrong(noise):
    rng = np.random.default_rng(0)
    x = directions(8000, rng)
    x = x[x[:, 2] > 0]
    answer, mesh = told(x + noise * rng.standard_normal(x.shape), None, is_open=True)
    y = mesh.vertices
    past = np.hypot(np.hypot(y[:, 0], y[:, 1]) - 1, y[:, 2])
    errors = np.where(y[:, 2] > 0, off_sphere(y), past)
    assert np.mean(errors < 2 * answer.deviations) > 0.9
    assert 0.5 < rms(answer.deviations) / rms(errors) < 2.5


@pytest.mark.slow
def test_what_closes_a_hole_is_guessed():
    x = directions(4000, np.random.default_rng(0))
    x = x[x[:, 2] < 0.6]
    answer, mesh = told(x, x)
    errors = off_sphere(mesh.vertices)
    away = mesh.vertices[:, 2] > 0.65
    assert np.median(answer.deviations[away]) > 10 * np.median(answer.deviations[~away])
    assert np.mean(errors < 2 * answer.deviations) > 0.85
    assert 0.05 < answer.guessed_share < 0.35
    with pytest.warns(InputWarning, match="of it is guessed"):
        say_uncertainty(answer, mesh.diagonal)


def test_what_is_known_is_not_warned_of(recwarn):
    say_uncertainty(Uncertainty(np.full(3, 0.001), 0.0), 1.0)
    assert not recwarn.list
