"""Affine evolutions over long times, in equal slabs that share one matrix, against exact ones."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch

from siren_pde import (
    Auto,
    Box,
    LeastSquares,
    Problem,
    Propagator,
    Siren,
    Sobol,
    System,
    cos,
    d,
    exp,
    on,
    pi,
    save,
    sin,
    solve,
)
from siren_pde.collocation.objective import objective_of
from siren_pde.errors import ConfigError
from siren_pde.numerics.least_squares import Factor, least_squares
from siren_pde.random_features.evolution import Slab, Slabs, evolution_of
from siren_pde.random_features.propagator_state import Fit
from siren_pde.random_features.stepper import Stepper
from siren_pde.random_features.symbol import steady, wavenumbers
from tests.typed import known, loaded

FEW = Propagator(features=300, tolerance=1e-9)


def string(end):
    """u_tt = u_xx, u = cos 2πt sin 2πx, fixed ends."""
    strip = Box(x=(0, 1), t=(0, end))

    def exact(p):
        return cos(2 * pi * p.t) * sin(2 * pi * p.x)

    @on(strip)
    def equation(p, u):
        return d(u, p.t, p.t) - d(u, p.x, p.x)

    @on(strip.at(t=0))
    def shape(p, u):
        return u - exact(p)

    @on(strip.at(t=0))
    def rest(p, u):
        return d(u, p.t)

    @on(strip.at(x=0) | strip.at(x=1))
    def ends(p, u):
        return u

    return Problem(equation, shape, rest, ends, exact=exact)


def rod():
    """u_t = (1 + cos t) u_xx / 20 with heating: coefficients and data depend on time."""
    strip = Box(x=(0, 1), t=(0, 4))

    def exact(p):
        return sin(3 * p.t) * sin(pi * p.x) + 1

    @on(strip)
    def equation(p, u):
        heating = 3 * cos(3 * p.t) * sin(pi * p.x)
        heating += (1 + cos(p.t)) / 20 * pi**2 * sin(3 * p.t) * sin(pi * p.x)
        return d(u, p.t) - (1 + cos(p.t)) / 20 * d(u, p.x, p.x) - heating

    @on(strip.at(t=0))
    def start(p, u):
        return 2 * (u - exact(p))

    @on(strip.at(x=0) | strip.at(x=1))
    def ends(p, u):
        return u - 1

    return Problem(equation, start, ends, exact=exact)


def acoustics():
    """u_t + v_x = 0, v_t + u_x = 0: two unknowns, walls that no v passes."""
    strip = Box(x=(0, 1), t=(0, 6))

    def exact(p):
        u, v = cos(pi * p.t) * cos(pi * p.x), sin(pi * p.t) * sin(pi * p.x)
        return {"u": u, "v": v}

    @on(strip)
    def equations(p, u, v):
        return d(u, p.t) + d(v, p.x), d(v, p.t) + d(u, p.x)

    @on(strip.at(t=0))
    def start(p, u, v):
        return u - cos(pi * p.x), v

    @on(strip.at(x=0) | strip.at(x=1))
    def walls(p, u, v):
        return v

    return Problem(equations, start, walls, exact=exact)


CASES = {
    "string": (string(20), None),
    "rod": (rod(), None),
    "acoustics": (acoustics(), System(u=Siren(2), v=Siren(2))),
}


@pytest.mark.parametrize("name", CASES)
def test_the_error_stays_near_the_tolerance(name):
    problem, field = CASES[name]
    s = solve(problem, field, FEW, quiet=True)
    assert "are solved" in s.stop_reason
    assert s.error() < 100 * FEW.tolerance


def test_slabs_meet_in_value_and_speed():
    s = solve(string(10), method=FEW, quiet=True)
    x = torch.linspace(0, 1, 50, dtype=torch.float64)
    marched: Any = s.field
    assert len(marched.breaks) > 2
    for end in marched.breaks:
        at = [torch.stack([x, torch.full_like(x, t)], 1) for t in (end - 1e-10, end + 1e-10)]
        for part in (lambda p, u: u, lambda p, u: d(u, p.t)):
            before, after = (s.evaluate(part, p) for p in at)
            assert (before - after).abs().max() < 1e-7


def test_a_march_is_stored_and_read_back(tmp_path):
    s = solve(string(10), method=FEW, quiet=True)
    save(s, tmp_path / "march.h5")
    at = torch.rand(40, 2, dtype=torch.float64) * torch.tensor([1.0, 10.0])
    assert torch.equal(loaded(tmp_path / "march.h5")(at), s(at))


def probe(problem, field=None):
    return objective_of(problem, field or Siren(2), rule=Sobol(64))


def waves_of(objective):
    return wavenumbers(objective, known(evolution_of(objective)))


def test_auto_marches_where_time_is_long():
    long, why = Auto().suited(probe(string(200)), None)
    assert long.name == Propagator().name and "features at once" in why
    short, _ = Auto().suited(probe(string(1)), None)
    assert short.name == LeastSquares().name


def test_waves_are_those_in_the_data_and_those_the_equation_makes():
    x, t = waves_of(probe(string(40)))
    assert 0.7 < x / (2 * math.pi) < 1.6
    assert t == pytest.approx(x)  # at the speed 1
    two = waves_of(probe(acoustics(), CASES["acoustics"][1]))
    assert two[1] == pytest.approx(two[0])


def test_functions_of_several_values_have_no_more_columns():
    """The time of a trial grows with the third power of its columns, not of its features."""
    one, two = (FEW.start(probe(*CASES[name])) for name in ("string", "acoustics"))
    assert (one.state.most, two.state.most) == (300, 150)
    small = two.state.search.trial
    assert small is not None and small.features <= 150
    stuck = replace(two.state, best=fit_of(small, columns=2), refused=1e-3)
    grown = FEW._settled(two, stuck, known(stuck.best)).state
    assert grown.most == 300 and known(grown.search.trial).features == 300


def fit_of(trial, columns):
    """A fit that no length helps, to data of size 1."""
    c = torch.zeros(columns * trial.features + 1, dtype=torch.float64)
    return Fit(trial, Siren(2), c, residual=1e-3, size=1.0, weights={})


def test_only_steady_coefficients_share_a_matrix():
    def is_steady(objective):
        return steady(objective, known(evolution_of(objective)))

    assert is_steady(probe(string(1))) and is_steady(probe(acoustics(), CASES["acoustics"][1]))
    assert not is_steady(probe(rod()))


def test_noise_is_amplified_where_points_are_too_few():
    whole = probe(string(50))
    theirs = torch.tensor([12.0, 24.0], dtype=torch.float64)
    features = Siren(2, centre=(0.5, 0.25)).with_random_features(250, theirs, 0)
    time = known(evolution_of(whole))
    slabs, slab = Slabs.of(whole, time), Slab(time, 0.0, 0.5)

    def amplification(count):
        objective = slabs.slab(slab, None, count=count, seed=0)
        stepper = Stepper(replace(objective, field=features), time, 0.5)
        return stepper.amplification(100)

    assert amplification(1200) < 10 < amplification(350)


@on(Box(x=(0, 1), t=(0, 1)))
def everywhere(p, u):
    return d(u, p.t) + d(u, p.x)


@on(Box(x=(0, 1), t=(0, 1)).boundary)
def around(p, u):
    return u


@on(Box(x=(0, 1), t=(0, 1)).at(t=0))
def start(p, u):
    return u * u - exp(p.x)


@pytest.mark.parametrize("last", [around, start])
def test_what_is_no_affine_evolution_does_not_propagate(last):
    with pytest.raises(ConfigError, match="needs an affine evolution"):
        solve(Problem(everywhere, last), method=Propagator(), quiet=True)
    with pytest.raises(ConfigError, match="tolerance > 0"):
        Propagator(tolerance=0)


def test_a_factor_solves_as_least_squares_do():
    generator = torch.Generator().manual_seed(0)
    a = torch.randn(30, 12, dtype=torch.float64, generator=generator)
    b = torch.randn(30, dtype=torch.float64, generator=generator)
    expected = least_squares(a.clone(), b).x
    assert (Factor.of(a.clone()).solve(b) - expected).abs().max() < 1e-13
