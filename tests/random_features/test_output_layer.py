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
from siren_pde.fields.parameters import parameters_of, with_parameters
from siren_pde.random_features.features import with_features, with_output
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


@pytest.mark.parametrize("weight", [1e-4, 1e-2, 1.0, 1e4])
def test_weights_of_noisy_data_are_those_of_the_normal_equations(weight):
    """Conditions are balanced as if all weights were one, and then weighted."""
    generator = torch.Generator().manual_seed(1)
    x = [torch.rand(60, generator=generator, dtype=torch.float64) for _ in range(2)]
    y = [torch.randn(60, generator=generator, dtype=torch.float64) for _ in range(2)]

    @on(PointCloud(x[0], y=y[0]))
    def first(p, u):
        return u - p.y

    @on(PointCloud(x[1], y=y[1]), weight=weight)
    def second(p, u):
        return u - p.y

    fitted = solve(Problem(first, second), method=LeastSquares(4, (12.0,)), quiet=True)
    basis = fitted.field
    theta = parameters_of(basis)
    columns = []
    for k in range(5):  # four sines and a constant
        one = torch.zeros(5, dtype=torch.float64)
        one[k] = 1.0
        unit = with_parameters(basis, with_output(basis, theta, one))
        part = replace(fitted, field=unit)
        columns.append([part(each) for each in x])
    a = [torch.stack([column[i] for column in columns], 1) for i in (0, 1)]
    size = [torch.linalg.matrix_norm(m) for m in a]
    share = [1 / size[0] ** 2, weight / size[1] ** 2]
    gram = sum(w * m.T @ m for w, m in zip(share, a, strict=True))
    right = sum(w * m.T @ b for w, m, b in zip(share, a, y, strict=True))
    c = torch.linalg.solve(gram, right)
    for matrix, places in zip(a, x, strict=True):
        assert torch.allclose(fitted(places), matrix @ c, atol=1e-6)


@pytest.mark.parametrize("factor", [1e-165, 1e-30, 1e150])
def test_how_an_equation_is_scaled_does_not_matter(factor):
    @on(Box(x=(0, 1)))
    def equation(p, u):
        return factor * (d(u, p.x, p.x) + exp(p.x))

    @on(Box(x=(0, 1)).boundary)
    def ends(p, u):
        return u + exp(p.x)

    problem = Problem(equation, ends, exact=lambda p: -exp(p.x))
    assert solve(problem, method=LeastSquares(40, (3.0,)), quiet=True).error() < 1e-9
