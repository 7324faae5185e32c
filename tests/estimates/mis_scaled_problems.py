"""Problems with a solution in units that no one would choose: solved, or not said to be."""

from functools import partial

from siren_pde import Box, LeastSquares, Siren, System, Unknown, d, exp, lap, on, pi, sin
from siren_pde.optimisers.outcome import Outcome
from siren_pde.problem import Problem
from tests.estimates.cases import Cases, into, line, problem, square

MIS_SCALED: Cases = {}
mis_scaled = partial(into, MIS_SCALED, frozenset(Outcome), "", method=LeastSquares(most=300))


def waves(p):
    return sin(pi * p.x) * sin(pi * p.y)


def poisson(inside, outside=1.0, size=1.0):
    """Poisson's equation times `inside`, its walls times `outside`, for a solution of a `size`."""

    def exact(p):
        return size * waves(p)

    return problem(
        poisson=(square, lambda p, u: inside * (lap(u) + 2 * pi**2 * exact(p))),
        walls=(square.boundary, lambda p, u: outside * u),
        exact=exact,
    )


@mis_scaled()
def equation_times_almost_nothing():
    return poisson(1e-165)


@mis_scaled()
def equation_times_almost_everything():
    return poisson(1e165)


@mis_scaled()
def everything_times_almost_nothing():
    return poisson(1e-165, 1e-165)


@mis_scaled()
def small_equation_beside_large_walls():
    return poisson(1e-30, 1e30)


@mis_scaled()
def large_equation_beside_small_walls():
    return poisson(1e30, 1e-30)


@mis_scaled()
def smallest_solution():
    return poisson(1.0, size=1e-200)


@mis_scaled()
def largest_solution():
    return poisson(1.0, size=1e200)


@mis_scaled()
def weightless_walls():
    def exact(p):
        return 1 + waves(p)

    @on(square)
    def equation(p, u):
        return lap(u) + 2 * pi**2 * waves(p)

    @on(square.boundary, weight=1e-40)
    def walls(p, u):
        return u - 1

    return Problem(equation, walls, exact=exact)


@mis_scaled()
def atoms_in_metres():
    atom = Box(x=(0, 1e-10))
    return problem(
        poisson=(atom, lambda p, u: d(u, p.x, p.x) + (pi / 1e-10) ** 2 * sin(pi * p.x / 1e-10)),
        ends=(atom.boundary, lambda p, u: u),
        exact=lambda p: sin(pi * p.x / 1e-10),
    )


@mis_scaled(field=System(u=Siren(1), v=Siren(1)))
def one_large_unknown_beside_a_small_one():
    return problem(
        large=(line, lambda p, u, v: d(u, p.x) - 1e12 * v),
        small=(line, lambda p, u, v: d(v, p.x) + 1e-12 * u),
        left=(line.at(x=0), lambda p, u, v: [u, v - 1]),
        exact=lambda p: {"u": 1e12 * sin(p.x)},
    )


@mis_scaled(field=System(u=Siren(1), k=Unknown(1.0)))
def rate_of_another_size():
    return problem(
        decay=(line, lambda p, u, k: d(u, p.x) + 1e9 * k * u),
        left=(line.at(x=0), lambda p, u, k: u - 1),
        right=(line.at(x=1), lambda p, u, k: u - exp(-2.0 * p.x)),
        exact=lambda p: {"u": exp(-2 * p.x)},
    )
