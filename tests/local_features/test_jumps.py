"""Coefficients in pieces: boxes are cut where they jump, and fluxes agree there."""

import math

import numpy as np
import pytest
import torch

from siren_pde import (
    Ball,
    Box,
    Budget,
    Problem,
    Siren,
    System,
    d,
    div,
    grad,
    interpolated,
    lap,
    on,
    sin,
    solve,
    where,
)
from siren_pde.collocation.collocated import Collocated
from siren_pde.local_features.jumps import planes
from siren_pde.local_features.method import LocalFeatures

LINE, SQUARE = Box(x=(0, 1)), Box(x=(0, 1), y=(0, 1))


def solved(problem, field=None, *, most=6000):
    method = LocalFeatures(most=most)
    return solve(problem, field, method, budget=Budget(seconds=60), estimate="none", quiet=True)


def jumps(domain, equation):
    problem = Problem(on(domain)(equation))
    return planes(Collocated.planned(problem, Siren(domain.dimension).double()))


def dirichlet(domain, equation, exact):
    @on(domain.boundary)
    def walls(p, u):
        return u - exact(p)

    return Problem(on(domain)(equation), walls, exact=exact)


def test_planes_of_coefficients_and_sources():
    def equation(p, u):
        k = 64.0 + 36.0 * (p.y.value >= 0.5).to(p.y.value.dtype)
        return -lap(u) + k * u - where((p.x < 1 / 3) | (p.x > 0.7), 1.0, sin(9 * p.y))

    x, y = jumps(SQUARE, equation)
    assert x == pytest.approx([1 / 3, 0.7], abs=1e-15) and x[1] == 0.7
    assert y == [0.5]


