"""Solutions take what users have: grids, tables, names; gradients pass through; outside is said."""

import warnings

import numpy as np
import pandas
import pytest
import torch

from siren_pde import Ansatz, Ball, Box, Implicit, Polygon, Problem, Siren, System, d, grad, lap, on
from siren_pde.errors import ConfigError
from tests.strategies import Egg
from tests.told import told

PLATE = Box(x=(0, 2), y=(0, 1)) - Ball(x=0.7, y=0.5, radius=0.25)
SCALAR = Siren(2, width=5, depth=2, frequency=2.0, seed=1)
VECTOR = Siren(2, 2, width=5, frequency=2.0, seed=2)
PAIR = System(u=VECTOR, q=SCALAR)
X = torch.rand(6, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def lives_on(domain, field=None):
    field = field or Siren(len(domain.axes), width=5, frequency=2.0)
    return told(field, axes=domain.axes, problem=Problem(on(domain)(lambda p, *u: 0)))


@pytest.mark.parametrize("field", [SCALAR, VECTOR])
def test_grids_keep_their_shape(field):
    solution = told(field)
    grid = np.stack(np.meshgrid(np.linspace(0, 1, 4), np.linspace(0, 1, 3)), axis=-1)
    values = solution(grid)
    assert values.shape[:2] == (3, 4)
    flat = solution(grid.reshape(-1, 2))
    assert torch.equal(values.reshape(flat.shape), flat)
    assert torch.equal(solution(grid[None])[0], values)


def test_lines_and_single_points():
    line = told(Siren(1, width=5, frequency=2.0), axes=("t",))
    t = np.linspace(0, 1, 5)
    for given in (t, t[:, None], t.tolist(), {"t": t}):
        assert torch.equal(line(given), line(torch.from_numpy(t)))
    assert line(0.5).shape == (1,) and line({"t": 0.5}).shape == ()
    assert told(SCALAR)([0.5, 0.5]).shape == (1,) and told(SCALAR)(X[:0]).shape == (0,)
    assert line(t[:, None, None]).shape == (5, 1)


def test_coordinates_by_name_fit_each_other():
    solution = told(SCALAR, axes=("x", "t"))
    x, t = np.linspace(0, 1, 4), torch.linspace(0, 1, 3)
    values = solution({"t": t, "x": x[:, None]})
    assert values.shape == (4, 3)
    row = solution(np.stack([np.full(3, x[2]), t.numpy()], axis=1))
    torch.testing.assert_close(values[2], row, rtol=1e-13, atol=1e-14)
    assert solution({"x": x, "t": 0.5}).shape == (4,)


def test_tables_give_series_with_their_rows():
    columns = {"temperature": [1.0, 2.0, 3.0], "y": [0.1, 0.2, 0.3], "x": [1, 2, 3]}
    table = pandas.DataFrame(columns, index=["a", "b", "c"])
    x = torch.tensor([[1, 0.1], [2, 0.2], [3, 0.3]], dtype=torch.float64)
    series = told(SCALAR)(table)
    assert isinstance(series, pandas.Series) and list(series.index) == ["a", "b", "c"]
    np.testing.assert_array_equal(series.to_numpy(), told(SCALAR)(x).numpy())
    frame = told(PAIR).evaluate(lambda p, u: u, table)
    assert isinstance(frame, pandas.DataFrame) and frame.shape == (3, 2)
    np.testing.assert_array_equal(frame.to_numpy(), told(VECTOR)(x).numpy())


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (pandas.DataFrame({"x": [1.0], "z": [2.0]}), "needs values of y, got the columns x, z"),
        (pandas.DataFrame({"x": ["a"], "y": [2.0]}), "evaluated at numbers, got DataFrame"),
        ({"x": [1.0]}, "needs values of y, got values of x"),
        ({"x": [1.0], "y": [1.0], "z": [1.0]}, "takes just these, got x, y, z"),
        ({"x": [1.0, 2.0], "y": [1.0, 2.0, 3.0]}, "evaluated at numbers, got dict"),
        ({}, "got values of none"),
        (np.ones((3, 3)), r"shape \(n, 2\).*got \(3, 3\)"),
        (np.ones((2, 3, 1)), r"got \(2, 3, 1\)"),
        (3.0, r"got \(1, 1\)"),
        ("abc", "evaluated at numbers, got str"),
        ([[1.0, 2.0], [3.0]], "evaluated at numbers, got list"),
        (None, "evaluated at numbers, got NoneType"),
    ],
)
def test_what_has_other_names_or_shapes_is_refused(given, says):
    with pytest.raises(ConfigError, match=says):
        told(SCALAR)(given)


