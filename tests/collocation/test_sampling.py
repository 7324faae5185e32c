"""Points are shared among conditions, and rows scaled to means, as they promise."""

import pytest
import torch

from siren_pde import Box, PointCloud, Problem, Schedule, Sobol, lap, on
from siren_pde.collocation.sampling import Sampling, drawn_to_residuals, shares
from tests.strategies import ALL_DOMAINS

square = Box(x=(0, 1), y=(0, 1))
spots = torch.rand(37, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@on(square)
def inside(p, u):
    return lap(u)


@on(square.boundary, weight=7)
def around(p, u):
    return u


@on(square.at(x=0), points=11, weight=Schedule((0, 8), (1, 2)))
def side(p, u):
    return u


@on(PointCloud(spots, value=spots[:, 0]))
def measured(p, u):
    return u - p.value


problem = Problem(inside, around, side, measured)
like = torch.zeros(1, dtype=torch.float64)


def sampling(n=64, seed=0, **options):
    return Sampling(problem, Sobol(n), shares(problem, n), seed, **options)


@pytest.mark.parametrize("n", [2, 64, 1000])
def test_boundaries_take_a_quarter_and_wishes_are_met(n):
    expected = {"inside": n, "around": max(n // 4, 1), "side": 11, "measured": n}
    assert shares(problem, n) | {"measured": n} == expected
    whole = sampling().with_count(n)
    assert whole.counts == expected | {"measured": 37}
    assert whole.times(3).counts == {name: 3 * k for name, k in whole.counts.items()}


@pytest.mark.parametrize(("name", "domain"), ALL_DOMAINS)
def test_squared_scales_add_up_to_the_weight(name, domain):
    @on(domain, weight=3)
    def condition(p, u):
        return u

    only = Problem(condition)
    drawn = Sampling(only, Sobol(50), shares(only, 50), 0)
    points = drawn.draw(like)["condition"]
    scale = drawn.scale(condition, points)
    assert float(scale.square().sum()) == pytest.approx(3, rel=1e-12)
    assert torch.allclose(scale.square() * domain.measure, 3 * points.weights, rtol=1e-9)


@pytest.mark.parametrize(("used", "weight"), [(0.0, 8), (0.5, 5), (1.0, 2)])
def test_weights_follow_schedule_and_emphasis(used, weight):
    drawn = sampling(used=used, emphasis={"side": 10.0})
    points = drawn.draw(like)
    assert float(drawn.scale(side, points["side"]).square().sum()) == pytest.approx(10 * weight)
    assert float(drawn.scale(around, points["around"]).square().sum()) == pytest.approx(7)


def test_the_seed_decides_and_conditions_do_not_share_points():
    first, again, other = (sampling(seed=s).draw(like) for s in (3, 3, 4))
    for name in ("inside", "around", "side"):
        assert torch.equal(first[name].positions, again[name].positions)
        assert not torch.equal(first[name].positions, other[name].positions)
    twins = Problem(on(square)(lambda p, u: u), inside)
    one, two = Sampling(twins, Sobol(16), shares(twins, 16), 0).draw(like).values()
    assert not torch.equal(one.positions, two.positions)


def test_points_have_the_precision_asked_and_go_where_they_are_moved():
    drawn = sampling(move=lambda points: points.select(slice(0, 5)))
    for points in drawn.draw(torch.zeros(1, dtype=torch.float32)).values():
        assert len(points) == 5
        assert points.positions.dtype == points.weights.dtype == torch.float32


def test_candidates_are_drawn_in_proportion_to_residuals():
    residuals = torch.tensor([0.0, -1.0, 2.0, 5.0], dtype=torch.float64)
    n = 40_000
    for share in (0.0, 0.5, 1.0):
        counts = torch.bincount(drawn_to_residuals(residuals, n, share, seed=1), minlength=4)
        expected = (1 - share) / 4 + share * residuals.abs() / 8
        # a binomial proportion, five standard deviations wide
        assert ((counts / n - expected).abs() < 5 * 0.5 / n**0.5).all()
    assert counts[0] == 0
    once, again, other = (drawn_to_residuals(residuals, 50, 0.5, seed=s) for s in (1, 1, 2))
    assert torch.equal(once, again) and not torch.equal(once, other)


def test_where_nothing_is_left_over_candidates_are_uniform():
    counts = torch.bincount(drawn_to_residuals(torch.zeros(4), 8000, 0.5, seed=0), minlength=4)
    assert (counts - 2000).abs().max() < 5 * (8000 * 0.25 * 0.75) ** 0.5
