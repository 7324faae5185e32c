"""Problems with one solution, some of them near others that have none: all of them are solved."""

import math
from functools import partial

import torch

from siren_pde import (
    Ball,
    Box,
    LeastSquares,
    PointCloud,
    Siren,
    System,
    Unknown,
    Vector,
    cos,
    d,
    div,
    dot,
    exp,
    grad,
    lap,
    log,
    pi,
    sin,
    sinh,
    sqrt,
    tanh,
)
from siren_pde.optimisers.outcome import Outcome
from tests.estimates.cases import Cases, into, line, problem, sides, square, start, strip

# As bad as those that nothing solves, but for a solution: a judge who refuses everything is none.
WELL_POSED: Cases = {}
few = LeastSquares(most=600)
well_posed = partial(into, WELL_POSED, frozenset({Outcome.converged}), "", method=few)
x = torch.linspace(0, 1, 30, dtype=torch.float64)
middle = PointCloud([[0.5, 0.5]])


def waves(p):
    return sin(pi * p.x) * sin(pi * p.y)


@well_posed()
def helmholtz_near_a_resonance():
    k2 = 2 * pi**2 + 1e-3
    return problem(
        helmholtz=(square, lambda p, u: lap(u) + k2 * u - 1e-3 * waves(p)),
        walls=(square.boundary, lambda p, u: u),
        exact=waves,
    )


@well_posed()
def oscillator_near_a_resonance():
    k2 = pi**2 * (1 - 1e-3)
    return problem(
        helmholtz=(line, lambda p, u: d(u, p.x, p.x) + k2 * u - (k2 - 9) * sin(3 * p.x)),
        ends=(line.boundary, lambda p, u: u - sin(3 * p.x)),
        exact=lambda p: sin(3 * p.x),
    )


@well_posed()
def neumann_with_a_pinned_value():
    return problem(
        poisson=(square, lambda p, u: lap(u) + 2 * pi**2 * cos(pi * p.x) * cos(pi * p.y)),
        walls=(square.boundary, lambda p, u: dot(grad(u), p.normal)),
        pinned=(middle, lambda p, u: u - 1),
        exact=lambda p: 1 + cos(pi * p.x) * cos(pi * p.y),
    )


@well_posed(field=System(v=Siren(2, outputs=2), q=Siren(2)))
def stokes_with_pressure_up_to_a_constant():
    def flow(p):
        return Vector([p.y * (1 - p.y), 0 * p.x])

    return problem(
        stokes=(square, lambda p, v, q: lap(v) - grad(q)),
        volume=(square, lambda p, v: div(v)),
        walls=(square.boundary, lambda p, v: v - flow(p)),
        exact=lambda p: {"v": flow(p)},
    )


@well_posed(field=Siren(1, period=(1.0,)))
def periodic_with_a_mass():
    return problem(
        screened=(line, lambda p, u: d(u, p.x, p.x) - u + (1 + 4 * pi**2) * sin(2 * pi * p.x)),
        exact=lambda p: sin(2 * pi * p.x),
    )


@well_posed()
def smallest_units():
    return problem(
        poisson=(square, lambda p, u: 1e-20 * lap(u) + 2e-20 * pi**2 * waves(p)),
        walls=(square.boundary, lambda p, u: u),
        exact=waves,
    )


@well_posed()
def kelvins_on_a_chip():
    chip = Box(x=(0, 1e-3), y=(0, 1e-3))

    def exact(p):
        return 300 + 5 * sin(pi * p.x / 1e-3) * sin(pi * p.y / 1e-3)

    return problem(
        heat=(chip, lambda p, u: 150 * lap(u) + 300 * (pi / 1e-3) ** 2 * (exact(p) - 300)),
        rim=(chip.boundary, lambda p, u: u - 300),
        exact=exact,
    )


@well_posed()
def layer_of_convection():
    nu = 0.02
    return problem(
        convection=(line, lambda p, u: d(u, p.x) - nu * d(u, p.x, p.x)),
        ends=(line.boundary, lambda p, u: u - p.x),
        exact=lambda p: (exp((p.x - 1) / nu) - exp(-1 / nu)) / (1 - exp(-1 / nu)),
    )


@well_posed(field=System(u=Siren(1), v=Siren(1)))
def interface_of_two_materials():
    left, right = Box(x=(0, 0.5)), Box(x=(0.5, 1))
    meeting = left.at(x=0.5)
    return problem(
        inner=(left, lambda p, u: d(u, p.x, p.x)),
        outer=(right, lambda p, v: 10 * d(v, p.x, p.x)),
        values=(meeting, lambda p, u, v: u - v),
        fluxes=(meeting, lambda p, u, v: d(u, p.x) - 10 * d(v, p.x)),
        cold=(left.at(x=0), lambda p, u: u),
        hot=(right.at(x=1), lambda p, v: v - 11),
        exact=lambda p: {"u": 20 * p.x, "v": 9 + 2 * p.x},
    )


