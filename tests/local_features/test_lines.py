"""The method of lines on boxes: evolutions where waves all over space fall behind."""

import pytest
import torch

from siren_pde import (
    Ball,
    Box,
    Budget,
    Enriched,
    LocalFeatures,
    Problem,
    Siren,
    cos,
    d,
    dot,
    exp,
    grad,
    lap,
    maximum,
    on,
    pi,
    save,
    sin,
    solve,
)
from siren_pde.collocation.objective import objective_of
from siren_pde.errors import ConfigError
from siren_pde.local_features.lines import LocalLines
from siren_pde.optimisers.outcome import Outcome
from tests.typed import loaded


def solved(problem, **options):
    """With more seconds than a tolerance needs."""
    method = LocalLines(**options)
    return solve(problem, None, method, budget=Budget(seconds=60), estimate="none", quiet=True)


def around_a_hole():
    """Heat that decays beside a hole, its flux given."""
    space = Box(x=(-1, 1), y=(-1, 1)) - Ball(x=0.2, y=0.1, radius=0.3)
    domain = space * Box(t=(0, 0.5))

    def exact(p):
        return exp(-2 * p.t) * cos(p.x) * cos(p.y) + p.x * p.y

    @on(domain)
    def heat(p, u):
        return d(u, p.t) - lap(u)

    @on(domain.at(t=0))
    def start(p, u):
        return u - exact(p)

    @on(space.boundary * Box(t=(0, 0.5)))
    def walls(p, u):
        x, y = p.x, p.y
        e = exp(-2 * p.t)
        slope = -e * sin(x) * cos(y) + y, -e * cos(x) * sin(y) + x
        flux = slope[0] * p.normal[0] + slope[1] * p.normal[1]
        return dot(grad(u), p.normal) + u - flux - exact(p)

    return Problem(heat, start, walls, exact=exact)


def test_heat_around_a_hole():
    assert solved(around_a_hole(), tolerance=1e-5).error() < 1e-5


def test_the_choice_is_boxes_where_space_has_a_hole():
    whole = solve(around_a_hole(), budget=Budget(steps=1), estimate="none", quiet=True)
    assert whole.method == LocalLines.name


def strip(t, x=(0, 1)):
    return Box(x=x, t=(0, t))


def nonlinear():
    """u³ against diffusion, with a source in time."""
    domain = strip(2)

    def exact(p):
        return exp(-p.t) * cos(pi * p.x)

    @on(domain)
    def equation(p, u):
        e = exact(p)
        return d(u, p.t) - 0.05 * d(u, p.x, p.x) + u**3 + (1 - 0.05 * pi**2) * e - e**3

    @on(domain.at(t=0))
    def start(p, u):
        return u - exact(p)

    @on(domain.at(x=0) | domain.at(x=1))
    def ends(p, u):
        return d(u, p.x)

    return Problem(equation, start, ends, exact=exact)


def test_an_equation_that_is_not_affine():
    assert solved(nonlinear(), tolerance=1e-5).error() < 1e-5


def waves():
    """A standing wave, of second order in time."""
    domain = strip(2)

    def exact(p):
        return cos(3 * pi * p.t) * sin(3 * pi * p.x)

    @on(domain)
    def wave(p, u):
        return d(u, p.t, p.t) - d(u, p.x, p.x)

    @on(domain.at(t=0))
    def start(p, u):
        return u - exact(p), d(u, p.t)

    @on(domain.at(x=0) | domain.at(x=1))
    def ends(p, u):
        return u

    return Problem(wave, start, ends, exact=exact)


def test_waves():
    assert solved(waves(), tolerance=1e-3).error() < 1e-3


def kinked():
    """A kink at the start that diffuses: the sum of its exact waves is not known, its mean is."""
    domain = strip(0.1)

    @on(domain)
    def heat(p, u):
        return d(u, p.t) - d(u, p.x, p.x)

    @on(domain.at(t=0))
    def start(p, u):
        return u - maximum(p.x - 0.5, 0)

    @on(domain.at(x=0) | domain.at(x=1))
    def ends(p, u):
        return d(u, p.x)

    return Problem(heat, start, ends)


