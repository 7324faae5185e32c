"""Slopes by construction: fields with exact fluxes on parts of all kinds of boundaries."""

import math
from typing import Any

import pytest
import torch

from siren_pde import (
    Ansatz,
    Ball,
    Box,
    Implicit,
    PointCloud,
    Polygon,
    Problem,
    Siren,
    Sobol,
    Vector,
    check,
    cos,
    d,
    exp,
    lap,
    on,
    sin,
    solve,
)
from siren_pde.collocation.objective import objective_of
from siren_pde.errors import ConfigError, DomainError
from siren_pde.random_features.evolution import evolution_of
from tests.strategies import Egg, Torus

square, strip = Box(x=(0, 1), y=(-1, 1)), Box(x=(-1, 1), t=(0, 2))
cube = Box(x=(0, 1), y=(0, 2), z=(0, 1))
disc, hole = Ball(x=0, y=0), Ball(x=0.2, y=0, radius=0.5)
triangle = Polygon([(0, 0), (0, 1), (2, 0)])
house = Polygon([(0, 0), (2, 0), (2, 1), (1, 2), (0, 1)])
bend = Polygon([(-1, -1), (0, -1), (0, 0), (1, 0), (1, 1), (-1, 1)])
egg, torus = Implicit(Egg()), Implicit(Torus())
at, walls = square.at, bend.sides

PLACES: dict[str, Any] = {  # where values are given, if anywhere, and where fluxes are
    "neighbours": (at(x=0), [at(x=1), at(y=1)]),
    "three sides": (at(x=0) | at(y=-1) | at(y=1), [at(x=1)]),
    "all sides": (None, [at(x=0), at(y=-1), at(x=1), at(y=1)]),
    "time": (strip.at(t=0), [strip.at(x=-1), strip.at(x=1)]),
    "cube": (cube.at(z=0), [cube.at(x=0), cube.at(y=2), cube.at(z=1)]),
    "disc": (None, [disc.boundary]),
    "around a hole": (disc.boundary, [hole.boundary]),
    "on both circles": (None, [disc.boundary, hole.boundary]),
    "hole in a plate": (strip.boundary, [Ball(x=0, t=1, radius=0.5).boundary]),
    "hole and sides": (
        at(x=0) | Ball(x=0.8, y=0, radius=0.1).boundary,
        [at(x=1), at(y=1), at(y=-1), Ball(x=0.4, y=0, radius=0.2).boundary],
    ),
    "triangle": (triangle.sides[0], [triangle.sides[1], triangle.sides[2]]),
    "house": (house.sides[0] | house.sides[2], [house.sides[1], house.sides[4]]),
    "reentrant corner": (walls[0] | walls[3], [walls[1], walls[2], walls[5]]),
    "egg": (None, [egg.boundary]),
    "torus": (None, [torus.boundary]),
}


def first(p):
    return p.x


def wanted(p):
    first, second, *_ = p
    return exp(first / 2) * cos(second + first)


def slope(part, u, p):
    """The outward normal derivative, by a part beside no others."""
    return part.flux_part(None, [part]).slope(u, p)


FLUXES = {
    "Neumann": lambda part: lambda p, u: slope(part, wanted(p), p),
    "Robin": lambda part: lambda p, u: slope(part, wanted(p), p) + 2 * (wanted(p) - u),
}


def made(valued, parts, kind, inner=None):
    """An ansatz whose lift has the values, but not the slopes, of `wanted`."""

    def lift(p):
        first, second, *_ = p
        return wanted(p) + (valued.boundary_function(p) * sin(first + 2 * second) if valued else 0)

    inner = inner or Siren(len(parts[0].axes), width=4, depth=2)
    flux = {part: FLUXES[kind](part) for part in parts}
    return Ansatz(inner, lift=lift, vanishing_on=valued, flux=flux)


@pytest.mark.parametrize("kind", FLUXES)
@pytest.mark.parametrize("name", PLACES)
def test_values_and_fluxes_hold_for_any_parameters(name, kind):
    valued, parts = PLACES[name]

    def normal_derivative(p, u):
        n = p.normals.unbind(1)
        asked = FLUXES[kind](
            next(part for part in parts if bool(part.contains(p.positions, 1e-9).all()))
        )
        return sum(d(u, x) * c for x, c in zip(p, n, strict=True)) - asked(p, u)

    conditions = [on(part)(normal_derivative) for part in parts]
    if valued:
        conditions.append(on(valued)(lambda p, u: u - wanted(p)))
    for condition in conditions:
        objective = objective_of(Problem(condition), made(valued, parts, kind), {condition: 60})
        theta = torch.randn_like(objective.parameters)
        assert objective.residual(theta).abs().max() < 1e-12


@pytest.mark.parametrize("name", ["neighbours", "around a hole", "triangle", "house", "torus"])
def test_derivatives_are_those_of_autograd(name):
    valued, parts = PLACES[name]
    field = made(valued, parts, "Robin")
    around = Sobol(20)(parts[0] if name != "torus" else torus)
    x = (around.positions * 0.9 + 0.03).requires_grad_()
    p: Any = type(around)(around.axes, x, around.weights)
    u = field.unknowns(p, {"u": sin(p.x + 2 * p.y)})["u"]
    (first,) = torch.autograd.grad(u.value.sum(), x, create_graph=True)
    columns = [
        torch.autograd.grad(c.sum(), x, retain_graph=True)[0][:, i]
        for i, c in enumerate(first.unbind(1))
    ]
    torch.testing.assert_close(lap(u).value, sum(columns), rtol=1e-8, atol=1e-8)
    torch.testing.assert_close(d(u, p.y).value, first[:, 1])


