"""Sines in boxes whose coefficients are polynomials of time: an ordinary field."""

import pytest
import torch

from siren_pde.errors import ConfigError
from siren_pde.fields.local_sines import LocalSines
from siren_pde.fields.marched_sines import MarchedSines
from siren_pde.numerics.box_tree import BoxTree
from siren_pde.testing.fields import check_field

TIMES = (0.0, 0.3, 1.0)


def levels(outputs, *, time=1, d=2):
    low = torch.zeros(d, dtype=torch.float64)
    tree, _ = BoxTree.around(low, low + 1).split([[i for i in range(d) if i != time]])
    made = LocalSines(tree, outputs, features=5, band=2.0, constant=(time,))
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randn(made.coefficients.shape, generator=generator, dtype=torch.float64)
    made.coefficients.data.copy_(drawn)
    return made


@pytest.mark.parametrize(
    ("data", "outputs", "time", "d"), [(1, 1, 1, 2), (2, 2, 0, 2), (3, 1, 2, 3)]
)
def test_it_is_a_field(data, outputs, time, d):
    check_field(MarchedSines(levels(len(TIMES) * data * outputs, time=time, d=d), TIMES, data))


@pytest.mark.parametrize("data", [1, 2, 3])
def test_it_holds_polynomials_of_time(data):
    """Of degree 2 data − 1, with all their derivatives, in every step."""
    degree, inner = 2 * data - 1, levels(len(TIMES) * data)
    inner.coefficients.data.zero_()
    for i, t in enumerate(TIMES):
        factor, power = 1.0, degree
        for k in range(data):
            inner.coefficients.data[:, i * data + k, 0] = factor * t**power
            factor, power = factor * power, power - 1
    field = MarchedSines(inner, TIMES, data)
    times = torch.linspace(0, 1, 21, dtype=torch.float64).requires_grad_()
    u = field(torch.stack([torch.full_like(times, 0.3), times], 1))
    assert torch.allclose(u, times**degree, atol=1e-13)


def test_it_stays_after_the_last_time():
    field = MarchedSines(levels(6), TIMES, 2)
    x = torch.tensor([[0.2, 1.0], [0.2, 7.0]], dtype=torch.float64)
    before, after = field(x).detach().tolist()
    assert before == after


def test_numbers_that_do_not_match_are_refused():
    with pytest.raises(ConfigError, match="5 outputs"):
        MarchedSines(levels(5), TIMES, 2)
