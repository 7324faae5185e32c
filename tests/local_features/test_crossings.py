"""Where pieces of a medium meet in a point, solutions are powers of the distance: Kellogg's."""

import math

import pytest
import torch

from siren_pde import (
    Box,
    Budget,
    Problem,
    Siren,
    System,
    arctan,
    cos,
    d,
    div,
    grad,
    on,
    sin,
    solve,
    where,
)
from siren_pde.collocation.collocated import Collocated
from siren_pde.local_features.crossings import exponents, powers_at_crossings
from siren_pde.local_features.jumps import planes
from siren_pde.local_features.method import LocalFeatures
from siren_pde.optimisers.outcome import Outcome

SQUARE = Box(x=(-1, 1), y=(-1, 1))


def board(p, k):
    """k where x and y have one sign, 1 elsewhere."""
    return where(p.x < 0, where(p.y < 0, k, 1.0), where(p.y < 0, 1.0, k))


def powers_of(equation, field=None, domain=SQUARE):
    problem = Problem(on(domain)(equation))
    collocated = Collocated.planned(problem, (field or Siren(2)).double())
    return powers_at_crossings(collocated, planes(collocated))


@pytest.mark.parametrize("k", [2.0, 100.0, 1e4])
def test_powers_of_a_chequered_plane(k):
    """α = (4/π) arctan k^(−1/2) (Kellogg, 1974)."""
    alpha = 4 / math.pi * math.atan(k**-0.5)
    first = exponents(torch.tensor([k, 1.0, k, 1.0], dtype=torch.float64))
    assert first.tolist() == pytest.approx([alpha, 2 - alpha, 2 + alpha], rel=1e-9)


@pytest.mark.parametrize("pieces", [[3, 3, 3, 3], [1, 7, 7, 1], [2, 4, 8, 4]])
def test_where_whole_numbers_are_the_only_powers_nothing_is_singular(pieces):
    """In one medium, across one face, and where a = b(x) c(y): there u = ∫ dx / b is one."""
    assert len(exponents(torch.tensor(pieces, dtype=torch.float64))) == 0


def test_crossings_of_each_unknown():
    def equations(p, u, v):
        return div(board(p, 9.0) * grad(u)) - v, div(grad(v)) + u

    powers = powers_of(equations, System(u=Siren(2), v=Siren(2)))
    assert [*powers] == ["u"] and powers["u"].points.tolist() == [[0.0, 0.0]]


def test_a_crossing_of_sources_is_smooth_enough():
    assert powers_of(lambda p, u: div(grad(u)) + board(p, 5.0)) == {}


def test_what_differs_by_direction_has_other_powers():
    def equation(p, u):
        return d(board(p, 9.0) * d(u, p.x), p.x) + 2 * d(board(p, 9.0) * d(u, p.y), p.y)

    assert powers_of(equation) == {}


def wave_of(k):
    """(a, u), of which a ∇u is continuous and has no divergence: Kellogg's for a chequered plane,
    hardly continuous for a large k.
    """
    alpha = 4 / math.pi * math.atan(k**-0.5)

    def exact(x, y):
        angle = alpha * (arctan(abs(y / x)) - math.pi / 4)
        wave = where(x * y > 0, cos(angle), math.sqrt(k) * sin(angle))
        return (x**2 + y**2) ** (alpha / 2) * where(y < 0, -1.0, 1.0) * wave

    return exact


@pytest.mark.parametrize("k", [9.0, 1e3])
def test_a_chequered_square(k):
    """Kellogg's solution and a smooth part."""
    wave = wave_of(k)

    def exact(p):
        return wave(p.x, p.y) + (1 - cos(3 * p.x)) * (1 - cos(3 * p.y))

    @on(SQUARE)
    def equation(p, u):
        source = cos(3 * p.x) * (1 - cos(3 * p.y)) + (1 - cos(3 * p.x)) * cos(3 * p.y)
        return div(board(p, k) * grad(u)) - 9 * board(p, k) * source

    @on(SQUARE.boundary)
    def walls(p, u):
        return u - exact(p)

    problem = Problem(equation, walls, exact=exact)
    method, budget = LocalFeatures(most=3000), Budget(seconds=60)
    answer = solve(problem, None, method, budget=budget, estimate="none", quiet=True)
    assert answer.error() < 1e-5


@pytest.mark.parametrize("estimate", ["none", "quick"])
def test_an_answer_that_boxes_do_not_resolve_is_not_claimed(estimate):
    """A crossing whose powers are not those of the distance, as the medium differs by direction."""
    wave, k = wave_of(100.0), 100.0

    @on(SQUARE)
    def equation(p, u):
        a = board(p, k)
        return d(a * d(u, p.x), p.x) + 2 * d(a * d(u, p.y), p.y)

    def exact(p):
        return wave(p.x, p.y / math.sqrt(2))

    @on(SQUARE.boundary)
    def walls(p, u):
        return u - exact(p)

    problem = Problem(equation, walls, exact=exact)
    method, budget = LocalFeatures(most=2500), Budget(seconds=60)
    answer = solve(problem, None, method, budget=budget, estimate=estimate, quiet=True)
    assert answer.outcome is not Outcome.converged
    assert answer.error() > 0.01
    bar = answer.estimate
    assert not bar.reliable or bar.interval[0] / 2 < answer.error() < bar.interval[1]


def test_a_medium_with_a_curved_edge_is_not_claimed():
    """Smooth fields satisfy div(a ∇u) = −1 on both sides of it, and are not the answer."""

    @on(SQUARE)
    def equation(p, u):
        return div(where(p.x**2 + p.y**2 < 0.25, 2.0, 1.0) * grad(u)) + 1

    @on(SQUARE.boundary)
    def walls(p, u):
        return u

    method = LocalFeatures(most=1600)
    answer = solve(Problem(equation, walls), None, method, budget=Budget(seconds=60), quiet=True)
    assert answer.outcome is not Outcome.converged
    assert not answer.estimate.reliable and "a domain of its own" in answer.estimate.why
