"""Unknowns at other points and of fewer coordinates, under examination."""

import pytest

from siren_pde import Box, Problem, Siren, System, at, check, d, exp, lap, on, pi, sin

square = Box(x=(0, 1), y=(0, 1))
before, after = Box(t=(0, 1)), Box(t=(1, 3))


@on(after)
def delayed(p, u):
    return d(u, p.t) + at(u, t=p.t - 1)


@on(before)
def history(p, u):
    return u - 1


@on(square)
def poisson(p, u):
    return lap(u) + 8 * pi**2 * wave(p)


@on(square.at(x=0))
def periodic(p, u):
    return [u - at(u, x=1), d(u, p.x) - at(d(u, p.x), x=1)]


@on(square.at(x=0))
def half_periodic(p, u):
    return u - at(u, x=1)


@on(square.at(y=0) | square.at(y=1))
def ends(p, u):
    return u - wave(p)


def wave(p):
    return sin(2 * pi * p.x) * sin(2 * pi * p.y)


def kinds(problem, field=None):
    return {(f.kind, f.severity.name) for f in check(problem, field)}


def test_a_history_is_what_a_delay_starts_from():
    assert kinds(Problem(delayed, history)) == set()
    assert ("initial", "error") in kinds(Problem(delayed))


def test_both_ends_of_a_periodic_condition_are_held():
    assert kinds(Problem(poisson, periodic, ends)) == set()
    (finding,) = check(Problem(poisson, half_periodic, ends))
    assert finding.kind == "boundary" and "x=1" in finding.message


def test_exact_solutions_are_taken_at_the_places_too():
    assert kinds(Problem(poisson, periodic, ends, exact=wave)) == set()
    wrong = Problem(poisson, periodic, ends, exact=lambda p: wave(p) + p.x)
    assert ("exact", "error") in kinds(wrong)


def test_values_forced_elsewhere_are_not_compared_with_those_here():
    @on(square.at(x=0))
    def far(p, u):
        return at(u, x=1) - exp(p.y)

    @on(square.at(x=0))
    def near(p, u):
        return u

    assert "agreement" not in {f.kind for f in check(Problem(poisson, far, near, ends))}


@pytest.mark.parametrize("axis", ["t", "x"])
def test_a_function_of_one_coordinate_needs_nothing_along_the_others(axis):
    strip = Box(x=(0, 1), t=(0, 1))

    @on(strip)
    def rate(p, u, v):
        return [d(u, p.t) - v, d(v, getattr(p, axis)) + v]

    @on(strip.at(t=0))
    def start(p, u):
        return u - p.x

    @on(strip.at(x=0, t=0))
    def origin(p, v):
        return v - 1

    fields = System(u=Siren(2), v=Siren(1, of=(axis,)))
    assert kinds(Problem(rate, start, origin), fields) == set()