def test_a_pattern_of_pieces():
    table = torch.rand((5, 5), dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    def equation(p, u):
        i, j = ((5 * each.value).long().clamp(0, 4) for each in p)
        return table[i, j] * lap(u)

    assert jumps(SQUARE, equation) == [[0.2, 0.4, 0.6, 0.8]] * 2


def steep(p, u):
    from siren_pde import tanh

    return lap(u) - tanh(1e4 * (p.x - 0.31))


def round_hole(p, u):
    return lap(u) - where((p.x - 0.5) ** 2 + (p.y - 0.5) ** 2 < 0.1, 1.0, 2.0)


@pytest.mark.parametrize("equation", [steep, round_hole])
def test_what_is_no_plane_is_left_alone(equation):
    assert jumps(SQUARE, equation) == [[], []]


def test_a_hole_is_no_jump():
    assert jumps(SQUARE - Ball(x=0.5, y=0.5, radius=0.2), lambda p, u: lap(u) - p.x) == [[], []]


def test_too_many_pieces_are_left_alone():
    def equation(p, u):
        return u * (1 + ((40 * p.x.value).long() + (40 * p.y.value).long()) % 2) - lap(u)

    assert jumps(SQUARE, equation) == [[], []]


def test_two_rods():
    resistance = 0.3 + 0.7 / 100

    def equation(p, u):
        return d(where(p.x < 0.3, 1.0, 100.0) * d(u, p.x), p.x)

    def exact(p):
        return where(p.x < 0.3, p.x, 0.3 + (p.x - 0.3) / 100) / resistance

    assert solved(dirichlet(LINE, equation, exact)).error() < 1e-9


def test_a_conductivity_that_jumps_and_depends_on_the_field():
    """∫ k(u) du is linear in x on each side."""

    def equation(p, u):
        return d(where(p.x < 0.5, 1.0, 8.0) * (1 + u) * d(u, p.x), p.x)

    def exact(p):
        potential = where(p.x < 0.5, p.x, 0.5 + (p.x - 0.5) / 8) * (1.5 / (0.5 + 0.5 / 8))
        return (1 + 2 * potential) ** 0.5 - 1

    assert solved(dirichlet(LINE, equation, exact), most=3000).error() < 1e-8


def test_two_half_planes():
    def conductivity(p):
        return where(p.x < 1 / 3, 1.0, 1000.0)

    def equation(p, u):
        return div(conductivity(p) * grad(u))

    def exact(p):
        return where(p.x < 1 / 3, p.x, 1 / 3 + (p.x - 1 / 3) / 1000) + p.y / 2

    assert solved(dirichlet(SQUARE, equation, exact)).error() < 1e-6


def test_twenty_five_pieces_whose_fluxes_are_smooth():
    """u = X(x) Y(y) with b X′ = cos 3x and c Y′ = cos 3y, for a = b(x) c(y) in pieces."""
    edges = np.linspace(0, 1, 6)
    rng = np.random.default_rng(3)
    b, c = (10 ** rng.uniform(0, 1.5, 5) for _ in range(2))

    def primitive(pieces):
        rises = np.diff(np.sin(3 * edges)) / 3 / pieces
        starts = np.concatenate([[0.0], np.cumsum(rises)[:-1]])
        offsets = interpolated(edges, starts - np.sin(3 * edges[:-1]) / 3 / pieces, degree=0)
        slopes = interpolated(edges, 1 / pieces, degree=0)
        return lambda x: offsets(x) + slopes(x) * sin(3 * x) / 3

    first, second = primitive(b), primitive(c)
    a = interpolated(edges, edges, np.outer(b, c), degree=0)
    of_x, of_y = (interpolated(edges, pieces, degree=0) for pieces in (b, c))

    def equation(p, u):
        x, y = p
        sources = 3 * of_y(y) * second(y) * sin(3 * x) + 3 * of_x(x) * first(x) * sin(3 * y)
        return div(a(x, y) * grad(u)) + sources

    problem = dirichlet(SQUARE, equation, lambda p: first(p.x) * second(p.y))
    assert solved(problem, most=2600).error() < 1e-4


def test_a_wave_enters_a_layer():
    """A pulse on a string whose right half is heavier: reflected and transmitted amplitudes."""
    slow, width = 0.5, 0.25
    domain = Box(x=(-1, 1), t=(0, 1))
    reflected, passed = (slow - 1) / (slow + 1), 2 * slow / (slow + 1)

    def pulse(s):
        from siren_pde import exp

        return exp(-(((s + 0.5) / width) ** 2))

    def exact(p):
        left = pulse(p.x - p.t) + reflected * pulse(-p.x - p.t)
        return where(p.x < 0, left, passed * pulse(p.x / slow - p.t))

    @on(domain)
    def equation(p, u):
        return d(u, p.t, p.t) - where(p.x < 0, 1.0, slow**2) * d(u, p.x, p.x)

    @on(domain.at(t=0))
    def start(p, u):
        return u - exact(p), d(u, p.t) - d(exact(p), p.t)

    @on(domain.at(x=-1) | domain.at(x=1))
    def ends(p, u):
        return u - exact(p)

    assert solved(Problem(equation, start, ends, exact=exact), most=3300).error() < 1e-3


def test_each_unknown_has_its_own_flux():
    """Two fields that exchange nothing across a jump of one only."""

    def exact(p):
        return {"u": where(p.x < 0.5, p.x, 0.5 + (p.x - 0.5) / 10), "v": sin(p.x)}

    @on(LINE)
    def equations(p, u, v):
        first = d(where(p.x < 0.5, 1.0, 10.0) * d(u, p.x), p.x)
        return first + v - sin(p.x), d(v, p.x, p.x) + v

    @on(LINE.boundary)
    def ends(p, u, v):
        return u - exact(p)["u"], v - exact(p)["v"]

    problem = Problem(equations, ends, exact=exact)
    assert solved(problem, System(u=Siren(1), v=Siren(1))).error() < 1e-8


def test_pieces_of_a_table():
    table = interpolated([0, 1, 3], [2.0, 5.0], degree=0)
    x = torch.tensor([-1.0, 0.5, 1.5, 4.0], dtype=torch.float64)
    assert table(x).tolist() == [2.0, 2.0, 5.0, 5.0]
    assert math.isclose(float(table(1.0)), 5.0)
