"""Evolutions crossed by the method of lines, against exact solutions and SciPy's integrators."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from siren_pde import (
    Auto,
    Box,
    Budget,
    Problem,
    Siren,
    System,
    cos,
    d,
    dot,
    erf,
    exp,
    grad,
    lap,
    on,
    pi,
    save,
    sin,
    solve,
)
from siren_pde.collocation.objective import objective_of
from siren_pde.errors import ConfigError
from siren_pde.optimisers.base import Spent
from siren_pde.random_features.lines import MethodOfLines
from siren_pde.types import Outcome
from tests.typed import loaded


def van_der_pol(mu, end, *, second_order):
    time = Box(t=(0, end))

    @on(time)
    def equation(p, x):
        return d(x, p.t, p.t) - mu * (1 - x * x) * d(x, p.t) + x

    @on(time)
    def equations(p, x, v):
        return d(x, p.t) - v, d(v, p.t) - mu * (1 - x * x) * v + x

    @on(time.at(t=0))
    def rest(p, x):
        return x - 2, d(x, p.t)

    @on(time.at(t=0))
    def start(p, x, v):
        return x - 2, v

    if second_order:
        return Problem(equation, rest), None
    return Problem(equations, start), System(x=Siren(1), v=Siren(1))


@pytest.mark.parametrize("second_order", [False, True])
def test_slow_and_sudden_parts_of_a_stiff_oscillation(second_order):
    problem, field = van_der_pol(100, 180, second_order=second_order)
    s = solve(problem, field, estimate="none", quiet=True)
    assert s.method == "method of lines" and s.outcome is Outcome.converged
    t = np.linspace(0, 180, 500)

    def rates(t, y):
        return [y[1], 100 * (1 - y[0] ** 2) * y[1] - y[0]]

    y = solve_ivp(rates, (0, 180), [2, 0], "Radau", t, rtol=1e-10, atol=1e-11).y[0]
    x = s.evaluate(lambda p, x: x, torch.from_numpy(t)).numpy().ravel()
    assert np.linalg.norm(x - y) < 1e-6 * np.linalg.norm(y)


def test_rates_that_differ_by_many_orders():
    """Robertson's reaction over ten decades of time, each unknown by itself."""
    low, high = math.log(1e-5), math.log(1e5)
    time = Box(s=(low, high))

    @on(time)
    def reaction(p, a, b, c):
        t = exp(p.s)
        made, lost = 0.04 * a - 1e4 * b * c, 3e7 * b * b
        return d(a, p.s) + t * made, d(b, p.s) - t * (made - lost), d(c, p.s) - t * lost

    @on(time.at(s=low))
    def start(p, a, b, c):
        return a - 1, b, c

    field = System(a=Siren(1), b=Siren(1), c=Siren(1))
    s = solve(Problem(reaction, start), field, estimate="none", quiet=True)

    def rates(s, y):
        made, lost = 0.04 * y[0] - 1e4 * y[1] * y[2], 3e7 * y[1] ** 2
        return np.exp(s) * np.array([-made, made - lost, lost])

    t = np.linspace(low, high, 200)
    y = solve_ivp(rates, (low, high), [1, 0, 0], "Radau", t, rtol=1e-10, atol=1e-15).y
    values = s.evaluate(lambda p, a, b, c: [a, b, c], torch.from_numpy(t)).numpy().T
    assert (np.linalg.norm(values - y, axis=1) < 1e-6 * np.linalg.norm(y, axis=1)).all()


def front():
    """Nagumo's equation: a front that moves at a known speed, between two states."""
    strip, speed = Box(x=(-10, 20), t=(0, 30)), math.sqrt(2) * 0.2

    def exact(p):
        return 1 / (1 + exp((p.x - speed * p.t) / math.sqrt(2)))

    @on(strip)
    def equation(p, u):
        return d(u, p.t) - d(u, p.x, p.x) - u * (1 - u) * (u - 0.3)

    @on(strip.at(t=0))
    def start(p, u):
        return u - exact(p)

    @on(strip.at(x=-10) | strip.at(x=20))
    def ends(p, u):
        return u - exact(p)

    return Problem(equation, start, ends, exact=exact), None


def torus():
    """Burgers with a source on a circle: u = sin(x − t), which is affine in nothing."""
    strip = Box(x=(0, 2 * pi), t=(0, 3))

    def exact(p):
        return sin(p.x - p.t)

    @on(strip)
    def equation(p, u):
        wave = exact(p)
        source = -cos(p.x - p.t) + wave * cos(p.x - p.t) + wave / 10
        return d(u, p.t) + u * d(u, p.x) - d(u, p.x, p.x) / 10 - source

    @on(strip.at(t=0))
    def start(p, u):
        return u - sin(p.x)

    return Problem(equation, start, exact=exact), Siren(2, period=(2 * pi, None))


def melting():
    """Stefan's problem on a fixed interval: an unknown of time alone, and one of both."""
    share, strip = 0.6200626, Box(x=(0, 1), t=(0, 1))

    def exact(p):
        return {"u": 1 - erf(share * p.x) / math.erf(share), "s": 2 * share * (p.t + 0.25) ** 0.5}

    @on(strip)
    def heat(p, u, s):
        return s**2 * d(u, p.t) - p.x * s * d(s, p.t) * d(u, p.x) - d(u, p.x, p.x)

    @on(strip.at(x=1))
    def melts(p, u, s):
        return u, s * d(s, p.t) + d(u, p.x)

    @on(strip.at(x=0))
    def hot(p, u):
        return u - 1

    @on(strip.at(t=0))
    def start(p, u, s):
        return u - exact(p)["u"], s - share

    field = System(u=Siren(2), s=Siren(1, of=("t",)))
    return Problem(heat, melts, hot, start, exact=exact), field


