"""Problems that nothing solves: contradictory, singular, blowing up, or with too little to do so."""

from functools import partial

import torch

from siren_pde import (
    Ball,
    Box,
    Budget,
    LeastSquares,
    Marching,
    PointCloud,
    Siren,
    System,
    d,
    div,
    dot,
    exp,
    grad,
    lap,
    log,
    pi,
    sin,
    sqrt,
    where,
)
from tests.estimates.cases import (
    ENDED,
    NOT_ONE,
    UNSOLVED,
    Cases,
    into,
    line,
    problem,
    sides,
    square,
    start,
    strip,
)

IMPOSSIBLE: Cases = {}
few = LeastSquares(most=300)
impossible = partial(into, IMPOSSIBLE, method=few)
march = {"method": Marching(features=60), "budget": Budget(steps=25)}
disk = Ball(x=0, y=0, radius=1)


# ── no smooth solution ────────────────────────────────────────────────────────────────────────


@impossible(UNSOLVED, "not solved")
def eikonal_in_a_square():
    return problem(
        eikonal=(square, lambda p, u: dot(grad(u), grad(u)) - 1),
        walls=(square.boundary, lambda p, u: u),
    )


@impossible(UNSOLVED, "not solved")
def eikonal_around_a_hole():
    ring = Ball(x=0, y=0, radius=1) - Ball(x=0.2, y=0, radius=0.3)
    return problem(
        eikonal=(ring, lambda p, u: dot(grad(u), grad(u)) - 1),
        walls=(ring.boundary, lambda p, u: u),
    )


@impossible(UNSOLVED, "not solved")
def distance_between_two_ends():
    return problem(
        eikonal=(line, lambda p, u: d(u, p.x) ** 2 - 1), ends=(line.boundary, lambda p, u: u)
    )


@impossible(UNSOLVED, "not solved")
def shock_of_steady_burgers():
    return problem(
        burgers=(line, lambda p, u: u * d(u, p.x)),
        left=(line.at(x=0), lambda p, u: u - 1),
        right=(line.at(x=1), lambda p, u: u + 1),
    )


# ── contradictions ────────────────────────────────────────────────────────────────────────────


@impossible(UNSOLVED, "`square`")
def negative_square():
    return problem(square=(line, lambda p, u: u**2 + 1))


@impossible(UNSOLVED, "`power`")
def negative_exponential():
    return problem(power=(line, lambda p, u: exp(u) + 1))


@impossible(UNSOLVED, "`constant`")
def equation_without_the_unknown():
    return problem(
        constant=(line, lambda p, u: d(u, p.x) - d(u, p.x) + 1),
        ends=(line.boundary, lambda p, u: u),
    )


@impossible(UNSOLVED, "`one`")
def two_values_on_one_boundary():
    return problem(
        laplace=(square, lambda p, u: lap(u)),
        zero=(square.boundary, lambda p, u: u),
        one=(square.boundary, lambda p, u: u - 1),
    )


@impossible(UNSOLVED, "not solved")
def too_many_values_of_a_first_order_equation():
    return problem(
        constant=(line, lambda p, u: d(u, p.x)),
        left=(line.at(x=0), lambda p, u: u),
        right=(line.at(x=1), lambda p, u: u - 1),
    )


@impossible(UNSOLVED, "not solved")
def two_clouds_that_contradict():
    x = torch.linspace(0, 1, 40, dtype=torch.float64)
    return problem(
        growth=(line, lambda p, u: d(u, p.x) - u),
        first=(PointCloud(x, u=torch.exp(x)), lambda p, u: u - p.u),
        second=(PointCloud(x, u=-torch.exp(x)), lambda p, u: u - p.u),
    )


@impossible(UNSOLVED, "not solved")
def two_clouds_without_an_equation():
    x = torch.linspace(0, 1, 40, dtype=torch.float64)
    return problem(
        first=(PointCloud(x, u=torch.sin(x)), lambda p, u: u - p.u),
        second=(PointCloud(x, u=torch.sin(x) + 3), lambda p, u: u - p.u),
    )


@impossible(NOT_ONE, "not solved")
def sources_without_a_way_out():
    return problem(
        poisson=(square, lambda p, u: lap(u) - 1),
        walls=(square.boundary, lambda p, u: dot(grad(u), p.normal)),
    )


@impossible(NOT_ONE, "not solved")
def values_and_slopes_all_around():
    return problem(
        poisson=(square, lambda p, u: lap(u) + 1),
        values=(square.boundary, lambda p, u: u),
        slopes=(square.boundary, lambda p, u: dot(grad(u), p.normal)),
    )


@impossible(NOT_ONE, "determine")
def resonance_with_a_source():
    return problem(
        helmholtz=(line, lambda p, u: d(u, p.x, p.x) + pi**2 * u - sin(pi * p.x)),
        ends=(line.boundary, lambda p, u: u),
    )


@impossible(NOT_ONE, "determine")
def resonance_between_two_values():
    return problem(
        helmholtz=(line, lambda p, u: d(u, p.x, p.x) + pi**2 * u),
        left=(line.at(x=0), lambda p, u: u),
        right=(line.at(x=1), lambda p, u: u - 1),
    )


@impossible(UNSOLVED, "not solved")
def potential_of_a_rotation():
    return problem(
        along=(square, lambda p, u: d(u, p.x) + p.y),
        across=(square, lambda p, u: d(u, p.y) - p.x),
        corner=(square.at(x=0), lambda p, u: u),
    )


