"""Error bars beside true errors: within a factor of two wherever there is one."""

import math

import pytest
import torch

from siren_pde import (
    Box,
    Budget,
    GaussNewton,
    LeastSquares,
    Marching,
    PointCloud,
    Problem,
    Propagator,
    Siren,
    System,
    Unknown,
    d,
    exp,
    lap,
    on,
    pi,
    save,
    sin,
    solve,
)
from siren_pde.collocation.objective import objective_of
from siren_pde.estimates.companions import Companions
from siren_pde.estimates.estimate import Estimate, estimated
from siren_pde.estimates.slabs import March, slab_errors
from siren_pde.estimates.steady import repeats, steady_errors
from siren_pde.fields.parameters import parameters_of, with_parameters
from siren_pde.random_features.evolution import evolution_of
from siren_pde.types import Outcome
from tests.typed import known, loaded

square = Box(x=(0, 1), y=(0, 1))
strip = Box(x=(0, 1), t=(0, 1))


def manufactured(equation, exact, domain=square):
    """A problem whose equation and boundary values have this solution."""

    @on(domain)
    def inside(p, u):
        return equation(p, u) - equation(p, exact(p))

    @on(domain.boundary)
    def boundary(p, u):
        return u - exact(p)

    return Problem(inside, boundary, exact=exact)


def bumps(p):
    return sin(3 * p.x) * exp(p.y) + p.x * p.y


PROBLEMS = {
    "poisson": lambda p, u: lap(u),
    "helmholtz": lambda p, u: lap(u) + 30 * u,
    "variable": lambda p, u: d((1 + p.x) * d(u, p.x), p.x) + d(u, p.y, p.y),
    "advection": lambda p, u: 3 * d(u, p.x) - 0.1 * lap(u),
    "cubic": lambda p, u: lap(u) - u**3,
    "boltzmann": lambda p, u: lap(u) - exp(u),
}


def right(solution, factor=2.0):
    """Whether the estimate is the true error within a factor."""
    bar = solution.estimate
    assert bar.reliable, bar.why
    ratio = solution.error() / bar.total
    assert 1 / factor <= ratio <= factor, ratio
    return ratio


@pytest.mark.parametrize("features", [30, 60, 120, None])
@pytest.mark.parametrize("name", PROBLEMS)
def test_estimates_are_right_from_coarse_answers_to_rounding(name, features):
    problem = manufactured(PROBLEMS[name], bumps)
    solution = solve(problem, method=LeastSquares(features), quiet=True)
    right(solution)
    low, high = solution.estimate.interval
    assert low < solution.estimate.total < high


def test_estimates_name_each_unknown():
    def exact(p):
        return {"u": bumps(p), "v": 1e-3 * sin(2 * p.x + p.y)}

    @on(square)
    def coupled(p, u, v):
        e = exact(p)
        return lap(u) + 50 * v - lap(e["u"]) - 50 * e["v"], lap(v) - u - lap(e["v"]) + e["u"]

    @on(square.boundary)
    def given(p, u, v):
        e = exact(p)
        return u - e["u"], v - e["v"]

    problem = Problem(coupled, given, exact=exact)
    solution = solve(problem, System(u=Siren(2), v=Siren(2)), LeastSquares(50), quiet=True)
    right(solution)
    relative = solution.estimate.relative
    assert set(relative) == {"u", "v"} and relative["v"] > relative["u"]
    assert solution.estimate.of(["u"]) == pytest.approx(relative["u"])


def test_constants_have_error_bars():
    well = Box(x=(0, 1))

    @on(well)
    def schroedinger(p, psi, energy):
        return d(psi, p.x, p.x) + energy * psi

    @on(well.boundary)
    def walls(p, psi):
        return psi

    @on(PointCloud([[0.5]]))
    def scale(p, psi):
        return psi - 1

    problem = Problem(schroedinger, walls, scale)
    field = System(psi=Siren(1), energy=Unknown(9.0))
    solution = solve(problem, field, LeastSquares(7, (5.0,)), quiet=True)
    assert isinstance(solution.field, System)
    constant = solution.field.fields["energy"]
    assert isinstance(constant, Unknown)
    energy = constant.value
    true = abs(energy - pi**2) / pi**2
    assert 0.5 <= true / solution.estimate.relative["energy"] <= 2


# ── marches ───────────────────────────────────────────────────────────────────────────────────────


@on(strip)
def heat(p, u):
    return d(u, p.t) - 0.1 * d(u, p.x, p.x)


@on(strip.at(x=0) | strip.at(x=1))
def cold(p, u):
    return u


@on(strip.at(t=0))
def warm(p, u):
    return u - sin(pi * p.x)


HEAT = Problem(heat, cold, warm, exact=lambda p: sin(pi * p.x) * exp(-0.1 * pi**2 * p.t))


@pytest.mark.parametrize(
    "method",
    [
        Marching(tolerance=1e-5, features=60),
        Propagator(tolerance=1e-7, features=60, most=60),
        Propagator(tolerance=1e-6, features=100, most=100, frequency=(12.0, 12.0)),
    ],
)
def test_marches_have_error_bars(method):
    right(solve(HEAT, method=method, quiet=True))


def test_slabs_of_one_matrix_are_as_slabs_by_themselves():
    method = Propagator(tolerance=1e-7, features=60, most=60)
    solution = solve(HEAT, method=method, quiet=True)
    answer = objective_of(HEAT, solution.field)
    march = known(March.of(solution.field, known(evolution_of(answer))))
    assert repeats(answer, march) and len(march.pieces) > 2
    both = [
        sum(slab.sizes["u"].error for slab in run(answer, march, Companions(1.3)))
        for run in (slab_errors, steady_errors)
    ]
    assert both[0] == pytest.approx(both[1], rel=0.5)


