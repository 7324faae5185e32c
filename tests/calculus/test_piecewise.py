"""Formulas chosen by comparisons have the derivatives of the one chosen, and require both."""

import math
import operator

import numpy as np
import pytest
import torch

from siren_pde import (
    Box,
    Siren,
    Vector,
    as_complex,
    complementarity,
    cos,
    d,
    div,
    grad,
    lap,
    maximum,
    minimum,
    re,
    sin,
    where,
)
from siren_pde.calculus.jets import Constant, Coordinate, Data, FieldJet
from siren_pde.collocation.expression import Expression, Site
from siren_pde.collocation.quadrature import Sobol
from siren_pde.collocation.residual import BoundResidual
from siren_pde.errors import DerivativeError, ResidualError
from tests.typed import values

V = torch.tensor([-1.3, -0.4, 0.0, 0.2, 0.7, 1.1], dtype=torch.float64)
FRAME = ("x", "y")


def coordinates(dtype=torch.float64):
    return [Coordinate(v.to(dtype), i, FRAME) for i, v in enumerate((V, V.flip(0) ** 2))]


RELATIONS = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]


@pytest.mark.parametrize("relation", RELATIONS, ids=lambda r: r.__name__)
@pytest.mark.parametrize("other", [0.2, np.float64(0.2), torch.tensor(0.2).double(), V.flip(0)])
def test_comparisons_are_those_of_the_values_on_either_side(relation, other):
    x, _ = coordinates()
    plain = torch.as_tensor(other, dtype=torch.float64)
    assert torch.equal(relation(x, other).mask, relation(V, plain))
    assert torch.equal(relation(other, x).mask, relation(plain, V))


def test_comparisons_combine():
    x, y = coordinates()
    a, b = V > 0, values(y) < 0.5
    assert torch.equal(((x > 0) & (y < 0.5)).mask, a & b)
    assert torch.equal(((x > 0) | b).mask, a | b)
    assert torch.equal((a & (y < 0.5)).mask, a & b)
    assert torch.equal((~(x > 0)).mask, ~a)
    assert (Constant(1.0) < 2).mask is True and (~(Constant(1.0) < 2)).mask is False


@pytest.mark.parametrize("order", [(), (0,), (1,), (0, 0), (0, 1), (0, 0, 1)])
def test_derivatives_are_those_of_the_formula_that_holds(order):
    x, y = coordinates()
    a, b, at = sin(x) * y**2, cos(x + y), V > 0.1
    expected = torch.where(at, a.part(order), b.part(order))
    assert torch.equal(where(x > 0.1, a, b).part(order), expected)
    assert torch.equal(where(at, a, b).part(order), expected)
    larger = torch.where(values(a) >= values(b), a.part(order), b.part(order))
    assert torch.equal(maximum(a, b).part(order), larger)
    smaller = torch.where(values(a) <= values(b), a.part(order), b.part(order))
    assert torch.equal(minimum(a, b).part(order), smaller)


def test_a_tie_has_the_derivatives_of_the_first():
    x, _ = coordinates()
    at = int((V == 0).nonzero())
    for extreme in (maximum, minimum):
        assert values(d(extreme(x, 0 * x), x))[at] == 1
        assert values(d(extreme(0 * x, x), x))[at] == 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_constants_follow_the_precision_of_what_is_compared(dtype):
    x, _ = coordinates(dtype)
    step = where(x < 0.5, 0.1, 4)
    one, other = (torch.tensor(number, dtype=dtype) for number in (0.1, 4.0))
    assert torch.equal(values(step), torch.where(V < 0.5, one, other))
    assert step.part((0,)) == 0.0 and values(maximum(x, 0.1)).dtype == dtype


def test_coefficients_that_jump_keep_their_coordinates():
    x, y = coordinates()
    k, u = where(x < 0.5, 1.0, 4.0), sin(x) * cos(y)
    assert len(grad(k)) == 2
    assert torch.allclose(values(div(k * grad(u))), values(k) * values(lap(u)))


def test_numbers_and_tensors_give_tensors_and_numbers():
    assert maximum(2.0, 3) == 3 and minimum(2.0, 3) == 2
    assert torch.equal(maximum(V, 0.1), V.clamp_min(0.1))
    assert torch.equal(minimum(V, V.flip(0)), torch.minimum(V, V.flip(0)))
    assert torch.equal(where(V > 0, V, 0.0), V.clamp_min(0))
    assert complementarity(2.0, 0.0) == 0


