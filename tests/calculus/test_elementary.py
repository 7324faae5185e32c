"""Rules give the derivatives of every order, of tensors and numbers alike."""

import pytest
import torch

from siren_pde.calculus import elementary

RULES = {
    "sine": (elementary.sine, torch.sin),
    "cosine": (elementary.cosine, torch.cos),
    "tangent": (elementary.tangent, torch.tan),
    "exponential": (elementary.exponential, torch.exp),
    "logarithm": (elementary.logarithm, torch.log),
    "hyperbolic sine": (elementary.hyperbolic_sine, torch.sinh),
    "hyperbolic cosine": (elementary.hyperbolic_cosine, torch.cosh),
    "hyperbolic tangent": (elementary.hyperbolic_tangent, torch.tanh),
    "cube": (elementary.power(3.0), lambda v: v**3),
    "inverse square": (elementary.power(-2.0), lambda v: v**-2),
    "root": (elementary.power(0.5), torch.sqrt),
}
V = torch.tensor([0.2, 0.7, 1.1], dtype=torch.float64)


@pytest.mark.parametrize("name", RULES)
def test_rules_agree_with_repeated_differentiation(name):
    rule, function = RULES[name]
    v = V.clone().requires_grad_()
    expected = function(v)
    for k in range(6):
        found = rule(V, k) + torch.zeros_like(V)
        assert torch.allclose(found, expected.detach(), rtol=1e-12, atol=1e-12), k
        numbers = torch.tensor([rule(float(each), k) for each in V], dtype=torch.float64)
        assert torch.allclose(numbers, found, rtol=1e-13, atol=1e-13), k
        expected = torch.autograd.grad(expected.sum() + 0 * v.sum(), v, create_graph=True)[0]


def test_a_polynomial_has_no_derivatives_beyond_its_degree():
    rule = elementary.power(2.0)
    assert [rule(0.0, k) for k in range(5)] == [0.0, 0.0, 2.0, 0.0, 0.0]
    assert [rule(torch.zeros(1), k) for k in (3, 4)] == [0.0, 0.0]


def test_the_absolute_value_has_a_sign_for_a_slope():
    v = torch.tensor([-2.0, 0.0, 3.0])
    for k, expected in enumerate(([2.0, 0.0, 3.0], [-1.0, 0.0, 1.0])):
        assert torch.as_tensor(elementary.absolute(v, k)).tolist() == expected
        assert [elementary.absolute(float(each), k) for each in v] == expected
    assert elementary.absolute(v, 2) == 0.0