def plate():
    """A reaction in a square whose walls let nothing through."""
    room = Box(x=(0, 1), y=(0, 1), t=(0, 2))

    def exact(p):
        return exp(-p.t) * cos(pi * p.x) * cos(pi * p.y)

    @on(room)
    def equation(p, u):
        e = exact(p)
        return d(u, p.t) - lap(u) / 20 + u**3 - (-e + pi**2 / 10 * e + e**3)

    @on(room.at(t=0))
    def start(p, u):
        return u - exact(p)

    @on(room.at(x=0) | room.at(x=1) | room.at(y=0) | room.at(y=1))
    def walls(p, u):
        return dot(grad(u), p.normal)

    return Problem(equation, start, walls, exact=exact), None


CASES = {
    "front": (front, 1e-4, 2e-5),
    "torus": (torus, 1e-8, 1e-7),
    "melting": (melting, 1e-4, 2e-5),
    "plate": (plate, 1e-4, 2e-5),
}


@pytest.mark.parametrize("name", CASES)
def test_the_error_is_what_was_asked_for(name):
    make, tolerance, bound = CASES[name]
    problem, field = make()
    s = solve(problem, field, MethodOfLines(tolerance=tolerance), estimate="none", quiet=True)
    assert s.outcome is Outcome.converged and "slabs are solved" in s.stop_reason
    assert s.error() < bound


@pytest.mark.parametrize("name", ["front", "melting"])
def test_the_error_is_known_from_the_crossing_before(name):
    problem, field = CASES[name][0]()
    told: list[float] = []
    s = solve(
        problem,
        field,
        MethodOfLines(tolerance=1e-4),
        estimate="none",
        quiet=True,
        callbacks=[lambda report: told.append(report.iterate.error)],
    )
    assert math.isnan(told[0]) and told[-1] / 20 < s.error() < 3 * told[-1]


def test_steady_equations_that_start_from_zero():
    """Heat let in at one end: affine, initial values that are nothing, none of them given."""
    rod = Box(x=(0, 1), t=(0, 1))

    @on(rod)
    def heat(p, u):
        return d(u, p.t) - d(u, p.x, p.x) - pi**2 * sin(pi * p.x)

    @on(rod.at(x=0) | rod.at(x=1))
    def ends(p, u):
        return u

    @on(rod.at(t=0))
    def start(p, u):
        return u

    def exact(p):
        return (1 - exp(-(pi**2) * p.t)) * sin(pi * p.x)

    problem = Problem(heat, ends, start, exact=exact)
    s = solve(problem, method=MethodOfLines(tolerance=1e-5), estimate="none", quiet=True)
    assert s.error() < 1e-5


def test_without_seconds_left_the_last_complete_crossing_is_the_answer():
    problem, _ = front()
    method = MethodOfLines()
    iterate = method.start(objective_of(problem, Siren(2)))
    while not iterate.finished:
        iterate = method.step(iterate, Spent(share=0.99, left=0.0))
    assert iterate.outcome is Outcome.budget and not iterate.reached
    assert "slabs are solved to a tolerance of 1e-03; a finer one takes too" in iterate.finished
    assert iterate.state.best is not None and iterate.state.best.crossing.done


def test_without_a_complete_crossing_it_says_where():
    problem, field = van_der_pol(1000, 1e5, second_order=True)
    s = solve(problem, field, MethodOfLines(), budget=Budget(steps=1), quiet=True)
    assert s.outcome is Outcome.budget and "the budget is used up at t = " in s.stop_reason


def test_small_errors_that_grow_do_not_make_a_solution_unbounded():
    """Ahead of Fisher's front a solution below zero falls without end; the solution itself is
    never below.
    """
    strip, root = Box(x=(-10, 30), t=(0, 12)), math.sqrt(6)

    def exact(p):
        return (1 + exp((p.x - 5 / root * p.t) / root)) ** -2

    @on(strip)
    def fisher(p, u):
        return d(u, p.t) - d(u, p.x, p.x) - u * (1 - u)

    @on(strip.at(x=-10) | strip.at(x=30))
    def ends(p, u):
        return u - exact(p)

    @on(strip.at(t=0))
    def start(p, u):
        return u - exact(p)

    problem = Problem(fisher, ends, start, exact=exact)
    s = solve(problem, method=MethodOfLines(tolerance=1e-5), estimate="none", quiet=True)
    assert s.error() < 1e-4


def test_a_crossing_is_stored_and_read_back(tmp_path):
    problem, field = torus()
    s = solve(problem, field, MethodOfLines(tolerance=1e-3), estimate="none", quiet=True)
    save(s, tmp_path / "lines.h5")
    x = torch.rand(40, 2, dtype=torch.float64) * torch.tensor([6.0, 3.0])
    assert torch.equal(loaded(tmp_path / "lines.h5")(x), s(x))


time = Box(t=(0, 1))


@on(time)
def eikonal(p, u):
    return d(u, p.t) ** 2 - 1


@on(time.at(t=0))
def begin(p, u):
    return u - 1


def test_what_it_does_not_suit_is_refused_and_marched_otherwise():
    problem = Problem(eikonal, begin)
    with pytest.raises(ConfigError, match="affine in the highest derivatives"):
        solve(problem, method=MethodOfLines(), quiet=True)
    method, _ = Auto().suited(objective_of(problem, Siren(1)), None)
    assert not isinstance(method, MethodOfLines)


def test_its_numbers_are_positive():
    with pytest.raises(ConfigError, match="tolerance > 0"):
        MethodOfLines(tolerance=0)
