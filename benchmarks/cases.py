"""The linear problems of the benchmarks with their exact solutions, and what is wanted of them."""

from dataclasses import dataclass
from math import prod

from siren_pde import Box, Problem, cos, d, lap, on, pi, sin


@dataclass(frozen=True)
class Case:
    """A problem, and the relative L² error and seconds that a solve of it is held to."""

    problem: Problem
    error: float
    seconds: float


def dirichlet(box, exact, residual, data):
    """residual(u) = data(p) in a box, u = exact on its boundary."""

    @on(box)
    def equation(p, u):
        return residual(u) - data(p)

    @on(box.boundary)
    def walls(p, u):
        return u - exact(p)

    return Problem(equation, walls, exact=exact)


def helmholtz(k, a, b):
    """Modes a and b on [−1, 1]²: Δu + k² u = f."""

    def exact(p):
        x, y = p
        return sin(a * pi * x) * sin(b * pi * y)

    def data(p):
        return (k**2 - (a**2 + b**2) * pi**2) * exact(p)

    box = Box(x=(-1, 1), y=(-1, 1))
    return dirichlet(box, exact, lambda u: lap(u) + k**2 * u, data)


def poisson(box, modes):
    """Δu = f on a box, u the sum of amplitude · Π sin(w xᵢ) over pairs (amplitude, w)."""

    def term(p, w):
        return prod((sin(w * x) for x in p), start=1.0)

    def exact(p):
        return sum(c * term(p, w) for c, w in modes)

    def data(p):
        return sum(-c * len(box.axes) * w**2 * term(p, w) for c, w in modes)

    return dirichlet(box, exact, lap, data)


def cosines(dimension):
    """−Δu = π² Σ cos πxᵢ on the unit cube, with the boundary values of u = Σ cos πxᵢ."""
    box = Box(**{f"x{i}": (0, 1) for i in range(dimension)})

    def exact(p):
        return sum(cos(pi * x) for x in p)

    return dirichlet(box, exact, lambda u: -lap(u), lambda p: pi**2 * exact(p))


def wave():
    """u_tt = 4 u_xx on the unit square, modes 1 and 4."""
    strip = Box(t=(0, 1), x=(0, 1))

    def exact(p):
        t, x = p
        return sin(pi * x) * cos(2 * pi * t) + 0.5 * sin(4 * pi * x) * cos(8 * pi * t)

    @on(strip)
    def equation(p, u):
        t, x = p
        return d(u, t, t) - 4 * d(u, x, x)

    @on(strip.at(x=0) | strip.at(x=1))
    def ends(p, u):
        return u

    @on(strip.at(t=0))
    def start(p, u):
        return u - exact(p), d(u, p.t)

    return Problem(equation, ends, start, exact=exact)


def advection(speed):
    """u_t + c u_x = 0 on 0 ≤ x ≤ 2π, u = sin(x − ct), its inflow given at x = 0."""
    strip = Box(t=(0, 1), x=(0, 2 * pi))

    def exact(p):
        t, x = p
        return sin(x - speed * t)

    @on(strip)
    def equation(p, u):
        t, x = p
        return d(u, t) + speed * d(u, x)

    @on(strip.at(t=0) | strip.at(x=0))
    def inflow(p, u):
        return u - exact(p)

    return Problem(equation, inflow, exact=exact)


SQUARE = Box(x=(0, 1), y=(0, 1))
CASES = {
    "Helmholtz (1, 4), k = 1": Case(helmholtz(1, 1, 4), 1e-11, 1),
    "wave, c = 2": Case(wave(), 1e-11, 1),
    "Poisson, modes 2 and 10": Case(poisson(SQUARE, [(1.0, 2 * pi), (0.1, 10 * pi)]), 1e-11, 3),
    "Helmholtz (6, 6), k = 10": Case(helmholtz(10, 6, 6), 1e-9, 6),
    "Poisson, modes 4 to 16": Case(
        poisson(SQUARE, [(0.25, w * pi) for w in (4, 8, 12, 16)]), 1e-11, 15
    ),
    "Poisson in 3-D": Case(poisson(Box(x=(0, 1), y=(0, 1), z=(0, 1)), [(1.0, pi)]), 1e-11, 5),
    "Poisson in 5-D": Case(cosines(5), 1e-4, 15),
    "advection, c = 80": Case(advection(80), 1e-6, 60),
}