def test_an_error_made_early_is_carried_on():
    """Nothing damps transport: what the first slab gets wrong is wrong until the end."""
    field = Marching(tolerance=1e-6, features=60)

    @on(strip)
    def transport(p, u):
        return d(u, p.t) + d(u, p.x)

    @on(strip.at(x=0))
    def inflow(p, u):
        return u + sin(2 * p.t)

    @on(strip.at(t=0))
    def start(p, u):
        return u - sin(2 * p.x)

    exact = Problem(transport, inflow, start, exact=lambda p: sin(2 * (p.x - p.t)))
    solution = solve(exact, method=field, quiet=True)
    answer = objective_of(exact, solution.field)
    march = known(March.of(solution.field, known(evolution_of(answer))))
    spoilt = march.pieces[0]
    theta = parameters_of(spoilt)
    theta[-1] += 1e-3  # its constant: 1e-3 off in the first slab
    pieces = (with_parameters(spoilt, theta), *march.pieces[1:])
    march = March(march.evolution, pieces, march.times)
    sizes = [slab.sizes["u"] for slab in slab_errors(answer, march, Companions(1.3))]
    share = (march.times[1] - march.times[0]) / (march.times[-1] - march.times[0])
    assert math.sqrt(sizes[0].error / share) == pytest.approx(1e-3, rel=0.1)


# ── networks, and where there is none ─────────────────────────────────────────────────────────────


def test_networks_have_error_bars():
    problem = manufactured(PROBLEMS["poisson"], bumps)
    field = Siren(2, width=8, depth=2)
    right(solve(problem, field, GaussNewton(), budget=Budget(steps=40), quiet=True))


def test_single_precision_has_error_bars():
    problem = manufactured(PROBLEMS["poisson"], bumps)
    field = Siren(2, width=8, depth=2)
    solution = solve(
        problem, field, GaussNewton(), budget=Budget(steps=40), dtype=torch.float32, quiet=True
    )
    right(solution)
    assert next(solution.field.parameters()).dtype == torch.float32


def test_what_no_features_explain_has_none():
    """Values that jump at two corners."""

    @on(square)
    def laplace(p, u):
        return lap(u)

    @on(square.at(x=0) | square.at(x=1) | square.at(y=0))
    def zero(p, u):
        return u

    @on(square.at(y=1))
    def one(p, u):
        return u - 1

    solution = solve(Problem(laplace, zero, one), method=LeastSquares(100), quiet=True)
    assert not solution.estimate.reliable and "explain" in solution.estimate.why
    assert math.isnan(solution.estimate.total) and str(solution.estimate).startswith("no estimate")


def test_what_is_not_determined_has_none():
    @on(square)
    def poisson(p, u):
        return lap(u) - 1

    @on(square.at(x=0))
    def side(p, u):
        return u

    solution = solve(Problem(poisson, side), method=LeastSquares(80), quiet=True)
    assert solution.outcome is Outcome.ill_posed and not solution.estimate.reliable
    assert "determine" in solution.estimate.why


def test_data_alone_have_none():
    cloud = PointCloud([[0.0], [0.3], [0.6], [1.0]], v=[0.0, 0.3, 0.4, 1.0])

    @on(cloud)
    def data(p, u):
        return u - p.v

    solution = solve(Problem(data), method=LeastSquares(10), quiet=True)
    assert "measured data" in solution.estimate.why


def test_no_estimate_is_made_unless_wanted():
    problem = manufactured(PROBLEMS["poisson"], bumps)
    solution = solve(problem, method=LeastSquares(50), estimate="none", quiet=True)
    assert not solution.estimate.reliable and solution.estimate.seconds == 0.0


def test_careful_estimates_take_more_features():
    problem = manufactured(PROBLEMS["helmholtz"], lambda p: sin(20 * p.x) * sin(15 * p.y))
    solution = solve(problem, method=LeastSquares(1200, (25.0, 20.0)), quiet=True)
    answer = objective_of(problem, solution.field)
    quick, careful = (estimated(answer, careful=c) for c in (False, True))
    assert careful.beta < quick.beta
    assert 0.5 < solution.error() / careful.total < 2


def test_files_keep_the_error_bar(tmp_path):
    problem = manufactured(PROBLEMS["poisson"], bumps)
    solution = solve(problem, method=LeastSquares(50), quiet=True)
    save(solution, tmp_path / "a.h5")
    back = loaded(tmp_path / "a.h5")
    assert back.estimate == solution.estimate and back.residuals == solution.residuals
    none = solve(problem, method=LeastSquares(50), estimate="none", quiet=True)
    save(none, tmp_path / "b.h5")
    bar = loaded(tmp_path / "b.h5").estimate
    assert bar.why == none.estimate.why and math.isnan(bar.beta)
    assert Estimate.none("why").interval != Estimate.none("why").interval  # NaN


@pytest.mark.parametrize("features", [25, 40, 60, 90])
def test_near_a_resonance_nothing_unexplained_is_believed(features):
    """A change of the nearly resonant mode causes a residual 5000 times smaller than itself."""
    k2 = 5 * pi**2 + 1e-2

    def exact(p):
        return sin(pi * p.x) * sin(2 * pi * p.y) + sin(3 * p.x) * p.y * p.y

    problem = manufactured(lambda p, u: lap(u) + k2 * u, exact)
    solution = solve(problem, method=LeastSquares(features, oversampling=2), seed=1, quiet=True)
    if solution.estimate.reliable:
        right(solution)
    else:
        assert "resonance" in solution.estimate.why
        assert solution.outcome is not Outcome.converged and solution.error() > 0.01
