"""A march holds what it is asked for, or says where it failed, and why."""

import math

import pytest
import torch

from siren_pde import Box, Budget, Marching, Problem, Siren, System, d, exp, on, sin, solve
from siren_pde.random_features.marching_state import blow_up_time
from siren_pde.types import Outcome

time = Box(t=(0, 2))


def growing(power, start=1.0):
    """u' = uᵖ, u(0) = `start`: without bound at t* = start^(1 − p) / (p − 1)."""

    @on(time)
    def equation(p, u):
        return d(u, p.t) - u**power

    @on(time.at(t=0))
    def begin(p, u):
        return u - start

    return Problem(equation, begin)


@pytest.mark.parametrize("power, start", [(2, 1.0), (3, 1.0), (2, -1e3), (2, 1e3)])
def test_a_solution_that_blows_up_is_told_so(power, start):
    s = solve(growing(power, start), method=Marching(), quiet=True)
    if start < 0:
        assert s.outcome is Outcome.converged
        return
    end = start ** (1 - power) / (power - 1)
    assert s.outcome is Outcome.impossible
    told = float(s.stop_reason.split("t = ")[1].split()[0].rstrip(","))
    assert "grows without bound" in s.stop_reason and abs(told - end) < 1e-2 * end
    t = torch.linspace(0, 0.9 * end, 50, dtype=torch.float64)
    exact = start * (1 - t / end) ** (-1 / (power - 1))
    assert ((s(t) - exact) / exact).abs().max() < 1e-5


def test_exponential_growth_is_no_blow_up():
    times = [0.0, 1.0, 1.5, 1.75, 1.875]
    assert blow_up_time(times, [math.exp(9 * t) for t in times]) is None
    end = blow_up_time(times, [(2 - t) ** -2 for t in times])
    assert end is not None and abs(end - 2) < 0.02


def test_a_jump_in_an_equation_ends_the_march_there():
    """What no features resolve to the tolerance is said, and slabs before it are kept."""

    @on(time)
    def equation(p, u):
        jump = 1e3 * ((p.t - 1.003).value > 0) * sin(1e6 * p.t)
        return d(u, p.t) + u**2 - jump

    @on(time.at(t=0))
    def begin(p, u):
        return u - 1

    s = solve(Problem(equation, begin), method=Marching(accepted=1e-7), quiet=True)
    assert s.outcome is Outcome.stagnated
    assert "failed at t = " in s.stop_reason and "accepted" in s.stop_reason
    t = torch.linspace(0, 0.9, 20, dtype=torch.float64)
    assert (s(t) - 1 / (1 + t)).abs().max() < 1e-5


def test_what_cannot_be_evaluated_at_zero_starts_from_initial_values():
    """T' = −exp(−E/T) T, far from T = 0, where E/T leaves the numbers; C' = −C / T."""

    @on(time)
    def energy(p, T):
        return d(T, p.t) + exp(-900 / T) * T

    @on(time)
    def mass(p, T, C):
        return d(C, p.t) + 300 * C / T

    @on(time.at(t=0))
    def begin(p, T, C):
        return T - 300, C - 0.01

    field = System(T=Siren(1), C=Siren(1))
    s = solve(Problem(energy, mass, begin), field, quiet=True)
    assert s.outcome is Outcome.converged
    t = torch.linspace(0, 2, 21, dtype=torch.float64)
    value = s.evaluate(lambda p, T, C: [T, C], t[:, None])
    rates = s.evaluate(lambda p, T, C: [d(T, p.t) + exp(-900 / T) * T, d(C, p.t) + 300 * C / T], t)
    assert (rates.abs() / value).max() < 1e-5


def test_slopes_whose_sign_is_free_march_too():
    @on(time)
    def eikonal(p, u):
        return d(u, p.t) ** 2 - 1

    @on(time.at(t=0))
    def begin(p, u):
        return u

    s = solve(Problem(eikonal, begin), quiet=True)
    assert s.method == "time slabs" and s.outcome is Outcome.converged
    t = torch.linspace(0, 2, 65, dtype=torch.float64)
    slopes = s.evaluate(lambda p, u: d(u, p.t), t)  # either sign satisfies it, slab by slab
    assert (slopes.abs() - 1).abs().max() < 1e-5 and abs(float(s([0.0])[0])) < 1e-9
    assert s(t).diff().abs().max() < 1.01 * 2 / 64  # without a jump


def test_the_zero_solution_is_one():
    s = solve(growing(2, 0.0), method=Marching(), budget=Budget(steps=60), quiet=True)
    assert s.outcome is Outcome.converged
    assert s(torch.linspace(0, 2, 5, dtype=torch.float64)).abs().max() < 1e-12