@well_posed(field=System(u=Siren(1), k=Unknown(1.0)))
def rate_from_clean_data():
    return problem(
        decay=(line, lambda p, u, k: d(u, p.x) + k * u),
        measured=(PointCloud(x, u=torch.exp(-2 * x)), lambda p, u: u - p.u),
        exact=lambda p: {"u": exp(-2 * p.x), "k": 2.0},
    )


@well_posed(field=System(u=Siren(1), v=Siren(1)))
def two_coupled_functions():
    return problem(
        first=(line, lambda p, u, v: d(u, p.x) - v),
        second=(line, lambda p, u, v: d(v, p.x) + 9 * u),
        left=(line.at(x=0), lambda p, u, v: [u, v - 3]),
        exact=lambda p: {"u": sin(3 * p.x), "v": 3 * cos(3 * p.x)},
    )


@well_posed()
def square_root():
    return problem(
        square=(line, lambda p, u: u**2 - 1 - p.x),
        left=(line.at(x=0), lambda p, u: u - 1),
        exact=lambda p: sqrt(1 + p.x),
    )


@well_posed()
def distance_from_one_end():
    return problem(
        eikonal=(line, lambda p, u: d(u, p.x) ** 2 - 1),
        left=(line.at(x=0), lambda p, u: u),
        right=(line.at(x=1), lambda p, u: u - 1),
        exact=lambda p: p.x,
    )


@well_posed()
def steady_layer_of_burgers():
    nu = 0.2
    return problem(
        burgers=(line, lambda p, u: u * d(u, p.x) - nu * d(u, p.x, p.x)),
        ends=(line.boundary, lambda p, u: u + tanh((p.x - 0.5) / (2 * nu))),
        exact=lambda p: -tanh((p.x - 0.5) / (2 * nu)),
    )


@well_posed()
def nothing_changes():
    return problem(
        constant=(line, lambda p, u: d(u, p.x)),
        left=(line.at(x=0), lambda p, u: u - 1),
        exact=lambda p: 1 + 0 * p.x,
    )


@well_posed()
def constant_temperature():
    return problem(
        laplace=(square, lambda p, u: lap(u)),
        walls=(square.boundary, lambda p, u: u - 20),
        exact=lambda p: 20 + 0 * p.x,
    )


@well_posed()
def fast_growth():
    time = Box(t=(0, 1))
    return problem(
        growth=(time, lambda p, u: d(u, p.t) - 12 * u),
        start=(time.at(t=0), lambda p, u: u - 1),
        exact=lambda p: exp(12 * p.t),
    )


@well_posed()
def cooling_rod():
    return problem(
        heat=(strip, lambda p, u: d(u, p.t) - 0.1 * d(u, p.x, p.x)),
        sides=(sides, lambda p, u: u),
        start=(start, lambda p, u: u - sin(pi * p.x)),
        exact=lambda p: exp(-0.1 * pi**2 * p.t) * sin(pi * p.x),
    )


@well_posed()
def standing_wave():
    return problem(
        wave=(strip, lambda p, u: d(u, p.t, p.t) - d(u, p.x, p.x)),
        sides=(sides, lambda p, u: u),
        start=(start, lambda p, u: u - sin(2 * pi * p.x)),
        rest=(start, lambda p, u: d(u, p.t)),
        exact=lambda p: cos(2 * pi * p.t) * sin(2 * pi * p.x),
    )


@well_posed()
def clamped_plate():
    def exact(p):
        return (sin(pi * p.x) * sin(pi * p.y)) ** 2

    def load(p):
        c, s = cos(2 * pi * p.x), cos(2 * pi * p.y)
        return 4 * pi**4 * (4 * c * s - c - s)

    return problem(
        plate=(square, lambda p, u: lap(lap(u)) - load(p)),
        walls=(square.boundary, lambda p, u: u),
        clamps=(square.boundary, lambda p, u: dot(grad(u), p.normal)),
        exact=exact,
    )


@well_posed()
def logarithmic_potential():
    ring = Ball(x=0, y=0, radius=1) - Ball(x=0, y=0, radius=0.4)
    return problem(
        laplace=(ring, lambda p, u: lap(u)),
        rims=(ring.boundary, lambda p, u: u - log(p.x**2 + p.y**2)),
        exact=lambda p: log(p.x**2 + p.y**2),
    )


@well_posed()
def deep_decay():
    return problem(
        screened=(line, lambda p, u: d(u, p.x, p.x) - 400 * u),
        ends=(line.boundary, lambda p, u: u - p.x),
        exact=lambda p: sinh(20 * p.x) / math.sinh(20),
    )


@well_posed(field=System(u=Siren(1), v=Siren(1)))
def one_of_two_is_zero():
    return problem(
        first=(line, lambda p, u, v: d(u, p.x, p.x) + v - 2),
        second=(line, lambda p, u, v: d(v, p.x, p.x) - v),
        ends=(line.boundary, lambda p, u, v: [u, v]),
        exact=lambda p: {"u": p.x * (p.x - 1)},
    )
