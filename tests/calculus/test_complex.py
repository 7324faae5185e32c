"""Complex numbers made of jets obey the laws of torch's, and calculus takes them as scalars."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import hankel2

from siren_pde import Box, Problem, Siren, Sobol, on, solve
from siren_pde.calculus.complex import Complex
from siren_pde.calculus.functions import cos, exp, hankel, sin
from siren_pde.calculus.jets import Coordinate
from siren_pde.calculus.operators import as_complex, d, div, dot, grad, hess, im, lap, re
from siren_pde.calculus.vectors import Vector
from siren_pde.collocation.objective import objective_of, residual_and_jacobian
from siren_pde.errors import ResidualError
from tests.typed import values

X = 0.2 + 0.6 * torch.rand(9, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
x, y = (Coordinate(X[:, i], i, ("x", "y")) for i in range(2))


def value(z) -> torch.Tensor:
    z = as_complex(z)
    parts = (z.re.value, z.im.value)
    return torch.complex(*(torch.as_tensor(v, dtype=torch.float64).expand(9) for v in parts))


def agree(found, expected, tolerance: float = 1e-12) -> None:
    found, expected = value(found), torch.as_tensor(expected).expand(9)
    assert (found - expected).abs().max() <= tolerance * max(1.0, float(expected.abs().max()))


LEAVES = ["z", "w", "x", "i", 2.5, 0.5 - 1.5j]
OURS = {"z": Complex(x, y * y), "w": Complex(sin(x), -y), "x": x, "i": 1j}
THEIRS = {
    "z": torch.complex(X[:, 0], X[:, 1] ** 2),
    "w": torch.complex(X[:, 0].sin(), -X[:, 1]),
    "x": X[:, 0],
    "i": 1j,
}


def build(tree, env, e, conjugate, square):
    if not isinstance(tree, tuple):
        return env.get(tree, tree) if isinstance(tree, str) else tree
    op, *rest = tree
    a, *b = (build(r, env, e, conjugate, square) for r in rest)
    match op:
        case "+":
            return a + b[0]
        case "-":
            return a - b[0]
        case "*":
            return a * b[0]
        case "/":  # a denominator of size at least 1
            return a / (2 + e(1j * square(b[0]) / (3 + square(b[0]))))
        case "exp":
            return e(1j * square(a) / (1 + square(a)))
        case _:
            return conjugate(a)


def grow(inner):
    return st.tuples(st.sampled_from(["exp", "conj"]), inner) | st.tuples(
        st.sampled_from(["+", "-", "*", "/"]), inner, inner
    )


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.recursive(st.sampled_from(LEAVES), grow, max_leaves=6))
def test_arithmetic_is_that_of_complex_numbers(tree):
    z = build(
        tree, OURS, exp, lambda z: as_complex(z).conjugate, lambda z: as_complex(z).square + 0j
    )
    w = build(
        tree,
        THEIRS,
        lambda z: torch.exp(torch.as_tensor(z)),
        lambda z: torch.as_tensor(z, dtype=torch.complex128).conj(),
        lambda z: abs(torch.as_tensor(z, dtype=torch.complex128)) ** 2,
    )
    w = torch.as_tensor(w, dtype=torch.complex128)
    agree(z, w, 1e-12)


def test_derivatives_are_those_of_waves():
    k, m = 3.0, -2.0 + 0.5j
    u = exp(1j * (k * x) + m * y)
    agree(d(u, x), 1j * k * value(u))
    agree(d(u, x, y), 1j * k * m * value(u))
    agree(lap(u), (m**2 - k**2) * value(u))
    agree(div(grad(u)), value(lap(u)))
    agree(hess(u)[1][1], m**2 * value(u))
    agree(dot(grad(u), grad(u)), value(lap(u)) * value(u))
    flux: Any = (1 + 1j * x) * grad(u)
    agree(div(flux), value((1 + 1j * x) * lap(u) + 1j * d(u, x)))
    assert torch.equal(values(re(u)), value(u).real)
    assert torch.equal(values(im(u)), value(u).imag)


def test_complex_numbers_of_any_library_mix_with_jets():
    z = torch.complex(X[:, 1], X[:, 0])
    for number in (2 - 3j, np.complex128(2 - 3j), z):
        expected = torch.as_tensor(number)
        for u, v in ((x + number, X[:, 0] + expected), (number - x, expected - X[:, 0])):
            agree(u, v)
        for u, v in ((x * number, X[:, 0] * expected), (number * x, X[:, 0] * expected)):
            agree(u, v)
        agree(x / number, X[:, 0] / expected)
        agree(number / x, expected / X[:, 0])


def test_a_field_with_two_outputs_is_a_complex_field():
    u = Vector([cos(x), sin(x)])
    agree(as_complex(u), torch.exp(1j * X[:, 0]))
    agree(as_complex(torch.exp(1j * X[:, 0])), torch.exp(1j * X[:, 0]))
    agree(lap(as_complex(u)), value(Complex(*lap(u))))
    agree((Vector([x, y]) * 1j)[1], 1j * X[:, 1])


def test_the_hankel_function_is_an_outgoing_wave():
    u = hankel(20 * (x**2 + y**2) ** 0.5)
    expected = hankel2(0, 20 * X.square().sum(1).sqrt().numpy())
    agree(u, torch.from_numpy(expected), 1e-9)  # as good as torch's Bessel functions are
    assert (value(lap(u) / 400 + u)).abs().max() < 1e-9
    assert float(hankel(3.0).re.value) == pytest.approx(hankel2(0, 3.0).real, rel=1e-9)


def test_meaningless_expressions_say_what_to_write():
    with pytest.raises(ResidualError, match=r"Siren\(2, 2\)"):
        as_complex(Vector([x, y, x]))
    with pytest.raises(ResidualError, match=r"Siren\(2, 2\)"):
        as_complex("z")
    with pytest.raises(ResidualError, match=r"re\(z\)"):
        sin(1j * x)


line = Box(x=(0, 1))


def damped(x):
    return exp((2j - 1) * (x + 0j))


def test_a_complex_residual_counts_as_two():
    @on(line)
    def together(p, u):
        return d(as_complex(u), p.x) - (2j - 1) * as_complex(u)

    @on(line)
    def apart(p, u):
        a, b = u
        return [d(a, p.x) + a + 2 * b, d(b, p.x) - 2 * a + b]

    field = Siren(1, 2, width=5, depth=2)
    one, two = (objective_of(Problem(c), field, rule=Sobol(32)) for c in (together, apart))
    theta = one.parameters
    assert torch.allclose(one.residual(theta), two.residual(theta), atol=1e-14)
    ours, theirs = (residual_and_jacobian(o, theta)[1] for o in (one, two))
    assert torch.allclose(ours, theirs, atol=1e-13)


def test_a_complex_equation_is_solved():
    @on(line)
    def decay(p, u):
        return d(as_complex(u), p.x) - (2j - 1) * as_complex(u)

    @on(line.at(x=0))
    def start(p, u):
        return as_complex(u) - 1

    solution = solve(
        Problem(decay, start, exact=lambda p: damped(p.x)), Siren(1, 2), seed=0, quiet=True
    )
    assert solution.error() < 1e-10
    assert math.isclose(float(solution([[0.5]])[0, 1]), math.exp(-0.5) * math.sin(1), rel_tol=1e-9)
