"""A domain written outside the package is a domain like all others."""

from typing import Any

import pytest
import torch

from siren_pde import Ansatz, Ball, Box, Problem, Siren, Sobol, check, d, exp, lap, on, solve
from siren_pde.collocation.objective import objective_of
from siren_pde.domains.base import Piece
from siren_pde.errors import DomainError
from tests.third_party.ellipse import Edge, Ellipse

ellipse, hole = Ellipse(2.0, 1.0), Ball(x=0.5, y=0, radius=0.4)


def wanted(p):
    return (1 - (p.x / 2) ** 2 - p.y**2) * exp(p.x / 3) + p.x * p.y


@on(ellipse)
def poisson(p, u):
    return lap(u) - lap(wanted(p))


def outward(u, p):
    return sum(d(u, x) * n for x, n in zip(p, p.normals.unbind(1), strict=True))


def test_an_ansatz_vanishes_on_its_boundary():
    field = Ansatz(Siren(2), lift=lambda p: p.x * p.y, vanishing_on=ellipse.boundary)
    problem = Problem(poisson, exact=wanted)
    assert [f.kind for f in check(problem, field) if f.severity != "note"] == []
    assert solve(problem, field, quiet=True).error() < 1e-10


def test_its_residuals_are_solved_like_those_of_others():
    @on(ellipse.boundary)
    def dirichlet(p, u):
        return u - wanted(p)

    solution = solve(Problem(poisson, dirichlet, exact=wanted), quiet=True)
    assert solution.error() < 1e-6


PLACES = {
    "around it": (None, [ellipse.boundary]),
    "beside a circle": (hole.boundary, [ellipse.boundary]),
    "beside a flux": (None, [hole.boundary, ellipse.boundary]),
    "in time": (None, [ellipse.boundary * Box(t=(0, 1))]),
}


@pytest.mark.parametrize("name", PLACES)
def test_fluxes_hold_on_its_boundary_for_any_parameters(name):
    valued, parts = PLACES[name]

    def flux(p, u):
        return 1 + p.x * p.y - 2 * u

    conditions = [on(part)(lambda p, u: outward(u, p) - flux(p, u)) for part in parts]
    if valued is not None:
        conditions.append(on(valued)(lambda p, u: u))
    inner = Siren(len(parts[0].axes), width=4)
    field = Ansatz(inner, vanishing_on=valued, flux=dict.fromkeys(parts, flux))
    for condition in conditions:
        objective = objective_of(Problem(condition), field, {condition: 60})
        assert objective.residual(torch.randn_like(objective.parameters)).abs().max() < 1e-12


COMBINED = {
    "difference": (ellipse - hole, (ellipse - hole).boundary),
    "union": (ellipse | Ball(x=2, y=0), ellipse.boundary | Ball(x=2, y=0).boundary),
    "intersection": (
        ellipse & Box(x=(0, 3), y=(-1, 1)),
        ellipse.boundary | Box(x=(0, 3), y=(-1, 1)).at(x=0),
    ),
    "product": (ellipse * Box(t=(0, 1)), (ellipse * Box(t=(0, 1))).boundary),
}


@pytest.mark.parametrize("name", COMBINED)
def test_a_boundary_function_of_what_it_makes(name):
    domain, boundary = COMBINED[name]
    on_it, inside = Sobol(200)(boundary), Sobol(200)(domain)
    assert boundary.boundary_function(on_it).value.abs().max() < 1e-13
    if name != "union":  # there the parts run inside as well
        assert boundary.boundary_function(inside).value.min() > 0


def test_what_it_does_not_give_is_refused():
    cut = ellipse & Ball(x=1, y=1)
    for domain in (ellipse, cut, cut.boundary, ellipse.boundary & Ball(x=1, y=1)):
        with pytest.raises(DomainError, match="boundary_function"):
            domain.boundary_function(Sobol(4)(ellipse))
    with pytest.raises(DomainError, match="its own flux"):
        Ansatz(Siren(2), flux={ellipse: lambda p, u: 0})


def test_it_says_what_it_is():
    class Plain(Piece):
        axes, dimension, measure, bounds = ("x",), 1, 2.0, ((0.0,), (2.0,))
        boundary: Any = None

        def holds(self, x, tolerance):
            return (x[:, 0] - 1).abs() <= 1 + tolerance

        def chart(self, u):
            return 2 * u

    assert repr(Plain()) == "Plain(within x=(0, 2))"
    assert repr(ellipse - hole) == f"{ellipse!r} - {hole!r}"
    assert repr((ellipse - hole) * Box(t=(0, 1))) == f"({ellipse!r} - {hole!r}) * Box(t=(0, 1))"
    assert repr((ellipse - hole).boundary) == f"({ellipse!r} - {hole!r}).boundary"
    assert not ellipse.is_data and ellipse.count is None and isinstance(ellipse.boundary, Edge)
