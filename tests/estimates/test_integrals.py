"""Integrals with their own error: product rules to rounding, and Sobol points that know theirs."""

import math

import pytest
import torch

from siren_pde import Ball, Box, PointCloud, Polygon
from siren_pde.estimates.integrals import integrated

ELL = Polygon([(0, 0), (1, 0), (1, 1), (-1, 1), (-1, -1), (0, -1)])
SMOOTH = [
    Box(x=(0, 1), y=(0, 2)),
    Box(x=(0, 1), y=(0, 2)).boundary,
    Ball(x=0.5, y=0, radius=1),
    Ball(x=0.5, y=0, radius=1).boundary,
    Ball(x=0, y=1, z=0, radius=1),
    Ball(x=0, y=1, z=0, radius=1).boundary,
    ELL,
    ELL.boundary,
    Ball(x=0, y=0, radius=1) * Box(t=(0, 1)),
]


def tight(total):
    return float(total.errors[0]) <= 1e-11 * float(total.sizes[0])


@pytest.mark.parametrize("domain", SMOOTH, ids=repr)
def test_smooth_functions_are_integrated_to_rounding(domain):
    """By the divergence theorem: ∫ (a·n) exp(a·x) = ∫ |a|² exp(a·x), and the measure."""
    total = integrated(lambda p: torch.ones(len(p), 1).double(), domain, enough=tight)
    assert float(total.values[0]) == pytest.approx(domain.measure, rel=1e-12)
    if domain.dimension < len(domain.axes) or "t" in domain.axes:
        return
    a = torch.arange(1, domain.dimension + 1).double()

    def inside(p):
        return (a @ a) * torch.exp(p.positions @ a)[:, None]

    def outward(p):
        return ((p.normals @ a) * torch.exp(p.positions @ a))[:, None]

    volume = integrated(inside, domain, enough=tight)
    surface = integrated(outward, domain.boundary, enough=tight)
    assert float(volume.values[0]) == pytest.approx(float(surface.values[0]), rel=1e-8)
    assert float(volume.errors[0]) <= 1e-8 * float(volume.values[0])


def test_errors_are_known_where_points_are_drawn():
    hole = Box(x=(-1, 1), y=(-1, 1)) - Ball(x=0, y=0, radius=0.5)
    total = integrated(lambda p: p.positions.square().sum(1, keepdim=True), hole, enough=tight)
    off = abs(float(total.values[0]) - (8 / 3 - math.pi / 32))
    assert off <= 4 * float(total.errors[0])
    assert float(total.errors[0]) < 1e-3


def test_jumps_are_cut_at():
    box = Box(x=(0, 1), t=(0, 1))

    def step(p):
        return (p.positions[:, 1:] > 0.3).double()

    total = integrated(step, box, enough=tight, cuts={"t": (0.3,)})
    assert float(total.values[0]) == pytest.approx(0.7, rel=1e-14)


def test_clouds_are_means():
    cloud = PointCloud([[0.0, 1.0], [2.0, 3.0]])
    total = integrated(lambda p: p.positions[:, :1], cloud, enough=tight)
    assert float(total.values[0]) == 1.0


def test_singular_corners_of_polygons_are_graded():
    total = integrated(
        lambda p: p.positions.square().sum(1, keepdim=True) ** (1 / 3), ELL, enough=tight
    )
    # three quarters of a square: 6 ∫₀^{π/4} ∫₀^{1/cos φ} r^{5/3} dr dφ
    angle, weights = (
        torch.linspace(0, math.pi / 4, 20001, dtype=torch.float64),
        torch.ones(20001).double(),
    )
    weights[1:-1:2], weights[2:-1:2] = 4, 2
    known = 6 * 3 / 8 * float((weights * angle.cos() ** (-8 / 3)).sum()) * math.pi / 4 / 20000 / 3
    assert float(total.values[0]) == pytest.approx(known, rel=1e-11)
