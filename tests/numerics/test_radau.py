"""Radau's collocation: its order, its decoupled equations, and the sines that are like it."""

import math

import pytest
import torch

from siren_pde.numerics.least_squares import least_squares
from siren_pde.numerics.normal_factor import NormalFactor
from siren_pde.numerics.radau import Radau, Sines

STAGES = [3, 5, 7]


def end(stages: int, z: complex) -> complex:
    """The value after one slab of u' = z u, u(0) = 1."""
    radau = Radau.of(stages)
    slopes = radau.slopes.to(torch.complex128)
    right = torch.full((stages,), z, dtype=torch.complex128)
    z_matrix = slopes - z * torch.eye(stages, dtype=torch.complex128)
    return 1 + complex(torch.linalg.solve(z_matrix, right)[-1])


@pytest.mark.parametrize("stages", STAGES)
def test_its_order_is_twice_its_stages_less_one(stages):
    errors = [abs(end(stages, h * 1j) - complex(math.cos(h), math.sin(h))) for h in (2.0, 1.0)]
    assert math.log2(errors[0] / errors[1]) == pytest.approx(2 * stages, abs=0.7)


@pytest.mark.parametrize("stages", STAGES)
def test_stiff_parts_die_away_and_waves_do_not_grow(stages):
    assert abs(end(stages, -1e8)) < 1e-6
    assert all(abs(end(stages, 1j * w)) <= 1 + 1e-12 for w in (0.1, 1.0, 10.0, 1e3))


@pytest.mark.parametrize("stages", STAGES)
def test_decoupled_equations_are_those_of_all_stages(stages):
    radau, generator = Radau.of(stages), torch.Generator().manual_seed(0)
    r = torch.randn(stages, 4, dtype=torch.float64, generator=generator)
    parts = [b / rate for b, rate in zip(radau.decoupled(r), radau.rates, strict=True)]
    expected = torch.linalg.solve(radau.slopes, r)
    assert (radau.recombined(torch.stack(parts)) - expected).abs().max() < 1e-12


@pytest.mark.parametrize("stages", STAGES)
def test_polynomials_through_the_nodes_go_on(stages):
    radau, t = Radau.of(stages), torch.tensor([0.3, 1.4], dtype=torch.float64)
    assert (radau.at(t) @ radau.nodes**stages - t**stages).abs().max() < 1e-12


@pytest.mark.parametrize("stages, derivatives", [(3, 0), (5, 0), (7, 0), (5, 1)])
def test_sines_meet_what_polynomials_meet(stages, derivatives):
    size = stages + 1 + 2 * derivatives
    sines = Sines.of(stages, derivatives, size // 2 + 4)

    def u(t: torch.Tensor) -> torch.Tensor:
        return (0.4 * t).exp()

    ends = torch.tensor([0.0, 1.0], dtype=torch.float64)
    slopes = [0.4 * u(ends)] * derivatives
    data = [u(ends[:1]), *(s[:1] for s in slopes), u(Radau.of(stages).nodes)]
    c = sines.fit @ torch.cat([*data, *(s[1:] for s in slopes)])
    t = torch.linspace(0, 1, 50, dtype=torch.float64)
    angles = (2 * t - 1)[:, None] * torch.tensor(sines.frequencies, dtype=torch.float64)
    waves = torch.cat([torch.ones_like(t)[:, None], angles.sin(), angles.cos()], 1)
    assert (waves @ c - u(t)).abs().max() < max(0.4**size, 1e-9)


@pytest.mark.parametrize("kind", [torch.float64, torch.complex128])
def test_normal_equations_refined_are_least_squares(kind):
    generator = torch.Generator().manual_seed(0)
    a = torch.randn(40, 12, dtype=kind, generator=generator) * 10.0 ** torch.linspace(-6, 6, 12)
    b = torch.randn(40, dtype=kind, generator=generator)
    x = NormalFactor.of(a).solve(b)
    assert (a.mH @ (b - a @ x)).abs().max() < 1e-7 * torch.linalg.vector_norm(a)
    if kind is torch.float64:
        expected = least_squares(a.clone(), b).x
        assert ((x - expected) / expected).abs().max() < 1e-9


def test_a_singular_matrix_is_factorised_all_the_same():
    a = torch.ones(5, 2, dtype=torch.float64)
    assert NormalFactor.of(a).solve(a.sum(1)).sum() == pytest.approx(2.0)
