"""The frequencies that a field starts with are those of the problem's data."""

import math

import pytest
import torch

from siren_pde import Box, Grid, PointCloud, Problem, Siren, lap, on, pi, sin
from siren_pde.collocation.collocated import Collocated
from siren_pde.collocation.frequencies import STEP, box, frequencies

plate = Box(x=(0, 2 * math.pi), y=(-1, 3))
field = Siren(2)


def measured(*conditions):
    """The frequency along each axis of a problem in x and y."""
    collocated = Collocated.planned(Problem(*conditions), field, rule=Grid(40))
    return frequencies(collocated, field).tolist()


def seen(k, half):
    """What central differences over ± h = 0.005 half-lengths see of a wave: sin(kh) / h."""
    return math.sin(k * STEP * half) / (STEP * half)


@on(plate)
def silent(p, u):
    return lap(u)


@pytest.mark.parametrize("k", [3, 7, 12])
def test_a_wave_in_the_source_has_its_own_frequency(k):
    @on(plate)
    def poisson(p, u):
        return lap(u) - 5 * sin(k * p.x) * sin(k * pi * p.y / 2)

    x, y = measured(poisson)
    assert x == pytest.approx(seen(k, math.pi), rel=1e-9)
    assert y == pytest.approx(seen(k * math.pi / 2, 2), rel=1e-9)


def test_the_fastest_condition_decides():
    @on(plate.at(y=3))
    def lid(p, u):
        return u - sin(9 * p.x)

    @on(plate.at(y=-1))
    def floor(p, u):
        return u - sin(4 * p.x)

    assert measured(silent, lid, floor)[0] == pytest.approx(seen(9, math.pi), rel=1e-9)


def test_what_does_not_vary_gets_two_radians_per_half_length():
    @on(plate.boundary)
    def constant(p, u):
        return u - 3

    assert measured(silent, constant) == pytest.approx([2 / math.pi, 1.0])
    assert measured(silent) == pytest.approx([2 / math.pi, 1.0])


@pytest.mark.parametrize(("size", "counts"), [(1e-8, False), (1e-3, True)])
def test_data_that_are_all_rounding_have_no_frequency(size, counts):
    @on(plate)
    def poisson(p, u):
        return lap(u) - sin(2 * p.x)

    @on(plate.boundary)
    def noisy(p, u):
        return u - size * sin(23 * p.x)

    x, _ = measured(poisson, noisy)
    # on sides along y the noise is the same everywhere, so the mean is not that of a wave alone
    assert (x > 15) == counts
    assert counts or x == pytest.approx(seen(2, math.pi), rel=1e-9)


def test_measurements_do_not_count():
    x = torch.linspace(0, 6, 40, dtype=torch.float64)
    spots = torch.stack([x, torch.zeros_like(x)], 1)

    @on(PointCloud(spots, value=torch.sin(30 * x)))
    def heard(p, u):
        return u - p.value

    assert measured(silent, heard) == measured(silent)


def test_the_box_holds_all_domains():
    @on(Box(x=(-2, 1), y=(0, 5)))
    def beside(p, u):
        return u

    low, high = box(Collocated.planned(Problem(silent, beside), field))
    assert low.tolist() == [-2, -1] and high.tolist() == [2 * math.pi, 5]
