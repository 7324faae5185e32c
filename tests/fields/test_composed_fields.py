"""Fields made of fields: composed and pieced ones are what differentiating them says."""

from typing import Any

import pytest
import torch

from siren_pde import Box, LeastSquares, Mapped, Problem, Siren, exp, lap, log, on, sin, solve
from siren_pde.calculus.derivatives import Laplace
from siren_pde.errors import ConfigError, StorageError
from siren_pde.fields.derived.piecewise import Piecewise
from siren_pde.fields.derived.shifted import Shifted
from siren_pde.fields.derived.stretched import GridStretching, Stretched
from siren_pde.fields.engine.plan import Plan
from siren_pde.testing.networks import Nested
from tests.typed import loaded

STRETCH = GridStretching(axis=1, low=-1.0, high=1.0, centres=(0.2, -0.6), widths=(0.1, 0.3))
DEMANDS = [
    {()},
    {(0,), (1,)},
    {Laplace((0, 1))},
    {(0, 1, 1), (1, 1, 1)},
    {(1, 1, 1, 1), (0, 0, 1, 1)},
    {Laplace((0,)), (0, 1)},
]


def draw(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return 2 * torch.rand(*shape, dtype=torch.float64, generator=generator) - 1


def network(seed, depth=1):
    return Siren(2, width=7, depth=depth, frequency=2.0, seed=seed)


def stretched(depth):
    return Stretched(network(1, depth), STRETCH)


def curved(p):
    x, y = p
    return exp(0.5 * x) * y, x + sin(x * y)


def mapped(depth):
    return Mapped(network(1, depth), curved)


def pieced(depth):
    return Piecewise(0, [-0.3, 0.4], [network(seed, depth) for seed in range(3)])


def flat(field):
    return torch.cat([q.detach().flatten() for q in field.parameters()])


def close(a, b):
    assert a.shape == b.shape
    assert (a - b).abs().max() <= 1e-10 * b.abs().max().clamp_min(1.0)


@pytest.mark.slow
@pytest.mark.parametrize("required", DEMANDS)
@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("kind", [stretched, mapped])
def test_composed_fields_equal_torch_func(kind, depth, required):
    field, x, plan = kind(depth), draw(5, 2), Plan.closing(required)
    theta, generic = flat(field), Nested(field)
    a, b = field.evaluate(theta, x, plan), generic.evaluate(theta, x, plan)
    close(a.channels, b.channels)
    close(field.evaluate_output(theta, x, plan).channels, b.channels)
    close(field.evaluate_once(theta, x, plan).channels, b.channels)
    seeds, direction = draw(*a.channels.shape, seed=1), draw(len(theta), seed=2)
    close(field.vjp(theta, a, seeds), generic.vjp(theta, b, seeds))
    close(field.jacobian_rows(theta, a, seeds), generic.jacobian_rows(theta, b, seeds))
    close(field.jvp(theta, a, direction), generic.jvp(theta, b, direction))
    last = field.jacobian_rows(theta, a, seeds)[:, -field.output_size :]
    close(field.output_jacobian_rows(theta, field.evaluate_output(theta, x, plan), seeds), last)


def test_a_mapped_network_has_as_many_waves_across_the_image_of_the_box():
    like = torch.ones(2, dtype=torch.float64)
    field: Any = Mapped(Siren(2), lambda p: (p[0] + 10, 100 * p[1])).scaled_to(
        -like, 3 * like, 5 * like
    )
    assert torch.allclose(field.network.centre, torch.tensor([11.0, 100.0]).to(like), rtol=0.01)
    assert torch.allclose(field.network.frequency, torch.tensor([5.0, 0.05]).to(like), rtol=0.01)
    inner = field.with_random_features(30, 8 * like, 0).network.frequency
    assert torch.allclose(inner, torch.tensor([8.0, 0.08]).to(like), rtol=0.01)


@pytest.mark.slow
def test_a_power_of_the_distance_is_found_in_log_polar_coordinates(tmp_path):
    """√r cos(φ/2) at the end of a slit, which plain sines do not resolve."""
    right = Box(x=(0, 1), y=(-1, 1))

    def exact(p):
        x, y = p
        r = (x**2 + y**2) ** 0.5
        return ((r + x) / 2) ** 0.5

    def coordinates(p):
        x, y = p
        r = (x**2 + y**2) ** 0.5
        return log(r**2 + 1e-8) / 2, y / (r + x)

    @on(right, refine_towards=(0, 0))
    def laplace(p, u):
        x, y = p
        return (x**2 + y**2) * lap(u)

    @on(right.boundary, refine_towards=(0, 0))
    def dirichlet(p, u):
        return u - exact(p)

    problem, method = Problem(laplace, dirichlet, exact=exact), LeastSquares(500, (12.0, 12.0))
    field = Mapped(Siren(2), coordinates)
    solution = solve(problem, field, method, quiet=True)
    assert solution.error() < 1e-5
    assert solve(problem, None, method, quiet=True).error() > 1e-2
    solution.save(tmp_path / "a.h5")
    assert loaded(tmp_path / "a.h5", problem, field=field).error() == solution.error()
    with pytest.raises(StorageError, match="Python functions"):
        loaded(tmp_path / "a.h5")


def test_what_cannot_be_mapped_is_refused():
    box = (torch.zeros(2), torch.ones(2), torch.ones(2))
    with pytest.raises(ConfigError, match="one network"):
        Mapped(Problem, curved)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="2 coordinates, but its function has 1"):
        Mapped(Siren(2), lambda p: p[0])(draw(3, 2))
    for useless in (lambda p: (p[0], 1.0), lambda p: (p[0], log(-1 - p[1]))):
        with pytest.raises(ConfigError, match="nowhere finite or the same everywhere"):
            Mapped(Siren(2), useless).scaled_to(*box)


