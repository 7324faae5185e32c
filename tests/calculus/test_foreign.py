"""Functions of numpy, torch and math are answered with the function to write instead."""

import math
import operator

import numpy as np
import pytest
import torch
from scipy import special

from siren_pde import Vector, as_complex
from siren_pde.calculus.jets import Coordinate
from siren_pde.errors import ResidualError
from tests.typed import values

V = torch.linspace(0.1, 1, 5, dtype=torch.float64)
X = Coordinate(V, 0, ("x",))
PAIR = Vector([X, X])

FOREIGN = [
    (np.sin, "sin"),
    (np.exp, "exp"),
    (np.sqrt, "sqrt"),
    (np.arctan, "arctan"),
    (torch.sin, "sin"),
    (torch.atan, "arctan"),
    (torch.special.erf, "erf"),
    (special.erf, "erf"),
    (math.sin, "sin"),
    (float, "sin"),
    (lambda x: np.maximum(x, 0), "maximum"),
    (lambda x: np.clip(x, 0, 1), "minimum"),
    (lambda x: np.where(V.numpy() > 0, x, 0), "where"),
    (lambda x: np.interp(x, [0, 1], [0, 1]), "interpolated"),
    (lambda x: torch.where(V > 0, x, V), "where"),
    (lambda x: torch.maximum(V, x), "maximum"),
    (lambda x: torch.clamp(x, 0, 1), "minimum"),
    (torch.nn.functional.relu, "maximum"),
    (np.square, "sin"),
    (torch.zeros_like, "sin"),
    (lambda x: torch.stack([x, x]), "sin"),
]


@pytest.mark.parametrize(
    "value", [X, PAIR, as_complex(PAIR), X > 0], ids=lambda v: type(v).__name__
)
@pytest.mark.parametrize(("function", "ours"), FOREIGN)
def test_foreign_functions_name_ours(function, ours, value):
    if type(value).__name__ == "Comparison" and function in (math.sin, float):
        return  # Python says that it is no number
    with pytest.raises(ResidualError, match=rf"`siren_pde\.{ours}`"):
        function(value)


NUMBERS = [2, 2.0, np.float64(2), np.float32(2), np.int64(2), np.array(2.0), torch.tensor(2.0)]
OPERATIONS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]


@pytest.mark.parametrize("number", [*NUMBERS, V.flip(0)], ids=lambda n: type(n).__name__)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.__name__)
def test_arithmetic_with_numbers_of_any_library_is_ours(operation, number):
    plain = torch.as_tensor(number).double()
    assert torch.allclose(values(operation(number, X)), operation(plain, V))
    assert torch.allclose(values(operation(X, number)), operation(V, plain))


@pytest.mark.parametrize("number", NUMBERS[:-1], ids=lambda n: type(n).__name__)
def test_vectors_and_complex_numbers_take_them_too(number):
    assert torch.allclose(values((number * PAIR)[0]), 2 * V)
    assert torch.allclose(values((PAIR / number)[1]), V / 2)
    assert torch.allclose((number * as_complex(PAIR)).im.value, 2 * V)


@pytest.mark.parametrize("use", [lambda a: a * X, lambda a: X + a, lambda a: a * PAIR])
def test_arrays_of_numpy_are_no_values_at_points(use):
    with pytest.raises(ResidualError, match=r"torch\.as_tensor\(values\)"):
        use(np.ones(5))
