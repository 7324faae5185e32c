"""Tables are scipy's splines, with derivatives in the chain rule of several variables."""

import math

import numpy as np
import pytest
import torch
from scipy.interpolate import CubicSpline, RectBivariateSpline, make_interp_spline

from siren_pde import Box, Siren, cos, d, grad, interpolated, lap, sin
from siren_pde.calculus.derivatives import Key, Laplace
from siren_pde.calculus.jets import Coordinate
from siren_pde.collocation.expression import Expression, Site
from siren_pde.collocation.quadrature import Sobol
from siren_pde.collocation.residual import BoundResidual
from siren_pde.errors import ConfigError, ResidualError
from tests.typed import values

X = np.array([0.0, 0.3, 0.5, 1.1, 1.6, 2.0])
Y = np.array([-1.0, -0.2, 0.1, 0.8, 1.0])
Z = np.array([0.0, 0.4, 0.7, 1.0])
AT = torch.tensor([0.0, 0.1, 0.3, 0.77, 1.3, 2.0], dtype=torch.float64)


@pytest.mark.parametrize("order", range(5))
def test_curves_are_cubic_splines_with_their_derivatives(order):
    table = np.exp(-X) * np.sin(3 * X)
    spline = CubicSpline(X, table)
    x = Coordinate(AT, 0, ("x",))
    part = interpolated(X, table)(x).part((0,) * order)
    expected = spline(AT.numpy(), order) if order <= 3 else 0 * AT.numpy()
    assert np.allclose(torch.as_tensor(part) * torch.ones_like(AT), expected, atol=1e-11)


@pytest.mark.parametrize("nodes", [2, 3])
def test_few_nodes_lower_the_degree(nodes):
    table = X[:nodes] ** (nodes - 1)
    assert torch.allclose(interpolated(X[:nodes], table)(AT[:3]), AT[:3] ** (nodes - 1))


def test_a_table_of_degree_one_is_straight_between_nodes():
    table = np.where(X < 1, 1.0, 4.0)
    k = interpolated(X, table, degree=1)
    assert np.allclose(k(AT), np.interp(AT, X, table))
    spline = make_interp_spline(X, table, k=1).derivative()
    assert np.allclose(
        values(d(k(Coordinate(AT, 0, ("x",))), Coordinate(AT, 0, ("x",)))), spline(AT)
    )


@pytest.mark.parametrize("orders", [(0, 0), (1, 0), (0, 1), (2, 1), (2, 2)])
def test_grids_are_tensor_products(orders):
    grid = np.sin(X)[:, None] * np.cosh(Y) + X[:, None] ** 2
    spline = RectBivariateSpline(X, Y, grid, s=0)
    y = torch.linspace(-1, 1, len(AT), dtype=torch.float64)
    points = Coordinate(AT, 0, ("x", "y")), Coordinate(y, 1, ("x", "y"))
    part = interpolated(X, Y, grid)(*points).part((0,) * orders[0] + (1,) * orders[1])
    assert np.allclose(part, spline(AT, y, *orders, grid=False), atol=1e-9)


