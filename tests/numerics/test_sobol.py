"""Sobol sequences are those of torch, nets in base 2, in any precision and from any point on."""

import itertools

import pytest
import torch
from torch.quasirandom import SobolEngine

from siren_pde.errors import DomainError
from siren_pde.numerics.sobol import digits, sobol, to_unit


@pytest.mark.parametrize("d", [1, 2, 3, 7])
@pytest.mark.parametrize("n", [1, 2, 100, 257])
def test_sobol_points_are_those_of_torch(d, n):
    """Torch keeps the lower end of each interval of length 2⁻³⁰, we its middle."""
    truth = SobolEngine(d, scramble=True, seed=7).draw(n, dtype=torch.float64)
    ours = sobol(n, d, seed=7)
    # torch rounds its first point to single precision
    assert torch.allclose(ours[:1], truth[:1], rtol=0, atol=2**-24)
    assert torch.equal(ours[1:] - 2.0**-31, truth[1:])


def test_sobol_points_can_be_skipped():
    whole = sobol(100, 3, seed=1)
    assert torch.equal(sobol(63, 3, seed=1, skip=37), whole[37:])


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_sobol_coordinates_are_strictly_inside_and_stratified(dtype):
    u = sobol(2**12, 2, seed=0, dtype=dtype)
    assert u.dtype == dtype and 0 < u.min() and u.max() < 1
    # every interval of length 2⁻¹² holds one coordinate of each axis: a net in base 2
    cells = (u * 2**12).floor().to(torch.int64)
    for column in cells.T:
        assert torch.equal(column.sort().values, torch.arange(2**12))
    # single precision cuts the same points to 23 bits
    assert torch.allclose(u.to(torch.float64), sobol(2**12, 2, seed=0), rtol=0, atol=2**-23)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("skip", [0, 2**8])
def test_every_box_of_equal_volume_holds_one_point(seed, skip):
    """The first 2ᵏ points, and the next, are (0, k, 2)-nets in base 2 (Niederreiter, 1987)."""
    k = 8
    u = sobol(2**k, 2, seed=seed, skip=skip)
    for split in range(k + 1):
        i, j = (u * u.new_tensor([2**split, 2 ** (k - split)])).long().T
        assert torch.equal((i * 2 ** (k - split) + j).sort().values, torch.arange(2**k))


def test_seeds_scramble():
    first, *others = (sobol(16, 2, seed=seed) for seed in range(4))
    assert all(not torch.equal(first, other) for other in others)
    assert torch.equal(first, sobol(16, 2, seed=0))


def test_coordinates_are_the_middles_of_their_intervals():
    for dtype, used in itertools.product((torch.float32, torch.float64), (3, 20)):
        bits = min(used, digits(dtype))
        u = to_unit(torch.arange(2**bits), bits, dtype)
        assert u.dtype == dtype and 0 < u[0] and u[-1] < 1
        assert torch.equal(u * 2**bits - 0.5, torch.arange(2**bits, dtype=dtype))


def test_sobol_has_limits():
    with pytest.raises(DomainError, match="2\\^30"):
        sobol(1, 2, seed=0, skip=2**30)
    with pytest.raises(DomainError, match="21201"):
        sobol(1, 21202, seed=0)
