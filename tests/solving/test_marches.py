"""Which march an evolution ends with: waves all over space, or boxes of it."""

import torch

from siren_pde import Auto, Box, Budget, Problem, d, exp, on, solve
from siren_pde.local_features.lines import LocalLines
from siren_pde.random_features.lines import MethodOfLines
from siren_pde.solving.marches import Marches


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
