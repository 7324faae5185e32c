"""Newton's method from states that lead nowhere, and to no success where there is none."""

import pytest
import torch

from siren_pde import (
    Ball,
    Box,
    LeastSquares,
    Problem,
    Siren,
    System,
    d,
    dot,
    exp,
    grad,
    log,
    on,
    solve,
)
from siren_pde.calculus.points import Points
from siren_pde.collocation.expression import Expression
from siren_pde.collocation.objective import objective_of
from siren_pde.collocation.residual import evaluate
from siren_pde.fields.parameters import with_parameters
from siren_pde.random_features.features import with_features
from siren_pde.random_features.starts import known_values, like_field
from siren_pde.types import Outcome

line = Box(x=(0, 1))


def points_of(x):
    return Points(("x",), x[:, None], torch.ones_like(x))


def ended(*conditions, field=None, most=400, **options):
    return solve(Problem(*conditions, **options), field, LeastSquares(most=most), quiet=True)


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e4])
def test_roots_that_the_zero_field_does_not_lead_to(size):
    @on(line)
    def square(p, u):
        return u**2 - size**2 * (1 + p.x)

    s = ended(square)
    x = torch.linspace(0, 1, 33, dtype=torch.float64)
    assert s.outcome is Outcome.converged
    assert (s(x).abs() / size - (1 + x).sqrt()).abs().max() < 1e-8


def test_slopes_whose_sign_is_free():
    @on(line)
    def eikonal(p, u):
        return d(u, p.x) ** 2 - 1

    @on(line.at(x=0))
    def start(p, u):
        return u

    s = ended(eikonal, start)
    x = torch.linspace(0, 1, 33, dtype=torch.float64)
    assert (s(x).abs() - x).abs().max() < 1e-8


@pytest.mark.parametrize("domain", [Box(x=(0, 1), y=(0, 1)), Ball(x=0, y=0, radius=1)])
def test_the_distance_from_a_boundary_is_not_smooth(domain):
    @on(domain)
    def eikonal(p, u):
        return dot(grad(u), grad(u)) - 1

    @on(domain.boundary)
    def walls(p, u):
        return u

    s = ended(eikonal, walls)
    assert s.outcome is not Outcome.converged


def test_squares_are_not_negative():
    @on(line)
    def impossible(p, u):
        return u**2 + 1

    s = ended(impossible)
    assert s.outcome is not Outcome.converged
    assert "not solved" in s.stop_reason


@pytest.mark.parametrize("ends", [(1.0, 2.0), (-3.0, -1.0), (1e-3, 2e-3)])
def test_what_is_not_defined_at_zero_starts_from_boundary_values(ends):
    """(log |u|)'' = 0 for u > 0: u is a power of the ratio of its ends."""
    first, last = ends

    @on(line)
    def equation(p, u):
        return d(u, p.x, p.x) - d(u, p.x) ** 2 / u

    @on(line.at(x=0))
    def left(p, u):
        return u - first

    @on(line.at(x=1))
    def right(p, u):
        return u - last

    s = ended(equation, left, right, exact=lambda p: first * exp(log(last / first + 0 * p.x) * p.x))
    assert s.outcome is Outcome.converged and s.error() < 1e-8


def test_known_values_are_met_and_smooth_between():
    @on(line)
    def equation(p, u, v):
        return d(u, p.x) * v, d(v, p.x) - u * v

    @on(line.at(x=0))
    def left(p, u, v):
        return u - 300, v - 1

    @on(line.at(x=1))
    def right(p, u):
        return u - 400

    field = System(u=Siren(1), v=Siren(1))
    objective = objective_of(Problem(equation, left, right), field)
    objective = with_features(objective, 40, torch.tensor([6.0], dtype=torch.float64))
    known = known_values(objective, objective.parameters)
    values = like_field(objective, objective.parameters, with_parameters(objective.field, known))
    x = torch.linspace(0, 1, 11, dtype=torch.float64)
    for theta in (known, values):
        fitted = with_parameters(objective.field, theta)
        s = evaluate(fitted, Expression("u", lambda p, u, v: [u, v]), points_of(x))
        assert (s[:, 0] - (300 + 100 * x)).abs().max() < 1
        assert (s[:, 1] - 1).abs().max() < 1e-2
