"""The algebra of jets agrees with nested autograd, and requires no more than it needs."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from siren_pde import (
    arctan,
    cos,
    cosh,
    curl,
    d,
    div,
    dot,
    erf,
    exp,
    grad,
    hess,
    lap,
    log,
    norm,
    pi,
    sin,
    sinh,
    sqrt,
    tan,
    tanh,
)
from siren_pde.calculus.derivatives import Laplace, partitions, splits
from siren_pde.calculus.jets import Coordinate, Data, FieldJet
from siren_pde.calculus.vectors import Vector
from siren_pde.errors import DerivativeError, ResidualError

FRAME = ("x", "y", "z")
N = 7


def positions(seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 0.2 + 0.6 * torch.rand(N, 3, generator=generator, dtype=torch.float64)


def coordinates(x: torch.Tensor) -> list[Coordinate]:
    return [Coordinate(x[:, i], i, FRAME) for i in range(3)]


def nested(f, x: torch.Tensor, alpha: tuple[int, ...]) -> torch.Tensor:
    """∂^α f at x by repeated reverse differentiation, one coordinate at a time."""
    x = x.clone().requires_grad_()
    value = f(*(x[:, i] for i in range(3))) + 0 * x.sum(1)  # a constant is a function, too
    for axis in alpha:
        value = torch.autograd.grad(value.sum(), x, create_graph=True)[0][:, axis]
        value = value + 0 * x.sum(1)
    return value.detach()


def tensor(part, x: torch.Tensor) -> torch.Tensor:
    return part if isinstance(part, torch.Tensor) else x.new_full((N,), float(part))


def agree(found, expected, x) -> None:
    found = tensor(found, x)
    scale = expected.abs().max().clamp_min(1.0)
    assert (found - expected).abs().max() <= 1e-10 * scale


# Expressions are smooth and of moderate size on (0.2, 0.8)³: logarithms and roots get positive
# arguments by construction, and quotients a denominator of at least one.
networks = st.sampled_from(["x", "y", "z"]) | st.floats(0.2, 2.0).map(lambda c: round(c, 2))


def grow(inner):
    unary = st.sampled_from(
        ["sin", "cos", "exp", "tanh", "sinh", "cosh", "arctan", "erf", "safe_log", "safe_sqrt"]
    )
    return (
        st.tuples(unary, inner)
        | st.tuples(st.sampled_from(["+", "-", "*", "/"]), inner, inner)
        | st.tuples(st.just("**"), inner, st.integers(0, 4))
    )


expressions = st.recursive(networks, grow, max_leaves=6)


def build(tree, env, lib):
    if isinstance(tree, str):
        return env[tree]
    if isinstance(tree, float):
        return tree
    op, *rest = tree
    if op == "**":
        return build(rest[0], env, lib) ** rest[1]
    args = [build(r, env, lib) for r in rest]
    match op:
        case "+":
            return args[0] + args[1]
        case "-":
            return args[0] - args[1]
        case "*":
            return args[0] * args[1]
        case "/":
            return args[0] / (2 + lib["sin"](args[1]))
        case "safe_log":
            return lib["log"](2 + lib["cos"](args[0]))
        case "safe_sqrt":
            return lib["sqrt"](2 + lib["sin"](args[0]))
        case "exp":
            return lib["exp"](lib["sin"](args[0]))
        case "sinh" | "cosh":
            return lib[op](lib["cos"](args[0]))
        case _:
            return lib[op](args[0])


OURS = {
    "sin": sin,
    "cos": cos,
    "exp": exp,
    "tanh": tanh,
    "sinh": sinh,
    "cosh": cosh,
    "arctan": arctan,
    "erf": erf,
    "log": log,
    "sqrt": sqrt,
}


def torchlike(name):
    def apply(v):
        return getattr(torch, name)(torch.as_tensor(v, dtype=torch.float64))

    return apply


THEIRS = {name: torchlike(name) for name in OURS}


@settings(max_examples=150, deadline=None, derandomize=True)
@given(expressions, st.lists(st.integers(0, 2), max_size=4), st.integers(0, 5))
def test_jets_agree_with_nested_autograd(tree, alpha, seed):
    x = positions(seed)
    alpha = tuple(sorted(alpha))
    jet = build(tree, dict(zip("xyz", coordinates(x), strict=True)), OURS)

    def f(*xs):
        value = build(tree, dict(zip("xyz", xs, strict=True)), THEIRS)
        return torch.as_tensor(value, dtype=torch.float64)

    part = jet.part(alpha) if hasattr(jet, "part") else (jet if not alpha else 0.0)
    agree(part, nested(f, x, alpha), x)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(expressions, st.integers(0, 5))
def test_collapsed_laplacian_is_the_sum_of_pure_second_derivatives(tree, seed):
    x = positions(seed)
    jet = build(tree, dict(zip("xyz", coordinates(x), strict=True)), OURS)
    if isinstance(jet, float):
        return
    total = sum(tensor(jet.part((i, i)), x) for i in range(3))
    agree(jet.part(Laplace((0, 1, 2))), total, x)
    # and its own derivatives, as those of any other jet
    third = sum(tensor(jet.part(tuple(sorted((i, i, 0)))), x) for i in range(3))
    agree(d(lap(jet), coordinates(x)[0]).value, third, x)


def test_set_partitions_are_counted_by_the_bell_numbers():
    for order, bell in enumerate([1, 1, 2, 5, 15]):
        assert sum(count for count, _ in partitions((0,) * order)) == bell
        assert sum(count for count, _ in partitions(tuple(range(order)))) == bell


def test_leibniz_counts_are_powers_of_two():
    for key in [(), (0,), (0, 0), (0, 1), (0, 0, 1), (0, 0, 1, 1)]:
        assert sum(count for count, _, _ in splits(key)) == 2 ** len(key)


def recorder():
    recorded = []

    def derivative(key):
        recorded.append(key)
        return torch.ones(N, dtype=torch.float64)

    return FieldJet(FRAME, derivative), recorded


@pytest.mark.parametrize(
    ("expression", "required"),
    [
        (lambda u, x, y, z: lap(u), {Laplace((0, 1, 2))}),
        (lambda u, x, y, z: d(u, z) + u * d(u, x) - d(u, x, x), {(2,), (), (0,), (0, 0)}),
        (
            lambda u, x, y, z: div((1 + x) * grad(u, x, y), x, y),
            {(0,), (0, 0), (1, 1)},
        ),
        (lambda u, x, y, z: norm(grad(u)) - 1, {(0,), (1,), (2,)}),
        (lambda u, x, y, z: d(x * u, y), {(1,)}),
        (lambda u, x, y, z: d(u**2, x) - 2 * u * d(u, x), {(), (0,)}),
    ],
)
def test_a_residual_requires_what_it_needs_and_nothing_else(expression, required):
    u, recorded = recorder()
    expression(u, *coordinates(positions())).value  # noqa: B018
    assert set(recorded) == required
    assert len(recorded) == len(set(recorded))  # and never twice


def test_product_with_a_boundary_factor_collapses():
    u, recorded = recorder()
    x, y, _ = coordinates(positions())
    lap(x * (1 - x) * u).value  # noqa: B018
    assert set(recorded) == {(), (0,), Laplace((0, 1, 2))}


def test_operators_on_a_known_field():
    p = positions()
    x, y, z = coordinates(p)
    f = sin(x) * exp(y) + z**3 * x
    a, b, c = p.T
    expected = torch.stack([a.cos() * b.exp() + c**3, a.sin() * b.exp(), 3 * c**2 * a], dim=1)
    for i, component in enumerate(grad(f)):
        agree(component.value, expected[:, i], p)
    agree(div(grad(f)).value, tensor(lap(f).value, p), p)
    for component in curl(grad(f)):
        agree(component.value, torch.zeros(N, dtype=p.dtype), p)
    v = Vector([y * z, x**2, sin(z) * y])
    agree(div(curl(v)).value, torch.zeros(N, dtype=p.dtype), p)
    agree(dot(v, v).value, tensor((norm(v) ** 2).value, p), p)
    matrix = hess(f)
    agree(matrix[0][1].value, tensor(d(f, x, y).value, p), p)
    agree(sum(matrix[i][i].value for i in range(3)), tensor(lap(f).value, p), p)
    agree(tan(Vector([x, y]))[1].value, b.tan(), p)
    agree(tan(x).value, a.tan(), p)


def test_time_is_left_out_of_space_operators():
    x = positions()
    frame = ("x", "y", "t")
    a, b, t = (Coordinate(x[:, i], i, frame) for i in range(3))
    u = a**2 * t**3 + b
    assert len(grad(u)) == 2
    agree(lap(u).value, 2 * x[:, 2] ** 3, x)
    agree(lap(u, a, t).value, 2 * x[:, 2] ** 3 + 6 * x[:, 0] ** 2 * x[:, 2], x)


def test_biharmonic_of_the_bilaplacian():
    p = positions()
    x, y, _ = coordinates(p)
    u = sin(pi * x) * sin(pi * y)
    agree(lap(lap(u)).value, 4 * pi**4 * tensor(u.value, p), p)


def test_derivatives_of_data_raise():
    data = Data(torch.ones(N, dtype=torch.float64), "temperature")
    x, y, z = coordinates(positions())
    for expression in (lambda: d(data, x), lambda: d(data * x, x), lambda: lap(data + x)):
        with pytest.raises(DerivativeError, match="temperature"):
            expression().value  # noqa: B018
    agree((data * x).value, positions()[:, 0], positions())
    with pytest.raises(DerivativeError, match="coordinate"):
        d(x, 0)
    with pytest.raises(DerivativeError, match="coordinate"):
        d(sin(x), sin(y))
    with pytest.raises(DerivativeError, match="got str"):
        grad("u")  # type: ignore[type-var]


def test_meaningless_expressions_say_what_to_write():
    x, y, _ = coordinates(positions())
    v = Vector([x, y])
    with pytest.raises(ResidualError, match="dot"):
        v * v
    with pytest.raises(ResidualError, match=r"norm\(v\)"):
        v - 1
    with pytest.raises(ResidualError, match="components"):
        v + Vector([x])
    with pytest.raises(ResidualError, match="branch"):
        bool(x)
    with pytest.raises(ResidualError, match=r"\(7, 1\)"):
        x - torch.ones(7, 1, dtype=torch.float64)
    with pytest.raises(ResidualError, match="Siren"):
        a, b = sin(x)


def test_functions_serve_numbers_and_tensors_alike():
    t = torch.linspace(0.1, 0.9, 5, dtype=torch.float64)
    for name, ours in OURS.items():
        assert torch.equal(ours(t), getattr(torch, name)(t))
        number = getattr(math, {"arctan": "atan"}.get(name, name))(0.3)
        assert ours(0.3) == pytest.approx(number, rel=1e-15)
