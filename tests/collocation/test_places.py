"""Unknowns at other points: values, derivatives and every product with the Jacobian."""

import functools
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.func import functional_call, jacrev, vmap

from siren_pde import (
    Ansatz,
    Box,
    PointCloud,
    Problem,
    Siren,
    Sobol,
    System,
    Unknown,
    Vector,
    as_complex,
    at,
    d,
    exp,
    grad,
    interpolated,
    lap,
    on,
    pi,
    sin,
)
from siren_pde.calculus.derivatives import Key, Laplace
from siren_pde.calculus.jets import Constant, Coordinate, Jet
from siren_pde.collocation.evaluation import Limits
from siren_pde.collocation.expression import Expression, Site
from siren_pde.collocation.objective import evaluating, objective_of, residual_and_jacobian
from siren_pde.collocation.residual import evaluate
from siren_pde.errors import DerivativeError, ResidualError
from siren_pde.random_features.evolution import evolution_of
from siren_pde.random_features.symbol import steady

square = Box(x=(0, 1), t=(0, 2))


def g(x, t):
    """A function of two numbers, or of jets."""
    return sin(3 * x + 0.5) * exp(-t * x) + t**3


def known(p):
    return g(p.x, p.t)


def tensor(jet: Jet) -> torch.Tensor:
    return torch.as_tensor(jet.value)


def points(n=6):
    return Sobol(n)(square, seed=3)


MAPS = {
    "a number": lambda p: {"x": 1},
    "a delay": lambda p: {"t": p.t - 0.7},
    "a share": lambda p: {"x": p.x / 2, "t": 0.3 * p.t},
    "exchanged": lambda p: {"x": p.t, "t": p.x},
    "curved": lambda p: {"x": sin(p.x * p.t)},
    "both numbers": lambda p: {"x": 0.2, "t": 0.1},
}
KEYS: list[Key] = [(), (0,), (1,), (0, 0), (0, 1), (1, 1), Laplace((0, 1)), (0, 0, 1)]


def by_autograd(function, p, key):
    """A derivative of a function of x (d,) at points."""
    if isinstance(key, Laplace):
        return sum(by_autograd(function, p, (i, i)) for i in key.axes)
    derivative = functools.reduce(_along, key, function)
    return vmap(derivative)(p.positions)


def _along(function, axis):
    return lambda x: jacrev(function)(x)[axis]


@pytest.mark.parametrize("name", MAPS)
def test_the_chain_rule_is_that_of_autograd(name):
    p = points()

    def there(x):
        single = Single(x)
        named = {n: value(v) for n, v in MAPS[name](single).items()}
        place = {"x": x[0], "t": x[1], **named}
        return g(number(place["x"]), number(place["t"])).value

    jet = at(known(p), **MAPS[name](p))
    for key in KEYS:
        expected = by_autograd(there, p, key)
        assert torch.allclose(jet.part(key) + 0 * expected, expected, rtol=1e-10, atol=1e-10), key


class Single:
    """One point whose coordinates autograd follows."""

    def __init__(self, x):
        self.x, self.t = number(x[0]), number(x[1])


def number(value):
    return Coordinate(torch.as_tensor(value, dtype=torch.float64), 0, ())


def value(v):
    return v.value if isinstance(v, Jet) else v


def test_derivatives_there_and_places_of_places():
    p = points()
    u = known(p)
    slope = at(d(u, p.x), x=1)
    one, t = torch.ones(len(p), dtype=torch.float64), p.positions[:, 1]
    assert torch.allclose(tensor(slope), d(g(*_at(one, t)), _at(one, t)[0]).value)
    assert at(u, x=1).part((0,)) == 0.0
    twice = at(at(u, t=p.t - 0.5), t=p.t / 2, x=0)
    assert torch.allclose(tensor(twice), g(*_at(0 * one, t / 2 - 0.5)).value)
    assert torch.allclose(tensor(d(twice, p.t)), 0.5 * d(g(*_at(0 * one, t / 2 - 0.5)), p.t).value)
    assert at(u, x=p.x, t=p.t) is u
    assert at(Constant(3.0), x=1).value == 3.0


def _at(x, t):
    return Coordinate(x, 0, ("x", "t")), Coordinate(t, 1, ("x", "t"))


def test_vectors_and_complex_numbers_are_moved_part_by_part():
    p = points()
    v = Vector([known(p), p.x * p.t])
    moved = at(v, x=0.5)
    assert torch.allclose(moved[1].value, 0.5 * p.positions[:, 1])
    z = at(as_complex(v), x=0.5)
    assert torch.equal(tensor(z.re), moved[0].value) and torch.equal(tensor(z.im), moved[1].value)


