"""Unknowns of fewer coordinates, and at other points: one problem for each kind, against truths
that are not ours.
"""

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from siren_pde import (
    Box,
    GaussNewton,
    LeastSquares,
    Marching,
    Problem,
    Propagator,
    Siren,
    System,
    at,
    check,
    cos,
    d,
    exp,
    lap,
    on,
    pi,
    sin,
    solve,
    where,
)


def clean(problem, fields=None):
    """Whether an examination finds nothing."""
    return not check(problem, fields)


# ── fewer coordinates ─────────────────────────────────────────────────────────────────────────


def rod_and_tank():
    """Heat leaves a rod at x = 1 into a tank at the temperature v(t), which it cools.

    The slowest mode is sin kx exp(−k²t) with k tan k = 1.
    """
    strip = Box(x=(0, 1), t=(0, 2))
    k = brentq(lambda k: k * math.tan(k) - 1, 0.5, 1.2)

    def exact(p):
        decay = exp(-(k**2) * p.t)
        return {"u": sin(k * p.x) * decay, "v": math.sin(k) * decay}

    @on(strip)
    def heat(p, u):
        return d(u, p.t) - d(u, p.x, p.x)

    @on(strip.at(x=1))
    def tank(p, u, v):
        return [u - v, d(v, p.t) + d(u, p.x)]

    @on(strip.at(x=0))
    def cold(p, u):
        return u

    @on(strip.at(t=0))
    def start(p, u):
        return u - sin(k * p.x)

    @on(strip.at(x=1, t=0))
    def full(p, v):
        return v - math.sin(k)

    return Problem(heat, tank, cold, start, full, exact=exact)


@pytest.mark.parametrize(
    ("method", "error"),
    [
        (None, 1e-11),
        (Propagator(), 1e-10),
        (Marching(features=150, tolerance=1e-6), 1e-4),
        (GaussNewton(), 1e-3),
    ],
    ids=["automatic", "propagator", "marching", "gauss-newton"],
)
def test_an_ode_beside_a_pde(method, error):
    small: dict[str, Any] = {"width": 10, "depth": 1} if isinstance(method, GaussNewton) else {}
    fields = System(u=Siren(2, **small), v=Siren(1, of=("t",), **small))
    problem = rod_and_tank()
    assert clean(problem, fields)
    assert solve(problem, fields, method, quiet=True).error() < error


def test_a_nonlinear_ode_beside_a_pde():
    """A rod between two ends of which one reacts, v′ = −uₓ − v³, beside a method of lines."""
    n, final = 24, 1.0
    nodes = np.cos(np.pi * np.arange(n + 1) / n)
    weights = np.r_[2, np.ones(n - 1), 2] * (-1) ** np.arange(n + 1)
    apart = nodes[:, None] - nodes + np.eye(n + 1)
    slopes = 2 * np.outer(weights, 1 / weights) / apart  # Trefethen, Spectral Methods, cheb.m
    slopes -= np.diag(slopes.sum(1))
    x = (1 + nodes) / 2

    def rate(t, u):
        change = slopes @ (slopes @ u)
        change[0], change[-1] = -(slopes @ u)[0] - u[0] ** 3, 0.0
        return change

    # v′(0) = u_t(1, 0): then nothing is abrupt at the start
    k = brentq(lambda k: k * math.cos(k) + math.sin(k) ** 3 - k**2 * math.sin(k), 0.8, 1.5)
    truth = solve_ivp(rate, (0, final), np.sin(k * x), "Radau", rtol=1e-9, atol=1e-11)
    strip = Box(x=(0, 1), t=(0, final))

    @on(strip)
    def heat(p, u):
        return d(u, p.t) - d(u, p.x, p.x)

    @on(strip.at(x=1))
    def reacting(p, u, v):
        return [u - v, d(v, p.t) + d(u, p.x) + v**3]

    @on(strip.at(x=0))
    def cold(p, u):
        return u

    @on(strip.at(t=0))
    def start(p, u):
        return u - sin(k * p.x)

    fields = System(u=Siren(2), v=Siren(1, of=("t",)))
    problem = Problem(heat, reacting, cold, start)
    solution = solve(problem, fields, LeastSquares(features=300), quiet=True)
    ends = [[float(value), final] for value in x]
    apart = solution.evaluate(lambda p, u: u, ends).numpy() - truth.y[:, -1]
    assert np.abs(apart).max() < 1e-4


def test_a_source_of_space_alone_is_recovered():
    """From the state at the end: u_t = Δu + a(x, y) e^(−t)."""
    block = Box(x=(0, 1), y=(0, 1), t=(0, 1))

    def exact(p):
        a = cos(p.x) * cos(p.y)
        return {"u": a * exp(-p.t), "a": a}

    @on(block)
    def heat(p, u, a):
        return d(u, p.t) - lap(u) - a * exp(-p.t)

    @on(block.at(t=0) | block.at(t=1))
    def seen(p, u):
        return u - exact(p)["u"]

    @on(block.at(x=0) | block.at(x=1) | block.at(y=0) | block.at(y=1))
    def walls(p, u):
        return u - exact(p)["u"]

    fields = System(u=Siren(3), a=Siren(2, of=("x", "y")))
    problem = Problem(heat, seen, walls, exact=exact)
    solution = solve(problem, fields, LeastSquares(features=250), quiet=True)
    assert solution.error() < 1e-5
    x = torch.tensor([[0.3, 0.6, 0.0], [0.3, 0.6, 0.9]], dtype=torch.float64)
    early, late = solution.evaluate(lambda p, a: a, x)
    assert early == late


