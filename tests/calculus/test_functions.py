"""Every smooth function has the derivatives that nested automatic differentiation gives it."""

import math

import pytest
import torch

from siren_pde import (
    arctan,
    cos,
    cosh,
    d,
    div,
    erf,
    exp,
    grad,
    lap,
    log,
    sin,
    sinh,
    sqrt,
    tan,
    tanh,
)
from siren_pde.calculus import elementary
from siren_pde.calculus.jets import Coordinate, Data
from siren_pde.errors import DerivativeError
from tests.typed import values

V = torch.tensor([-1.3, -0.4, 0.2, 0.7, 1.1], dtype=torch.float64)
POSITIVE = V.abs() + 0.1
SMOOTH = [
    *((f, V) for f in (arctan, cos, cosh, erf, exp, sin, sinh, tan, tanh)),
    *((f, POSITIVE) for f in (log, sqrt)),
]


def nested(name, v, order):
    """The derivative by nested autograd."""
    live = v.clone().requires_grad_()
    value = getattr(torch, name)(live)
    for _ in range(order):
        value = torch.autograd.grad(value.sum(), live, create_graph=True)[0]
    return value.detach()


@pytest.mark.parametrize("order", range(5))
@pytest.mark.parametrize(("function", "at"), SMOOTH, ids=lambda f: getattr(f, "__name__", ""))
def test_derivatives_are_those_of_autograd(function, at, order):
    x = Coordinate(at, 0, ("x",))
    expected = nested(function.__name__, at, order)
    part = function(x).part((0,) * order)
    assert torch.allclose(part, expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("operator", [grad, lap])
def test_data_have_no_space_derivatives(operator):
    with pytest.raises(DerivativeError, match="known at points only"):
        operator(Data(V, "temperature"))


def test_space_is_what_is_not_time():
    x, t = (Coordinate(V, i, ("x", "t")) for i in range(2))
    u = sin(x) * exp(2 * t)
    assert torch.allclose(values(lap(u)), -values(u))
    assert torch.allclose(values(lap(u, t)), 4 * values(u))
    both = div(grad(u, x, t), x, t)
    assert torch.allclose(values(both), values(d(u, x, x)) + values(d(u, t, t)))


def test_powers_of_jets_are_those_of_numbers():
    x, y = (Coordinate(v, i, ("x", "y")) for i, v in enumerate((POSITIVE, V)))
    a, b = POSITIVE, V
    assert torch.allclose(values(x**y), a**b)
    assert torch.allclose(values(d(x**y, x)), b * a ** (b - 1))
    assert torch.allclose(values(d(x**y, y)), a**b * a.log())
    assert torch.allclose(values(2**y), 2**b)
    assert torch.allclose(values(d(2**y, y)), math.log(2) * 2**b)
    assert torch.allclose(values(d(abs(y), y)), b.sign())
    assert values(d(abs(0 * x + Coordinate(0 * V, 1, ("x", "y"))), y)).abs().max() == 0


@pytest.mark.parametrize(("number", "sign"), [(-2.0, -1.0), (0.0, 0.0), (3.0, 1.0)])
def test_absolute_values_of_numbers_have_signs_for_slopes(number, sign):
    parts = [elementary.absolute(number, k) for k in range(3)]
    assert parts == [abs(number), sign, 0.0]