def test_what_is_not_a_number_stays():
    for extreme in (maximum, minimum):
        for pair in ((math.nan, 1.0), (1.0, math.nan)):
            assert math.isnan(extreme(*pair))
        bad = Data(torch.tensor([math.nan, 1.0]))
        assert values(extreme(bad, 0.0)).isnan()[0] and values(extreme(0.0, bad)).isnan()[0]


def test_vectors_and_complex_numbers_are_chosen_among():
    x, y = coordinates()
    v = where(x > 0, grad(x * y), Vector([0 * x, y]))
    assert torch.equal(values(v[1]), torch.where(V > 0, V, values(y)))
    z = where(x > 0, as_complex(Vector([x, y])), 1j)
    assert torch.equal(values(re(z)), torch.where(V > 0, V, 0.0))
    with pytest.raises(ResidualError, match="two vectors of one length"):
        where(x > 0, grad(x * y), 0)
    with pytest.raises(ResidualError, match="a vector with 2"):
        maximum(grad(x * y), 0)


def test_data_have_no_derivatives_in_a_choice_either():
    x, _ = coordinates()
    with pytest.raises(DerivativeError, match="known at points only"):
        grad(where(x > 0, Data(V, "k"), 1.0))[0].part(())


@pytest.mark.parametrize("condition", [True, V, "x < 0.5", V[:, None] > 0])
def test_what_is_no_condition_is_said(condition):
    with pytest.raises(ResidualError, match=r"a condition compares .*`p\.x < 0\.5`"):
        where(condition, 1.0, 2.0)


@pytest.mark.parametrize(
    "use", [lambda x: 0 < x < 1, bool, lambda x: max(x, 0), lambda x: x == 0 or x]
)
def test_residuals_do_not_branch(use):
    with pytest.raises(ResidualError, match=r"cannot branch .* `where\(u > 0, a, b\)`"):
        use(coordinates()[0])


@pytest.mark.parametrize("use", [lambda c, x: c * x, lambda c, x: 1.0 - c, lambda c, x: V * c])
def test_comparisons_are_no_numbers(use):
    x = coordinates()[0]
    with pytest.raises(ResidualError, match=r"Write `where\(x < 0\.5, a, b\)`"):
        use(x < 0.5, x)


def planned(residual):
    box = Box(x=(0, 1), y=(0, 1))
    points = Sobol(64)(box, seed=0)
    return BoundResidual.planned(Expression.of(residual), Siren(2).double(), points)


def test_both_formulas_are_planned_for_and_kinks_are_no_affinity():
    # the placeholders of a plan all lie in (0.5, 1.5)
    bound = planned(lambda p, u: where(u > 500, d(u, p.x, p.x), d(u, p.y)))
    assert {(0, 0), (1,), ()} <= set(bound.plans[Site("u")].keys)
    assert bound.curvature > 1e-3  # though no random value comes near 500
    assert planned(lambda p, u: maximum(u - 1e6, lap(u))).curvature > 1e-3
    assert planned(lambda p, u: where(p.x > 0.5, u, lap(u))).curvature < 1e-12


# ── complementarity ────────────────────────────────────────────────────────────────────────────


def test_complementarity_vanishes_just_where_it_holds():
    a = torch.tensor([0.0, 0.0, 3.0, 1.0, -1.0, -1.0, 0.0], dtype=torch.float64)
    b = torch.tensor([0.0, 2.0, 0.0, 1.0, 0.0, 2.0, -1.0], dtype=torch.float64)
    holds = (a >= 0) & (b >= 0) & (a * b == 0)
    assert torch.equal(complementarity(a, b).abs() < 1e-15, holds)


@pytest.mark.parametrize("smoothing", [1e-3, 0.1])
def test_smoothed_complementarity_vanishes_on_a_hyperbola(smoothing):
    a = torch.tensor([0.01, 0.5, 3.0], dtype=torch.float64)
    assert complementarity(a, smoothing**2 / a, smoothing=smoothing).abs().max() < 1e-15
    assert complementarity(a, 2 * smoothing**2 / a, smoothing=smoothing).min() > 0


def test_complementarity_has_finite_derivatives_where_both_vanish():
    live = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    jet = FieldJet(("x",), lambda key: live)
    value = complementarity(jet, 2 * jet).value
    (slope,) = torch.autograd.grad(value.sum(), live)
    assert float(slope) == 3 and float(value.detach()) == pytest.approx(0, abs=1e-18)


@pytest.mark.parametrize("smoothing", [-1.0, math.nan, math.inf])
def test_smoothing_is_a_length(smoothing):
    with pytest.raises(ResidualError, match="`smoothing` is a number ≥ 0"):
        complementarity(1.0, 1.0, smoothing=smoothing)