def test_a_cubic_in_three_variables_is_reproduced():
    x, y, z = torch.meshgrid(*(torch.as_tensor(v) for v in (X, Y, Z)), indexing="ij")
    table = interpolated(X, Y, Z, x**3 - x * y**2 * z + z**3)
    at = torch.rand((9, 3), dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    a, b, c = (Coordinate(at[:, i], i, ("x", "y", "z")) for i in range(3))
    exact = a**3 - a * b**2 * c + c**3
    keys: list[Key] = [(), (0,), (0, 1), (1, 1), (0, 1, 2), Laplace((0, 1, 2))]
    for key in keys:
        assert torch.allclose(
            table(a, b, c).part(key), torch.as_tensor(exact.part(key)), atol=1e-11
        )


@pytest.mark.parametrize("key", [(), (0,), (1,), (0, 0), (0, 1), (0, 1, 1), Laplace((0, 1))])
def test_chains_of_several_variables_follow_the_chain_rule(key):
    x, y = torch.meshgrid(*(torch.as_tensor(v) for v in (X, Y)), indexing="ij")
    table = interpolated(X, Y, x**3 * y + y**2)  # which splines of degree 3 reproduce
    at = torch.rand((9, 2), dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    p, q = (Coordinate(at[:, i], i, ("x", "y")) for i in range(2))
    u, v = 1 + sin(p * q), cos(p) * 0.5 * q
    expected = torch.as_tensor((u**3 * v + v**2).part(key))
    assert torch.allclose(table(u, v).part(key), expected, atol=1e-11)


def test_fields_get_the_last_value_beyond_the_nodes_and_it_counts_as_no_affinity():
    k = interpolated([300, 400, 500], [1.0, 2.0, 4.0])
    box = Box(x=(0, 1))

    def heat(p, u):
        return grad(k(u) * grad(u)[0])[0]

    bound = BoundResidual.planned(Expression.of(heat), Siren(1).double(), Sobol(64)(box, seed=0))
    assert {(), (0,), (0, 0)} <= set(bound.plans[Site("u")].keys)
    assert bound.curvature > 1e-3
    zero = bound.residual(bound.structure, bound.sample, bound.zero_channels(bound.sample))
    assert torch.isfinite(zero).all()
    outer, inner = (
        torch.tensor([200.0, 400, 800]).double(),
        torch.tensor([300.0, 400, 500]).double(),
    )
    nodes = k.axes[0]
    slopes = [float(nodes.basis(v, 1)[1].abs().sum()) for v in (outer[:1], inner[:1], outer[2:])]
    assert slopes[0] == slopes[2] == 0 and slopes[1] > 0
    held = torch.as_tensor(k.derivative([outer], [0]))
    assert torch.allclose(held, torch.tensor([1.0, 2, 4]).double())


def test_the_last_values_hold_beyond_the_nodes():
    x = Coordinate(torch.tensor([-0.5, 2.1], dtype=torch.float64), 0, ("x",))
    k = interpolated(X, X**2)(x)
    assert torch.allclose(values(k), torch.tensor([0.0, 4.0]).double())
    assert torch.equal(values(d(k, x)), torch.zeros(2).double())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_tables_follow_the_precision_and_the_gradient_of_their_arguments(dtype):
    live = AT.to(dtype).requires_grad_()
    value = interpolated(X, X**3)(live)
    assert value.dtype == dtype
    (slope,) = torch.autograd.grad(value.sum(), live)
    assert torch.allclose(slope.double(), 3 * AT**2, atol=1e-5)
    number = interpolated(X, X**3)(0.7)
    assert isinstance(number, float) and number == pytest.approx(0.343)


FAULTS = [
    (([0, 2, 1], [1, 2, 3]), "fall from entry 1 to 2"),
    (([0, 1, 1], [1, 2, 3]), "are repeated from entry 1 to 2"),
    (([0, math.nan, 1], [1, 2, 3]), "hold NaN or infinity"),
    (([0, 1, 2], [1, math.inf, 3]), "values of `interpolated` hold NaN"),
    (([0], [1]), r"n ≥ 2"),
    (([[0, 1]], [1, 2]), r"have shape \(n,\)"),
    (([0, 1, 2], [1, 2]), r"shape \(3,\), got \(2,\)"),
    (([0, 1], [0, 1, 2], np.zeros((3, 2))), r"shape \(2, 3\), got \(3, 2\)"),
    (([0, 1],), "one to 3 coordinates"),
    ((*4 * ([0, 1],), np.zeros((2, 2, 2, 2))), "one to 3 coordinates"),
    ((["a", "b"], [1, 2]), "lists, arrays or tensors of numbers"),
    (([0, 1], [[1, 2], [3]]), "lists, arrays or tensors of numbers"),
]


@pytest.mark.parametrize(("columns", "words"), FAULTS)
def test_faults_of_tables_are_said(columns, words):
    with pytest.raises(ConfigError, match=words):
        interpolated(*columns)
    with pytest.raises(ConfigError, match="degree=2"):
        interpolated([0, 1], [0, 1], degree=2)


def test_wrong_arguments_are_said():
    x = Coordinate(AT, 0, ("x",))
    with pytest.raises(ResidualError, match="function of 1 scalars"):
        interpolated(X, X)(x, x)
    with pytest.raises(ResidualError, match="function of 1 scalars"):
        interpolated(X, X)(grad(x))
    assert torch.allclose(values(lap(interpolated(X, X**2)(x))), torch.full_like(AT, 2.0))
