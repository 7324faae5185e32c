"""Exact solutions that are numbers: checked, measured against and drawn like functions."""

import math

import numpy as np
import pytest
import torch

from siren_pde import Box, Problem, Siren, check, lap, on, plot
from siren_pde.errors import ConfigError
from tests.told import told

SQUARE = Box(x=(0, 1), y=(0, 1))


@on(SQUARE)
def poisson(p, u):
    return lap(u) + p.x


def answers(value):
    """The kinds of what is checked, the error, and that a picture can be drawn."""
    problem = Problem(poisson, exact=lambda p: value)
    solution = told(Siren(2, width=4, depth=1), problem=problem)
    assert plot(solution) is not None
    return {f.kind for f in check(problem)}, solution.error()


@pytest.mark.parametrize(
    "value", [1, 1.0, np.float32(1), np.int64(1), torch.tensor(1.0), {"u": 1}, {"u": 1.0}]
)
def test_a_number_is_a_constant_function(value):
    kinds, error = answers(value)
    assert "exact" in kinds and 0 < error < 100


def test_beside_zero_an_error_is_infinite():
    assert answers(0) == answers({"u": 0.0}) and math.isinf(answers(0)[1])


@pytest.mark.parametrize("value", [None, {"w": 1}])
def test_a_truth_of_nothing_is_said(value):
    problem = Problem(poisson, exact=lambda p: value)
    with pytest.raises(ConfigError, match=r"returned None|names none of the unknowns u"):
        told(Siren(2, width=4, depth=1), problem=problem).error()
