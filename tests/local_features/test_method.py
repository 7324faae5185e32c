"""Local features: problems that nobody tuned, against what is known of them."""

import math

import pytest
import torch

from siren_pde import (
    Ball,
    Box,
    Budget,
    Enriched,
    PointCloud,
    Problem,
    Siren,
    System,
    Unknown,
    arctan,
    d,
    dot,
    grad,
    lap,
    on,
    sin,
    solve,
)
from siren_pde.errors import ConfigError
from siren_pde.local_features.method import LocalFeatures


def solved(problem, field=None, *, most=6000, seconds=60.0):
    method = LocalFeatures(most=most)
    budget = Budget(seconds=seconds)
    return solve(problem, field, method, budget=budget, estimate="none", quiet=True)


def laplace(domain, exact):
    @on(domain)
    def equation(p, u):
        return lap(u)

    @on(domain.boundary)
    def walls(p, u):
        return u - exact(p)

    return Problem(equation, walls, exact=exact)


def test_a_re_entrant_corner():
    domain = Box(x=(-1, 1), y=(-1, 1)) - Box(x=(0, 1), y=(-1, 0))

    def exact(p):
        r = (p.x**2 + p.y**2) ** 0.5
        halved = 2 * arctan((p.x + p.y) / (p.x - p.y - 2**0.5 * r))
        return r ** (2 / 3) * sin(2 / 3 * (halved + 0.75 * math.pi))

    assert solved(laplace(domain, exact), most=20_000).error() < 3e-5


@pytest.mark.parametrize("centre", [(0.1, 0.03), (-0.33, 0.21)])
def test_a_hole_anywhere(centre):
    x, y = centre
    domain = Box(x=(-1, 1), y=(-1, 1)) - Ball(x=x, y=y, radius=0.25)

    def exact(p):
        r2 = (p.x - x) ** 2 + (p.y - y) ** 2
        return (p.x - x) / r2 + p.y

    assert solved(laplace(domain, exact)).error() < 1e-4


def test_two_materials():
    inner, outer, radius = 1, 10, 0.5
    disc, square = Ball(x=0, y=0, radius=radius), Box(x=(-1, 1), y=(-1, 1))
    tilt = (outer - inner) / (outer + inner)

    def exact(p):
        r2 = p.x**2 + p.y**2
        u = (1 + tilt) * p.x + (r2 - radius**2) / inner
        return {"u": u, "v": (1 + tilt * radius**2 / r2) * p.x + (r2 - radius**2) / outer}

    @on(disc)
    def inside(p, u):
        return inner * lap(u) - 4

    @on(square - disc)
    def around(p, v):
        return outer * lap(v) - 4

    @on(disc.boundary)
    def continuous(p, u, v):
        return u - v, dot(inner * grad(u) - outer * grad(v), p.normal)

    @on(square.boundary)
    def dirichlet(p, v):
        return v - exact(p)["v"]

    problem = Problem(inside, around, continuous, dirichlet, exact=exact)
    assert solved(problem, System(u=Siren(2), v=Siren(2))).error() < 1e-5


def test_in_space():
    cube = Box(x=(0, 1), y=(0, 1), z=(0, 1)) - Ball(x=0.4, y=0.5, z=0.6, radius=0.2)

    def exact(p):
        r2 = (p.x - 0.4) ** 2 + (p.y - 0.5) ** 2 + (p.z - 0.6) ** 2
        return r2**-0.5 + p.x * p.y

    assert solved(laplace(cube, exact), most=1600).error() < 2e-2


def test_a_periodic_axis():
    strip = Box(x=(0, 2 * math.pi), t=(0, 1))

    def exact(p):
        return sin(p.x - p.t)

    @on(strip)
    def advection(p, u):
        return d(u, p.t) + d(u, p.x)

    @on(strip.at(t=0))
    def start(p, u):
        return u - exact(p)

    problem = Problem(advection, start, exact=exact)
    assert solved(problem, Siren(2, period=(2 * math.pi, None))).error() < 1e-6


def test_newton_and_a_constant():
    """ψ″/2 + E ψ = 0 for the lowest E."""
    well = Box(x=(0, 1))

    @on(well)
    def schroedinger(p, psi, E):
        return d(psi, p.x, p.x) / 2 + E * psi

    @on(well.boundary)
    def walls(p, psi):
        return psi

    @on(PointCloud([[0.5]]))
    def scale(p, psi):
        return psi - 1

    def exact(p):
        return {"psi": sin(math.pi * p.x), "E": math.pi**2 / 2}

    problem = Problem(schroedinger, walls, scale, exact=exact)
    solution = solved(problem, System(psi=Siren(1), E=Unknown(4.0)))
    assert solution.error() < 1e-9


def test_files_bring_the_answer_back(tmp_path):
    from siren_pde import load

    square = Box(x=(0, 1), y=(0, 1))
    solution = solved(laplace(square, lambda p: p.x * p.y), most=1600)
    solution.save(tmp_path / "results.h5")
    x = torch.rand((50, 2), dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert bool((load(tmp_path / "results.h5")(x) == solution(x)).all())


def test_what_boxes_do_not_suit_is_said():
    box = Box(a=(0, 1), b=(0, 1), c=(0, 1), e=(0, 1))

    @on(box)
    def equation(p, u):
        return lap(u)

    with pytest.raises(ConfigError, match="coordinates at most, got 4"):
        solved(Problem(equation))
    plane = laplace(Box(x=(0, 1), y=(0, 1)), lambda p: p.x * p.y)
    with pytest.raises(ConfigError, match="takes no functions beside the waves"):
        solved(plane, Enriched(Siren(2), lambda p: [p.x * p.y], terms=1))


def test_errors_fall_with_the_number_of_unknowns():
    domain = Box(x=(-1, 1), y=(-1, 1)) - Ball(x=0, y=0, radius=0.3)
    problem = laplace(domain, lambda p: p.x / (p.x**2 + p.y**2))
    errors = [solved(problem, most=most).error() for most in (1600, 6400)]
    assert errors[1] < errors[0] / 10
