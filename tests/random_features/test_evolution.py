"""Which problems are evolutions, of which order, and what their slabs of time hand over."""

from dataclasses import replace

import pytest
import torch

from siren_pde import (
    Ball,
    Box,
    PointCloud,
    Problem,
    Siren,
    Sobol,
    System,
    Unknown,
    d,
    lap,
    on,
    sin,
)
from siren_pde.collocation.objective import objective_of
from siren_pde.errors import ConfigError
from siren_pde.fields.derived.stretched import GridStretching
from siren_pde.fields.parameters import parameters_of
from siren_pde.random_features.evolution import (
    Evolution,
    Slab,
    Slabs,
    evolution_of,
    require_evolution,
)
from tests.typed import known

strip = Box(x=(-1, 1), t=(0.5, 2))
disc = Ball(x=0, y=0) * Box(t=(0, 4))
time = Box(t=(0, 2))
plane = Box(x=(0, 1), y=(0, 3))


@on(strip.at(t=0.5))
def start(p, u):
    return u - sin(p.x)


@on(strip.at(x=-1) | strip.at(x=1))
def ends(p, u):
    return u


def held(domain):
    """A condition that holds values on a domain."""

    @on(domain)
    def values(p, u):
        return u

    return values


def heat(p, u):
    return d(u, p.t) - lap(u)


def wave(p, u):
    return d(u, p.t, p.t) - lap(u)


def evolution(*conditions, field=None):
    problem = Problem(*conditions)
    return evolution_of(objective_of(problem, field or Siren(len(problem.axes)), rule=Sobol(16)))


EVOLUTIONS = {
    "heat": ([on(strip)(heat), start], Evolution(1, 0.5, 2, 1)),
    "heat with ends": ([on(strip)(heat), start, ends], Evolution(1, 0.5, 2, 1)),
    "wave": ([on(strip)(wave), start, ends], Evolution(1, 0.5, 2, 2)),
    "disc in time": (
        [on(disc)(wave), held(Ball(x=0, y=0) * Box(t=(0, 4)).at(t=0))],
        Evolution(2, 0, 4, 2),
    ),
    "time alone": (
        [on(time)(lambda p, u: d(u, p.t) + u), held(time.at(t=0))],
        Evolution(0, 0, 2, 1),
    ),
    "along another axis": (
        [on(plane)(lambda p, u: d(u, p.y) + d(u, p.x)), held(plane.at(y=0))],
        Evolution(1, 0, 3, 1),
    ),
    "a collapsed Laplacian in time": (
        [on(strip)(lambda p, u: lap(u, p.x, p.t)), start],
        Evolution(1, 0.5, 2, 2),
    ),
    "time first of two": (
        [
            on(strip)(lambda p, u: d(u, p.t) + d(u, p.x)),
            held(strip.at(x=-1) | strip.at(t=0.5)),
        ],
        None,  # one condition on both, which neither axis passes through
    ),
    "final values": ([on(strip)(heat), start, held(strip.at(t=2))], None),
    "no start": ([on(strip)(heat), ends], None),
    "a domain that shrinks": (
        [on(Ball(x=0, t=1))(heat), held(Box(x=(-0.1, 0.1), t=(0, 1)).at(t=0))],
        None,
    ),
    "measured data": (
        [on(strip)(heat), start, held(PointCloud([[0.0, 1.0]], axes=("x", "t")))],
        None,
    ),
}


@pytest.mark.parametrize("name", EVOLUTIONS)
def test_an_evolution_starts_and_does_not_end(name):
    conditions, expected = EVOLUTIONS[name]
    assert evolution(*conditions) == expected


def test_an_unknown_constant_is_no_evolution():
    conductive = on(strip)(lambda p, u, nu: d(u, p.t) - nu * lap(u))
    assert evolution(conductive, start, field=System(u=Siren(2), nu=Unknown(1.0))) is None


def test_what_is_no_evolution_is_refused_where_one_is_needed():
    with pytest.raises(ConfigError, match=r"`Marching` needs an evolution.*box\.at\(t=0\)"):
        require_evolution(objective_of(Problem(on(strip)(heat), ends), Siren(2)), "Marching")


def test_a_slab_takes_the_points_of_the_whole_problem():
    slab = Slab(Evolution(1, 0.5, 2, 1), 1.0, 1.25)
    whole = Sobol(100)(strip)
    squeezed = slab(whole)
    assert torch.equal(squeezed.positions[:, 0], whole.positions[:, 0])
    share = (whole.positions[:, 1] - 0.5) / 1.5
    assert torch.allclose(squeezed.positions[:, 1], 1 + 0.25 * share, rtol=1e-14)
    assert torch.equal(squeezed.weights, whole.weights)


def test_stretched_points_lie_densely_and_weigh_as_much():
    stretch = GridStretching(axis=0, low=-1.0, high=1.0, centres=(0.4,), widths=(0.05,))
    whole = Sobol(4096)(strip)
    dense = Slab(Evolution(1, 0.5, 2, 1), 0.5, 2.0, (stretch,))(whole)
    near = [int(((p.positions[:, 0] - 0.4).abs() < 0.05).sum()) for p in (whole, dense)]
    assert near[1] > 3 * near[0]
    assert float(dense.weights.sum()) == pytest.approx(strip.measure, rel=1e-3)
    x, moment = dense.positions[:, 0], dense.weights
    assert float((x**2 * moment).sum()) == pytest.approx(1.5 * 2 / 3, rel=1e-2)


@pytest.mark.parametrize(("residual", "rows"), [(heat, 1), (wave, 2)])
def test_a_slab_starts_from_where_the_field_before_has_ended(residual, rows):
    """Values, and the velocity of second-order equations: the field before meets them exactly."""
    before = Siren(2, width=6, depth=2, frequency=3.0)
    whole = objective_of(Problem(on(strip)(residual), start, ends), before, rule=Sobol(32))
    slabs = Slabs.of(whole, known(evolution_of(whole)))
    slab = Slab(slabs.evolution, 1.0, 1.5)
    objective = replace(slabs.slab(slab, before, count=40, seed=0), field=before)
    theta = parameters_of(before)
    *_, handed = objective.collocated.slices.values()
    at = objective.collocated.rows[-1].points
    assert handed.stop - handed.start == rows * len(at)
    assert bool((at.positions[:, 1] == 1.0).all())
    assert objective.residual(theta)[handed].abs().max() < 1e-13
    assert objective.residual(theta + 0.01)[handed].abs().max() > 1e-3
    first = slabs.slab(Slab(slabs.evolution, 0.5, 1.0), None, count=40, seed=0)
    assert first.collocated.problem is whole.collocated.problem


def test_the_field_that_stays_has_the_initial_values_at_all_times():
    field = Siren(2, width=6, frequency=3.0)
    whole = objective_of(Problem(on(strip)(heat), start), field, rule=Sobol(32))
    slabs = Slabs.of(whole, known(evolution_of(whole)))
    stays = slabs.constant_in_time(Slab(slabs.evolution, 0.5, 2.0), None, count=50, seed=0)
    (rows,) = stays.collocated.rows
    x, t = rows.points.positions.T
    assert float(t.max() - t.min()) > 1.2
    zero = rows.residual.zero_field_residual(field, rows.points)[:, 0]
    assert torch.allclose(zero, -torch.sin(x), rtol=1e-12)