def test_tables_are_read_at_the_place():
    p, table = points(), interpolated([0.0, 0.5, 1.0], [0.0, 0.25, 1.0])
    moved = at(table(p.x), x=p.t / 2)
    assert torch.allclose(tensor(moved), tensor(table(p.t / 2)))
    assert torch.allclose(tensor(d(moved, p.t)), tensor(d(table(p.t / 2), p.t)))


def test_a_shift_carries_a_laplacian_as_one():
    field = Siren(2, width=4, depth=1)
    shift = objective_of(
        Problem(on(square)(lambda p, u: lap(at(u, t=p.t - 1), p.x, p.t))), field
    ).collocated.rows[0]
    assert Laplace((0, 1)) in shift.residual.plans[Site("u", 1)].keys


# ── the engine ────────────────────────────────────────────────────────────────────────────────


@on(square)
def delayed(p, u):
    x, t = p
    return d(u, t) - u * at(u, t=t - 0.3) + lap(at(u, x=x / 2)) - at(d(u, x), x=1) * x


@on(square.at(x=0), weight=3)
def periodic(p, u):
    return [u - at(u, x=1), at(d(u, p.x), x=1) - d(u, p.x)]


@on(square)
def coupled(p, v, q, nu):
    return grad(q, p.x, p.t) + nu * at(v, x=0, t=p.t) * at(q, t=0.1 * p.x)


@on(square.at(x=0))
def held(p, v, w):
    return [at(v[0], x=1) - w, at(w, t=0) - 1]


def objectives():
    scalar = Problem(delayed, periodic)
    few = {"delayed": 13, "periodic": 6}
    yield objective_of(scalar, Siren(2, width=5, depth=2), few, limits=Limits(block=4))
    ansatz = Ansatz(Siren(2, width=5), lift=lambda p: p.x * p.t, vanishing_on=square.at(t=0))
    yield objective_of(scalar, ansatz, few, limits=Limits(block=7))
    fields = System(
        v=Siren(2, 2, width=4),
        q=Siren(2, width=3, depth=1),
        nu=Unknown(0.3),
        w=Siren(1, of=("t",), width=3),
    )
    yield objective_of(Problem(coupled, held), fields, {"coupled": 9, "held": 5})


IDS = ["siren", "ansatz", "system"]


