"""Runge-Kutta schemes: Butcher's conditions up to order four, and what stiff equations need."""

import pytest
import torch

from siren_pde.numerics.runge_kutta import DIAGONAL, GOING_ON, STARTING

SCHEMES = pytest.mark.parametrize("scheme", [STARTING, GOING_ON])


def weights(scheme):
    """a (s, s)."""
    s = len(scheme.nodes)
    full = [[*row, *[0.0] * (s - len(row))] for row in scheme.rows]
    return torch.tensor(full, dtype=torch.float64)


def conditions(a, b, c):
    """What vanishes up to order three, and what more up to four."""
    three = [b.sum() - 1, b @ c - 1 / 2, b @ c**2 - 1 / 3, b @ a @ c - 1 / 6]
    four = [
        b @ c**3 - 1 / 4,
        (b * c) @ a @ c - 1 / 8,
        b @ a @ c**2 - 1 / 12,
        b @ a @ a @ c - 1 / 24,
    ]
    return torch.stack(three).abs(), torch.stack(four).abs()


@SCHEMES
def test_a_step_is_of_order_four_and_its_companion_of_three(scheme):
    a, c = weights(scheme), torch.tensor(scheme.nodes, dtype=torch.float64)
    embedded = torch.tensor(scheme.embedded, dtype=torch.float64)
    assert torch.allclose(a.sum(1), c, atol=1e-14)
    assert max(float(x.max()) for x in conditions(a, a[-1], c)) < 1e-14
    three, four = conditions(a, embedded, c)
    assert float(three.max()) < 1e-14 < float(four.min())


@SCHEMES
def test_one_matrix_serves_all_stages(scheme):
    implicit = weights(scheme).diagonal()[scheme.implicit.start :]
    assert bool((implicit == DIAGONAL).all()) and scheme.nodes[-1] == 1.0


@SCHEMES
def test_stiff_parts_die_away(scheme):
    """The last of the stages of u′ = λ u vanishes as λ goes to −∞."""
    z, a = -1e8, weights(scheme)
    one = torch.ones(len(a), dtype=torch.float64)
    last = torch.linalg.solve(torch.eye(len(a), dtype=torch.float64) - z * a, one)[-1]
    assert abs(float(last)) < 1e-6


def test_stages_of_the_scheme_that_goes_on_are_of_order_two():
    a, c = weights(GOING_ON), torch.tensor(GOING_ON.nodes, dtype=torch.float64)
    assert torch.allclose(a @ c, c**2 / 2, atol=1e-14)
