"""Newton's method on output layers: from afar, with constants, with data, to rounding."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from siren_pde import (
    Ansatz,
    Box,
    LeastSquares,
    PointCloud,
    Problem,
    Siren,
    Sobol,
    System,
    Unknown,
    d,
    dot,
    exp,
    grad,
    log,
    on,
    solve,
    sqrt,
)
from siren_pde.collocation.objective import objective_of
from siren_pde.random_features.features import with_features
from siren_pde.random_features.output_layer import DAMPINGS, fit_output
from tests.typed import known

square = Box(x=(0, 1), y=(0, 1))


def gradient_medium(g=0.8):
    """|∇u| (1 + g y) = 1 from the point (0, 0): rays are circles, u = arcosh(1 + …) / g."""

    def exact(p):
        x, y = p
        c = 1 + g**2 * (x**2 + y**2) / (2 * (1 + g * y))
        return log(c + sqrt(c * c - 1)) / g

    @on(square)
    def eikonal(p, u):
        return dot(grad(u), grad(u)) * (1 + g * p.y) ** 2 - 1

    return Problem(eikonal, exact=exact)


def straight(p):
    return sqrt(p.x**2 + p.y**2)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_travel_times_where_velocity_has_a_constant_gradient(seed):
    field = Ansatz(Siren(2), lift=straight, vanishing=straight)
    method = LeastSquares(150, (4.0, 4.0), oversampling=3)
    assert solve(gradient_medium(), field, method, seed=seed, quiet=True).error() < 1e-7


def decay(noise=0.0):
    x = torch.linspace(0, 2, 200, dtype=torch.float64)
    wobble = torch.randn(200, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    @on(Box(x=(0, 2)))
    def equation(p, u, nu):
        return d(u, p.x) + nu * u

    @on(PointCloud(x, u=torch.exp(-0.7 * x) + noise * wobble))
    def measured(p, u):
        return u - p.u

    def exact(p):
        return {"nu": 0.7, "u": exp(-0.7 * p.x)}

    return Problem(equation, measured, exact=exact)


@pytest.mark.parametrize(("noise", "error"), [(0.0, 1e-9), (0.01, 1e-2)])
@pytest.mark.parametrize("start", [0.0, 5.0])
def test_constants_are_found_from_data(noise, error, start):
    field = System(u=Siren(1), nu=Unknown(start))
    found = solve(decay(noise), field, LeastSquares(30, (6.0,)), quiet=True)
    nu: Any = found.field.networks()["nu"]
    assert abs(nu.value - 0.7) < error


def test_what_is_measured_is_told_from_equations():
    objective = objective_of(decay(), System(u=Siren(1), nu=Unknown(1.0)))
    data = known(objective.collocated.data_residuals())
    assert [r.condition.name for r in data.rows] == ["measured"]
    measured = replace(objective, collocated=data)
    assert measured.residual(objective.parameters).shape == (200,)
    assert objective_of(gradient_medium(), Siren(2)).collocated.data_residuals() is None


def test_bolder_first_steps_arrive_at_the_same_place():
    field = Ansatz(Siren(2), lift=straight, vanishing=straight)
    objective = objective_of(gradient_medium(), field, rule=Sobol(300))
    objective = with_features(objective, 100, torch.tensor([3.0, 3.0], dtype=torch.float64))
    fits = [
        fit_output(objective, objective.parameters, boldness=k)[0] for k in range(len(DAMPINGS))
    ]
    first, *others = [objective.residual(theta) for theta in fits]
    assert all(torch.allclose(first, other, atol=1e-8) for other in others)


def test_what_does_not_depend_on_the_zero_field_joins_in_later():
    line = Box(x=(0, 1))

    @on(line)
    def eikonal(p, u):
        return d(u, p.x) ** 2 - 1

    @on(line.at(x=0))
    def start(p, u):
        return u, d(u, p.x) - 1

    problem = Problem(eikonal, start, exact=lambda p: 1 * p.x)
    assert solve(problem, method=LeastSquares(12, (2.0,)), quiet=True).error() < 1e-7
