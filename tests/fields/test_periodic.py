"""Periodic fields repeat with all derivatives, whatever their parameters, and methods keep that."""

import math
from typing import Any

import pytest
import torch

from siren_pde import (
    Adam,
    Ansatz,
    Box,
    Budget,
    GaussNewton,
    LeastSquares,
    Marching,
    Problem,
    Siren,
    System,
    cos,
    d,
    lap,
    load,
    on,
    pi,
    sin,
    solve,
)
from siren_pde.calculus.derivatives import Laplace
from siren_pde.errors import ConfigError
from siren_pde.fields.engine import periodic
from siren_pde.fields.engine.plan import Plan
from siren_pde.testing.networks import Nested

DEMANDS = [
    [()],
    [(0,), (1,)],
    [Laplace((0, 1))],
    [(), (0,), (1,), (0, 0)],
    [(0, 0, 0), (0, 1, 1)],
    [(0, 0, 0, 0), (0, 0, 1, 1), (1, 1, 1, 1)],
]
PERIODS = [(1.5, None), (None, 0.7), (1.5, 2.5)]


def draw(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def network(period, depth, outputs=2):
    size = {"width": 7, "depth": depth, "hidden_frequency": 1.4, "seed": 3}
    return Siren(2, outputs, frequency=(9.0, 11.0), centre=(0.2, -0.1), period=period, **size)


def features(period, width=40, seed=0):
    frequency = torch.tensor([20.0, 15.0], dtype=torch.float64)
    field = Siren(2, period=period).with_random_features(width, frequency, seed)
    field.layers[-2].data = draw(1, width, seed=1)
    return field


def flat(field):
    return torch.cat([q.detach().flatten() for q in field.parameters()])


def close(a, b, tolerance=1e-11):
    assert a.shape == b.shape
    assert (a - b).abs().max() <= tolerance * b.abs().max().clamp_min(1.0)


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("required", DEMANDS)
@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_all_derivatives_repeat(depth, required, period):
    field = network(period, depth) if depth else features(period)
    plan, x = Plan.closing(required), draw(20, 2)
    theta = flat(field) + 0.3 * draw(flat(field).numel(), seed=5)
    here = field.evaluate(theta, x, plan).channels
    for axis, length in enumerate(period):
        if length is not None:
            away = x.clone()
            away[:, axis] += length
            close(field.evaluate(theta, away, plan).channels, here, 1e-12)
            close(field.evaluate_once(theta, away, plan).channels, here, 1e-12)
            close(field.evaluate_output(theta, away, plan).channels, here, 1e-12)


@pytest.mark.parametrize("period", PERIODS[1:])
@pytest.mark.parametrize("required", DEMANDS[:-1])
@pytest.mark.parametrize("depth", [1, 2])
def test_closed_form_equals_torch_func(depth, required, period):
    ours = network(period, depth)
    theirs, theta, plan, x = Nested(ours), flat(ours), Plan.closing(required), draw(5, 2)
    a, b = ours.evaluate(theta, x, plan), theirs.evaluate(theta, x, plan)
    close(a.channels, b.channels)
    seeds, direction = draw(*a.channels.shape, seed=1), draw(theta.numel(), seed=2)
    close(ours.vjp(theta, a, seeds), theirs.vjp(theta, b, seeds))
    once = ours.evaluate_once(theta, x, plan)
    close(ours.vjp(theta, once, seeds), theirs.vjp(theta, b, seeds))
    close(ours.jacobian_rows(theta, a, seeds), theirs.jacobian_rows(theta, b, seeds))
    close(ours.jvp(theta, a, direction), theirs.jvp(theta, b, direction))
    last = ours.jacobian_rows(theta, a, seeds)[:, -ours.output_size :]
    close(ours.output_jacobian_rows(theta, ours.evaluate_output(theta, x, plan), seeds), last)


def test_no_wave_on_a_torus_is_drawn_twice():
    field = features((1.5, 2.5), width=200)
    grid = torch.linspace(0, 1, 41, dtype=torch.float64)[:-1]
    x = torch.cartesian_prod(1.5 * grid, 2.5 * grid)
    at = field.evaluate(flat(field), x, Plan.closing([()]))
    rows = field.output_jacobian_rows(flat(field), at, torch.ones_like(at.channels))
    gram = rows.T @ rows / len(x)
    half = torch.full((201,), 0.5, dtype=torch.float64)
    half[-1] = 1.0
    close(gram, torch.diag(half), 1e-12)


def test_all_multiples_have_equal_shares():
    frequency = torch.tensor([6.0 * pi, 3.0], dtype=torch.float64)
    field = Siren(2, period=(1.0, None)).with_random_features(700, frequency, 0)
    multiples = field._rounded(field.layers[0])[:, 0] * field.frequency[0] / (2 * math.pi)
    values, counts = multiples.round().unique(return_counts=True)
    assert values.tolist() == [-3, -2, -1, 0, 1, 2, 3]
    assert counts.min() > 90 and counts.max() < 110


def test_a_torus_of_many_axes_is_drawn():
    frequency = torch.full((5,), 7.0, dtype=torch.float64)
    field = Siren(5, period=(1.0,) * 5).with_random_features(50, frequency, 0)
    x = draw(10, 5)
    close(field(x + 1.0).detach(), field(x).detach())


strip = Box(x=(-1, 1), t=(0, 1))


def exact(p):
    return sin(2 * pi * (p.x - p.t)) + cos(pi * (p.x - p.t))


@on(strip)
def moved(p, u):
    return d(u, p.t) + d(u, p.x)


@on(strip.at(t=0))
def start(p, u):
    return u - exact(p)


@on(strip)
def bent(p, u):
    return d(u, p.t) + u * d(u, p.x) - exact(p) * d(exact(p), p.x) + d(u, p.x)


@on(strip)
def known(p, u):
    return u - exact(p)


advection, burgers = Problem(moved, start, exact=exact), Problem(bent, start, exact=exact)
interpolation = Problem(known, exact=exact)


def repeats(solution):
    x = torch.tensor([[0.3, 0.2], [-0.9, 0.7]], dtype=torch.float64)
    there = x + torch.tensor([2.0, 0.0], dtype=torch.float64)
    slope = lambda p, u: d(u, p.x)  # noqa: E731
    size = 1 + sum(
        float(q.detach().norm()) for q in solution.field.parameters()
    )  # output coefficients
    close(solution(there), solution(x), 1e-13 * size)
    close(solution.evaluate(slope, there), solution.evaluate(slope, x), 1e-12 * size)


@pytest.mark.parametrize(
    ("problem", "method", "error"),
    [
        (advection, LeastSquares(), 1e-9),
        (burgers, Marching(features=200), 1e-7),
        (advection, GaussNewton(dtype=torch.float64), 0.1),
        (interpolation, Adam(rate=0.02, batch=512, dtype=torch.float64), 0.15),
    ],
    ids=lambda v: getattr(v, "name", None),
)
def test_every_method_keeps_the_period(problem, method, error):
    size = {"width": 24, "depth": 2}
    network: dict[str, Any] = {} if isinstance(method, LeastSquares | Marching) else size
    budget = Budget(steps={"Gauss-Newton": 15, "Adam": 200}.get(method.name, 200))
    field = Siren(2, period=(2, None), **network)
    solution = solve(problem, field, method, budget=budget, quiet=True)
    repeats(solution)
    assert solution.error() < error


def test_a_torus_is_solved_by_fourier_series():
    torus = Box(x=(0, 1), y=(0, 2))
    truth = lambda p: sin(2 * pi * p.x) * cos(3 * pi * p.y) + 1  # noqa: E731

    @on(torus)
    def helmholtz(p, u):
        return lap(u) - u - lap(truth(p)) + truth(p)

    problem = Problem(helmholtz, exact=truth)
    assert solve(problem, Siren(2, period=(1, 2)), quiet=True).error() < 1e-13


def test_composed_fields_and_files_keep_the_period(tmp_path):
    inner = System(u=Siren(2, period=(2, None)), w=Ansatz(Siren(2), vanishing_on=strip.at(t=0)))
    coupled = Problem(on(strip)(lambda p, u, w: d(u, p.t) + d(u, p.x) + w), start)
    solution = solve(coupled, inner, LeastSquares(features=60), quiet=True)
    assert solution.field.networks()["u"].periodic == (0,)
    alone = solve(advection, Siren(2, period=(2, None)), LeastSquares(features=60), quiet=True)
    alone.save(tmp_path / "run.h5")
    found = load(tmp_path / "run.h5")
    repeats(found)
    x = draw(5, 2).abs().fmod(1.0)  # in the domain
    close(found(x), alone(x), 1e-15)


def test_senseless_periods_are_refused():
    for period in [(2,), (0.0, None), (None, math.inf), (-1.0, 1.0)]:
        with pytest.raises(ConfigError, match="period"):
            Siren(2, period=period)


@pytest.mark.parametrize("width", [40, 97])
def test_waves_of_lattices_are_spread_evenly_along_other_axes(width):
    """Each whole wave gets the same frequencies along the axis that does not repeat."""
    frequency = torch.tensor([2 * pi * 2 / 1.5, 9.0], dtype=torch.float64)
    waves, phases = periodic.drawn(width, frequency, (1.5, None), 0, listed=True)
    size = 2 * 2 + 1  # whole waves of −2 to 2 turns
    along = waves[:, 1].unique()
    assert len(along) == -(-width // (2 * size))
    middles = (torch.arange(len(along), dtype=torch.float64) + 0.5) / len(along)
    assert torch.allclose(along, middles, atol=1e-12)
    assert set(phases.tolist()) == {0.0, pi / 2}
