"""Problems that many fields solve, or whose solutions depend on their data without bound."""

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
    cos,
    curl,
    d,
    dot,
    exp,
    grad,
    lap,
    pi,
    sin,
)
from tests.estimates.cases import (
    FREE,
    NOT_ONE,
    Cases,
    into,
    line,
    problem,
    sides,
    square,
    start,
    strip,
)

UNDETERMINED: Cases = {}
few = LeastSquares(most=300)
undetermined = partial(into, UNDETERMINED, method=few)
x = torch.linspace(0, 1, 30, dtype=torch.float64)


def heat(p, u):
    return d(u, p.t) - d(u, p.x, p.x)


def wave(p, u):
    return d(u, p.t, p.t) - d(u, p.x, p.x)


# ── a condition is missing ────────────────────────────────────────────────────────────────────


@undetermined(FREE, "determine")
def poisson_alone():
    return problem(poisson=(square, lambda p, u: lap(u) + sin(pi * p.x) * sin(pi * p.y)))


@undetermined(FREE, "determine")
def poisson_on_one_side():
    return problem(poisson=(square, lambda p, u: lap(u) + 1), side=(square.at(x=0), lambda p, u: u))


@undetermined(FREE, "determine")
def poisson_on_the_last_side():
    return problem(poisson=(square, lambda p, u: lap(u) + 1), side=(square.at(x=1), lambda p, u: u))


@undetermined(FREE, "constant")
def neumann_everywhere():
    return problem(
        poisson=(square, lambda p, u: lap(u) + 2 * pi**2 * cos(pi * p.x) * cos(pi * p.y)),
        walls=(square.boundary, lambda p, u: dot(grad(u), p.normal)),
    )


@undetermined(FREE, "determine")
def plate_with_one_condition():
    return problem(
        plate=(square, lambda p, u: lap(lap(u)) - 1), walls=(square.boundary, lambda p, u: u)
    )


@undetermined(FREE, "determine")
def beam_held_at_its_ends():
    return problem(
        beam=(line, lambda p, u: d(u, p.x, p.x, p.x, p.x) - 1), ends=(line.boundary, lambda p, u: u)
    )


@undetermined(FREE, "determine")
def wave_without_velocity():
    return problem(
        wave=(strip, wave),
        sides=(sides, lambda p, u: u),
        start=(start, lambda p, u: u - sin(pi * p.x)),
    )


@undetermined(FREE, "determine")
def heat_without_a_start():
    return problem(heat=(strip, heat), sides=(sides, lambda p, u: u))


@undetermined(FREE, "determine")
def heat_without_sides():
    return problem(heat=(strip, heat), start=(start, lambda p, u: u - sin(pi * p.x)))


@undetermined(FREE, "determine")
def transport_without_inflow():
    return problem(
        transport=(square, lambda p, u: d(u, p.x) + d(u, p.y)),
        left=(square.at(x=0), lambda p, u: u - sin(pi * p.y)),
    )


@undetermined(FREE, "determine")
def transport_along_its_start():
    return problem(
        transport=(square, lambda p, u: d(u, p.x)),
        start=(square.at(y=0), lambda p, u: u - 1),
    )


@undetermined(FREE, "determine")
def wave_along_one_characteristic():
    return problem(
        wave=(square, lambda p, u: d(u, p.x, p.y)),
        along=(square.at(y=0), lambda p, u: u - sin(p.x)),
    )


@undetermined(FREE, "determine", field=System(v=Siren(2, outputs=2)))
def rotation_alone():
    return problem(
        rotation=(square, lambda p, v: curl(v) - 1),
        walls=(square.boundary, lambda p, v: dot(v, p.normal)),
    )


@undetermined(FREE, "determine")
def surface_with_a_laplacian_of_space():
    ball = Ball(x=0, y=0, z=0, radius=1)
    return problem(
        surface=(ball.boundary, lambda p, u: lap(u) + 2 * p.z),
        pin=(PointCloud([[1.0, 0.0, 0.0]]), lambda p, u: u),
    )


@undetermined(FREE, "determine")
def parameter_that_is_taken_for_space():
    box = Box(x=(0, 1), y=(0, 1), m=(1, 4))
    walls = box.at(x=0) | box.at(x=1) | box.at(y=0) | box.at(y=1)
    return problem(
        helmholtz=(box, lambda p, u: lap(u) + p.m * u - sin(pi * p.x) * sin(pi * p.y)),
        walls=(walls, lambda p, u: u),
    )


