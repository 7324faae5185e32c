"""Every smooth function has the derivatives that nested automatic differentiation gives it."""

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