# ── gradients ─────────────────────────────────────────────────────────────────────────────────────


def test_gradients_pass_through_in_any_order():
    solution = told(Ansatz(SCALAR, vanishing=lambda p: p.x * (1 - p.x)))
    x = X.clone().requires_grad_()
    values = solution(x)
    (first,) = torch.autograd.grad(values.sum(), x, create_graph=True)
    expected = solution.evaluate(lambda p, u: grad(u), X)
    torch.testing.assert_close(first, expected, rtol=1e-12, atol=1e-12)
    along = [torch.autograd.grad(first[:, i].sum(), x, retain_graph=True)[0] for i in (0, 1)]
    second = along[0][:, 0] + along[1][:, 1]
    expected = solution.evaluate(lambda p, u: lap(u), X)
    torch.testing.assert_close(second, expected, rtol=1e-10, atol=1e-10)
    assert not solution(X).requires_grad
    with torch.no_grad():
        assert torch.equal(solution(x), values)


def test_gradients_pass_through_expressions_grids_and_names():
    solution = told(PAIR)
    x = X.reshape(2, 3, 2).clone().requires_grad_()

    def expression(p, q, u):
        return q * u[0], d(u[1], p.y)

    assert torch.autograd.gradcheck(lambda at: solution.evaluate(expression, at), (x,))
    first = X[:, 0].clone().requires_grad_()
    solution.evaluate(lambda p, q: q**2, {"x": first, "y": 0.3}).sum().backward()
    at = torch.stack([X[:, 0], torch.full((6,), 0.3, dtype=torch.float64)], dim=1)
    expected = solution.evaluate(lambda p, q: d(q**2, p.x), at)
    torch.testing.assert_close(first.grad, expected, rtol=1e-12, atol=1e-12)


# ── outside ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("domain", "x", "says"),
    [
        (PLATE, [[3.0, 0.5], [0.1, 0.1]], r"1 of 2 positions lie outside.*x=3, y=0\.5"),
        (PLATE, [[0.7, 0.5]], "1 of 1 positions"),
        (Box(x=(0, 1)), [0.5, -0.1], r"such as x=-0\.1"),
        (Polygon([(0, 0), (1, 0), (0, 1)]), [[0.9, 0.9]], "1 of 1"),
        (Implicit(Egg()), [[0.0, 1.0, 2.6]], "1 of 1"),
        (PLATE * Box(t=(0, 1)), [[0.1, 0.1, 0.5], [0.1, 0.1, 1.5]], r"such as .*t=1\.5"),
        (PLATE, [[float("nan"), 0.5]], "1 of 1"),
    ],
    ids=repr,
)
def test_what_lies_outside_is_said_once(domain, x, says):
    solution = lives_on(domain)
    with pytest.warns(UserWarning, match=says) as caught:
        first = solution(x)
    assert caught[0].filename == __file__
    again = solution(x)  # warnings are errors here
    torch.testing.assert_close(first, again, rtol=0, atol=0, equal_nan=True)
    assert torch.equal(torch.isfinite(first), torch.isfinite(first)) and len(first) == len(x)


def test_nothing_is_said_inside_on_the_edge_or_where_nothing_is_known():
    edge = torch.tensor([[0.0, 0.0], [2.0, 1.0], [0.7, 0.25], [0.95, 0.5]], dtype=torch.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for dtype in (torch.float32, torch.float64):
            field = Siren(2, width=5, frequency=2.0, dtype=dtype)
            assert lives_on(PLATE, field)(edge).shape == (4,)
        assert told(SCALAR)([[7.0, 7.0]]).shape == (1,)
        assert lives_on(PLATE.boundary)([[7.0, 7.0]]).shape == (1,)
