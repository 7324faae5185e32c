"""Bounds of energy errors enclose the true ones, closely."""

import math

import pytest

from siren_pde import (
    Ansatz,
    Ball,
    Box,
    Enriched,
    LeastSquares,
    Polygon,
    Problem,
    Siren,
    arctan,
    cos,
    d,
    div,
    exp,
    grad,
    lap,
    on,
    pi,
    sin,
    solve,
    sqrt,
)
from siren_pde.collocation.expression import stacked
from siren_pde.errors import ConfigError
from siren_pde.estimates.bounds import friedrichs
from siren_pde.estimates.integrals import integrated
from siren_pde.estimates.radial import lifted_energy

SQUARE, DISK = Box(x=(0, 1), y=(0, 1)), Ball(x=0, y=0, radius=1)
ELL = Polygon([(0, 0), (1, 0), (1, 1), (-1, 1), (-1, -1), (0, -1)])


def waves(p):
    return sin(pi * p.x) * sin(pi * p.y)


def mixed(p):
    return sin(2 * pi * p.x) * cos(pi * p.y) + p.x * p.y


def grown(p):
    return exp(p.x) * cos(3 * p.y)


def corner(p):
    """Im z^{2/3}, and the polar coordinates of the corner of the L."""
    x, y = p
    r = (x**2 + y**2) ** 0.5
    angle = 4 / 3 * arctan((x + y) / (x - y - 2**0.5 * r)) + pi / 2
    return r ** (2 / 3), angle


def singular(p):
    size, angle = corner(p)
    return exp(size * cos(angle)) * sin(size * sin(angle))


def powers(p):
    size, angle = corner(p)
    return [size**k * sin(k * angle) for k in (1, 2, 4)]


def smooth_k(p):
    return exp(p.x - p.y) + p.x**2


def one(p):
    return 1.0


CASES = {
    "constant k, coarse": (SQUARE, waves, one, None, LeastSquares(25, (6.0, 6.0))),
    "constant k": (SQUARE, waves, one, None, LeastSquares(80)),
    "values held": (
        SQUARE,
        waves,
        one,
        Ansatz(Siren(2), vanishing_on=SQUARE.boundary),
        LeastSquares(60),
    ),
    "variable k": (SQUARE, mixed, smooth_k, None, LeastSquares(60)),
    "variable k, converged": (SQUARE, mixed, smooth_k, None, None),
    "disk": (DISK, grown, one, None, LeastSquares(80)),
    "disk, converged": (DISK, grown, one, None, None),
    "L": (ELL, singular, one, Enriched(Siren(2), powers, terms=3), LeastSquares(60)),
}


def solved(case):
    domain, exact, k, field, method = case

    def source(p):
        return -div(grad(exact(p)) * k(p))

    @on(domain)
    def diffusion(p, u):
        return div(grad(u) * k(p)) + source(p)

    @on(domain.boundary)
    def dirichlet(p, u):
        return u - exact(p)

    held = isinstance(field, Ansatz)
    conditions = (diffusion,) if held else (diffusion, dirichlet)
    return solve(Problem(*conditions, exact=exact), field, method, quiet=True), source


def energy_error(solution, domain, exact, k):
    def squares(p):
        v = solution.evaluate(lambda p, u: grad(u - exact(p)) * sqrt(k(p) + 0 * p.x), p)
        return v.square().sum(1, keepdim=True)

    def enough(total):
        return float(total.errors[0]) <= 1e-3 * float(total.values[0])

    return math.sqrt(float(integrated(squares, domain, enough=enough).values[0]))


@pytest.mark.parametrize("name", CASES)
def test_bounds_enclose_the_energy_error(name):
    domain, exact, k, _, _ = CASES[name]
    solution, source = solved(CASES[name])
    bounds = solution.energy_bounds(source, exact, k=k)
    error = energy_error(solution, domain, exact, k)
    assert bounds.lower <= error <= bounds.upper
    assert bounds.upper <= 2 * bounds.lower


def test_a_wrong_source_is_an_error_of_its_size():
    """The bounds are those of the problem stated to them, whatever has been solved."""
    solution, source = solved(CASES["constant k"])
    bounds = solution.energy_bounds(lambda p: source(p) * 1.1, waves)
    right = 0.1 * pi / math.sqrt(2)
    assert bounds.lower <= right <= bounds.upper


def test_friedrichs_constant_of_a_square_is_that_of_its_first_mode():
    assert friedrichs(SQUARE.bounds) == pytest.approx(1 / (math.sqrt(2) * pi))


def test_lifted_values_have_at_least_the_energy_of_the_harmonic_function():
    """On the disk: r³ cos 3φ, whose energy is 3π, is sᵐ times its values for m = 3."""

    def misfit(p):
        off = p.x**3 - 3 * p.x * p.y**2
        return stacked("misfit", [off, *grad(off)], p)

    energy = lifted_energy(misfit, DISK)
    assert 3 * pi <= energy <= 1.01 * 3 * pi
    assert lifted_energy(misfit, ELL) >= 0


def test_what_has_no_bounds_is_explained():
    strip = Box(x=(0, 1), t=(0, 1))
    heat = on(strip)(lambda p, u: d(u, p.t) - lap(u))
    solution = solve(Problem(heat), method=LeastSquares(40, (4.0, 4.0)), quiet=True)
    with pytest.raises(ConfigError, match="steady"):
        solution.energy_bounds(lambda p: 0.0)
    answer, source = solved(CASES["constant k, coarse"])
    with pytest.raises(ConfigError, match="k > 0"):
        answer.energy_bounds(source, k=lambda p: p.x - 0.5)
