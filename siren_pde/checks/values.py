"""Residuals as they come: whether they can be evaluated, are finite, and of full precision."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from siren_pde.calculus import elementary
from siren_pde.calculus.complex import Complex
from siren_pde.calculus.elsewhere import Moved
from siren_pde.calculus.jets import Composition, Difference, Product, Sum
from siren_pde.calculus.operators import Derivative, Laplacian
from siren_pde.calculus.vectors import Vector
from siren_pde.checks.finding import Finding, error, note, warning
from siren_pde.checks.places import listed
from siren_pde.checks.probe import Examination, Probe
from siren_pde.collocation.expression import Movable, MovableUnknowns
from siren_pde.collocation.quadrature import Sobol
from siren_pde.errors import NonFiniteError, SirenPDEError
from siren_pde.fields.base import Field
from siren_pde.problem import Problem

FAR = 1e3
"""How many extents from the origin single-precision positions may lie."""


def probed(problem: Problem, field: Field, n: int, seed: int) -> tuple[list[Probe], list[Finding]]:
    """A probe of each condition at n points, and what keeps others from being evaluated."""
    probes, findings = [], []
    for i, condition in enumerate(problem.conditions):
        try:
            points = Sobol(n)(condition.domain, seed=seed + i)
            probe = Probe.of(condition, field, points)
            probe.residual(probe.random(0))
            probes.append(probe)
        except SirenPDEError as cause:
            findings.append(error("residual", condition.name, str(cause)))
    return probes, findings


def finite(e: Examination) -> Iterator[Finding]:
    """Places where a residual is NaN or infinite whatever the unknowns are."""
    for p in e.probes:
        try:
            for seed in (0, 1):
                p.bound.require_finite(p.residual(p.random(seed)), p.points)
        except NonFiniteError as cause:
            yield error("finite", p.name, str(cause))


def precision(e: Examination) -> Iterator[Finding]:
    """Numbers kept in fewer digits than the solve works with."""
    for p in e.probes:
        kind = p.residual(p.random(0)).dtype
        if kind != p.points.positions.dtype:
            yield warning(
                "precision",
                p.name,
                f"`{p.name}` returns {kind} where its points are {p.points.positions.dtype}: write "
                "its constants as Python numbers, or make its tensors of the points' dtype.",
            )
        measured = p.domain.data_points
        if measured is not None and measured.positions.dtype == torch.float32:
            low, high = measured.bounds
            if bool(torch.maximum(low.abs(), high.abs()).max() > FAR * (high - low).max()):
                yield warning(
                    "precision",
                    p.name,
                    f"the points of `{p.name}` are float32 and lie more than {FAR:g} times their "
                    "extent from the origin, so that few digits tell them apart: subtract their "
                    "centre before rounding, or give float64.",
                )


def unknowns(e: Examination) -> Iterator[Finding]:
    """Unknowns that occur in no condition."""
    used = {name for p in e.probes for name in p.bound.networks}
    for name in e.field.networks():
        if name not in used and len(e.probes) == len(e.problem.conditions):
            names = listed([f"`{p.name}`" for p in e.probes])
            yield error(
                "unknown",
                name,
                f"the unknown `{name}` occurs in no condition ({names} leave it out), so nothing "
                "determines it: add the condition that does, or take it out of the `System`.",
            )


def coordinates(e: Examination) -> Iterator[Finding]:
    """Coordinates on which no residual depends and along which none differentiates."""
    for axis, name in enumerate(e.axes):
        if any(slot.order(axis) for p in e.probes for slot in p.used):
            continue
        if len(e.axes) > 1 and e.probes and all(_unchanged(p, axis) for p in e.probes):
            yield warning(
                "coordinate",
                name,
                f"no condition uses the coordinate `{name}`: none differentiates along it, and the "
                f"residuals are the same wherever it is. Leave `{name}` out of the domains, or add "
                f"the term that is missing, such as `d(u, p.{name})`.",
            )


def _unchanged(p: Probe, axis: int) -> bool:
    """Whether the residual stays the same when points move along an axis."""
    low, high = p.points.bounds
    step = torch.zeros_like(low)
    step[axis] = 0.1 * float((high - low)[axis] or 1.0)
    channels = p.random(0)
    try:
        moved = p.moved(p.points.positions + step).residual(channels)
    except SirenPDEError:  # it uses normals or measurements, which depend on all coordinates
        return False
    return torch.equal(moved, p.residual(channels))


def smooth(e: Examination) -> Iterator[Finding]:
    """Absolute values of unknowns: kinks that first and second derivatives do not see."""
    for p in e.probes:
        if _kinked(_residual(e, p), set()):
            yield note(
                "smooth",
                p.name,
                f"`{p.name}` takes the absolute value of an unknown, which has a kink at zero that "
                "Newton's method stalls on: where it matters write `sqrt(v**2 + 1e-6)` for "
                "`abs(v)`.",
            )


def _residual(e: Examination, p: Probe) -> object:
    """The residual of a condition at a few points, as the jets it is made of."""
    sample = p.points.select(slice(0, 4))
    unknowns = MovableUnknowns(e.field, sample, lambda *_: sample.weights).here()
    return p.condition(sample, *(unknowns[name] for name in p.condition.arguments([*unknowns])))


def _kinked(value: object, seen: set[int]) -> bool:
    """Whether an absolute value of a field occurs in an expression of jets."""
    if id(value) in seen:
        return False
    seen.add(id(value))
    match value:
        case Composition(from_field=True, derivative=elementary.absolute):
            return True
        case Vector() | tuple() | list():
            return any(_kinked(part, seen) for part in value)
        case Complex() as z:
            return _kinked(z.re, seen) or _kinked(z.im, seen)
        case Composition() | Derivative() | Laplacian() | Moved():
            return _kinked(value.inner, seen)
        case Movable():
            return _kinked(value.here, seen)
        case Sum() | Difference() | Product():
            return _kinked(value.a, seen) or _kinked(value.b, seen)
    return False
