"""Which march an evolution ends with: waves all over space, or boxes of it."""

import pytest
import torch

from siren_pde import Auto, Box, Budget, Problem, Siren, d, exp, on, pi, sin, solve
from siren_pde.collocation.objective import objective_of
from siren_pde.local_features.lines import LocalLines
from siren_pde.optimisers.base import Spent
from siren_pde.random_features.lines import MethodOfLines
from siren_pde.solving.marches import Marches
from siren_pde.solving.report import of_problem


def front(t):
    """Fisher's equation from a bump: a front that is pulled by the small values ahead of it."""
    strip = Box(x=(0, 40), t=(0, t))

    @on(strip)
    def fisher(p, u):
        return d(u, p.t) - 0.1 * d(u, p.x, p.x) - 0.1 * u * (1 - u)

    @on(strip.at(x=0) | strip.at(x=40))
    def ends(p, u):
        return d(u, p.x)

    @on(strip.at(t=0))
    def start(p, u):
        return u - exp(-(p.x**2))

    return Problem(fisher, ends, start)


def place(answer, t):
    """Where the front is at half its height."""
    x = torch.linspace(0, 40, 40_001, dtype=torch.float64)
    u = answer(torch.stack([x, torch.full_like(x, t)], 1))
    return float(x[(u > 0.5).nonzero()[-1]])


def test_boxes_follow_a_pulled_front():
    """It runs as far as with cosines in space and SciPy's Radau at 1e-10."""
    method = LocalLines(tolerance=1e-2)
    answer = solve(front(100), None, method, budget=Budget(seconds=60), estimate="none", quiet=True)
    assert abs(place(answer, 100.0) - 15.5511) < 1e-2


def test_boxes_go_on_where_waves_do_not_come_close():
    """Waves that were asked for little are bettered."""
    method = Marches(MethodOfLines(tolerance=0.1), LocalLines(tolerance=1e-3))
    answer = solve(front(60), None, method, budget=Budget(seconds=60), estimate="none", quiet=True)
    assert answer.method == LocalLines.name
    assert abs(place(answer, 60.0) - 8.4845) < 1e-2


def test_smooth_solutions_are_left_to_waves():
    strip = Box(x=(0, 1), t=(0, 1))

    @on(strip)
    def equation(p, u):
        return d(u, p.t) - d(u, p.x, p.x) + u**3

    @on(strip.at(x=0) | strip.at(x=1))
    def ends(p, u):
        return d(u, p.x)

    @on(strip.at(t=0))
    def start(p, u):
        return u - 0.5

    answer = solve(Problem(equation, start, ends), None, Auto(), estimate="none", quiet=True)
    assert answer.method == MethodOfLines.name
    at = torch.tensor([[0.3, 1.0]], dtype=torch.float64)
    assert abs(float(answer(at)) - 0.5 / (1 + 0.5) ** 0.5) < 1e-6


@pytest.mark.slow
def test_steep_solutions_are_crossed_before_slabs_follow_them():
    strip = Box(x=(-1, 1), t=(0, 1))

    @on(strip)
    def burgers(p, u):
        return d(u, p.t) + u * d(u, p.x) - 0.003 * d(u, p.x, p.x)

    @on(strip.at(t=0))
    def start(p, u):
        return u + sin(pi * p.x)

    @on(strip.at(x=-1) | strip.at(x=1))
    def walls(p, u):
        return u

    marches, spent = Marches(), Spent(0.1, left=50.0)
    at = marches.start(objective_of(Problem(burgers, start, walls), Siren(2)))
    while at.state.boxes is None or at.state.boxes.state.best is None:
        at = marches.step(at, spent)
        assert not at.finished
    assert at.state.go_on and at.reached is None and marches.ran(at) == LocalLines.name
    value = of_problem(at).field(torch.tensor([[0.5, 1.0]], dtype=torch.float64)).item()
    assert value == pytest.approx(-0.3762, abs=0.05)  # Cole and Hopf
    assert marches.step(at, Spent(0.9, left=1.0)).state.boxes is at.state.boxes