@impossible(NOT_ONE, "determine", field=System(v=Siren(2, outputs=2)))
def flow_into_a_closed_box():
    return problem(
        volume=(square, lambda p, v: div(v)),
        walls=(square.boundary, lambda p, v: dot(v, p.normal) + 1),
    )


@impossible(UNSOLVED, "not solved")
def values_across_characteristics():
    return problem(
        transport=(square, lambda p, u: d(u, p.x)),
        start=(square.at(y=0), lambda p, u: u - sin(pi * p.x)),
    )


# ── blowing up ────────────────────────────────────────────────────────────────────────────────


@impossible(ENDED, "t =", **march)
def growth_by_the_square():
    time = Box(t=(0, 2))
    return problem(
        growth=(time, lambda p, u: d(u, p.t) - u**2), start=(time.at(t=0), lambda p, u: u - 1)
    )


@impossible(ENDED, "t =", **march)
def riccati_past_its_pole():
    time = Box(t=(0, 2))
    return problem(
        riccati=(time, lambda p, u: d(u, p.t) - 1 - u**2), start=(time.at(t=0), lambda p, u: u)
    )


@impossible(ENDED, "t =", **march)
def root_past_its_end():
    time = Box(t=(0, 2))
    return problem(
        fall=(time, lambda p, u: 2 * u * d(u, p.t) + 1), start=(time.at(t=0), lambda p, u: u - 1)
    )


@impossible(ENDED, "t =", **march)
def heat_that_ignites():
    return problem(
        heat=(strip, lambda p, u: d(u, p.t) - d(u, p.x, p.x) - 30 * u**2),
        sides=(sides, lambda p, u: u),
        start=(start, lambda p, u: u - 3 * sin(pi * p.x)),
    )


@impossible(ENDED, "t =", **march)
def burgers_past_its_shock():
    return problem(
        burgers=(strip, lambda p, u: d(u, p.t) + u * d(u, p.x)),
        sides=(sides, lambda p, u: u),
        start=(start, lambda p, u: u - sin(2 * pi * p.x)),
    )


@impossible(UNSOLVED, "not solved")
def burning_too_hot():  # no solution beyond 3.51
    return problem(
        bratu=(line, lambda p, u: d(u, p.x, p.x) + 10 * exp(u)),
        ends=(line.boundary, lambda p, u: u),
    )


# ── singular, or finer than what is allowed ───────────────────────────────────────────────────


@impossible(UNSOLVED, "not solved")
def source_that_is_singular():
    return problem(
        poisson=(disk, lambda p, u: lap(u) - 1 / (p.x**2 + p.y**2)),
        rim=(disk.boundary, lambda p, u: u),
    )


@impossible(UNSOLVED, "not solved")
def source_in_a_point():
    return problem(
        poisson=(
            square,
            lambda p, u: lap(u) + 1e4 * exp(-1e4 * ((p.x - 0.5) ** 2 + (p.y - 0.4) ** 2)),
        ),
        walls=(square.boundary, lambda p, u: u),
    )


@impossible(UNSOLVED, "not solved")
def source_between_all_points():
    return problem(
        poisson=(square, lambda p, u: lap(u) + exp(-1e6 * ((p.x - 0.3) ** 2 + (p.y - 0.6) ** 2))),
        walls=(square.boundary, lambda p, u: u),
    )


@impossible(UNSOLVED, "not solved")
def three_hundred_waves():
    return problem(
        helmholtz=(square, lambda p, u: lap(u) + 300**2 * u),
        walls=(square.boundary, lambda p, u: u - sin(180 * p.x + 240 * p.y)),
    )


@impossible(ENDED, "not solved", budget=Budget(steps=1))
def fast_decay_in_one_step():
    time = Box(t=(0, 1))
    return problem(
        decay=(time, lambda p, u: d(u, p.t) + 1e6 * (u - sin(9 * p.t))),
        start=(time.at(t=0), lambda p, u: u - 1),
    )


@impossible(UNSOLVED, "not solved")
def coefficient_that_jumps():
    return problem(
        diffusion=(square, lambda p, u: where(p.x > p.y, 1.0, 50.0) * lap(u) + 1),
        walls=(square.boundary, lambda p, u: u),
    )


@impossible(UNSOLVED, "not solved")
def values_that_jump():
    return problem(
        laplace=(square, lambda p, u: lap(u)),
        lid=(square.at(y=1), lambda p, u: u - 1),
        rest=(square.at(y=0) | square.at(x=0) | square.at(x=1), lambda p, u: u),
    )


@impossible(ENDED, "not solved")
def root_of_a_negative_number():
    return problem(
        root=(line, lambda p, u: sqrt(u) - p.x + 2), left=(line.at(x=0), lambda p, u: u + 1)
    )


@impossible(ENDED, "not solved")
def exponential_that_overflows():
    return problem(
        power=(line, lambda p, u: d(u, p.x, p.x) - exp(2000 * u)),
        ends=(line.boundary, lambda p, u: u - 1),
    )


@impossible(ENDED, "not solved")
def logarithm_of_a_negative_value():
    return problem(
        growth=(line, lambda p, u: d(u, p.x) - log(u)), left=(line.at(x=0), lambda p, u: u + 1)
    )