# ── many solutions by resonance, or by constants that nothing determines ──────────────────────


@undetermined(FREE, "determine")
def resonance_without_a_source():
    return problem(
        helmholtz=(line, lambda p, u: d(u, p.x, p.x) + pi**2 * u),
        ends=(line.boundary, lambda p, u: u),
    )


@undetermined(FREE, "determine")
def resonance_with_another_source():
    return problem(
        helmholtz=(line, lambda p, u: d(u, p.x, p.x) + pi**2 * u - sin(2 * pi * p.x)),
        ends=(line.boundary, lambda p, u: u),
    )


@undetermined(FREE, "determine", field=System(u=Siren(1), E=Unknown(4.0)))
def eigenvalue_without_a_scale():
    return problem(
        eigen=(line, lambda p, u, E: d(u, p.x, p.x) + E * u), ends=(line.boundary, lambda p, u: u)
    )


@undetermined(FREE, "determine", field=System(u=Siren(1), a=Unknown(1.0), b=Unknown(1.0)))
def two_constants_as_a_product():
    return problem(
        decay=(line, lambda p, u, a, b: d(u, p.x) + a * b * u),
        measured=(PointCloud(x, u=torch.exp(-2 * x)), lambda p, u: u - p.u),
    )


@undetermined(FREE, "determine", field=System(u=Siren(1), c=Unknown(1.0)))
def constant_without_data():
    return problem(slope=(line, lambda p, u, c: d(u, p.x) - c), left=(line.at(x=0), lambda p, u: u))


@undetermined(FREE, "determine", field=System(u=Siren(1), v=Siren(1)))
def two_functions_as_a_sum():
    return problem(
        sum=(line, lambda p, u, v: d(u, p.x, p.x) + d(v, p.x, p.x) - 1),
        ends=(line.boundary, lambda p, u, v: u + v),
    )


@undetermined(FREE, "determine", field=System(u=Siren(2), f=Siren(2)))
def source_where_nothing_is_measured():
    half = Box(x=(0, 0.5), y=(0, 1))
    return problem(
        poisson=(square, lambda p, u, f: lap(u) + f),
        walls=(square.boundary, lambda p, u, f: u),
        measured=(half, lambda p, u, f: u - sin(2 * pi * p.x) * sin(pi * p.y)),
    )


# ── ill-posed ─────────────────────────────────────────────────────────────────────────────────


@undetermined(NOT_ONE, "ill-posed")
def heat_backwards():
    return problem(
        heat=(strip, heat),
        sides=(sides, lambda p, u: u),
        end=(strip.at(t=1), lambda p, u: u - p.x * (1 - p.x)),
    )


@undetermined(NOT_ONE, "ill-posed")
def diffusion_backwards():
    return problem(
        diffusion=(strip, lambda p, u: d(u, p.t) + d(u, p.x, p.x)),
        sides=(sides, lambda p, u: u),
        start=(start, lambda p, u: u - sin(pi * p.x)),
    )


@undetermined(NOT_ONE, "ill-posed")
def diffusion_backwards_of_a_kink():
    return problem(
        diffusion=(strip, lambda p, u: d(u, p.t) + d(u, p.x, p.x)),
        sides=(sides, lambda p, u: u),
        start=(start, lambda p, u: u - p.x * (1 - p.x)),
    )


@undetermined(NOT_ONE, "ill-posed")
def cauchy_data_of_laplace():
    return problem(
        laplace=(square, lambda p, u: lap(u)),
        values=(square.at(y=0), lambda p, u: u - sin(pi * p.x)),
        slopes=(square.at(y=0), lambda p, u: d(u, p.y)),
        sides=(square.at(x=0) | square.at(x=1), lambda p, u: u),
    )


@undetermined(NOT_ONE, "ill-posed")
def cauchy_data_at_the_far_end():
    return problem(
        laplace=(square, lambda p, u: lap(u)),
        values=(square.at(y=1), lambda p, u: u - exp(p.x) * sin(p.y)),
        slopes=(square.at(y=1), lambda p, u: d(u, p.y) - exp(p.x) * cos(p.y)),
    )


@undetermined(NOT_ONE, "determine")
def wave_between_two_times():
    return problem(
        wave=(strip, wave),
        sides=(sides, lambda p, u: u),
        start=(start, lambda p, u: u),
        end=(strip.at(t=1), lambda p, u: u - sin(pi * p.x)),
    )
