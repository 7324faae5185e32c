"""Powers of z at singular points: harmonic, with derivatives of every order."""

import math

import pytest
import torch

from siren_pde.calculus.derivatives import Laplace
from siren_pde.fields.local_sines import LocalSines
from siren_pde.fields.powers import Powers
from siren_pde.numerics.box_tree import BoxTree
from siren_pde.testing.fields import check_field

AT = torch.tensor([[0.5, 0.5], [0.0, 1.0]], dtype=torch.float64)
POWERS = Powers(AT, torch.tensor([[0.1, 1.9], [0.4, 0.6]], dtype=torch.float64))
CENTRES = torch.tensor([[0.3, 0.3], [0.2, 0.9], [0.9, 0.4]], dtype=torch.float64)
X = torch.tensor([[0.1, 0.4], [0.3, 0.7], [0.8, 0.3]], dtype=torch.float64)


def values(x):
    return POWERS.derivatives(x, CENTRES, [()])[0]


@pytest.mark.parametrize("key", [(0,), (1,), (0, 1), (1, 1)])
def test_derivatives_are_those_of_the_values(key):
    """By central differences of the derivative before."""
    step = torch.zeros(2, dtype=torch.float64)
    step[key[-1]] = 1e-5
    (ahead,), (behind,) = (
        POWERS.derivatives(X + sign * step, CENTRES, [key[:-1]]) for sign in (1, -1)
    )
    (exact,) = POWERS.derivatives(X, CENTRES, [key])
    assert torch.allclose((ahead - behind) / 2e-5, exact, rtol=1e-7, atol=1e-7)


def test_they_are_harmonic():
    along_x, along_y, both = POWERS.derivatives(X, CENTRES, [(0, 0), (1, 1), Laplace((0, 1))])
    assert float((along_x + along_y).abs().max()) < 1e-12 * float(along_x.abs().max())
    assert not both.any()


def test_they_are_powers_of_the_distance_from_the_nearest_point():
    moved = AT[[0, 1, 0]] + (X - AT[[0, 1, 0]]) / 4
    alpha = POWERS.exponents[[0, 1, 0]].repeat(1, 2)
    assert torch.allclose(values(moved), values(X) * 4**-alpha)


def test_a_field_may_have_them_beside_its_sines():
    low, high = torch.zeros(2, dtype=torch.float64), torch.ones(2, dtype=torch.float64)
    tree, _ = BoxTree.around(low, high).split([[0, 1]])
    made = LocalSines(tree, 1, features=7, band=3.0, powers=POWERS)
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randn(made.coefficients.shape, generator=generator, dtype=torch.float64)
    made.coefficients.data.copy_(drawn)
    assert made.features == 7 + POWERS.count == 11
    check_field(made)


def test_at_the_point_itself_they_are_finite():
    assert bool(torch.isfinite(POWERS.derivatives(AT[:1], CENTRES[:1], [(), (0,)])[1]).all())
    assert math.isclose(float(POWERS.derivatives(CENTRES[:1], CENTRES[:1], [()])[0][0, 0]), 1.0)
