"""Eliminating what enters linearly finds constants from data."""

import pytest
import torch

from siren_pde import Box, PointCloud, Problem, Siren, Sobol, System, Unknown, d, on, solve
from siren_pde.collocation.objective import objective_of
from siren_pde.errors import ConfigError
from siren_pde.random_features.separation import partitioned
from siren_pde.scattering import VariableProjection

line = Box(x=(0, 1))
x = torch.linspace(0.1, 0.9, 9, dtype=torch.float64)
RATE = 1.3


@on(line)
def decay(p, u, m):
    return [d(u[0], p.x) + m * u[0], d(u[1], p.x) + 2 * m * u[1]]


@on(line.at(x=0))
def start(p, u):
    return [u[0] - 1, u[1] - 1]


@on(PointCloud(x, u=torch.stack([torch.exp(-RATE * x), torch.exp(-2 * RATE * x)], dim=1)))
def measured(p, u):
    return u - p.u


@on(line, weight=1e-24)
def level(p, m):
    return m - 1


PROBLEM = Problem(decay, start, measured, level)


def system():
    return System(m=Unknown(0.4), u=Siren(1, 2))


def test_a_constant_is_found_from_two_decays():
    method = VariableProjection(features=40, frequency=(6,), tolerance=1e-9)
    solution = solve(PROBLEM, system(), method, quiet=True)
    assert solution.field.networks()["m"].value == pytest.approx(RATE, rel=1e-7)
    u = solution.evaluate(lambda p, u: u, x)
    assert torch.allclose(u[:, 1], torch.exp(-2 * RATE * x), atol=1e-7)


def test_outputs_that_no_residual_joins_are_blocks():
    def outputs(problem):
        objective = objective_of(problem, system(), rule=Sobol(32))
        return partitioned(objective, "u", 7, torch.tensor([3.0])).outputs

    assert outputs(PROBLEM) == ((0,), (1,))

    @on(line)
    def joining(p, u):
        return u[0] - u[1]

    assert outputs(Problem(decay, joining)) == ((0, 1),)


def test_blocks_together_are_the_whole():
    objective = objective_of(PROBLEM, system(), rule=Sobol(32))
    parts = partitioned(objective, "u", 7, torch.tensor([3.0]))
    generator = torch.Generator().manual_seed(0)
    inner = [torch.randn(8, generator=generator, dtype=torch.float64) for _ in parts.parts]
    outer = torch.tensor([0.7], dtype=torch.float64)
    losses = [
        part.loss(parts.theta(part, c, outer)) for part, c in zip(parts.parts, inner, strict=True)
    ]
    whole = parts.whole.loss(parts.joined(inner, outer))
    assert float(sum(losses)) == pytest.approx(float(whole), rel=1e-12)


def test_what_cannot_be_eliminated_is_said():
    with pytest.raises(ConfigError, match="`v`"):
        solve(PROBLEM, system(), VariableProjection("v", frequency=(1,)), quiet=True)
    with pytest.raises(ConfigError, match="features ≥ 1"):
        VariableProjection(features=0)
