"""Pasting slopes: of an image into itself nothing changes, elsewhere least squares decide."""

import numpy as np
import pytest

from siren_pde.errors import ConfigError
from siren_pde.images import Blend, Image, coin, photograph


def test_a_part_pasted_into_its_own_place_changes_nothing():
    ground = photograph(32)
    blend = Blend(ground, Image(ground.values[4:14, 6:16]), row=4, column=6)
    assert np.allclose(blend.truth.values["u"], ground.truth.values["u"], atol=1e-12)
    assert np.array_equal(blend.across.data["slope"], ground.across.data["slope"])


def test_the_truth_is_nearest_to_the_slopes_wanted():
    blend = Blend(photograph(64), Image(coin().values[:40, :40]), row=2, column=20)
    pixels = blend.truth.values["u"].T[::-1]
    missing = [
        np.diff(pixels, axis=axis).ravel() * sign - cloud.data["slope"].numpy() * 2 / 64
        for axis, sign, cloud in ((1, 1, blend.across), (0, -1, blend.upwards))
    ]
    right, down = missing[0].reshape(64, 63), -missing[1].reshape(63, 64)
    divergence = np.diff(right, prepend=0, append=0)
    divergence += np.diff(down, axis=0, prepend=0, append=0)
    assert np.abs(divergence).max() < 1e-12  # the normal equations
    assert np.abs(right).max() > 1e-3  # though the slopes wanted are no gradient


def test_a_patch_lies_within():
    with pytest.raises(ConfigError, match="does not fit"):
        Blend(photograph(64), coin(), row=8, column=0)
