"""Integrals, means, fluxes and values at points of answers of the gallery, with their error bars.

The truth is the same integral of the exact solution.
"""

import math
from pathlib import Path

import pytest
import torch

from siren_pde import (
    Box,
    LeastSquares,
    Marching,
    PointCloud,
    Problem,
    d,
    grad,
    lap,
    on,
    pi,
    sin,
    solve,
)
from siren_pde.errors import ConfigError
from siren_pde.fields.parameters import parameters_of
from tests.typed import loaded, module_at

cases = module_at(Path(__file__).parents[2] / "benchmarks" / "goal_cases.py", "goal_cases")
SQUARE = Box(x=(0, 1), y=(0, 1))


def exact(p):
    return sin(pi * p.x) * sin(pi * p.y)


@on(SQUARE)
def poisson(p, u):
    return lap(u) + 2 * pi**2 * exact(p)


@on(SQUARE.boundary)
def edge(p, u):
    return u


PROBLEM = Problem(poisson, edge, exact=exact)


@pytest.fixture(scope="module")
def answer():
    return solve(PROBLEM, method=LeastSquares(80), quiet=True)


def test_bars_know_the_rounding_of_sums_that_cancel(answer):
    """Coefficients of 10⁵ leave a value of the size of one known to 10⁻¹¹ only."""
    m = cases.module("poisson_disk")
    solution = solve(m.problem, None, cases.coarse("poisson_disk"), quiet=True)
    size = float(parameters_of(solution.field).detach().abs().max())
    bar = solution.goal(lambda p, u: u, PointCloud([[0.2, 0.3]], axes=("x", "y")))
    assert 1e-17 * size < bar.rounding <= bar.error
    small = answer.goal(lambda p, u: u, SQUARE)
    assert small.rounding < 1e-3 * small.error


@pytest.mark.parametrize("name", cases.CASES)
def test_bars_are_right_within_a_factor_of_two(name):
    m = cases.module(name)
    solution = solve(m.problem, getattr(m, "field", None), cases.coarse(name), quiet=True)
    for wanted in cases.CASES[name].goals(m):
        goal, error, rounding = cases.compared(m, solution, wanted)
        assert goal.reliable
        assert cases.right_within(2, goal.error, error, rounding), (wanted.name, goal, error)


@pytest.mark.parametrize("name", ["helmholtz", "poisson_mixed", "poisson_variable"])
def test_bars_of_converged_answers_are_right(name):
    m = cases.module(name)
    solution = solve(m.problem, getattr(m, "field", None), quiet=True)
    for wanted in cases.CASES[name].goals(m):
        goal, error, rounding = cases.compared(m, solution, wanted)
        assert cases.right_within(2, goal.error, error, rounding), (wanted.name, goal, error)


def test_marches_have_bars_at_an_instant_and_over_all_times():
    m = cases.module("heat")
    solution = solve(m.problem, method=Marching(tolerance=1e-6, features=250), quiet=True)
    for wanted in cases.CASES["heat"].goals(m):
        goal, error, rounding = cases.compared(m, solution, wanted)
        assert abs(error) <= 2 * goal.error + rounding, (wanted.name, goal, error)
        assert goal.error <= 4 * abs(error) + rounding, (wanted.name, goal, error)


def test_the_corrected_value_is_nearer(answer):
    goal = answer.goal(lambda p, u: u, SQUARE)
    truth = 4 / math.pi**2
    assert abs(goal.value + goal.correction - truth) < abs(goal.value - truth) / 10
    assert goal.interval[0] < truth < goal.interval[1]
    assert float(goal) == goal.value and "±" in str(goal)


def test_a_mean_is_the_integral_by_the_measure(answer):
    wide = SQUARE.boundary
    whole, mean = (answer.goal(lambda p, u: d(u, p.x) ** 2, wide, mean=m) for m in (False, True))
    assert whole.value == pytest.approx(4 * mean.value, rel=1e-12)
    assert whole.error == pytest.approx(4 * mean.error, rel=1e-6)


def test_there_is_no_bar_where_the_error_is_not_known():
    """Measured data alone have noise of unknown size."""
    x = torch.linspace(0, 1, 64).double()
    cloud = PointCloud(x[:, None], axes=("x",), value=torch.sin(3 * x))
    problem = Problem(on(cloud)(lambda p, u: u - p.value))
    goal = solve(problem, method=LeastSquares(20, (5.0,)), quiet=True).goal(
        lambda p, u: u, Box(x=(0, 1))
    )
    assert math.isnan(goal.error) and "measured data" in goal.why
    assert goal.value == pytest.approx((1 - math.cos(3)) / 3, abs=1e-6)
    assert "no error bar" in str(goal)


def test_what_cannot_be_a_goal_is_explained(answer, tmp_path):
    with pytest.raises(ConfigError, match="a domain in these coordinates"):
        answer.goal(lambda p, u: u, Box(x=(0, 1)))
    with pytest.raises(ConfigError, match="outside of all its domains"):
        answer.goal(lambda p, u: u, Box(x=(0, 2), y=(0, 1)))
    with pytest.raises(ConfigError, match="2 components"):
        answer.goal(lambda p, u: grad(u), SQUARE)
    answer.save(tmp_path / "answer.h5")
    alone = loaded(tmp_path / "answer.h5")
    with pytest.raises(ConfigError, match="attach it"):
        alone.goal(lambda p, u: u, SQUARE)
    attached = loaded(tmp_path / "answer.h5", PROBLEM)
    goal, same = (s.goal(lambda p, u: u, SQUARE) for s in (attached, answer))
    assert goal.error == pytest.approx(same.error, rel=1e-3)
