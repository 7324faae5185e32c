"""NaN and infinity, wherever they come in, end a solve with the last finite state and the place."""

import math
import re
from typing import Any

import numpy as np
import pytest
import torch

from siren_pde import (
    LBFGS,
    Adam,
    Box,
    Broyden,
    Budget,
    GaussNewton,
    LeastSquares,
    Marching,
    PointCloud,
    Problem,
    Siren,
    Sobol,
    d,
    lap,
    on,
    pi,
    sin,
    solve,
    sqrt,
)
from siren_pde.errors import NonFiniteError
from siren_pde.images import ConjugateGradients, Cosines
from siren_pde.optimisers.finite import CUTS
from siren_pde.types import Outcome

square, later = Box(x=(0, 1), y=(0, 1)), Box(x=(0, 1), t=(0, 1))
DATA = PointCloud(np.linspace(0.1, 0.9, 12).reshape(6, 2), axes=("x", "y"), v=np.zeros(6))


class Failing:
    """Zero, `bad` after so many calls."""

    def __init__(self, after, bad=math.nan):
        self.after, self.bad, self.calls = after, bad, 0

    def __call__(self):
        self.calls += 1
        return self.bad if self.calls > self.after else 0.0


def steady(fail, where):
    @on(square)
    def inside(p, u):
        return lap(u) + sin(pi * p.x) + (fail() * p.x if where == "inside" else 0.0)

    @on(square.boundary)
    def edge(p, u):
        return u + (fail() * p.y if where == "edge" else 0.0)

    @on(DATA)
    def data(p, u):
        return u - p.v + (fail() if where == "data" else 0.0)

    return Problem(inside, edge, data)


def pixels(fail, where):
    @on(square)
    def inside(p, u):
        return u - p.x * p.y + (fail() * p.x if where == "inside" else 0.0)

    return Problem(inside)


def evolving(fail, where):
    @on(later)
    def inside(p, u):
        bad = fail() * p.x if where == "inside" else 0.0
        return d(u, p.t) - 0.1 * d(u, p.x, p.x) + u**3 + bad

    @on(later.at(t=0))
    def start(p, u):
        return u - sin(pi * p.x)

    @on(later.at(x=0) | later.at(x=1))
    def edge(p, u):
        return u + (fail() * p.t if where == "edge" else 0.0)

    return Problem(inside, start, edge)


def tiny():
    return Siren(2, width=6, depth=1)


METHODS: dict[str, Any] = {
    "adam": (steady, tiny, Adam(batch=32)),
    "adam on fixed points": (steady, tiny, Adam(batch=32, fresh=False)),
    "l-bfgs": (steady, tiny, LBFGS(inner=3)),
    "broyden": (steady, tiny, Broyden()),
    "gauss-newton": (steady, tiny, GaussNewton(refresh=2)),
    "least squares": (steady, lambda: None, LeastSquares(most=200)),
    "conjugate gradients": (
        pixels,
        lambda: Cosines((6, 6)),
        ConjugateGradients(probes=2, tolerance=1e-30),
    ),
    "marching": (evolving, lambda: None, Marching()),
}
PLACES = {"adam": ("inside", "edge", "data"), "conjugate gradients": ("inside",)}


def solved(name, fail, where):
    make, field, method = METHODS[name]
    budget = Budget(steps=2 if name == "marching" else 6)  # its steps are long
    rule = None if name in ("least squares", "marching") else Sobol(64)
    return solve(
        make(fail, where), field(), method, quadrature=rule, budget=budget, quiet=True,
        estimate="none",
    )  # fmt: skip


CASES = [(name, where) for name in METHODS for where in PLACES.get(name, ("inside", "edge"))]


@pytest.mark.slow
@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize(("name", "where"), CASES)
def test_values_that_become_bad_end_the_solve_where_it_was_good(name, where, bad):
    counted = Failing(10**9)
    assert solved(name, counted, where).outcome is not Outcome.non_finite
    shares = (0.5,) if name == "marching" else (0.0, 0.33, 0.5, 0.67)
    for after in (1 + int(share * counted.calls) for share in shares):
        try:
            solution = solved(name, Failing(after, bad), where)
        except NonFiniteError as error:  # at the start
            assert f"`{where}`" in str(error)
            continue
        assert solution.outcome is Outcome.non_finite, (after, counted.calls)
        assert re.search(rf"condition `{where}` is \[(nan|-?inf)\] at ", solution.stop_reason)
        assert all(bool(torch.isfinite(q).all()) for q in solution.field.parameters())
        assert all(map(math.isfinite, solution.history.losses))


@pytest.mark.parametrize("name", ["adam", "l-bfgs", "broyden", "gauss-newton"])
def test_derivatives_that_become_bad_are_named(name):
    """sqrt(x) at 0 has a value and no slope; the field vanishes at first."""

    @on(square)
    def rooted(p, u):
        return sqrt(u * u) - p.x

    field = tiny()
    with torch.no_grad():
        for q in field.parameters():
            q.zero_()
    method = METHODS[name][2]
    try:
        solution = solve(
            Problem(rooted), field, method, budget=Budget(steps=4), quiet=True, estimate="none"
        )
    except NonFiniteError as error:
        said = str(error)
    else:
        assert solution.outcome is Outcome.non_finite
        said = solution.stop_reason
    assert re.search("the derivative of condition `rooted` by the field is not finite at x=", said)


def narrow(level):
    @on(square)
    def inside(p, u):
        return sqrt(level - u) - 0.5 * level**0.5

    return Problem(inside)


@pytest.mark.parametrize("rate", [0.3, 1.0, 30.0])
def test_a_rate_that_explodes_is_cut_at_most_three_times_and_says_so(rate):
    """√(0.01 − u) ends where u > 0.01: large steps leave its domain, small ones do not."""
    field = Siren(2, width=4, depth=1)
    with torch.no_grad():
        for q in field.parameters():
            q.zero_()
    notes: list[str] = []
    method = Adam(rate=rate, batch=16, final=1.0, fresh=False)
    solution = solve(
        narrow(0.01), field, method, budget=Budget(steps=60), quiet=True, estimate="none",
        callbacks=[lambda report: notes.append(report.iterate.note)],
    )  # fmt: skip
    assert all(bool(torch.isfinite(q).all()) for q in solution.field.parameters())
    if solution.outcome is Outcome.non_finite:
        assert f"after {CUTS} cuts of the rate" in solution.stop_reason
        assert "condition `inside` is [nan] at " in solution.stop_reason
    assert math.isfinite(solution.loss)


def test_line_searches_turn_back_before_values_that_are_bad():
    """The first step of L-BFGS and Broyden, of length one, leaves the domain of the root."""
    for method in (LBFGS(inner=5), Broyden(), GaussNewton(refresh=0)):
        field = Siren(2, width=4, depth=1, seed=3)
        with torch.no_grad():
            for q in field.parameters():
                q.mul_(0.01)
        budget = Budget(steps=10)
        solution = solve(narrow(0.5), field, method, budget=budget, quiet=True, estimate="none")
        assert solution.loss < 0.5 * solution.history.losses[0] and math.isfinite(solution.loss)
