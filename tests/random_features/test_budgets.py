"""Least squares begins nothing that would end after the seconds given, and uses them."""

import itertools
import math
from dataclasses import replace

import pytest
import torch

from siren_pde import Ball, Box, LeastSquares, Problem, Siren, Sobol, System, d, exp, lap, on
from siren_pde.collocation.frequencies import box
from siren_pde.collocation.objective import objective_of
from siren_pde.extend import Outcome, Spent
from siren_pde.random_features.features import Pace
from siren_pde.random_features.output_layer import fit_output
from siren_pde.random_features.search import Search, Trial
from tests.typed import known

SQUARE = Box(x=(-1, 1), y=(-1, 1))
HOLED = SQUARE - Ball(x=0.3, y=0.2, radius=0.2)


@on(HOLED)
def laplace(p, u):
    return lap(u)


@on(SQUARE.boundary)
def outer(p, u):
    return u - 1


@on(HOLED.boundary - SQUARE.boundary)
def inner(p, u):
    return u


@on(SQUARE)
def gelfand(p, u):
    return lap(u) + exp(u)


@on(SQUARE.boundary)
def rim(p, u):
    return u


def objective(*conditions, field=None):
    drawn = objective_of(Problem(*conditions), field or Siren(2), rule=Sobol(64))
    low, high = box(drawn.collocated)
    return replace(drawn, field=drawn.field.scaled_to(low, high, torch.ones_like(low)))


class Machine:
    """A clock that moves by what the trials of least squares cost, on a machine of known pace."""

    def __init__(self, monkeypatch, rate=1e-9):
        self.now, self.pace = 0.0, Pace(1, rate)
        self.sizes: list[int] = []
        monkeypatch.setattr("siren_pde.random_features.least_squares.time", self)
        tried = LeastSquares._tried

        def slow(method, state, trial, *, deadline):
            self.sizes.append(trial.features * state.columns)
            self.now += self.pace.predicted(self.sizes[-1])
            return tried(method, state, trial, deadline=deadline)

        monkeypatch.setattr(LeastSquares, "_tried", slow)

    def monotonic(self):
        return self.now


def solved(method, of, machine, seconds):
    """The last iterate within a budget, as `solve` steps."""
    at = method.start(of)
    while not at.finished and machine.now < seconds:
        at = method.step(at, Spent(machine.now / seconds, seconds - machine.now))
    return at


@pytest.mark.parametrize("seconds", [0.05, 0.3, 2.0])
def test_no_trial_ends_after_the_seconds_given(monkeypatch, seconds):
    machine = Machine(monkeypatch)
    at = solved(LeastSquares(), objective(laplace, outer, inner), machine, seconds)
    assert machine.now <= seconds
    assert at.outcome is Outcome.budget and "seconds left" in at.finished


def test_residuals_fall_with_the_seconds_given(monkeypatch):
    lowest = []
    for seconds in (0.05, 0.5, 3.0):
        with monkeypatch.context() as patch:
            at = solved(LeastSquares(), objective(laplace, outer, inner), Machine(patch), seconds)
        lowest.append(float(at.objective.redrawn(99).loss(at.theta)))
    assert all(more < 0.5 * less for less, more in itertools.pairwise(lowest))


def test_the_band_takes_a_fifth_of_the_seconds(monkeypatch):
    machine, method = Machine(monkeypatch), LeastSquares()
    at, share = method.start(objective(laplace, outer, inner)), 0.0
    while not at.state.search.growing:
        share = machine.now / 0.1
        at = method.step(at, Spent(share, 0.1 - machine.now))
    assert share < 0.2


@pytest.mark.parametrize("count", [1, 3])
def test_columns_are_counted_over_all_functions(monkeypatch, count):
    names = "uvw"[:count]

    @on(SQUARE)
    def steady(p, *unknowns):
        return [lap(u) - exp(3 * p.x + i) for i, u in enumerate(unknowns)]

    @on(SQUARE.boundary)
    def zero(p, *unknowns):
        return unknowns

    field = System(**{name: Siren(2) for name in names}) if count > 1 else Siren(2)
    machine, method = Machine(monkeypatch), LeastSquares(most=900, tolerance=1e-15)
    of = objective(steady, zero, field=field)
    solved(method, of, machine, math.inf)
    assert 450 < max(machine.sizes) <= 900


def test_newtons_steps_end_by_their_deadline():
    of = objective(gelfand, rim, field=Siren(2, width=60, depth=1))
    early, _ = fit_output(of, of.parameters, deadline=-math.inf)
    late, _ = fit_output(of, of.parameters, deadline=math.inf)
    losses = [float(of.loss(theta)) for theta in (of.parameters, early, late)]
    assert losses[0] > losses[1] > 10 * losses[2]  # one step is always taken


def test_what_patience_does_not_reach_ends_early(monkeypatch):
    of, sizes, method = objective(laplace, outer, inner), [], LeastSquares(most=1200)
    for patience in (math.inf, 1.0):
        with monkeypatch.context() as patch:
            at = solved(replace(method, patience=patience), of, machine := Machine(patch), math.inf)
        sizes.append(sum(machine.sizes))
    assert sizes[1] < sizes[0] and at.outcome is Outcome.stagnated


def test_what_patience_means():
    """As the residual falls with the square of the columns, 1e-11 takes 6e7 of them."""
    start, method = Trial((4.0, 4.0), 200), LeastSquares(tolerance=1e-11, most=1000)
    search = Search.starting(start, fixed=True)
    for _ in range(3):
        search = search.after((known(search.trial).features / 200) ** -2.0, 1e-11, 10**9)
    assert "6e+07 columns" in replace(method, patience=5e4)._hopeless(search, 1)
    assert not replace(method, patience=7e4)._hopeless(search, 1)
    assert replace(method, patience=7e4)._hopeless(search, 2)  # of two functions
    assert not method._hopeless(search, 1)


def test_patience_is_not_lost_where_the_tolerance_is_reached():
    @on(SQUARE)
    def heat(p, u):
        return d(u, p.y) - lap(u, p.x) + u

    @on(SQUARE.at(y=-1) | SQUARE.at(x=-1) | SQUARE.at(x=1))
    def data(p, u):
        return u - exp(p.x) * 1.0

    at = (method := LeastSquares(patience=1.0)).start(objective(heat, data))
    while not at.finished:
        at = method.step(at, Spent())
    assert at.outcome is Outcome.converged
