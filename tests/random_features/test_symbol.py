"""How fast waves turn is read off the equation: dispersion relations, against those of physics."""

import math

import pytest

from siren_pde import Box, Problem, Siren, System, as_complex, d, grad, im, lap, on, re, sin
from siren_pde.collocation.objective import objective_of
from siren_pde.random_features.evolution import Evolution, evolution_of
from siren_pde.random_features.symbol import data_wavenumbers, rate, steady, wavenumbers
from tests.typed import known

strip = Box(x=(-2, 2), t=(0, 3))
slab = Box(t=(0, 1), x=(0, 1), y=(0, 2))


def objective(residual, domain=strip, field=None):
    @on(domain.at(t=0))
    def start(p, u):
        return u

    return objective_of(Problem(on(domain)(residual), start), field or Siren(len(domain.axes)))


DISPERSION = {  # residual, and the largest |λ| of e^(ikx + λt)
    "heat": (lambda p, u: d(u, p.t) - 0.3 * d(u, p.x, p.x), lambda k: 0.3 * k**2),
    "wave": (lambda p, u: d(u, p.t, p.t) - 4 * d(u, p.x, p.x), lambda k: 2 * k),
    "advection": (lambda p, u: d(u, p.t) + 7 * d(u, p.x), lambda k: 7 * k),
    "beam": (lambda p, u: d(u, p.t, p.t) + lap(lap(u)), lambda k: k**2),
    "Klein-Gordon": (lambda p, u: d(u, p.t, p.t) - lap(u) + 9 * u, lambda k: math.hypot(k, 3)),
    "decay": (lambda p, u: d(u, p.t) + 5 * u, lambda k: 5),
}


@pytest.mark.parametrize("k", [1.0, 12.0])
@pytest.mark.parametrize("name", DISPERSION)
def test_waves_turn_as_their_dispersion_relation_says(name, k):
    residual, expected = DISPERSION[name]
    assert rate(objective(residual), 1, [k, 0.0]) == pytest.approx(expected(k), rel=1e-9)


def test_in_space_all_axes_count_together():
    heat = objective(lambda p, u: d(u, p.t) - lap(u), slab)
    assert rate(heat, 0, [99.0, 3.0, 4.0]) == pytest.approx(25)
    saddle = objective(lambda p, u: d(u, p.t) - d(u, p.x, p.x) + d(u, p.y, p.y), slab)
    assert rate(saddle, 0, [0.0, 4.0, 4.0]) == pytest.approx(16)  # along one axis alone


def test_systems_and_complex_fields():
    def schroedinger(p, u):
        z = as_complex(u)
        left = 1j * d(z, p.t) + d(z, p.x, p.x)
        return re(left), im(left)

    @on(strip)
    def acoustics(p, u, v):
        return d(u, p.t) + 3 * d(v, p.x), d(v, p.t) + 3 * d(u, p.x)

    @on(strip.at(t=0))
    def start(p, u, v):
        return u, v

    wave = objective(schroedinger, field=Siren(2, 2))
    assert rate(wave, 1, [5.0, 0.0]) == pytest.approx(25)
    sound = objective_of(Problem(acoustics, start), System(u=Siren(2), v=Siren(2)))
    assert rate(sound, 1, [5.0, 0.0]) == pytest.approx(15)


def test_more_equations_than_unknowns_have_no_rate():
    both = objective(lambda p, u: (d(u, p.t), d(u, p.x)))
    assert rate(both, 1, [5.0, 0.0]) == 0


@pytest.mark.parametrize("k", [10.0, 40.0, 120.0])
def test_waves_in_the_data_are_measured_per_half_length(k):
    forced = objective(lambda p, u: d(u, p.t) - lap(u) - sin(k / 2 * p.x))
    x, t = data_wavenumbers(forced)
    assert x == pytest.approx(k, rel=0.15) and t == 0  # n ≈ κ + 7.3 κ^⅓ is a rule of thumb


def test_waves_in_time_are_those_of_data_or_those_the_equation_makes():
    evolution = Evolution(1, 0.0, 3.0, 1)
    forced = objective(lambda p, u: d(u, p.t) + 0.5 * d(u, p.x) - sin(20 * p.x))
    x, t = wavenumbers(forced, evolution)
    assert x == pytest.approx(20, rel=0.15) and t == pytest.approx(x / 2)
    assert wavenumbers(forced, None)[1] == pytest.approx(1 / 1.5)  # one radian per half-length
    driven = objective(lambda p, u: d(u, p.t) + 0.5 * d(u, p.x) - sin(40 * p.t))
    assert wavenumbers(driven, evolution)[1] == pytest.approx(40, rel=0.15)


@pytest.mark.parametrize(
    ("residual", "expected"),
    [
        (lambda p, u: d(u, p.t) - (1 + p.x) * lap(u) - sin(p.t), True),
        (lambda p, u: d(u, p.t) - (1 + p.t) * lap(u), False),
        (lambda p, u: d(u, p.t) + sin(p.t) * u, False),
        (lambda p, u: grad(u)[0] * p.x + d(u, p.t), True),
    ],
)
def test_only_coefficients_make_a_problem_unsteady(residual, expected):
    probed = objective(residual)
    assert steady(probed, known(evolution_of(probed))) is expected