# ── other points ──────────────────────────────────────────────────────────────────────────────


def test_a_delay_equation_piece_by_piece():
    """Hutchinson's equation u′ = u (1 − u(t − 1)) from u = ½, by the method of steps."""
    steps = [Box(t=(0, 1)), Box(t=(1, 2))]

    @on(steps[0])
    def first(p, a):
        return d(a, p.t) - 0.5 * a

    @on(steps[1])
    def second(p, a, b):
        return d(b, p.t) - b * (1 - at(a, t=p.t - 1))

    @on(steps[0].at(t=0))
    def start(p, a):
        return a - 0.5

    @on(steps[1].at(t=1))
    def joined(p, a, b):
        return b - a

    exact = {"rtol": 1e-12, "atol": 1e-13, "dense_output": True}
    early = solve_ivp(lambda t, u: 0.5 * u, (0, 1), [0.5], **exact)
    late = solve_ivp(lambda t, u: u * (1 - early.sol(t - 1)), (1, 2), early.y[:, -1], **exact)
    fields = System(a=Siren(1), b=Siren(1))
    solution = solve(Problem(first, second, start, joined), fields, quiet=True)
    end = solution.evaluate(lambda p, b: b, [2.0])
    assert float(end) == pytest.approx(late.y[0, -1], rel=1e-9)


def test_a_delay_equation_with_a_history():
    """u′ = −u(t − π/2) from u = cos, which it stays."""
    before, after = Box(t=(-pi / 2, 0)), Box(t=(0, 3))

    @on(after)
    def delayed(p, u):
        return d(u, p.t) + at(u, t=p.t - pi / 2)

    @on(before)
    def history(p, u):
        return u - cos(p.t)

    problem = Problem(delayed, history, exact=lambda p: cos(p.t))
    assert clean(problem)
    assert solve(problem, quiet=True).error() < 1e-11


def test_a_pantograph():
    """u′ = −u/2 − u(t/2)²/2 with u(0) = 1, whose solution is e^(−t)."""
    line = Box(t=(0, 2))

    @on(line)
    def pantograph(p, u):
        return d(u, p.t) + u / 2 + at(u, t=p.t / 2) ** 2 / 2

    @on(line.at(t=0))
    def start(p, u):
        return u - 1

    problem = Problem(pantograph, start, exact=lambda p: exp(-p.t))
    assert clean(problem)
    assert solve(problem, quiet=True).error() < 1e-11


def test_a_value_tied_to_one_inside():
    """The nonlocal condition u(1) = u(½)/2 + g of Bitsadze and Samarskii."""
    line = Box(x=(0, 1))

    @on(line)
    def equation(p, u):
        return lap(u) + sin(p.x)

    @on(line.at(x=0))
    def left(p, u):
        return u

    @on(line.at(x=1))
    def right(p, u):
        return u - at(u, x=0.5) / 2 - (math.sin(1) - math.sin(0.5) / 2)

    problem = Problem(equation, left, right, exact=lambda p: sin(p.x))
    assert clean(problem)
    assert solve(problem, quiet=True).error() < 1e-12


@pytest.mark.parametrize("method", [None, Propagator(), Marching(features=150)])
def test_values_and_slopes_that_are_periodic(method):
    """A wave that diffuses while it leaves at one end and comes back at the other."""
    strip, k = Box(x=(0, 1), t=(0, 1)), 2 * pi

    def exact(p):
        return exp(-(k**2) / 50 * p.t) * sin(k * (p.x - p.t))

    @on(strip)
    def equation(p, u):
        return d(u, p.t) + d(u, p.x) - d(u, p.x, p.x) / 50

    @on(strip.at(t=0))
    def start(p, u):
        return u - exact(p)

    @on(strip.at(x=0))
    def around(p, u):
        return [u - at(u, x=1), d(u, p.x) - at(d(u, p.x), x=1)]

    problem = Problem(equation, start, around, exact=exact)
    assert clean(problem)
    assert solve(problem, None, method, quiet=True).error() < 1e-6


def test_a_delay_whose_history_is_chosen_by_where():
    """u′ = −u(t − π/2) from u = cos before t = 0, without a condition on the past."""
    line, tau = Box(t=(0, 3)), pi / 2

    @on(line)
    def delayed(p, u):
        earlier = p.t - tau
        return d(u, p.t) + where(earlier < 0, cos(earlier), at(u, t=earlier))

    @on(line.at(t=0))
    def start(p, u):
        return u - 1

    problem = Problem(delayed, start, exact=lambda p: cos(p.t))
    assert clean(problem)
    assert solve(problem, quiet=True).error() < 1e-11
