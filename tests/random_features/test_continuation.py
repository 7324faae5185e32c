"""Nonlinear problems are led from their linearisation: to the solution, not to a small residual."""

import math

import pytest
import torch

from siren_pde import Budget, Problem, Siren, Sobol, d, lap, on, solve
from siren_pde.collocation.objective import objective_of
from siren_pde.errors import ConfigError
from siren_pde.optimisers.base import Spent
from siren_pde.random_features.continuation import Continuation
from siren_pde.random_features.features import with_features
from siren_pde.random_features.homotopy import Move, OutputHomotopy, followed, partly
from siren_pde.random_features.output_layer import fit_output, weighted_size
from siren_pde.random_features.output_system import OutputSystem
from tests.cavities import cavity, square


def features(problem, field, n=60, band=8.0, points=200):
    objective = objective_of(problem, field, rule=Sobol(points))
    return with_features(objective, n, torch.tensor([band, band], dtype=torch.float64))


# ── the path ──────────────────────────────────────────────────────────────────────────────────────


def test_the_path_leads_from_the_linearised_problem_to_the_problem():
    objective = features(*cavity(100))
    theta = objective.parameters + 0.1 * torch.randn(
        objective.parameters.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    assert torch.equal(partly(objective, 1.0).residual(theta), objective.residual(theta))
    zero = torch.zeros_like(theta)
    zero[:] = objective.parameters
    system = OutputSystem.of(objective, zero)
    moved = torch.cat(
        [
            part[-net.output_size :]
            for part, net in zip(
                (theta - zero).split([q.numel() for q in parts(objective)]),
                objective.field.networks().values(),
                strict=True,
            )
        ]
    )
    hidden = objective.field.networks()["u"]
    assert hidden.output_size
    same = frozen(objective, zero, theta)
    linear = partly(objective, 0.0).residual(same)
    assert torch.allclose(linear, system.right + system.matrix @ moved, atol=1e-10)
    half = partly(objective, 0.5).residual(same)
    assert torch.allclose(half, (linear + objective.residual(same)) / 2, atol=1e-12)


def parts(objective):
    return [
        torch.cat([q.detach().flatten() for q in net.parameters()])
        for net in objective.field.networks().values()
    ]


def frozen(objective, zero, theta):
    """θ with the layers of `zero` but the output layers of `theta`."""
    mixed, start = zero.clone(), 0
    for part, net in zip(parts(objective), objective.field.networks().values(), strict=True):
        start += part.numel()
        mixed[start - net.output_size : start] = theta[start - net.output_size : start]
    return mixed


def test_its_derivatives_are_those_of_its_residual():
    objective = partly(features(*cavity(100)), 0.3)
    theta = objective.parameters + 0.05
    direction = torch.ones_like(theta)
    step = 1e-6
    ahead, behind = (objective.residual(theta + s * step * direction) for s in (1, -1))
    moved = objective.jvp(theta, direction)
    assert torch.allclose(moved, (ahead - behind) / (2 * step), rtol=1e-5, atol=1e-6)


def fold(limit):
    """Newton's steps on x = s towards a limit beyond which there is no solution."""

    def newton(theta, s):
        target = torch.tensor([s])
        reached = 0.0 if s <= limit else math.inf
        return Move(target, 0.0, reached)

    return newton


def test_a_path_is_followed_as_far_as_it_goes():
    start = torch.zeros(1)
    assert followed(fold(2.0), start).s == 1.0
    stopped = followed(fold(0.62), start)
    assert 0.6 < stopped.s <= 0.62
    assert float(stopped.theta) == pytest.approx(stopped.s)


def test_steps_are_as_long_as_newton_bears():
    """Here it gets nowhere from farther than 0.03."""
    tried = []

    def newton(theta, s):
        tried.append(s)
        near = abs(float(theta) - s) <= 0.03
        return Move(torch.tensor([s]), 0.0, 0.0 if near else math.inf)

    assert followed(newton, torch.zeros(1)).s == 1.0
    assert 34 <= len(tried) < 120


# ── the method ────────────────────────────────────────────────────────────────────────────────────


def centre(field):
    x = torch.linspace(0, 1, 21, dtype=torch.float64)
    line = torch.stack([torch.full_like(x, 0.5), x], 1)
    with torch.no_grad():
        return field.networks()["u"](line)


def test_the_path_reaches_what_newton_at_once_misses():
    problem, field = cavity(500)
    objective = features(problem, field, n=120, band=12.0, points=480)
    path = OutputHomotopy(objective)
    place = followed(path.newton, objective.parameters)
    assert place.s == 1.0
    led, at_once = (
        fit_output(objective, start, weights=path.weights, boldness=boldness)[0]
        for start, boldness in ((place.theta, 0), (objective.parameters, 1))
    )
    sizes = [float(weighted_size(objective, at, path.weights)) for at in (led, at_once)]
    assert sizes[0] < 0.6 * sizes[1]


@pytest.mark.slow
def test_levels_of_features_come_nearer_to_the_flow():
    problem, field = cavity(100)
    method = Continuation(features=40, most=200)
    at = method.start(objective_of(problem, field))
    errors, residuals = [], []
    fine = solve(problem, field, Continuation(features=220, most=220), quiet=True, estimate="none")
    right = centre(fine.field)
    for _ in range(3):
        at = method.step(at, Spent())
        there = at.state.best
        errors.append(float((centre(there) - right).norm() / right.norm()))
        residuals.append(at.state.residual)
    assert errors[-1] < 0.5 * errors[0] and errors[-1] < 0.03
    assert residuals[-1] < residuals[0]


@on(square)
def poisson(p, u):
    return lap(u) + 1


@on(square)
def eikonal(p, u):
    return d(u, p.x) ** 2 + d(u, p.y) ** 2 - 1


@on(square.boundary)
def dirichlet(p, u):
    return u


@pytest.mark.parametrize(
    ("condition", "why"), [(poisson, "affine"), (eikonal, "do not depend on the field")]
)
def test_where_there_is_no_path_it_says_so(condition, why):
    with pytest.raises(ConfigError, match=why):
        Continuation().start(objective_of(Problem(condition, dirichlet), Siren(2)))


def test_no_level_begins_that_would_take_longer_than_what_is_left():
    problem, field = cavity(10)
    method = Continuation(features=20, most=200)
    at = method.step(method.start(objective_of(problem, field)), Spent(0.0, 10.0))
    assert not at.finished
    ended = method.step(at, Spent(0.5, 5.0))  # the first took five seconds
    assert "longer than what is left" in ended.finished
    assert torch.equal(ended.theta, at.theta)


def test_a_budget_of_steps_is_kept():
    problem, field = cavity(10)
    solution = solve(
        problem,
        field,
        Continuation(features=20),
        budget=Budget(steps=2),
        quiet=True,
        estimate="none",
    )
    assert solution.history.steps[-1] == 2 and solution.method == "continuation"