def test_a_stretch_maps_the_interval_to_itself_and_back():
    x = torch.linspace(-1, 1, 101, dtype=torch.float64)
    xi = STRETCH.derivative(x, 0)
    assert abs(float(xi[0]) + 1) < 1e-14 and abs(float(xi[-1]) - 1) < 1e-14
    close(STRETCH.inverse(xi), x)
    for order in range(1, 5):
        h = 1e-5
        slope = (STRETCH.derivative(x + h, order - 1) - STRETCH.derivative(x - h, order - 1)) / (
            2 * h
        )
        expected = STRETCH.derivative(x, order)
        assert (slope - expected).abs().max() < 1e-5 * expected.abs().max()


@pytest.mark.parametrize("depth", [1, 2])
def test_each_point_belongs_to_its_piece(depth):
    field, x = pieced(depth), draw(40, 2)
    plan = Plan.closing({(0,), (1, 1)})
    at = field.evaluate(flat(field), x, plan)
    close(field(x).detach(), at.channels[0, :, 0])
    parts = [network.evaluate(flat(network), x, plan).channels for network in field.parts]
    for i, place in enumerate(x[:, 0].tolist()):
        k = 0 if place <= -0.3 else 1 if place <= 0.4 else 2
        close(at.channels[:, i], parts[k][:, i])


@pytest.mark.parametrize("depth", [1, 2])
def test_products_of_pieces_are_adjoint(depth):
    field, x = pieced(depth), draw(30, 2)
    theta = flat(field)
    at = field.evaluate(theta, x, Plan.closing({Laplace((0, 1))}))
    seeds, direction = draw(*at.channels.shape, seed=4), draw(len(theta), seed=5)
    forward = (field.jvp(theta, at, direction) * seeds).sum()
    assert abs(forward - field.vjp(theta, at, seeds) @ direction) <= 1e-11 * abs(forward)
    close(field.jacobian_rows(theta, at, seeds).sum(0), field.vjp(theta, at, seeds))


def test_pieces_need_their_breaks():
    with pytest.raises(ConfigError, match="breaks"):
        Piecewise(0, [], [network(0), network(1)])


@pytest.mark.parametrize("depth", [1, 2])
def test_a_moved_leaf_is_the_leaf_elsewhere(depth):
    inner, x, plan = network(3, depth), draw(6, 2), Plan.closing({(0, 1), Laplace((0, 1))})
    moved, back = Shifted(inner, 1, 0.7), x - torch.tensor([0.0, 0.7], dtype=torch.float64)
    theta, seeds = flat(moved), draw(len(plan.keys), 6, 1, seed=1)
    close(moved(x), inner(back))
    for name in ("evaluate", "evaluate_once", "evaluate_output"):
        here, there = (getattr(f, name)(theta, at, plan) for f, at in ((moved, x), (inner, back)))
        close(here.channels, there.channels)
    here, there = moved.evaluate(theta, x, plan), inner.evaluate(theta, back, plan)
    for product in ("vjp", "jacobian_rows", "output_jacobian_rows"):
        ours, theirs = (getattr(f, product) for f in (moved, inner))
        close(ours(theta, here, seeds), theirs(theta, there, seeds))
    direction = draw(len(theta), seed=2)
    close(moved.jvp(theta, here, direction), inner.jvp(theta, there, direction))