@pytest.mark.parametrize("objective", list(objectives()), ids=IDS)
def test_every_product_adds_what_a_network_has_at_every_place(objective):
    theta, h = objective.parameters, 1e-6
    r, jacobian = residual_and_jacobian(objective, theta)
    columns = [
        (objective.residual(theta + h * e) - objective.residual(theta - h * e)) / (2 * h)
        for e in torch.eye(theta.numel(), dtype=theta.dtype)
    ]
    differences = torch.stack(columns, 1)
    # central differences of size h = 1e-6 err by h² and by rounding / h = 1e-10
    assert (jacobian - differences).abs().max() < 1e-7 * differences.abs().max()
    generator = torch.Generator().manual_seed(0)
    move = torch.randn(theta.shape, generator=generator, dtype=theta.dtype)
    weights = torch.randn(r.shape, generator=generator, dtype=theta.dtype)
    assert torch.allclose(objective.residual(theta), r, rtol=1e-11, atol=1e-11)
    assert torch.allclose(objective.jvp(theta, move), jacobian @ move, rtol=1e-10, atol=1e-10)
    assert torch.allclose(
        objective.vjp(theta, weights), jacobian.T @ weights, rtol=1e-10, atol=1e-10
    )
    loss, gradient = objective.loss_and_gradient(theta)
    assert loss == pytest.approx(0.5 * float(r @ r), rel=1e-11)
    assert torch.allclose(gradient, jacobian.T @ r, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("objective", list(objectives()), ids=IDS)
def test_columns_of_output_layers_are_those_of_the_jacobian(objective):
    theta = objective.parameters
    _, jacobian = residual_and_jacobian(objective, theta)
    with evaluating(objective) as e:
        _, own = e.output_jacobian(theta, objective.collocated.rows)
    columns: list[int] = []
    start = 0
    for network in objective.field.networks().values():
        size = sum(q.numel() for q in network.parameters())
        columns += range(start + size - network.output_size, start + size)
        start += size
    assert torch.allclose(own, jacobian[:, columns], rtol=1e-10, atol=1e-10)


def test_residuals_are_those_of_nested_autograd():
    """A network differentiated by autograd at the places themselves."""
    field = Siren(2, width=5, depth=2, frequency=2.0)
    objective = objective_of(Problem(delayed), field, {"delayed": 7})
    p = objective.collocated.rows[0].points

    def u(x):
        return functional_call(field, dict(field.named_parameters()), (x[None],))[0]

    def one(x):
        du = jacrev(u)
        late, half = x - x.new_tensor([0.0, 0.3]), x * x.new_tensor([0.5, 1.0])
        end = torch.stack([torch.ones_like(x[0]), x[1]])
        curvature = 0.25 * jacrev(du)(half)[0, 0]
        return du(x)[1] - u(x) * u(late) + curvature - du(end)[0] * x[0]

    expected = vmap(one)(p.positions) / len(p) ** 0.5
    mine = objective.residual(objective.parameters)
    assert torch.allclose(mine, expected, rtol=1e-11, atol=1e-11)


def test_the_same_numbers_are_one_place():
    @on(square)
    def residual(p, u, v):
        return at(u, x=1) - at(v, x=1.0) + at(d(u, p.t), x=1) + at(u, t=1)

    system = System(u=Siren(2), v=Siren(2))
    rows = objective_of(Problem(residual), system).collocated.rows[0]
    assert rows.residual.places == (frozenset({0}), frozenset({1}))
    assert {*rows.residual.plans} == {Site("u", 1), Site("v", 1), Site("u", 2)}


def test_measured_points_may_be_compared_with_each_other():
    cloud = PointCloud([[0.1, 0.2], [0.3, 0.4]], axes=("x", "t"), later=torch.tensor([1.0, 1.5]))
    field = Siren(2, width=4, depth=1)
    expression = Expression("value", lambda p, u: at(u, t=p.later), ("u",))
    value = evaluate(field, expression, Sobol(2)(cloud))
    with torch.no_grad():
        expected = field(torch.tensor([[0.1, 1.0], [0.3, 1.5]], dtype=torch.float64))
    assert torch.allclose(value[:, 0], expected)


# ── evolutions ────────────────────────────────────────────────────────────────────────────────


@on(square.at(t=0))
def start(p, u):
    return u - sin(pi * p.x)


@pytest.mark.parametrize(
    ("place", "marched", "is_steady"),
    [
        (lambda p: {"t": p.t - 1}, False, False),
        (lambda p: {"x": 1}, True, True),
        (lambda p: {"x": 1, "t": p.t}, True, True),
        (lambda p: {"x": p.x - p.t}, True, False),
    ],
)
def test_what_is_taken_at_another_time_is_not_marched(place, marched, is_steady):
    @on(square)
    def equation(p, u):
        return d(u, p.t) + at(u, **place(p))

    objective = objective_of(Problem(equation, start), Siren(2))
    evolution = evolution_of(objective)
    assert (evolution is not None) == marched
    if evolution is not None:
        assert steady(objective, evolution) == is_steady


# ── slips of users, each named ────────────────────────────────────────────────────────────────


SLIPS: dict[str, tuple[Callable[..., Any], str]] = {
    "an unknown name": (lambda p, u: at(u, y=1), r"coordinates x, t by name, got y"),
    "no name": (lambda p, u: at(u), "by name, got none"),
    "a place that is unknown": (lambda p, u: at(u, x=u), "depends on an unknown"),
    "no place": (lambda p, u: at(u, x="end"), r"got str.*at\(u, x=p.x - 1\)"),
    "no unknown": (lambda p, u: u - at([u], x=1), "got list"),  # type: ignore[type-var]
    "data": (lambda p, u: u - at(p.normal[0], x=1), r"points of a condition only.*p\.normal \*"),
}


@pytest.mark.parametrize("name", SLIPS)
def test_slips_are_named(name):
    slip, message = SLIPS[name]
    with pytest.raises((ResidualError, DerivativeError), match=message):
        objective_of(Problem(on(square.at(x=0))(slip)), Siren(2))


def test_places_that_change_from_call_to_call_are_refused():
    @on(square)
    def fickle(p, u):
        return u + (at(u, x=1) if len(p) < 5 else at(u, x=0) + at(u, x=1))

    objective = objective_of(Problem(fickle), Siren(2))
    with pytest.raises(ResidualError, match="`fickle` takes unknowns at 2 other places"):
        objective.residual(objective.parameters)
