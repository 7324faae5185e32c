"""Objectives are values: planned once, measured once, and independent of what was asked before."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch

from siren_pde import (
    Adam,
    Box,
    Budget,
    Marching,
    PointCloud,
    Problem,
    Siren,
    d,
    exp,
    lap,
    on,
    pi,
    sin,
    solve,
)
from siren_pde.collocation.objective import objective_of
from siren_pde.collocation.residual import PLACEHOLDERS
from siren_pde.errors import ConfigError
from siren_pde.optimisers.base import Architecture, Iterate, Method
from tests.typed import known

square = Box(x=(0, 1), y=(0, 1))


def counted():
    """Poisson's problem, and how many points each call of its residuals had."""
    calls: dict[str, list[int]] = {"poisson": [], "dirichlet": []}

    @on(square)
    def poisson(p, u):
        calls["poisson"].append(len(p))
        return lap(u) + 2 * pi**2 * sin(pi * p.x) * sin(pi * p.y)

    @on(square.boundary)
    def dirichlet(p, u):
        calls["dirichlet"].append(len(p))
        return u

    return Problem(poisson, dirichlet), calls


def planned(calls):
    return sum(n == PLACEHOLDERS for each in calls.values() for n in each)


def test_a_solve_plans_each_condition_once():
    problem, calls = counted()
    solve(problem, quiet=True)
    assert planned(calls) == len(problem.conditions)


def test_a_march_plans_each_condition_once():
    strip = Box(x=(-1, 1), t=(0, 0.5))
    calls: dict[str, list[int]] = {"equation": [], "start": [], "ends": []}

    @on(strip)
    def equation(p, u):
        calls["equation"].append(len(p))
        e = exp(-p.t) * sin(pi * p.x)
        return d(u, p.t) - d(u, p.x, p.x) / 50 - u * u + e - pi**2 / 50 * e + e * e

    @on(strip.at(t=0))
    def start(p, u):
        calls["start"].append(len(p))
        return u - sin(pi * p.x)

    @on(strip.at(x=-1) | strip.at(x=1))
    def ends(p, u):
        calls["ends"].append(len(p))
        return u

    budget = Budget(steps=20)
    solution = solve(
        Problem(equation, start, ends), method=Marching(features=100), budget=budget, quiet=True
    )
    marched: Any = solution.field
    assert len(marched.breaks) >= 5
    assert planned(calls) == 3


def test_curvature_is_measured_once_and_kept_in_copies():
    problem, calls = counted()
    objective = objective_of(problem, Siren(2))
    assert objective.collocated.affine
    before = len(calls["poisson"])
    copies = [objective.redrawn(3), objective.weighted_boundaries(10.0)]
    copies.append(replace(objective, field=Siren(2, width=7, depth=2)))
    assert all(copy.collocated.affine for copy in copies)
    assert len(calls["poisson"]) == before


@pytest.mark.parametrize("asked_before", [False, True])
def test_copies_do_not_depend_on_what_was_asked_before(asked_before):
    """Data alone are affine, whatever the equation beside them is, and whenever that was asked."""

    @on(square)
    def curved(p, u):
        return lap(u) + u**3

    @on(PointCloud([[0.1, 0.2], [0.3, 0.4]], axes=("x", "y"), value=torch.tensor([1.0, 2.0])))
    def measured(p, u):
        return u - p.value

    collocated = objective_of(Problem(curved, measured), Siren(2)).collocated
    if asked_before:
        assert not collocated.affine
    assert known(collocated.data_residuals()).affine
    assert not collocated.affine


def test_products_of_copies_do_not_disturb_each_other():
    problem, _ = counted()
    one = objective_of(problem, Siren(2, width=6, depth=2), {"poisson": 9, "dirichlet": 5})
    other = one.redrawn(1)
    theta = one.parameters
    first = one.normal_equations(theta)
    jacobian = known(first.jacobian)
    kept = jacobian.clone()
    second = other.normal_equations(2 * theta)
    assert torch.equal(jacobian, kept)
    assert not torch.equal(known(second.jacobian), kept)


def test_memory_is_used_again_once_nobody_holds_it():
    problem, _ = counted()
    objective = objective_of(problem, Siren(2, width=6, depth=2), {"poisson": 9, "dirichlet": 5})

    def place():
        return known(objective.normal_equations(objective.parameters).jacobian).data_ptr()

    assert place() == place()


def test_an_objective_has_few_members():
    objective = objective_of(counted()[0], Siren(2))
    members = [name for name in dir(objective) if not name.startswith("_")]
    assert len(members) <= 16


@dataclass(frozen=True)
class InPlace(Method[None]):
    """Gradient descent that steps in place, as it must not."""

    name: str = "in place"
    dtype: torch.dtype = torch.float64
    architecture: Architecture = Architecture(8, 2)

    def points(self, parameters):
        return 32

    def start(self, objective):
        theta = objective.parameters
        return Iterate(objective, theta, objective.loss(theta), None)

    def step(self, at, spent):
        loss, gradient = at.objective.loss_and_gradient(at.theta)
        return replace(at, theta=at.theta.sub_(1e-3 * gradient), loss=loss)


def test_a_method_that_steps_in_place_is_refused():
    problem, _ = counted()
    with pytest.raises(ConfigError, match="`in place` has changed the parameters θ"):
        solve(problem, method=InPlace(), budget=Budget(steps=3), quiet=True)


def test_a_callback_that_changes_parameters_is_refused():
    problem, _ = counted()

    def meddling(report):
        report.iterate.theta.zero_()

    with pytest.raises(ConfigError, match="a callback has changed the parameters θ"):
        solve(
            problem,
            Siren(2, width=4, depth=1),
            Adam(batch=16),
            budget=Budget(steps=3),
            callbacks=[meddling],
            quiet=True,
        )


def test_the_field_of_an_objective_stays_as_it_was():
    problem, _ = counted()
    field = Siren(2, width=4, depth=1)
    before = [q.detach().clone() for q in field.parameters()]
    solution = solve(problem, field, Adam(batch=16), budget=Budget(steps=3), quiet=True)
    assert all(torch.equal(a, b) for a, b in zip(before, field.parameters(), strict=True))
    assert solution.field is not field


def test_what_the_zero_field_leaves_are_the_data_scaled():
    """Of u − g with a weight, √(weight/n) times −g, whatever the network is."""

    @on(square, weight=4)
    def value(p, u):
        return u - 3

    objective = objective_of(Problem(value), Siren(2, width=4, depth=1), {value: 50})
    left = objective.collocated.zero_field_residual(objective.field)
    assert torch.allclose(left, torch.full((50,), -3 * (4 / 50) ** 0.5, dtype=torch.float64))
    zero = torch.zeros_like(objective.parameters)
    assert torch.allclose(left, objective.residual(zero))
