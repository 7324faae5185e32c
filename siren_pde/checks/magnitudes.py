"""Whether terms, conditions, weights and axes are comparable, and points dense enough."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch

from siren_pde.checks.finding import Finding, warning
from siren_pde.checks.places import derivative, listed, number
from siren_pde.checks.probe import Examination, Probe, root_mean_square
from siren_pde.collocation.collocated import Collocated
from siren_pde.fields.siren import Siren

EXTREME = 1e6
"""The ratio from which sizes count as incomparable."""
ROUNDING = 1e-13
"""Below this share of the largest term, a coefficient is taken to be zero up to rounding."""
PER_WAVE = 2.0
"""Points per wavelength below which a wave cannot be told from a slower one (Nyquist)."""


def terms(e: Examination) -> Iterator[Finding]:
    """Terms of one equation of which one drowns beside another."""
    for p in e.probes:
        sizes = p.sizes(e.frequency)
        least = ROUNDING * max(sizes.values(), default=0.0)  # what cancels to rounding is no term
        sizes = {slot: size for slot, size in sizes.items() if size > least}
        if len(p.uses) > 1 or len(sizes) < 2:
            continue
        large, small = max(sizes, key=lambda s: sizes[s]), min(sizes, key=lambda s: sizes[s])
        if sizes[large] > EXTREME * sizes[small]:
            big, little = (
                derivative(s, e.axes, e.called(s.unknown, s.output)) for s in (large, small)
            )
            written = f"1e{round(math.log10(sizes[large] / sizes[small]))} * {small.unknown}"
            constant = not e.field.networks()[small.unknown].inputs
            advice = f"write it as `{written}`" if constant else "or leave the small one out"
            yield warning(
                "scale",
                p.name,
                f"in `{p.name}` the term with {big} is {sizes[large] / sizes[small]:.0e} times as "
                f"large as the one with {little}, which rounding and the method will not see: "
                f"choose units in which both matter, {advice}.",
            )


def conditions(e: Examination) -> Iterator[Finding]:
    """Conditions whose residuals are of incomparable size for one and the same field."""
    sizes = {p: max(p.sizes(e.frequency).values(), default=0.0) for p in e.probes}
    sizes = {p: size for p, size in sizes.items() if 0 < size < math.inf}
    if len(sizes) < 2:
        return
    large, small = max(sizes, key=lambda p: sizes[p]), min(sizes, key=lambda p: sizes[p])
    if sizes[large] > EXTREME * sizes[small]:
        yield warning(
            "scale",
            large.name,
            f"`{large.name}` is {sizes[large] / sizes[small]:.0e} times as large as "
            f"`{small.name}` for the same field, so that the loss sees it alone: divide it by "
            f"{sizes[large]:.0e}, or choose units in which both are of order 1.",
        )


def solutions(e: Examination) -> Iterator[Finding]:
    """Data that call for a solution of a size far from 1."""
    calls: dict[Probe, float] = {}
    for p in e.probes:
        scale = max(p.sizes(e.frequency).values(), default=0.0)
        size = float(root_mean_square(p.data))
        if scale > 0 and size > 0 and math.isfinite(size / scale):
            calls[p] = size / scale
    if not calls or not all(p.affine for p in calls):
        return
    p = max(calls, key=lambda q: calls[q])
    if not 1 / EXTREME < calls[p] < EXTREME:
        yield warning(
            "scale",
            p.name,
            f"`{p.name}` calls for a solution of size {calls[p]:.0e}, while networks start at "
            f"order 1: write it for the unknown divided by {calls[p]:.0e}.",
        )


def axes(e: Examination) -> Iterator[Finding]:
    """Coordinates whose ranges differ beyond comparison, or are lost beside their offset."""
    spans = {
        name: (high - low, max(abs(low), abs(high)))
        for name, low, high in zip(e.axes, *e.problem.bounds, strict=True)
    }
    spans = {name: pair for name, pair in spans.items() if pair[0] > 0}
    if not spans:
        return
    large, small = max(spans, key=lambda n: spans[n][0]), min(spans, key=lambda n: spans[n][0])
    ratio = spans[large][0] / spans[small][0]
    if ratio > EXTREME:
        yield warning(
            "axes",
            small,
            f"`{large}` spans {number(spans[large][0])} and `{small}` "
            f"{number(spans[small][0])}, a ratio of {ratio:.0e}: write the equation in units in "
            "which both are of order 1.",
        )
    for name, (span, offset) in spans.items():
        if offset > EXTREME * span:
            yield warning(
                "axes",
                name,
                f"`{name}` varies by {number(span)} around {offset:.0e}, so that most of its "
                "digits are the offset: count it from its start.",
            )


def weights(e: Examination) -> Iterator[Finding]:
    """Weights of conditions that let others count for nothing."""
    large = max(e.problem.conditions, key=lambda c: c.heaviest)
    small = min(e.problem.conditions, key=lambda c: c.heaviest)
    if large.heaviest > EXTREME * small.heaviest:
        yield warning(
            "weight",
            large.name,
            f"`{large.name}` weighs {large.heaviest:g} and `{small.name}` {small.heaviest:g}: "
            f"beyond a ratio of {EXTREME:.0e} the light one is no longer solved. Take weights "
            "within a factor of 1000, or an `Ansatz` for what shall hold exactly.",
        )


def resolution(e: Examination) -> Iterator[Finding]:
    """Quadratures with fewer than two points for each wave of the data or the field."""
    if e.quadrature is None:
        return
    frequency = e.frequency
    for network in e.field.networks().values():
        if isinstance(network, Siren) and network.given_frequency is not None:
            frequency = torch.maximum(frequency, frequency.new_tensor(network.given_frequency))
    collocated = Collocated.planned(e.problem, e.field, rule=e.quadrature, seed=e.seed)
    for s in collocated.rows:
        p = next(q for q in e.probes if q.name == s.condition.name)
        waves = 1.0 if p.measured else _waves(p, frequency.tolist())
        dimension = max(s.condition.domain.dimension, 1)
        density = (len(s.points) / waves) ** (1 / dimension)
        if density < PER_WAVE and waves > 1:
            fast = [
                f"{number(w)} along {name}"
                for name, w in zip(e.axes, frequency.tolist(), strict=True)
            ]
            yield warning(
                "resolution",
                p.name,
                f"`{p.name}` has {len(s.points)} points, {density:.1f} per wavelength where "
                f"frequencies reach {listed(fast)} (radians per unit length), so that waves pass "
                f"between them: take `Sobol({_enough(waves, dimension)})`.",
            )


def _waves(p: Probe, frequency: list[float]) -> float:
    """How many periods of the frequencies fit into a domain."""
    sides = zip(*p.domain.bounds, frequency, strict=True)
    periods = sorted(((b - a) * w / (2 * math.pi) for a, b, w in sides), reverse=True)
    return math.prod(max(n, 1.0) for n in periods[: p.domain.dimension])


def _enough(waves: float, dimension: int) -> int:
    """The power of two that gives four points per wavelength."""
    return 1 << math.ceil(math.log2(4**dimension * waves))
