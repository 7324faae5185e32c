"""Whether an equation has the initial and boundary conditions that its order requires."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from siren_pde.calculus.derivatives import Part
from siren_pde.calculus.jets import Constant
from siren_pde.calculus.vectors import Vector
from siren_pde.checks import advice
from siren_pde.checks.finding import Finding, error, warning
from siren_pde.checks.growth import rates
from siren_pde.checks.places import listed, place
from siren_pde.checks.probe import Examination, Probe, Slot

FIXED = 1e-4
"""Where an ansatz leaves its network so little, beside the most, it counts as fixed: fitted
distances vanish up to their own rounding.
"""
MISSED = 0.02
"""What share of a boundary may be without a condition, as corners of curved domains are."""


def order(e: Examination, unknown: str, output: int, axes: list[int]) -> int:
    """The highest derivative along any of the axes in the equations, of one output."""
    slots = (s for p in e.equations for c in p.concerning(unknown, output) for s in c)
    return max((s.order(axis) for s in slots if not s.site.place for axis in axes), default=0)


# ── in time ───────────────────────────────────────────────────────────────────────────────────────


def initial(e: Examination) -> Iterator[Finding]:
    """Equations of order m in t with fewer than m conditions at an instant."""
    if "t" not in e.axes:
        return
    t = e.axes.index("t")
    for unknown, output in e.outputs():
        needed = order(e, unknown, output, [t])
        if not needed or t in e.field.networks()[unknown].periodic or e.measured(unknown):
            continue
        if _history(e, unknown, output):
            continue
        free = len(e.field.networks()[unknown].constant)
        given = [
            c for p in e.probes for c in p.concerning(unknown, output) * len(instants(p, t, free))
        ]
        given += [frozenset()] * held_at(e, unknown, output, e.problem.bounds[0][t])
        if len(given) < needed:
            yield _uninitialised(e, unknown, output, needed, given)


def _uninitialised(
    e: Examination, unknown: str, output: int, needed: int, given: list[frozenset[Slot]]
) -> Finding:
    """Which of the values at the start, u and its derivatives by t, no condition gives.

    They are wanted at the end where the equation diffuses backward in time.
    """
    t = e.axes.index("t")
    waves = rates(e, unknown, output)
    backward = waves is not None and waves.grow and not waves.decay
    name, time = e.called(unknown, output), e.problem.bounds[int(backward)][t]
    domain = next(p.domain for p in e.equations if p.concerning(unknown, output))
    end, taken = "end" if backward else "start", [c.name for c in e.problem.conditions]
    fixed = {min(s.order(t) for s in slots) for slots in given if slots}
    lacking = [f"∂{name}/∂t" if k else name for k in range(needed) if k not in fixed]
    lacking = lacking[-(needed - len(given)) :]
    value = f"d({name}, p.t)" if lacking[-1].startswith("∂") else name
    return error(
        "initial",
        unknown,
        f"the equation is of order {needed} in t for {name}, which requires as many initial "
        f"conditions, and has {len(given)}. Give {listed(lacking)} at the {end}, "
        f"`@on({advice.instant(domain, time)})`{advice.explained(domain)} above "
        f"`def {advice.fresh(end, taken)}(p, {unknown}): return {value} - …`.",
    )


def instants(p: Probe, t: int, free: int = 0) -> set[float]:
    """At which instants a condition holds in all of space, but for `free` axes of it."""
    full = len(p.domain.axes) - 1
    if p.measured or not full - free <= p.domain.dimension <= full:
        return set()
    return {q.bounds[0][t] for q in p.domain.pieces if q.bounds[0][t] == q.bounds[1][t]}


def _history(e: Examination, unknown: str, output: int) -> bool:
    """Whether an unknown is given outright in a part of space-time, as before a delay begins."""
    own = (unknown, output)
    components = (c for p in e.equations for c in p.uses if c)
    return any(
        all((s.unknown, s.output, s.key, s.site.place) == (*own, (), 0) for s in c)
        for c in components
    )


def joined(e: Examination, p: Probe, x: Tensor) -> Tensor:
    """Which points (n,) lie on a face that a condition on another one takes unknowns at."""
    result = torch.zeros(len(x), dtype=torch.bool, device="cpu")
    places = p.bound.positions(p.bound.structure, p.points)[1:]
    for axes, there in zip(p.bound.places, places, strict=True):
        for axis in axes:
            at, (low, high) = there[0, axis], (side[axis] for side in p.domain.bounds)
            if low == high and bool(((there[:, axis] - at).abs() <= e.tolerance).all()):
                here = x.clone()
                here[:, axis] = low
                on_face = (x[:, axis] - at).abs() <= e.tolerance
                result |= on_face & p.domain.contains(here, e.tolerance)
    return result


def held_at(e: Examination, unknown: str, output: int, time: float) -> bool:
    """Whether an ansatz fixes an unknown at a time."""
    inside = [p for p in e.equations if p.concerning(unknown, output)]
    x = inside[0].points.positions.clone()
    x[:, e.axes.index("t")] = time
    return bool(held(e, inside[0].moved(x), unknown, output).all())


def held(e: Examination, p: Probe, unknown: str, output: int) -> Tensor:
    """Where the field has a fixed value by its ansatz, whatever its parameters (n,)."""
    inside = torch.cat([_freedom(e, q, unknown, output) for q in e.equations])
    return _freedom(e, p, unknown, output) <= FIXED * inside.max()


def _freedom(e: Examination, p: Probe, unknown: str, output: int) -> Tensor:
    """By how much the field moves with its network's value at a probe's points (n,)."""
    values = []
    for size in (0.0, 1.0):
        jets = {
            name: Constant(size)
            if network.outputs == 1
            else Vector([Constant(size)] * network.outputs)
            for name, network in e.field.networks().items()
        }
        u = e.field.unknowns(p.points, jets)[unknown]
        part: Part = (u[output] if isinstance(u, Vector) else u).value
        values.append(torch.zeros_like(p.points.positions[:, 0]) + part)
    return (values[1] - values[0]).abs()


# ── beside it ─────────────────────────────────────────────────────────────────────────────────────


def outside(e: Examination) -> Iterator[Finding]:
    """Conditions that hold where no equation does."""
    for p in e.probes:
        if p in e.equations or not e.equations:
            continue
        x = p.points.positions
        inside = torch.zeros(len(x), dtype=torch.bool)
        for equation in e.equations:
            inside |= equation.domain.contains(x, e.tolerance)
        domain = e.equations[0].domain
        if float((~inside).double().mean()) > MISSED:
            yield warning(
                "outside",
                p.name,
                f"`{p.name}` holds at {place(e.axes, x[~inside][0])}, where no equation does, so "
                "that nothing ties the values there to those inside. Take its domain from that of "
                f"the equation, `@on({advice.whole(domain)})`{advice.explained(domain)} or a part "
                "of it.",
            )
