"""Problems that nothing solves: without a smooth solution, or contradictory."""

from functools import partial

import torch

from siren_pde import (
    Ball,
    LeastSquares,
    PointCloud,
    Siren,
    System,
    d,
    div,
    dot,
    exp,
    grad,
    lap,
    pi,
    sin,
)
from tests.estimates.cases import (
    NOT_ONE,
    UNSOLVED,
    Cases,
    into,
    line,
    problem,
    square,
)

IMPOSSIBLE: Cases = {}
few = LeastSquares(most=300)
impossible = partial(into, IMPOSSIBLE, method=few)


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


@impossible(NOT_ONE, "determine")
def values_across_characteristics():
    return problem(
        transport=(square, lambda p, u: d(u, p.x)),
        start=(square.at(y=0), lambda p, u: u - sin(pi * p.x)),
    )
