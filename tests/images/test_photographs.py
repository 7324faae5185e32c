"""Photographs: the pictures that come along, and how a field is compared with them."""

import hashlib

import numpy as np
import pytest
import torch

from siren_pde.errors import ConfigError
from siren_pde.images import Image, coin, photograph

DIGESTS = {  # of what scikit-image 0.26 serves, as bytes row by row
    "photograph": "5cb24482a53416f99052258be2b1ee38cd31c559a70c8a8b321cba231b332e21",
    "coin": "8654c0dfd5930664cd90f02d0df41b22cd31da998f72c2491d211b4a09d60ffc",
}


def bytes_of(image: Image) -> bytes:
    return np.round(255 * image.values).astype(np.uint8).tobytes()


def test_the_pictures_are_those_of_scikit_image():
    full = photograph(512)
    assert full.values.shape == (512, 512) and coin().values.shape == (62, 62)
    assert hashlib.sha256(bytes_of(full)).hexdigest() == DIGESTS["photograph"]
    assert hashlib.sha256(bytes_of(coin())).hexdigest() == DIGESTS["coin"]


def test_a_smaller_photograph_is_the_mean_of_blocks():
    full, small = photograph(512).values, photograph(128).values
    assert small[3, 5] == pytest.approx(full[12:16, 20:24].mean(), rel=1e-15)
    with pytest.raises(ConfigError, match="divides 512"):
        photograph(100)


def test_slopes_are_those_of_a_ramp():
    rows, columns = np.indices((20, 20)) / 20
    ramp = Image(0.3 * columns + 0.5 * rows)
    assert np.allclose(ramp.across.data["slope"], 0.3 / 2)
    assert np.allclose(ramp.upwards.data["slope"], -0.5 / 2)  # y grows upwards, rows downwards


def test_scale_and_offset_of_a_field_are_free():
    image = photograph(32)
    values = torch.from_numpy(image.values.ravel())
    assert image.psnr(lambda x: 3 * values - 7) > 250
    noise = 0.1 * torch.randn(32 * 32, generator=torch.Generator().manual_seed(0)).double()
    assert image.psnr(lambda x: values + noise) == pytest.approx(20, abs=0.5)
