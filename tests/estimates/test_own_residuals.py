"""A condition's residual beside its own terms: a scale that neither vanishes nor knows units."""

import math

import pytest
import torch

from siren_pde import Box, Problem, Siren, d, dot, exp, grad, lap, on, pi, sin
from siren_pde.collocation.objective import objective_of
from siren_pde.collocation.quadrature import Sobol
from siren_pde.estimates.own_residuals import own_residuals, rms
from siren_pde.fields.parameters import fill, parameters_of

square = Box(x=(0, 1), y=(0, 1))


def zero():
    field = Siren(2, width=8, depth=1)
    return fill(field, torch.zeros_like(parameters_of(field)))


def waves(amplitude=1.0):
    """A field of order `amplitude` that solves nothing."""
    field = Siren(2, width=8, depth=1, frequency=3.0, seed=4)
    theta = parameters_of(field)
    theta[-9:] *= amplitude
    return fill(field, theta)


def relative(residual, field, domain=square):
    @on(square)
    def inside(p, u):
        return residual(p, u)

    objective = objective_of(Problem(inside), field, rule=Sobol(256))
    return own_residuals(objective)["inside"].relative


NOT_SOLVED = {
    "eikonal": lambda p, u: dot(grad(u), grad(u)) - 1,
    "square": lambda p, u: u**2 - 1 - p.x,
    "no root": lambda p, u: u**2 + 1,
    "tiny": lambda p, u: 1e-165 * (lap(u) - 1),
    "huge": lambda p, u: 1e165 * (lap(u) - 1),
    "exponential": lambda p, u: lap(u) - exp(u),
}


@pytest.mark.parametrize("name", NOT_SOLVED)
def test_the_zero_field_leaves_a_residual_of_order_one(name):
    """Also where its linearisation at zero has no rows, or its square underflows."""
    assert 0.1 < relative(NOT_SOLVED[name], zero()) <= 1


@pytest.mark.parametrize("factor", [1e-165, 1e-3, 1e165])
def test_units_do_not_matter(factor):
    once = relative(lambda p, u: lap(u) + u - sin(pi * p.x), waves())
    assert relative(lambda p, u: factor * (lap(u) + u - sin(pi * p.x)), waves()) == pytest.approx(
        once
    )


def test_terms_that_cancel_are_counted_by_themselves():
    """Δu of a harmonic field is zero, its second derivatives are not."""
    field = Siren(2, width=1, depth=1)
    linear = fill(field, torch.tensor([0.0, 0.0, 1.0, 0.0, 2.0], dtype=torch.float64))
    assert relative(lambda p, u: lap(u) + d(u, p.x) * 0, linear) == 0.0
    assert 0.3 < relative(lambda p, u: lap(u), waves()) <= 1


def test_conditions_on_boundaries_are_measured_by_the_field_inside():
    """u = 0 on the boundary: beside the u there, any residual would be of order one."""
    field = waves()

    @on(square)
    def inside(p, u):
        return u - 1

    @on(square.at(x=0))
    def small(p, u):
        return 1e-9 * u

    own = own_residuals(objective_of(Problem(inside, small), field, rule=Sobol(256)))
    assert own["small"].residual < 1e-8 and own["small"].terms > 1e-11


def test_a_zero_residual_of_a_zero_field_is_none():
    assert relative(lambda p, u: lap(u), zero()) == 0.0


@pytest.mark.parametrize("size", [1e-200, 1.0, 1e200])
def test_root_mean_squares_neither_overflow_nor_underflow(size):
    x = size * torch.tensor([3.0, 4.0, 0.0, 0.0], dtype=torch.float64)
    assert rms(x) == pytest.approx(2.5 * size)
    assert rms(torch.zeros(3)) == 0.0 and math.isnan(rms(torch.tensor([math.nan])))
