"""Whether conditions determine an answer: null spaces, ill-posed problems, and resonances."""

import pytest

from siren_pde import Box, LeastSquares, PointCloud, Problem, d, lap, on, pi, sin, solve
from siren_pde.collocation.objective import objective_of
from siren_pde.estimates.freedom import answer_itself, freedom, undetermined

square = Box(x=(0, 1), y=(0, 1))
strip = Box(x=(0, 1), t=(0, 1))


@on(square)
def poisson(p, u):
    return lap(u) + 1


@on(square.boundary)
def zero(p, u):
    return u


@on(square.at(x=0))
def side(p, u):
    return u


@on(square.at(y=0))
def cauchy(p, u):
    return u - sin(pi * p.x), d(u, p.y)


@on(square)
def biharmonic(p, u):
    return lap(lap(u)) - 1


@on(strip)
def heat(p, u):
    return d(u, p.t) - d(u, p.x, p.x)


@on(strip)
def anti_heat(p, u):
    return d(u, p.t) + d(u, p.x, p.x)


@on(strip.at(x=0) | strip.at(x=1))
def cold(p, u):
    return u


@on(strip.at(t=0))
def start(p, u):
    return u - sin(pi * p.x)


@on(strip.at(t=1))
def end(p, u):
    return u - p.x * (1 - p.x)


def helmholtz(gap):
    """k² so far above the first eigenvalue of the square."""

    @on(square)
    def equation(p, u):
        return lap(u) + (2 * pi**2 + gap) * u - gap * sin(pi * p.x) * sin(pi * p.y)

    return Problem(equation, zero)


FREE = {
    "one side": Problem(poisson, side),
    "no boundary": Problem(poisson),
    "resonance": helmholtz(0.0),
    "one condition of two": Problem(biharmonic, zero),
    "no start": Problem(heat, cold),
    "anti-diffusion": Problem(anti_heat, cold, start),
    "backwards": Problem(heat, cold, end),
    "Cauchy data": Problem(poisson, cauchy),
}

DETERMINED = {
    "poisson": Problem(poisson, zero),
    "near a resonance": helmholtz(1e-3),
    "nearer": helmholtz(1e-5),
    "heat": Problem(heat, cold, start),
}


def answer(problem):
    """A coarse answer: what is free shows in any."""
    method = LeastSquares(150, (8.0, 8.0))
    field = solve(problem, method=method, estimate="none", quiet=True).field
    return objective_of(problem, field)


@pytest.mark.parametrize("name", FREE)
def test_what_is_not_determined_is_free(name):
    free = undetermined(answer(FREE[name]))
    assert free is not None and free.amplification > 5e3 and free.unknown == "u"


@pytest.mark.parametrize("name", DETERMINED)
def test_what_is_determined_is_not(name):
    """A resonance makes one change nearly free, in any band."""
    assert undetermined(answer(DETERMINED[name])) is None


def test_a_free_constant_is_named_and_does_not_amplify():
    @on(square.at(x=0) | square.at(x=1))
    def across(p, u):
        return d(u, p.x)

    @on(square.at(y=0) | square.at(y=1))
    def upwards(p, u):
        return d(u, p.y)

    @on(square)
    def balanced(p, u):
        return lap(u) - sin(2 * pi * p.x)

    free = freedom(answer_itself(answer(Problem(balanced, across, upwards))))
    assert free.constants == ("u",) and free.amplification < 100 and free.everything

    @on(PointCloud([[0.5, 0.5]]))
    def pinned(p, u):
        return u - 1

    free = freedom(answer_itself(answer(Problem(balanced, across, upwards, pinned))))
    assert free.constants == () and free.amplification < 1000 and not free.everything