SOLVED: dict[str, Any] = {
    "neighbours": (square, (at(x=0) | at(y=-1), [at(x=1), at(y=1)])),
    "all sides": (square, PLACES["all sides"]),
    "around a hole": (disc - hole, PLACES["around a hole"]),
    "disc": (disc, PLACES["disc"]),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SOLVED)
def test_least_squares_with_exact_fluxes(name):
    domain, (valued, parts) = SOLVED[name]

    @on(domain)
    def poisson(p, u):
        return lap(u) - lap(wanted(p))

    field = made(valued, parts, "Robin", Siren(2))
    solution = solve(Problem(poisson, exact=wanted), field, quiet=True)
    assert solution.error() < 1e-10


CORNERS: dict[str, Any] = {  # values and fluxes that agree in corners, but not beside them
    "square": (
        square,
        at(x=0),
        {at(y=-1): lambda p, u: -cos(p.x), at(x=1): lambda p, u: 3 - math.sin(1) * sin(p.y + 1)},
    ),
    "triangle": (triangle, triangle.sides[0], {triangle.sides[2]: lambda p, u: -cos(p.x)}),
}


@pytest.mark.parametrize("name", CORNERS)
def test_data_need_agree_in_corners_alone(name):
    domain, valued, flux = CORNERS[name]
    (foot, asked), *_ = flux.items()

    def given(p):
        return exp(p.y - domain.bounds[0][1])

    @on(valued)
    def values(p, u):
        return u - given(p)

    @on(foot)
    def slopes(p, u):
        return -d(u, p.y) - asked(p, u)

    field = Ansatz(Siren(2, width=4), lift=given, vanishing_on=valued, flux=flux)
    objective = objective_of(Problem(values, slopes), field, {values: 50, slopes: 50})
    assert objective.residual(torch.randn_like(objective.parameters)).abs().max() < 1e-13


@pytest.mark.parametrize("flux", [lambda p, u: -p.y * u, lambda p, u: -(u**4)])
def test_factors_of_u_are_constant_where_fluxes_meet(flux):
    Ansatz(Siren(2), flux={at(x=0): flux, at(x=1): flux})
    with pytest.raises(ConfigError, match="meets another one"):
        Ansatz(Siren(2), flux={at(x=0): flux, at(y=1): lambda p, u: 0})


def test_what_an_ansatz_holds_at_the_end_is_no_evolution():
    @on(strip)
    def laplace(p, u):
        return lap(u, p.x, p.t)

    @on(strip.at(t=0))
    def start(p, u):
        return u - p.x

    problem, sides = Problem(laplace, start), strip.at(x=-1) | strip.at(x=1)

    def evolution(**held):
        return evolution_of(objective_of(problem, Ansatz(Siren(2), **held)))

    assert evolution(vanishing_on=sides) is not None
    assert evolution(vanishing_on=strip.at(t=2)) is None
    beside = {strip.at(t=2): lambda p, u: 0}
    assert evolution(vanishing_on=sides, flux=beside) is None


def test_all_components_have_the_flux():
    field = Ansatz(Siren(2, 2, width=3), vanishing_on=at(x=0), flux={at(x=1): lambda p, u: 1.5})

    @on(at(x=1))
    def sloped(p, u):
        return d(u, p.x) - Vector([1.5 + 0 * p.y, 1.5 + 0 * p.y])

    objective = objective_of(Problem(sloped), field, {sloped: 20})
    assert objective.residual(torch.randn_like(objective.parameters)).abs().max() < 1e-13


def test_exact_fluxes_count_as_conditions():
    @on(square)
    def poisson(p, u):
        return lap(u) + exp(p.x * p.y)

    def severe(*parts):
        field = Ansatz(Siren(2), vanishing_on=at(x=0), flux={q: lambda p, u: 0 for q in parts})
        return [f.kind for f in check(Problem(poisson), field) if f.severity != "note"]

    assert severe(at(x=1), at(y=-1)) == ["boundary"]
    assert severe(at(x=1), at(y=-1), at(y=1)) == []


@pytest.mark.parametrize(
    ("part", "valued"),
    [
        (square.boundary, None),
        (PointCloud([[0.0, 0.0]]), None),
        (square.at(x=0.5), None),
        (at(x=0), PointCloud([[0.0, 0.0]])),
    ],
)
def test_fluxes_need_smooth_parts(part, valued):
    with pytest.raises(DomainError, match="its own flux"):
        Ansatz(Siren(2), vanishing_on=valued, flux={part: lambda p, u: 0})


def test_fluxes_beside_an_unknown_place_are_refused():
    with pytest.raises(ConfigError, match="go with the former"):
        Ansatz(Siren(2), vanishing=first, flux={at(x=1): lambda p, u: 0})
