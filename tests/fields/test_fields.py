"""The closed-form engine equals nested `torch.func` differentiation to rounding."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from siren_pde import Siren
from siren_pde.calculus.derivatives import Key, Laplace
from siren_pde.errors import ConfigError
from siren_pde.fields.engine.plan import Plan
from siren_pde.fields.engine.workspace import Workspace
from siren_pde.testing import check_field
from siren_pde.testing.networks import Nested
from tests.strategies import ALL_FIELDS

DEMANDS: dict[str, list[Key]] = {
    "value": [()],
    "gradient": [(0,), (1,)],
    "Laplacian": [Laplace((0, 1))],
    "Laplacian and value": [(), Laplace((0, 1))],
    "partial Laplacian": [(), (1,), Laplace((0,))],
    "Burgers": [(), (0,), (1,), (0, 0)],
    "Hessian": [(0, 0), (0, 1), (1, 1), Laplace((0, 1))],
    "third": [(0, 0, 0), (0, 0, 1)],
    "biharmonic": [(0, 0, 0, 0), (0, 0, 1, 1), (1, 1, 1, 1)],
    "mixed fourth": [(0, 0, 0, 1), Laplace((0, 1))],
}


def siren(depth: int, outputs: int = 1) -> Siren:
    return Siren(
        2,
        outputs,
        width=6,
        depth=depth,
        frequency=(1.3, 0.7),
        centre=(0.2, -0.1),
        hidden_frequency=1.4,
        seed=3,
    )


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def close(a: torch.Tensor, b: torch.Tensor) -> None:
    assert a.shape == b.shape
    assert (a - b).abs().max() <= 1e-11 * b.abs().max().clamp_min(1.0)


SLOW = [n for n in DEMANDS if "biharmonic" in n or "fourth" in n]
"""Fourth derivatives by nested differentiation take seconds."""


@pytest.mark.slow
@pytest.mark.parametrize("field", ALL_FIELDS.values(), ids=ALL_FIELDS)
def test_fields_obey_their_laws(field):
    check_field(field)


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in DEMANDS]
)
def test_closed_form_equals_torch_func(name, depth):
    ours = siren(depth, outputs=2)
    theirs = Nested(ours)
    theta = torch.cat([q.detach().flatten() for q in ours.parameters()])
    plan = Plan.closing(DEMANDS[name])
    x = draw(5, 2)
    a, b = ours.evaluate(theta, x, plan), theirs.evaluate(theta, x, plan)
    close(a.channels, b.channels)
    seeds = draw(*a.channels.shape, seed=1)
    close(ours.vjp(theta, a, seeds), theirs.vjp(theta, b, seeds))
    close(ours.jacobian_rows(theta, a, seeds), theirs.jacobian_rows(theta, b, seeds))
    direction = draw(theta.numel(), seed=2)
    close(ours.jvp(theta, a, direction), theirs.jvp(theta, b, direction))


@pytest.mark.parametrize("depth", [1, 2, 4])
@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("name", DEMANDS)
def test_the_evaluation_for_one_gradient_equals_the_whole(name, outputs, depth):
    field = siren(depth, outputs)
    theta = torch.cat([q.detach().flatten() for q in field.parameters()])
    plan, space = Plan.closing(DEMANDS[name]), Workspace()
    for n, seed in ((7, 0), (3, 1), (7, 2)):  # memory is used again, for other sizes too
        x = draw(n, 2, seed=seed)
        whole, once = field.evaluate(theta, x, plan), field.evaluate_once(theta, x, plan, space)
        close(once.channels, whole.channels)
        seeds = draw(*whole.channels.shape, seed=seed + 3)
        close(field.vjp(theta, once, seeds), field.vjp(theta, whole, seeds))


@pytest.mark.slow
@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    st.sets(st.lists(st.integers(0, 1), max_size=4).map(lambda k: tuple(sorted(k))), min_size=1),
    st.integers(1, 3),
)
def test_any_demand(keys, depth):
    ours = siren(depth)
    theta = torch.cat([q.detach().flatten() for q in ours.parameters()])
    plan = Plan.closing(keys)
    x = draw(3, 2)
    a, b = ours.evaluate(theta, x, plan), Nested(ours).evaluate(theta, x, plan)
    close(a.channels, b.channels)
    seeds = draw(*a.channels.shape, seed=1)
    close(ours.vjp(theta, a, seeds), Nested(ours).vjp(theta, b, seeds))


@pytest.mark.parametrize("name", DEMANDS)
def test_products_with_the_jacobian_are_adjoint(name):
    field = siren(3, outputs=2)
    theta = torch.cat([q.detach().flatten() for q in field.parameters()])
    at = field.evaluate(theta, draw(9, 2), Plan.closing(DEMANDS[name]))
    seeds, direction = draw(*at.channels.shape, seed=4), draw(theta.numel(), seed=5)
    forward = (field.jvp(theta, at, direction) * seeds).sum()
    backward = field.vjp(theta, at, seeds) @ direction
    assert abs(forward - backward) <= 1e-11 * abs(forward).clamp_min(1.0)
    close(field.jacobian_rows(theta, at, seeds).sum(0), field.vjp(theta, at, seeds))


@pytest.mark.parametrize("name", DEMANDS)
@pytest.mark.parametrize("depth", [1, 2])
def test_the_short_evaluation_agrees_with_the_whole(name, depth):
    field = siren(depth, outputs=2)
    theta = torch.cat([q.detach().flatten() for q in field.parameters()])
    x, plan = draw(6, 2), Plan.closing(DEMANDS[name])
    whole, short = field.evaluate(theta, x, plan), field.evaluate_output(theta, x, plan)
    close(short.channels, whole.channels)
    seeds = draw(*whole.channels.shape, seed=7)
    close(
        field.output_jacobian_rows(theta, short, seeds),
        field.output_jacobian_rows(theta, whole, seeds),
    )


@pytest.mark.parametrize("order", [1, 2, 3])
def test_waves_vary_along_few_axes_and_all_of_them_in_turn(order):
    frequency = torch.full((4,), 3.0, dtype=torch.float64)
    field = Siren(4).with_random_features(60, frequency, 0, order)
    held = field.layers[0] != 0
    assert held.sum(1).max() == order and held.sum(1).min() == 1
    sets = {tuple(row.tolist()) for row in held}
    assert len(sets) == sum(math.comb(4, k) for k in range(1, order + 1))


def test_hidden_frequency_leaves_the_initial_distribution_alone():
    x = draw(2000, 2)
    slow, fast = (
        Siren(2, width=128, depth=3, frequency=5.0, hidden_frequency=w) for w in (1.0, 30.0)
    )
    for field in (slow, fast):  # between 1/√2, the arcsine law's deviation, and that of sin N(0, 1)
        a = (x - field.centre) * field.frequency
        for i in range(0, 6, 2):
            w, b = field.layers[i], field.layers[i + 1]
            omega = field.hidden_frequency if i else 1.0
            a = torch.sin(omega * (a @ w.T + b))
            assert 0.60 < float(a.detach().std()) < 0.73


def test_a_plan_is_closed_and_minimal():
    assert Plan.closing([Laplace((0, 1))]).keys == ((), (0,), (1,), Laplace((0, 1)))
    assert Plan.closing([(0, 1)]).keys == ((), (0,), (1,), (0, 1))
    both = Plan.closing([(0, 0), (1, 1), Laplace((0, 1))])
    assert Laplace((0, 1)) not in both.keys  # it is a sum of what is there


def test_senseless_sizes_are_refused():
    with pytest.raises(ConfigError, match="width=0"):
        Siren(2, width=0)
    with pytest.raises(ConfigError, match="frequency"):
        Siren(2, frequency=(1.0,))
    with pytest.raises(ConfigError, match="positive"):
        Siren(2, frequency=-1.0)
