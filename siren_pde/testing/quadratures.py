"""What holds for every quadrature: weights sum to measures, and errors fall with n."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import torch

from siren_pde.calculus.points import Points
from siren_pde.collocation.quadrature import Quadrature
from siren_pde.domains.ball import Ball
from siren_pde.domains.base import Domain
from siren_pde.domains.box import Box
from siren_pde.domains.cloud import PointCloud
from siren_pde.domains.polygon import Polygon
from siren_pde.errors import ConfigError, DomainError
from siren_pde.testing.laws import Law, called, obey, require

SQUARE = Box(x=(0, 1), y=(0, 1))
DOMAINS: tuple[Domain, ...] = (
    Box(x=(1, 3)),
    Box(x=(-1, 1), t=(0, 2)),
    SQUARE.boundary,
    Box(x=(1, 3)).boundary,
    SQUARE - Box(x=(0.5, 1), y=(0.5, 1)),
    Ball(x=0, y=1, z=2, radius=0.5),
    Ball(x=0, y=0).boundary,
    SQUARE - Ball(x=0, y=0, radius=0.5),
    Polygon([(0, 2), (-1, -1), (0, 0), (0.5, -0.5), (1, -1)]),
    PointCloud([[0.0, 1.0], [1.0, 0.5], [2.0, 0.0]], normals=[[1, 0], [0, 1], [3, 4]]),
)
"""Sets of every kind: of one piece and of several, points, curved, and sifted by rejection."""
FEW, MANY, SEEDS = 4, 64, 40
"""Numbers of points, and of seeds, with which errors are compared."""


def check_quadrature(rule: Quadrature) -> None:
    """Check the laws of quadratures: on ten domains, and for the rule with other numbers of points.

    A domain that the rule refuses with a DomainError is left out. Takes a second.

    Raises LawError, saying which law is broken, with numbers.
    """
    for domain in DOMAINS:
        if suits(rule, domain):
            obey(Placed(rule, domain), PLACED_LAWS)
    obey(rule, RULE_LAWS)


def suits(rule: Quadrature, domain: Domain) -> bool:
    """Whether the rule serves the domain; it may refuse it with a DomainError."""
    try:
        rule(domain)
    except DomainError:
        return False
    return True


@dataclass(frozen=True)
class Placed:
    """A rule on a domain."""

    rule: Quadrature
    domain: Domain

    @property
    def words(self) -> str:
        """The rule and the domain as messages name them."""
        return f"{called(self.rule)} on {called(self.domain)}"

    def points(self, seed: int = 0, dtype: torch.dtype = torch.float64) -> Points:
        """The points of the rule."""
        return self.rule(self.domain, seed=seed, dtype=dtype)


# ── a rule on a domain ────────────────────────────────────────────────────────────────────────────


def weights_sum_to_the_measure(at: Placed) -> None:
    """Σ w is the measure of the domain."""
    total, measure = float(at.points().weights.sum()), at.domain.measure
    require(
        math.isclose(total, measure, rel_tol=1e-13),
        f"the weights of {at.words} sum to {total:.15g}, but its measure is {measure:.15g}.",
    )


def weights_are_positive(at: Placed) -> None:
    """No weight is zero or negative, so that losses are means."""
    weights = at.points().weights
    require(
        (weights > 0).all(),
        f"{int((weights <= 0).sum())} of {len(weights)} weights of {at.words} are not positive; "
        f"the least is {float(weights.min()):.3g}.",
    )


def parts_are_all_of_it(at: Placed) -> None:
    """What each of three processes draws is, one after the other, what one draws."""
    whole, like = at.points(seed=5), torch.empty(0, dtype=torch.float64)
    each = [at.rule.part(at.domain, partial(_third, k), seed=5, like=like) for k in range(3)]
    joined = Points.concatenate([points for points, _, _ in each])
    same = all(
        a.shape == b.shape and torch.allclose(a, b, rtol=1e-14, atol=1e-14)
        for a, b in ((joined.positions, whole.positions), (joined.weights, whole.weights))
    )
    require(
        same and all(n == len(whole) for _, _, n in each),
        f"three thirds of the points of {at.words} are not all of them: a `sequence` has the same "
        "points wherever it is entered.",
    )


def points_lie_in_the_domain(at: Placed) -> None:
    """All points lie in the domain, and have its coordinates."""
    p = at.points()
    require(
        p.axes == at.domain.axes,
        f"the points of {at.words} have the coordinates {p.axes}, not {at.domain.axes}.",
    )
    outside = ~at.domain.contains(p.positions, tolerance=1e-12)
    require(
        ~outside.any(),
        f"{int(outside.sum())} of {len(p)} points of {at.words} lie outside the domain.",
    )


def equal_seeds_give_equal_points(at: Placed) -> None:
    """The points depend on the rule, the domain and the seed alone."""
    first, again = at.points(seed=3), at.points(seed=3)
    same = torch.equal(first.positions, again.positions)
    require(
        same and torch.equal(first.weights, again.weights),
        f"the points of {at.words} with seed 3 differ from those with seed 3 before: draw random "
        "numbers from a generator with that seed alone.",
    )


def _third(number: int, n: int) -> slice:
    return slice(n * number // 3, n * (number + 1) // 3)


def precision_follows(at: Placed) -> None:
    """Points in single precision are in single precision, and in the domain to its rounding."""
    p = at.points(seed=11, dtype=torch.float32)
    kinds = {p.positions.dtype, p.weights.dtype}
    require(
        kinds == {torch.float32},
        f"the points of {at.words} asked for in torch.float32 have {kinds}: make them like the "
        "tensor `like`.",
    )
    outside = ~at.domain.contains(p.positions, tolerance=2e-6)
    require(
        ~outside.any(),
        f"{int(outside.sum())} of {len(p)} points of {at.words} in single precision lie outside.",
    )


def data_count_as_they_are(at: Placed) -> None:
    """Measured data, if they are few, are all taken, with their normals."""
    known = at.domain.data_points
    if known is None:
        return
    p = at.points()
    require(
        torch.equal(p.positions, known.positions) and p.normals is not None,
        f"the points of {at.words} are not those of the cloud: `points_on` is for pieces, and "
        "clouds give theirs by themselves.",
    )


# ── a rule with other numbers of points ───────────────────────────────────────────────────────────


def count_is_n(rule: Quadrature) -> None:
    """A rule has n points on an interval, and says what it refuses."""
    for n in (1, 7, 32):
        count = len(rule.with_count(n)(Box(x=(0, 1))))
        require(
            count == n,
            f"{called(rule.with_count(n))} has {count} points on an interval, which should be {n}.",
        )
    for n in (0, -1):
        try:
            rule.with_count(n)
        except ConfigError:
            continue
        require(False, f"{called(rule)} takes n = {n}, and should raise ConfigError.")


def errors_fall_with_n(rule: Quadrature) -> None:
    """With sixteen times as many points a smooth function's error is at most half as large."""
    few, many = (_mean_square_error(rule.with_count(n)) for n in (FEW, MANY))
    require(
        many <= max(few / 2, 1e-13),
        f"the error of {called(rule)} for a smooth function on the unit square is {few:.1e} with "
        f"n = {FEW} and {many:.1e} with n = {MANY}, in the mean square over {SEEDS} seeds: it "
        "should fall by half at least.",
    )


def _mean_square_error(rule: Quadrature) -> float:
    """The root of the mean square error of ∫ exp(x) cos(2y) over the unit square."""
    exact, total = (math.e - 1) * math.sin(2) / 2, 0.0
    for seed in range(SEEDS):
        p = rule(SQUARE, seed=seed)
        values = p.positions[:, 0].exp() * (2 * p.positions[:, 1]).cos()
        total += (float((values * p.weights).sum()) - exact) ** 2
    return math.sqrt(total / SEEDS)


PLACED_LAWS: tuple[Law[Placed], ...] = (
    weights_are_positive,
    weights_sum_to_the_measure,
    points_lie_in_the_domain,
    equal_seeds_give_equal_points,
    parts_are_all_of_it,
    precision_follows,
    data_count_as_they_are,
)
"""The laws of a rule on each domain that it suits."""
RULE_LAWS: tuple[Law[Quadrature], ...] = (count_is_n, errors_fall_with_n)
"""The laws of a rule by itself."""