def test_a_kink_diffuses_and_keeps_its_mean():
    answer = solved(kinked(), tolerance=1e-3)
    x = torch.linspace(0, 1, 2001, dtype=torch.float64)
    at = torch.stack([x, torch.full_like(x, 0.1)], 1)
    assert abs(float(torch.trapezoid(answer(at), x)) - 0.125) < 1e-4


def beam(until=0.02):
    """A beam under its load in SI units: terms of 10⁹, an unknown of 10⁻²."""
    stiffness, mass, length, load_ = 2e11 / 3 * 1e-8, 7850 * 4e-4, 0.5, 50000
    domain = Box(x=(0, length), t=(0, until))

    def exact(p):
        """The first modes: the load is theirs alone."""
        total, push = 0.0 * p.x, 20 * pi
        for n in (1, 3):
            own = (n * pi / length) ** 2 * (stiffness / mass) ** 0.5
            size = 4 / (n * pi) * load_ / mass / (own**2 - push**2)
            moved = sin(push * p.t) - push / own * sin(own * p.t)
            total = total + size * moved * sin(n * pi * p.x / length)
        return total

    @on(domain)
    def bending(p, u):
        shape = sum(4 / (n * pi) * sin(n * pi * p.x / length) for n in (1, 3))
        inertia = mass * d(u, p.t, p.t)
        return stiffness * d(u, p.x, p.x, p.x, p.x) + inertia - load_ * sin(20 * pi * p.t) * shape

    @on(domain.at(x=0) | domain.at(x=length))
    def ends(p, u):
        return u, d(u, p.x, p.x)

    @on(domain.at(t=0))
    def start(p, u):
        return u, d(u, p.t)

    return Problem(bending, ends, start, exact=exact)


def test_a_beam_in_units_nobody_made_convenient():
    assert solved(beam(), tolerance=2e-4).error() < 3e-4


def test_answers_are_saved_and_loaded(tmp_path):
    answer = solved(waves(), tolerance=1e-2)
    save(answer, tmp_path / "waves.h5")
    again = loaded(tmp_path / "waves.h5")
    x = torch.rand((50, 2), dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert torch.equal(again.field(x), answer.field(x))


def test_what_is_no_evolution_is_refused():
    square = Box(x=(0, 1), y=(0, 1))

    @on(square)
    def poisson(p, u):
        return lap(u) - 1

    @on(square.boundary)
    def walls(p, u):
        return u

    with pytest.raises(ConfigError, match="needs initial conditions"):
        solved(Problem(poisson, walls))
    with pytest.raises(ConfigError, match="tolerance > 0"):
        LocalLines(tolerance=0.0)


def test_functions_beside_the_waves_are_refused():
    strip = Box(x=(0, 1), t=(0, 1))

    @on(strip)
    def heat(p, u):
        return d(u, p.t) - d(u, p.x, p.x)

    @on(strip.at(x=0) | strip.at(x=1))
    def ends(p, u):
        return u

    @on(strip.at(t=0))
    def start(p, u):
        return u - sin(pi * p.x)

    field = Enriched(Siren(2), lambda p: [p.x * p.t], terms=1)
    objective = objective_of(Problem(heat, ends, start), field)
    with pytest.raises(ConfigError, match="takes no functions beside the waves"):
        LocalLines().start(objective)


@pytest.mark.slow
def test_a_beam_swings_on_large_boxes_in_short_steps():
    assert solved(beam(until=0.1), tolerance=1e-4).error() < 1e-4


@pytest.mark.slow
def test_boxes_of_space_and_time_that_damp_its_swing_are_no_solution():
    method = LocalFeatures(most=8000)
    found = solve(beam(until=0.1), None, method, budget=Budget(seconds=60), quiet=True)
    assert found.error() > 0.05
    assert found.outcome is not Outcome.converged and not found.estimate.reliable
