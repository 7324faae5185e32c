"""Fields made of fields: exact boundary values, systems, unknown constants."""

from typing import Any

import pytest
import torch

from siren_pde import (
    Ansatz,
    Ball,
    Box,
    GaussNewton,
    LeastSquares,
    PointCloud,
    Polygon,
    Problem,
    Siren,
    Sobol,
    System,
    Unknown,
    cos,
    d,
    exp,
    grad,
    lap,
    on,
    pi,
    sin,
    solve,
)
from siren_pde.collocation.objective import objective_of
from siren_pde.errors import ConfigError, DomainError
from tests.typed import values

square = Box(x=(0, 2), y=(-1, 1))
disc = Ball(x=0.3, y=-0.2, radius=1.5)
triangle = Polygon([(0, 0), (0, 1), (2, 0)])
house = Polygon([(0, 0), (1, 0), (2, 0), (2, 1), (1, 2), (0, 1)])
corner = Polygon([(-1, -1), (0, -1), (0, 0), (1, 0), (1, 1), (-1, 1)])
slot = Polygon([(0, 0), (2, 0), (2, 2), (1.1, 2), (1.1, 0.2), (1, 0.2), (1, 2), (0, 2)])
hook = Polygon([(0, 0), (2, 0), (2, 1), (0.2, 0.1), (1, 2), (0, 2)][::-1])
PLACES = {
    "all faces": (square, square.boundary),
    "one face": (square, square.at(x=2)),
    "two faces": (square, square.at(x=0) | square.at(y=1)),
    "circle": (disc, disc.boundary),
    "triangle": (triangle, triangle.boundary),
    "house": (house, house.boundary),
    "half a wall": (house, house.sides[1]),
    "reentrant corner": (corner, corner.boundary),
    "slot": (slot, slot.boundary),
    "one wall of a slot": (slot, slot.sides[3]),
    "hook": (hook, hook.boundary),
}


@pytest.mark.parametrize("name", PLACES)
def test_a_boundary_function_is_zero_there_positive_inside_and_not_flat(name):
    domain, boundary = PLACES[name]
    on_it, inside = Sobol(128)(boundary), Sobol(128)(domain)
    phi = boundary.boundary_function(on_it)
    assert values(phi).abs().max() < 1e-14
    assert values(boundary.boundary_function(inside)).min() > 0
    assert values(boundary.boundary_function(inside)).max() < 30
    away = ~boundary.contains(Sobol(512)(domain.boundary).positions, 1e-9)
    rest = Sobol(512)(domain.boundary).select(away)
    assert (values(boundary.boundary_function(rest)) > 0).all()
    slope = torch.as_tensor(sum(component.value**2 for component in grad(phi)))
    assert slope.median() > 1e-3  # only corners may be flat


def test_places_without_a_known_function_say_so():
    with pytest.raises(DomainError, match="vanishing=lambda p"):
        PointCloud(torch.rand(5, 2)).boundary_function(Sobol(4)(square))


def test_boundary_values_hold_for_any_parameters():
    def growing(p):
        return exp(p.x) * p.y

    field = Ansatz(Siren(2, width=5, depth=2), lift=growing, vanishing_on=square.boundary)

    @on(square.boundary)
    def wanted(p, u):
        return u - exp(p.x) * p.y

    objective = objective_of(Problem(wanted), field, {wanted: 200})
    theta = torch.randn_like(objective.parameters)
    assert objective.residual(theta).abs().max() < 1e-13


def test_an_ansatz_needs_one_place():
    with pytest.raises(ConfigError, match="vanishing_on"):
        Ansatz(Siren(2))


def test_least_squares_through_an_ansatz():
    @on(square)
    def poisson(p, u):
        return lap(u) + 2 * pi**2 * sin(pi * p.x) * sin(pi * p.y)

    def exact(p):
        return sin(pi * p.x) * sin(pi * p.y)

    problem = Problem(poisson, exact=exact)
    field = Ansatz(Siren(2), vanishing_on=square.boundary)
    assert solve(problem, field, quiet=True).error() < 1e-9


def test_least_squares_in_a_triangle():
    def exact(p):
        return sin(p.x) * sin(p.y) * sin(2 - 2 * p.y - p.x)

    @on(triangle)
    def poisson(p, u):
        return lap(u) - lap(exact(p))

    field = Ansatz(Siren(2), vanishing_on=triangle.boundary)
    assert solve(Problem(poisson, exact=exact), field, quiet=True).error() < 1e-9


def test_a_system_of_first_order_equations():
    """q = ∇u and div q = f: three unknowns, three residuals, solved together."""

    @on(square)
    def flux(p, u, q):
        return grad(u) - q

    @on(square)
    def balance(p, q):
        return d(q[0], p.x) + d(q[1], p.y) + 2 * sin(p.x) * cos(p.y)

    @on(square.boundary)
    def values(p, u):
        return u - sin(p.x) * cos(p.y)

    def exact(p):
        u = sin(p.x) * cos(p.y)
        return {"u": u, "q": grad(u)}

    problem = Problem(flux, balance, values, exact=exact)
    fields = System(u=Siren(2), q=Siren(2, 2))
    method = LeastSquares(features=120, frequency=(5.0, 5.0))
    assert solve(problem, fields, method, quiet=True).error() < 1e-6


def test_an_unknown_constant_is_found():
    """u = e^{−νx} and u′ + ν u = 0: data determine ν = 0.7."""
    line = Box(x=(0, 2))
    x = torch.linspace(0, 2, 40, dtype=torch.float64)
    data = PointCloud(x, u=torch.exp(-0.7 * x))

    @on(line)
    def decay(p, u, nu):
        return d(u, p.x) + nu * u

    @on(data)
    def measured(p, u):
        return u - p.u

    solution = solve(
        Problem(decay, measured),
        System(u=Siren(1, width=12, depth=1), nu=Unknown(0.1)),
        GaussNewton(),
        quiet=True,
    )
    nu: Any = solution.field.networks()["nu"]
    assert abs(nu.value - 0.7) < 1e-6
