"""Whether what meets at an interface is coupled there: two unknowns, or two materials of one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.checks import advice
from siren_pde.checks.boundaries import adjacent, edge, needed
from siren_pde.checks.finding import Finding, warning
from siren_pde.checks.places import place
from siren_pde.checks.probe import Examination, Probe
from siren_pde.checks.symbols import operators
from siren_pde.errors import SirenPDEError

ALIKE = 1e-3
"""Coefficients that differ by less than this share are those of one material."""

Output = tuple[str, int]


def interfaces(e: Examination) -> Iterator[Finding]:
    """Equations on neighbouring domains whose unknowns no condition couples as their order asks."""
    reported: set[frozenset[Output]] = set()
    for a, b in itertools.combinations(e.equations, 2):
        points = _between(e, a, b) if adjacent(a, b) else None
        if points is None:
            continue
        for one, other in itertools.product(_outputs(e, a), _outputs(e, b)):
            pair = frozenset((one, other))
            if pair in reported:
                continue
            if one == other:
                missing = _two_materials(e, a, b, points, one)
            else:
                missing = _uncoupled(e, (a, b), points, (one, other))
            if missing is not None:
                reported.add(pair)
                yield missing


def _outputs(e: Examination, p: Probe) -> list[Output]:
    return [each for each in e.outputs() if p.concerning(*each)]


def _between(e: Examination, a: Probe, b: Probe) -> Points | None:
    """Points of the boundary of a's domain that lie in b's."""
    points = edge(e, a.domain)
    if points is None:
        return None
    inside = b.domain.contains(points.positions, e.tolerance)
    return points.select(inside) if int(inside.sum()) > 1 else None


def _conditions(e: Examination, points: Points, outputs: set[Output]) -> int:
    """How many components of conditions on any of the outputs hold at all of the points."""
    total = 0
    for p in e.probes:
        if p in e.equations:
            continue
        if float(p.domain.contains(points.positions, e.tolerance).double().mean()) > 1 / 2:
            total += sum(bool({(s.unknown, s.output) for s in c} & outputs) for c in p.uses)
    return total


def _two_materials(
    e: Examination, a: Probe, b: Probe, points: Points, which: Output
) -> Finding | None:
    """One unknown whose second derivatives have different coefficients on both sides."""
    if _conditions(e, points, {which}) or _coefficients_agree(e, a, b, points, which):
        return None
    name = e.called(*which)
    return warning(
        "interface",
        a.name,
        f"`{a.name}` and `{b.name}` multiply the second derivatives of {name} by different "
        f"coefficients where they meet, as at {place(e.axes, points.positions[0])}, and no "
        f"condition holds there: one smooth {name} has one slope on both sides, so that the flux "
        "jumps. If these are two materials, give each an unknown of its own, such as "
        f"`System({which[0]}=…, w=…)`, and couple them, "
        f"`@on({_code(e, a, points)})`, `domain` being that of `{a.name}`, above "
        f"`def interface(p, {which[0]}, w): return {name} - w, "
        f"dot(k * grad({name}) - k_w * grad(w), p.normal)`. If not, divide each equation by its "
        "coefficient.",
    )


def _code(e: Examination, a: Probe, points: Points) -> str:
    """The part of the boundary of a's domain where the points lie, as code."""
    return advice.part(a.domain, points.positions, e.tolerance)


def _coefficients_agree(e: Examination, a: Probe, b: Probe, points: Points, which: Output) -> bool:
    """Whether the symbols of second order are the same on both sides, for waves in space."""
    generator = torch.Generator(device="cpu").manual_seed(0)
    xi = torch.randn(len(e.axes), generator=generator, dtype=torch.float64, device="cpu")
    if "t" in e.axes:
        xi[e.axes.index("t")] = 0
    try:
        one, other = (_symbols(p.moved(points.positions), which, xi) for p in (a, b))
    except SirenPDEError:  # they use measurements
        return True
    if one is None or other is None:
        return True
    size = torch.maximum(one.abs(), other.abs())
    return bool(((one - other).abs() <= ALIKE * size).all())


def _symbols(p: Probe, which: Output, xi: Tensor) -> Tensor | None:
    """The symbol of second order of the only component for an output, up to a sign."""
    each = [o.of_degree(2) for o in operators(p, *which)]
    if len(each) != 1 or not each[0].terms:
        return None
    return each[0].symbol(xi).abs()


def _uncoupled(
    e: Examination, sides: tuple[Probe, Probe], points: Points, pair: tuple[Output, Output]
) -> Finding | None:
    """Two unknowns that meet where fewer conditions hold than both together need."""
    shared = [p for p in e.equations if all(p.concerning(*each) for each in pair)]
    if shared:  # they live together, and are coupled by equations
        return None
    required = [
        int(needed(e, p.domain, points, *each).amax()) for p, each in zip(sides, pair, strict=True)
    ]
    given = _conditions(e, points, set(pair))
    if not all(required) or given >= sum(required):
        return None
    (a, b), (u, v) = sides, (e.called(*each) for each in pair)
    names = f"{pair[0][0]}, {pair[1][0]}" if pair[0][0] != pair[1][0] else pair[0][0]
    return warning(
        "interface",
        a.name,
        f"`{a.name}` and `{b.name}` meet at {place(e.axes, points.positions[0])}, where {u} and "
        f"{v} need {sum(required)} conditions together and have {given}. For two materials let "
        f"values and fluxes pass, `@on({_code(e, a, points)})`, `domain` being that of "
        f"`{a.name}`, above `def interface(p, {names}): return {u} - {v}, "
        f"dot(k * grad({u}) - k_w * grad({v}), p.normal)`.",
    )
