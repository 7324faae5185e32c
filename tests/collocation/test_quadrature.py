"""Every rule is exact for constants, converges at the rate it claims, and repeats itself."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from siren_pde.collocation.quadrature import (
    GaussLegendre,
    Grid,
    MonteCarlo,
    SequenceRule,
    Sobol,
)
from siren_pde.domains.ball import Ball
from siren_pde.domains.box import Box
from siren_pde.domains.cloud import PointCloud
from siren_pde.errors import ConfigError, DomainError
from siren_pde.testing import check_quadrature
from siren_pde.testing.laws import obey
from siren_pde.testing.quadratures import PLACED_LAWS, Placed
from tests.strategies import ALL_DOMAINS, ALL_QUADRATURES

square = Box(x=(0, 1), y=(0, 1))
strip = Box(x=(-1, 1), t=(0, 2))


def suits(rule, domain):
    return not isinstance(rule, GaussLegendre) or all(
        piece.affine or isinstance(piece, PointCloud) for piece in domain.pieces
    )


PAIRS = [
    pytest.param(rule, domain, id=f"{type(rule).__name__} on {name}")
    for rule in ALL_QUADRATURES
    for name, domain in ALL_DOMAINS
    if suits(rule, domain)
]
rules = pytest.mark.parametrize("rule", ALL_QUADRATURES, ids=lambda rule: type(rule).__name__)


@rules
def test_rules_obey_their_laws(rule):
    check_quadrature(rule)


@pytest.mark.parametrize(("rule", "domain"), PAIRS)
def test_rules_obey_their_laws_on_all_domains(rule, domain):
    obey(Placed(rule, domain), PLACED_LAWS)


@pytest.mark.parametrize(("rule", "domain"), PAIRS)
def test_the_seed_decides(rule, domain):
    first = rule(domain, seed=3)
    drawn = isinstance(rule, Sobol | MonteCarlo) and domain.dimension > 0
    other = rule(domain, seed=4)
    assert torch.equal(first.positions, other.positions) == (not drawn)


class FloatingTypes(TorchDispatchMode):
    """Records the dtype and the device of every floating-point tensor that any operation makes."""

    def __init__(self):
        super().__init__()
        self.seen = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for item in result if isinstance(result, tuple | list) else (result,):
            if isinstance(item, torch.Tensor) and item.is_floating_point():
                self.seen.add((item.dtype, item.device.type))
        return result


@pytest.mark.parametrize(("rule", "domain"), PAIRS)
def test_single_precision_is_pure(rule, domain):
    """No other floating dtype appears; pieces, measures and a cloud's own tensors are facts."""
    if isinstance(domain, PointCloud):
        domain = PointCloud(domain.positions.to(torch.float32), normals=domain.normals)
    assert all(piece.measure > 0 for piece in domain.pieces)
    with FloatingTypes() as types:
        p = rule(domain, seed=11, dtype=torch.float32)
    assert types.seen <= {(torch.float32, "cpu")}
    assert p.positions.dtype == p.weights.dtype == torch.float32


@pytest.mark.parametrize(
    ("rule", "domain"),
    [
        (rule, domain)
        for rule in (Sobol(64), GaussLegendre(4), Grid(4))
        for domain in (strip, strip.boundary, Ball(x=0, y=0), square - square.at(x=0))
        if suits(rule, domain)
    ],
)
def test_points_are_made_on_the_device(rule, domain):
    Sobol(1)(domain, seed=5)  # builds the direction numbers, on the CPU as integers
    with FloatingTypes() as types:
        p = rule(domain, seed=5, dtype=torch.float32, device="meta")
    assert types.seen - {(torch.float32, "cpu")} == {(torch.float32, "meta")}
    assert p.positions.device.type == p.weights.device.type == "meta"


def smooth(p):
    """∫ over the unit square is (e − 1) sin(2) / 2."""
    return p.positions[:, 0].exp() * (2 * p.positions[:, 1]).cos()


def error(rule, seed=0):
    p = rule(square, seed=seed)
    return abs((smooth(p) * p.weights).sum().item() - (math.e - 1) * math.sin(2) / 2)


def slope(counts, errors):
    return float(np.polyfit(np.log(counts), np.log(errors), 1)[0])


def mean_square(rule, seeds):
    return math.sqrt(sum(error(rule, seed) ** 2 for seed in range(seeds)) / seeds)


def test_grid_has_order_two():
    counts = [4, 8, 16, 32]
    assert slope(counts, [error(Grid(n)) for n in counts]) == pytest.approx(-2, abs=0.02)


def test_monte_carlo_has_order_one_half():
    """The root mean square over 200 seeds is known to 5 %, which moves the slope by 0.03."""
    counts = [16, 64, 256, 1024]
    errors = [mean_square(MonteCarlo(n), 200) for n in counts]
    assert slope(counts, errors) == pytest.approx(-0.5, abs=0.1)


def test_sobol_has_order_one_or_better():
    """Between 1, for bounded variation, and 3/2, for smooth functions (Owen, 1997)."""
    counts = [16, 64, 256, 1024, 4096]
    errors = [mean_square(Sobol(n), 40) for n in counts]
    assert -1.7 < slope(counts, errors) < -1


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8])
def test_gauss_legendre_is_exact_to_degree_2n_minus_1(n):
    interval = Box(x=(0, 1))
    p = GaussLegendre(n)(interval)
    for degree in range(2 * n + 1):
        value = (p.positions[:, 0] ** degree * p.weights).sum().item()
        defect = abs(value - 1 / (degree + 1))
        if degree < 2 * n:
            assert defect < 1e-15 * (n + 1)
        else:  # (n!)⁴ / ((2n + 1) (2n)!²) is the error of x²ⁿ
            truth = math.factorial(n) ** 4 / ((2 * n + 1) * math.factorial(2 * n) ** 2)
            assert defect == pytest.approx(truth, rel=1e-3)


