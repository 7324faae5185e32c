"""Problems whose solutions blow up, are singular, or finer than what is allowed."""

from functools import partial

from siren_pde import (
    Ball,
    Box,
    Budget,
    LeastSquares,
    Marching,
    d,
    exp,
    lap,
    log,
    pi,
    sin,
    sqrt,
    where,
)
from tests.estimates.cases import (
    ENDED,
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

UNRESOLVED: Cases = {}
few = LeastSquares(most=300)
unresolved = partial(into, UNRESOLVED, method=few)
march = {"method": Marching(features=50), "budget": Budget(steps=20)}
disk = Ball(x=0, y=0, radius=1)


# ── blowing up ────────────────────────────────────────────────────────────────────────────────


@unresolved(ENDED, "t =", **march)
def growth_by_the_square():
    time = Box(t=(0, 2))
    return problem(
        growth=(time, lambda p, u: d(u, p.t) - u**2), start=(time.at(t=0), lambda p, u: u - 1)
    )


@unresolved(ENDED, "t =", **march)
def riccati_past_its_pole():
    time = Box(t=(0, 2))
    return problem(
        riccati=(time, lambda p, u: d(u, p.t) - 1 - u**2), start=(time.at(t=0), lambda p, u: u)
    )


@unresolved(ENDED, "t =", **march)
def root_past_its_end():
    time = Box(t=(0, 2))
    return problem(
        fall=(time, lambda p, u: 2 * u * d(u, p.t) + 1), start=(time.at(t=0), lambda p, u: u - 1)
    )


@unresolved(ENDED, "t =", **march)
def heat_that_ignites():
    return problem(
        heat=(strip, lambda p, u: d(u, p.t) - d(u, p.x, p.x) - 30 * u**2),
        sides=(sides, lambda p, u: u),
        start=(start, lambda p, u: u - 3 * sin(pi * p.x)),
    )


@unresolved(ENDED, "t =", **march)
def burgers_past_its_shock():
    return problem(
        burgers=(strip, lambda p, u: d(u, p.t) + u * d(u, p.x)),
        sides=(sides, lambda p, u: u),
        start=(start, lambda p, u: u - sin(2 * pi * p.x)),
    )


@unresolved(UNSOLVED, "not solved")
def burning_too_hot():  # no solution beyond 3.51
    return problem(
        bratu=(line, lambda p, u: d(u, p.x, p.x) + 10 * exp(u)),
        ends=(line.boundary, lambda p, u: u),
    )


# ── singular, or finer than what is allowed ───────────────────────────────────────────────────


@unresolved(UNSOLVED, "not solved")
def source_that_is_singular():
    return problem(
        poisson=(disk, lambda p, u: lap(u) - 1 / (p.x**2 + p.y**2)),
        rim=(disk.boundary, lambda p, u: u),
    )


@unresolved(UNSOLVED, "not solved")
def source_in_a_point():
    return problem(
        poisson=(
            square,
            lambda p, u: lap(u) + 1e4 * exp(-1e4 * ((p.x - 0.5) ** 2 + (p.y - 0.4) ** 2)),
        ),
        walls=(square.boundary, lambda p, u: u),
    )


@unresolved(UNSOLVED, "not solved")
def source_between_all_points():
    return problem(
        poisson=(square, lambda p, u: lap(u) + exp(-1e6 * ((p.x - 0.3) ** 2 + (p.y - 0.6) ** 2))),
        walls=(square.boundary, lambda p, u: u),
    )


@unresolved(UNSOLVED, "not solved")
def three_hundred_waves():
    return problem(
        helmholtz=(square, lambda p, u: lap(u) + 300**2 * u),
        walls=(square.boundary, lambda p, u: u - sin(180 * p.x + 240 * p.y)),
    )


@unresolved(ENDED, "not solved", budget=Budget(steps=1))
def fast_decay_in_one_step():
    time = Box(t=(0, 1))
    return problem(
        decay=(time, lambda p, u: d(u, p.t) + 1e6 * (u - sin(9 * p.t))),
        start=(time.at(t=0), lambda p, u: u - 1),
    )


@unresolved(UNSOLVED, "not solved")
def coefficient_that_jumps():
    return problem(
        diffusion=(square, lambda p, u: where(p.x > p.y, 1.0, 50.0) * lap(u) + 1),
        walls=(square.boundary, lambda p, u: u),
    )


@unresolved(UNSOLVED, "not solved")
def values_that_jump():
    return problem(
        laplace=(square, lambda p, u: lap(u)),
        lid=(square.at(y=1), lambda p, u: u - 1),
        rest=(square.at(y=0) | square.at(x=0) | square.at(x=1), lambda p, u: u),
    )


@unresolved(ENDED, "not solved")
def root_of_a_negative_number():
    return problem(
        root=(line, lambda p, u: sqrt(u) - p.x + 2), left=(line.at(x=0), lambda p, u: u + 1)
    )


@unresolved(ENDED, "not solved")
def exponential_that_overflows():
    return problem(
        power=(line, lambda p, u: d(u, p.x, p.x) - exp(2000 * u)),
        ends=(line.boundary, lambda p, u: u - 1),
    )


@unresolved(ENDED, "not solved")
def logarithm_of_a_negative_value():
    return problem(
        growth=(line, lambda p, u: d(u, p.x) - log(u)), left=(line.at(x=0), lambda p, u: u + 1)
    )
