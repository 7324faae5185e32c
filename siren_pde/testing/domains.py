"""What holds for every domain: its chart fills it evenly, its bounds and measure are true."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from siren_pde.collocation.quadrature import Sobol
from siren_pde.domains.ball import Ball
from siren_pde.domains.base import Domain
from siren_pde.domains.box import Box
from siren_pde.domains.predicates import extent, scale
from siren_pde.numerics.sobol import sobol
from siren_pde.testing.boundaries import BOUNDARY_LAWS, is_full
from siren_pde.testing.laws import Law, called, obey, require

ROUNDING = 1e-12
"""How far points may lie outside, relative to the numbers that describe the domain."""
COUNTED = 2**14
"""Points of the bounds among which those in a domain are counted, to estimate its measure."""


def check_domain(domain: Domain) -> None:
    """Check the laws of domains, and those of its boundary if it is as wide as its space.

    They compare what the domain says of itself with what is measured at its points, so that a
    chart that is not even, a wrong measure or inward normals are found. Takes seconds.

    Raises LawError, saying which law is broken, with numbers.
    """
    obey(domain, DOMAIN_LAWS)
    if is_full(domain):
        edge = domain.boundary
        obey(edge, SET_LAWS)
        obey(domain, (*SOLID_LAWS, *BOUNDARY_LAWS))


# ── every set ─────────────────────────────────────────────────────────────────────────────────────


def repr_is_short(domain: Domain) -> None:
    """A domain is named in every message about it: in one line that one can read."""
    text = repr(domain)
    require(
        "\n" not in text and len(text) <= 200,
        f"the repr of {called(domain)} has {len(text)} letters in {text.count(chr(10)) + 1} lines, "
        "which are 200 in one line at most: leave out what does not tell domains apart.",
    )


def points_lie_inside(domain: Domain) -> None:
    """`contains` is true of the points of the chart."""
    x, tolerance = Sobol(300)(domain).positions, ROUNDING * _unit(domain)
    outside = ~domain.contains(x, tolerance)
    require(
        ~outside.any(),
        f"{int(outside.sum())} of {len(x)} points of {called(domain)} do not lie in it, says "
        f"`contains` with tolerance {tolerance:.0e}; {_first(x, outside)} is one.",
    )


def points_lie_in_the_bounds(domain: Domain) -> None:
    """`bounds` hold all points."""
    x, tolerance = Sobol(300)(domain).positions, ROUNDING * _unit(domain)
    low, high = (x.new_tensor(corner) for corner in domain.bounds)
    outside = ((x < low - tolerance) | (x > high + tolerance)).any(1)
    require(
        ~outside.any(),
        f"{int(outside.sum())} of {len(x)} points of {called(domain)} lie outside its `bounds` "
        f"{domain.bounds}; {_first(x, outside)} is one.",
    )


def what_is_beyond_the_bounds_is_outside(domain: Domain) -> None:
    """`contains` is false of everything beyond `bounds`."""
    low, high = (torch.tensor(corner, dtype=torch.float64) for corner in domain.bounds)
    margin = min(0.1, 0.1 * extent(domain))
    u = sobol(512, len(domain.axes), seed=0)
    x = torch.cat([low[None], high[None], low - margin + u * (high - low + 2 * margin)])
    x[0] -= margin
    x[1] += margin
    x = x[((x < low - margin / 10) | (x > high + margin / 10)).any(1)]
    inside = domain.contains(x)
    require(
        ~inside.any(),
        f"{int(inside.sum())} of {len(x)} points beyond the `bounds` {domain.bounds} of "
        f"{called(domain)} lie in it, says `contains`; {_first(x, inside)} is one.",
    )


def weights_sum_to_the_measure(domain: Domain) -> None:
    """∫ 1 is the measure, for the image of any points of the unit cube."""
    p = domain.from_unit(_random_unit(domain))
    total = float(p.weights.sum())
    require(
        0 < len(p) <= 500 and math.isclose(total, domain.measure, rel_tol=1e-13),
        f"the weights of the {len(p)} points of {called(domain)} that 500 of the unit cube give "
        f"sum to {total:.15g}, but its measure is {domain.measure:.15g}.",
    )


def image_of_the_unit_cube_lies_inside(domain: Domain) -> None:
    """The image of points that no rule has chosen lies in the domain too."""
    x, tolerance = domain.from_unit(_random_unit(domain)).positions, ROUNDING * _unit(domain)
    outside = ~domain.contains(x, tolerance)
    require(
        ~outside.any(),
        f"{int(outside.sum())} of {len(x)} images of random unit points under the chart of "
        f"{called(domain)} do not lie in it; {_first(x, outside)} is one.",
    )


def equal_seeds_give_equal_points(domain: Domain) -> None:
    """The points depend on the seed alone."""
    first, again = (Sobol(64)(domain, seed=3) for _ in range(2))
    same = torch.equal(first.positions, again.positions)
    require(
        same and torch.equal(first.weights, again.weights),
        f"two samples of {called(domain)} with the same seed differ: its chart or `drawn` draws "
        "random numbers of its own, or keeps state.",
    )


def precision_follows(domain: Domain) -> None:
    """Points in single precision have positions, weights, normals and data in it."""
    p = Sobol(64)(domain, seed=11, dtype=torch.float32)
    normals = {} if p.normals is None else {"normals": p.normals}
    data = {name: values for name, values in p.data.items() if values.is_floating_point()}
    for name, values in {"positions": p.positions, "weights": p.weights, **normals, **data}.items():
        require(
            values.dtype == torch.float32,
            f"the {name} of points of {called(domain)} asked for in torch.float32 are "
            f"{values.dtype}: let the chart compute in the precision of its argument.",
        )
    # a few units in the last place of the largest coordinate
    outside = ~domain.contains(p.positions, 1e-6 * _unit(domain))
    require(
        ~outside.any(),
        f"{int(outside.sum())} of {len(p)} points of {called(domain)} in single precision lie "
        f"more than rounding outside; {_first(p.positions, outside)} is one.",
    )


def device_follows(domain: Domain) -> None:
    """A chart makes its points on the device of the unit coordinates."""
    for piece in domain.pieces:
        u = torch.empty((4, piece.inputs), dtype=torch.float32, device="meta")
        try:
            places = {piece.chart(u).positions.device.type}
        except (NotImplementedError, RuntimeError) as cause:
            # `meta` has no numbers to branch on, which is no fault; another device's tensors are
            if "device" not in str(cause) or "meta tensors" in str(cause):
                continue
            places = {f"not to be had ({cause})"}
        require(
            places == {"meta"},
            f"the positions that the chart of {called(piece)} makes of coordinates on one device "
            f"are {places.pop()} on another: make tensors with `u.new_tensor`.",
        )


def measures_are_known_well(domain: Domain) -> None:
    """An estimated measure is known to 0.05 %."""
    error, measure = domain.standard_error, domain.measure
    require(
        measure > 0 and error < 5e-4 * measure,
        f"the measure {measure:.6g} of {called(domain)} is known to {error:.1e} only, and shall be "
        "positive and known to 0.05 %.",
    )


# ── sets as wide as their space ───────────────────────────────────────────────────────────────────


def measure_is_that_of_the_points_inside(domain: Domain) -> None:
    """The measure is the share of the points of the bounds that `contains` is true of."""
    inside, volume = _counted(domain)
    share = len(inside) / COUNTED * volume
    near = 4 * _resolved(domain) * volume + 6 * domain.standard_error
    require(
        abs(share - domain.measure) <= near,
        f"the measure of {called(domain)} is said to be {domain.measure:.6g}, but of the points of "
        f"its bounds, of measure {volume:.6g}, those inside make up {share:.6g} ± {near:.2g}.",
    )


def chart_is_even(domain: Domain) -> None:
    """Equal volumes of the unit cube have images of equal measure: means and squares agree."""
    inside, volume = _counted(domain)
    low, high = (inside.new_tensor(corner) for corner in domain.bounds)
    p = Sobol(2**12)(domain)
    for power in (1, 2):
        mine = (((p.positions - low) / (high - low)) ** power * p.weights[:, None]).sum(0)
        mine = mine / domain.measure
        theirs = (((inside - low) / (high - low)) ** power).mean(0)
        # the mean of a share of the points is known so much less
        near = 8 * _resolved(domain) * volume / domain.measure
        apart = (mine - theirs).abs()
        axis = domain.axes[int(apart.argmax())]
        require(
            apart.max() <= near,
            f"the chart of {called(domain)} is not even: the mean of (({axis} − low)/(high − low))"
            f"^{power} over its points is {float(mine[apart.argmax()]):.5f}, and over all points "
            f"inside {float(theirs[apart.argmax()]):.5f} ± {near:.2g}.",
        )


def set_operations_add_up(domain: Domain) -> None:
    """|A ∪ B| + |A ∩ B| = |A| + |B| and |A − B| + |A ∩ B| = |A| for a ball B on its boundary."""
    centre = Sobol(1)(domain.boundary).positions[0].tolist()
    ball = Ball(**dict(zip(domain.axes, centre, strict=True)), radius=0.2 * _width(domain))
    both = domain & ball
    sums = {
        "A | B": (domain | ball, domain.measure + ball.measure),
        "A - B": (domain - ball, domain.measure),
    }
    for name, (whole, expected) in sums.items():
        total = whole.measure + both.measure
        near = 6 * math.hypot(whole.standard_error, both.standard_error, domain.standard_error)
        require(
            abs(total - expected) <= near + 1e-9 * expected,
            f"the measures of {name} and A & B sum to {total:.6g} for A = {called(domain)} and "
            f"B = {called(ball)}, but should sum to {expected:.6g} ± {near:.2g}.",
        )


def product_measures_multiply(domain: Domain) -> None:
    """|A × T| = |A| |T| for an interval T along another axis."""
    span = Box(**{next(name for name in "tswq" if name not in domain.axes): (0, 2)})
    product = (domain * span).measure
    require(
        math.isclose(product, 2 * domain.measure, rel_tol=1e-12),
        f"the measure of {called(domain)} times an interval of length 2 is {product:.6g}, but "
        f"should be {2 * domain.measure:.6g}.",
    )


def _unit(domain: Domain) -> float:
    """The size of the numbers that rounding is relative to, but for a factor of a few."""
    return scale(domain) / 8


def _width(domain: Domain) -> float:
    """The shortest side of the bounds."""
    return min(b - a for a, b in zip(*domain.bounds, strict=True))


def _random_unit(domain: Domain) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    inputs = max(piece.inputs for piece in domain.pieces)
    return torch.rand((500, inputs), generator=generator, dtype=torch.float64)


def _counted(domain: Domain) -> tuple[Tensor, float]:
    """The points of the bounds that lie inside, and the measure of the bounds."""
    low, high = (torch.tensor(corner, dtype=torch.float64) for corner in domain.bounds)
    x = low + sobol(COUNTED, len(low), seed=2) * (high - low)
    return x[domain.contains(x)], float((high - low).prod())


def _resolved(domain: Domain) -> float:
    """The error of Sobol points at a jump, N^(−(d+1)/2d)."""
    d = len(domain.axes)
    return float(COUNTED ** (-(d + 1) / (2 * d)))


def _first(x: Tensor, mask: Tensor) -> str:
    place = x[mask][0].tolist() if bool(mask.any()) else []
    return f"({', '.join(f'{value:.6g}' for value in place)})"


SET_LAWS: tuple[Law[Domain], ...] = (
    repr_is_short,
    points_lie_inside,
    points_lie_in_the_bounds,
    what_is_beyond_the_bounds_is_outside,
    weights_sum_to_the_measure,
    image_of_the_unit_cube_lies_inside,
    equal_seeds_give_equal_points,
    precision_follows,
    device_follows,
    measures_are_known_well,
)
"""The laws of all domains."""
DOMAIN_LAWS = (*SET_LAWS, product_measures_multiply)
SOLID_LAWS: tuple[Law[Domain], ...] = (
    measure_is_that_of_the_points_inside,
    chart_is_even,
    set_operations_add_up,
)
"""The laws of domains as wide as their space, but for those of `siren_pde.testing.boundaries`."""
