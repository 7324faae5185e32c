"""Absorbing layers damp outgoing waves as they promise, and leave the rest of space alone."""

import math
from typing import Any

import pytest
import torch

from siren_pde import Box, Sobol, as_complex
from siren_pde.calculus.functions import exp, sin
from siren_pde.calculus.operators import lap
from siren_pde.errors import DomainError
from siren_pde.scattering import AbsorbingLayer

K, WIDTH, STRENGTH = 20.0, 0.5, 5.0
square = Box(x=(-1, 1), y=(-1, 2))
layer = AbsorbingLayer(square, WIDTH, STRENGTH)


def values(z) -> torch.Tensor:
    return z.re.value + 1j * z.im.value


def depth(x, low: float, high: float):
    return ((abs(x - (low + high) / 2) - (high - low) / 2 + WIDTH) / WIDTH).clamp(min=0)


def test_the_stretching_is_the_one_promised():
    p: Any = Sobol(500)(square, seed=0)
    s, t = depth(p.positions[:, 0], -1, 1), depth(p.positions[:, 1], -1, 2)
    for e, expected in zip(layer.stretch(p), (s, t), strict=True):
        assert torch.allclose(values(e), 1 - 1j * STRENGTH * expected**2, atol=1e-13)


def test_outside_the_layer_it_is_the_laplacian():
    p: Any = Sobol(200)(Box(x=(-0.5, 0.5), y=(-0.5, 1.5)), seed=0)
    u: Any = as_complex(sin(3 * p.x) * exp(p.y)) * (1 + 2j)
    assert torch.allclose(values(layer.lap(p, u)), values(lap(u)), rtol=1e-12, atol=0)


def test_outgoing_waves_solve_the_equation_and_die():
    p: Any = Sobol(400)(Box(x=(0.5, 1), y=(-0.5, 1.5)), seed=0)
    s = (p.x - 0.5) / WIDTH
    path = p.x - 1j * STRENGTH * WIDTH / 3 * s**3  # ∫ e dx
    for angle in (0.0, 0.4, 1.0):  # tangential waves live on, as those along a wall do
        a, b = K * math.cos(angle), K * math.sin(angle)
        u: Any = exp(-1j * (a * path + b * p.y))
        left = layer.lap(p, u) + K**2 * u
        assert values(left).abs().max() < 1e-9 * K**2
        size = torch.exp(-a * STRENGTH * WIDTH / 3 * s.value**3)
        assert torch.allclose(values(u).abs(), size, rtol=1e-10)


def test_time_is_not_stretched():
    wall = AbsorbingLayer(Box(x=(0, 1), t=(0, 1)), 0.2)
    p: Any = Sobol(10)(Box(x=(0, 1), t=(0, 1)), seed=0)
    assert len(wall.stretch(p)) == 1


@pytest.mark.parametrize("width", [0.0, -1.0, 1.0])
def test_a_layer_must_fit(width):
    with pytest.raises(DomainError, match="fit"):
        AbsorbingLayer(square, width)
