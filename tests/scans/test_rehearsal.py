"""Errors of what was smoothed, told by smoothing it once more, are as large as the true ones."""

import numpy as np
import pytest

from siren_pde.scans.denoise import denoised
from siren_pde.scans.rehearsal import error_ratio
from tests.scans.parts import block, off_block


def sphere(n, rng):
    x = rng.standard_normal((n, 3))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def off_sphere(x):
    return np.abs(np.linalg.norm(x, axis=1) - 1)


def rms(values):
    return float(np.sqrt(np.mean(np.square(values))))


def of_noisy(shape, n, known):
    """True errors of smoothed points, and their deviations times the ratio."""
    rng = np.random.default_rng(0)
    if shape == "block":
        points, normals = block(n, seed=0)
    else:
        points = normals = sphere(n, rng)
    noisy = points + 0.02 * rng.standard_normal(points.shape)
    given = normals if known else None
    smooth = denoised(noisy, given)
    off = off_block if shape == "block" else off_sphere
    return off(smooth.positions), error_ratio(noisy, given, smooth) * smooth.noise


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("shape", ["sphere", "block"])
def test_deviations_times_the_ratio_are_errors(shape, known):
    errors, deviations = of_noisy(shape, 5000, known)
    assert 0.7 < rms(deviations) / rms(errors) < 1.5
    assert np.mean(errors < 2 * deviations) > 0.85


@pytest.mark.slow
def test_parts_of_a_cloud_tell_of_all_of_it():
    errors, deviations = of_noisy("block", 40_000, known=False)
    assert 0.7 < rms(deviations) / rms(errors) < 1.5
    assert np.mean(errors < 2 * deviations) > 0.85