def test_gauss_legendre_converges_spectrally():
    assert error(GaussLegendre(8)) < 1e-15
    assert error(GaussLegendre(2)) > 1e-4


def test_gauss_legendre_serves_faces_products_and_unions():
    """∫ x⁵ y⁴ over an L-shape, and ∫ x² over the boundary of a box and over walls in time."""
    shape = Box(x=(-1, 1), y=(-1, 1)) - Box(x=(0, 1), y=(0, 1))
    p = GaussLegendre(3)(shape)
    x, y = p.positions.T
    assert (x**5 * y**4 * p.weights).sum().item() == pytest.approx(-1 / 30, abs=1e-15)
    edge = GaussLegendre(2)(square.boundary)
    assert (edge.positions[:, 0] ** 2 * edge.weights).sum().item() == pytest.approx(
        5 / 3, abs=1e-14
    )
    moving = GaussLegendre(2)(square.boundary * Box(t=(0, 2)))
    assert (moving.positions[:, 0] ** 2 * moving.weights).sum().item() == pytest.approx(
        10 / 3, abs=1e-14
    )


def test_gauss_legendre_names_sobol_on_curved_domains():
    for domain in (Ball(x=0, y=0), square - Ball(x=0, y=0, radius=0.5)):
        with pytest.raises(DomainError, match=r"Sobol\(16\)"):
            GaussLegendre(4)(domain)


@pytest.mark.parametrize("rule", [Sobol, MonteCarlo])
def test_pieces_share_points_by_measure(rule):
    long = Box(x=(0, 9), y=(0, 1))
    assert len(rule(100)(long.boundary)) == 100
    p = rule(100)(long.boundary)
    counts = [int(piece.contains(p.positions).sum()) for piece in long.boundary.pieces]
    assert counts == [5, 5, 45, 45]
    thin = Box(x=(0, 1e6), y=(0, 1)).boundary
    assert len(rule(2)(thin)) == 4  # one point at least on every face
    assert rule(2)(thin).weights.sum().item() == pytest.approx(thin.measure, rel=1e-14)


@pytest.mark.parametrize("rule", [Sobol, MonteCarlo])
def test_points_on_opposite_faces_are_not_copies(rule):
    p = rule(64)(square.at(x=0) | square.at(x=1))
    assert not torch.equal(p.positions[:32, 1], p.positions[32:, 1])


@rules
def test_points_count_as_they_are(rule):
    ends = rule(Box(x=(1, 3)).boundary)
    assert ends.positions[:, 0].tolist() == [1, 3] and ends.weights.tolist() == [1, 1]
    cloud = PointCloud([1.0, 2.0, 3.0], T=[4, 5, 6])
    p = rule(cloud)
    assert p.positions[:, 0].tolist() == [1, 2, 3] and p.T.value.tolist() == [4, 5, 6]


@pytest.mark.parametrize("rule", [Sobol, MonteCarlo])
def test_large_clouds_are_sampled(rule):
    cloud = PointCloud(torch.arange(1000, dtype=torch.float64), T=range(1000))
    p = rule(50)(cloud, seed=1, dtype=torch.float32)
    assert len(p) == 50 and p.weights.sum().item() == pytest.approx(1, rel=1e-6)
    assert torch.equal(p.data["T"], p.positions[:, 0]) and p.positions.dtype == torch.float32
    assert not torch.equal(p.positions, rule(50)(cloud, seed=2).positions.to(torch.float32))


def test_rejection_returns_as_many_points_as_asked():
    for n in (1, 10, 1000):
        p = Sobol(n)(square - Ball(x=0, y=0, radius=0.9))
        assert len(p) == n


@rules
def test_a_count_is_a_whole_number_above_zero(rule):
    assert rule.with_count(9) == type(rule)(9)
    for n in (0, -1, 1.5, True, float("nan")):
        with pytest.raises(ConfigError, match="n ≥ 1"):
            type(rule)(n)


@rules
def test_integer_points_are_refused(rule):
    with pytest.raises(ConfigError, match="floating"):
        rule(square, dtype=torch.int64)


def test_too_many_nodes_are_refused():
    cube = Box(**{name: (0, 1) for name in "xyzvw"})
    with pytest.raises(DomainError, match="Sobol"):
        GaussLegendre(64)(cube)


def test_a_grid_that_misses_says_so():
    sliver = Ball(x=0, y=0) & Box(x=(0.99, 2), y=(-1, 1))
    with pytest.raises(DomainError, match="none of"):
        Grid(2)(sliver)


def test_sequences_from_outside_have_one_row_for_each_point():
    @dataclass(frozen=True)
    class Flat(SequenceRule):
        def unit_points(self, n, inputs, *, seed, skip):
            return torch.zeros(n)

    with pytest.raises(ConfigError, match=r"`Flat.unit_points` was asked for 4 points with 2"):
        Flat(4)(square)
    assert len(Flat(4)(square.at(x=0, y=0))) == 1  # a point has no coordinates
