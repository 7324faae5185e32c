"""Evolutions solved slab by slab, against solutions known in closed form."""

from typing import Any

import pytest
import torch

from siren_pde import (
    Auto,
    Box,
    Budget,
    Marching,
    PointCloud,
    Polygon,
    Problem,
    Siren,
    System,
    Unknown,
    cos,
    d,
    exp,
    lap,
    on,
    pi,
    save,
    sin,
    solve,
)
from siren_pde.collocation.objective import objective_of
from siren_pde.errors import ConfigError
from siren_pde.fields.parameters import with_parameters
from siren_pde.random_features.evolution import Slab, evolution_of
from siren_pde.random_features.stretching import grid_stretching, incompatible_ends
from tests.typed import known, loaded

strip = Box(x=(-1, 1), t=(0, 0.5))


def reaction(speed=3.0):
    """u_t = u_xx / 50 + u² + f, u = e^(−t) sin πx."""

    def exact(p):
        return exp(-speed * p.t) * sin(pi * p.x)

    @on(strip)
    def equation(p, u):
        e = exact(p)
        data = -speed * e + pi**2 / 50 * e - e * e
        return d(u, p.t) - d(u, p.x, p.x) / 50 - u * u - data

    @on(strip.at(t=0))
    def start(p, u):
        return u - exact(p)

    @on(strip.at(x=-1) | strip.at(x=1))
    def walls(p, u):
        return u

    return Problem(equation, start, walls, exact=exact)


def oscillator():
    """u_tt + u³ = cos³ t − cos t, u = cos t: second order, time alone."""
    time = Box(t=(0, 2))

    @on(time)
    def equation(p, u):
        e = cos(p.t)
        return d(u, p.t, p.t) + u**3 - e**3 + e

    @on(time.at(t=0))
    def start(p, u):
        return u - 1, d(u, p.t)

    def exact(p):
        return cos(p.t)

    return Problem(equation, start, exact=exact)


def rotation():
    """u' = −v |(u, v)|², v' = u |(u, v)|²: a circle, for a system of two unknowns."""
    time = Box(t=(0, 2))

    @on(time)
    def equation(p, u, v):
        size = u * u + v * v
        return d(u, p.t) + v * size, d(v, p.t) - u * size

    @on(time.at(t=0))
    def start(p, u, v):
        return u - 1, v

    def exact(p):
        return {"u": cos(p.t), "v": sin(p.t)}

    return Problem(equation, start, exact=exact)


CASES = {
    "reaction and diffusion": (reaction(), None, 200),
    "oscillator": (oscillator(), None, 30),
    "rotation": (rotation(), System(u=Siren(1), v=Siren(1)), 30),
}


@pytest.mark.parametrize("name", CASES)
def test_the_error_follows_the_tolerance(name):
    problem, field, features = CASES[name]
    for tolerance in (1e-4, 1e-8):
        method = Marching(tolerance=tolerance, features=features)
        s = solve(problem, field, method, quiet=True)
        assert "slabs are solved" in s.stop_reason
        assert s.error() < 30 * tolerance


def test_slabs_meet():
    s = solve(reaction(), method=Marching(features=200), quiet=True)
    x = torch.linspace(-1, 1, 50, dtype=torch.float64)
    marched: Any = s.field
    for end in marched.breaks:
        before, after = (
            s(torch.stack([x, torch.full_like(x, t)], 1)) for t in (end - 1e-9, end + 1e-9)
        )
        assert (before - after).abs().max() < 1e-6


def test_a_march_is_stored_and_read_back(tmp_path):
    s = solve(oscillator(), method=Marching(features=30), quiet=True)
    save(s, tmp_path / "march.h5")
    again = loaded(tmp_path / "march.h5")
    t = torch.linspace(0, 2, 33, dtype=torch.float64)
    assert torch.equal(again(t), s(t))


def test_auto_marches_where_time_has_a_start():
    _, why = Auto().suited(objective_of(reaction(), Siren(2)), None)
    assert "t has initial values only" in why


def test_a_march_that_runs_out_of_budget_says_where():
    s = solve(reaction(), method=Marching(features=200), budget=Budget(steps=1), quiet=True)
    assert "the budget is used up at t = " in s.stop_reason


@on(strip)
def everywhere(p, u):
    return d(u, p.t) + u * d(u, p.x)


@on(strip.boundary)
def around(p, u):
    return u


@on(strip.at(t=0))
def start(p, u):
    return u


@on(PointCloud(torch.zeros(4, 2, dtype=torch.float64), axes=("x", "t")))
def data(p, u):
    return u


triangle = Polygon([(0, 0), (2, 0), (1, 1)])


@on(triangle)
def within(p, u):
    return lap(u)


@on(triangle.sides[0])
def base(p, u):
    return u


@pytest.mark.parametrize(
    "problem, field",
    [
        (Problem(everywhere, around), None),
        (Problem(within, base), None),
        (Problem(everywhere, start, data), None),
        (Problem(everywhere, start), System(u=Siren(2), nu=Unknown(1.0))),
    ],
)
def test_what_is_no_evolution_does_not_march(problem, field):
    with pytest.raises(ConfigError, match="needs an evolution"):
        solve(problem, field, Marching(features=20), quiet=True)


def sudden(speed=0.01):
    """Heat let in through a wall, at slope 1, where at first there is none."""
    rod = Box(x=(0, 1), t=(0, 1))

    @on(rod)
    def equation(p, u):
        return d(u, p.t) - speed * d(u, p.x, p.x) * (1 + 0 * u)

    @on(rod.at(t=0))
    def begin(p, u):
        return u

    @on(rod.at(x=0))
    def heated(p, u):
        return d(u, p.x) + 1

    @on(rod.at(x=1))
    def insulated(p, u):
        return d(u, p.x)

    return Problem(equation, begin, heated, insulated)


def test_broken_boundary_conditions_are_found_where_they_are():
    problem = sudden()
    objective = objective_of(
        problem, Siren(2, width=4, depth=1), {c: 40 for c in problem.conditions}
    )
    zero = with_parameters(objective.field, torch.zeros_like(objective.parameters))
    time = known(evolution_of(objective))
    assert incompatible_ends(objective, time, zero) == (0.0,)
    slab = Slab(time, 0.0, 0.1)
    assert [s.axis for s in grid_stretching(problem, slab, None, (0.0,))] == [0, 1]
    assert grid_stretching(problem, slab, None, ()) == ()
