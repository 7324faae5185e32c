"""Whether an equation has the initial and boundary conditions that its order requires."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from siren_pde.calculus.derivatives import Part
from siren_pde.calculus.jets import Constant
from siren_pde.calculus.vectors import Vector
from siren_pde.checks.finding import Finding, error, note, warning
from siren_pde.checks.places import listed, number, place, sides
from siren_pde.checks.probe import Examination, Probe, Slot
from siren_pde.collocation.quadrature import Sobol
from siren_pde.domains.base import Domain
from siren_pde.errors import SirenPDEError
from siren_pde.fields.ansatz import Ansatz
from siren_pde.fields.system import parts

BOUNDARY = 512
"""Points on the boundary at which conditions are counted."""
FIXED = 1e-4
"""Where an ansatz leaves its network so little, beside the most, it counts as fixed: fitted
distances vanish up to their own rounding.
"""
MISSED = 0.02
"""What share of a boundary may be without a condition, as corners of curved domains are."""


def order(e: Examination, unknown: str, output: int, axes: list[int]) -> int:
    """The highest derivative along any of the axes in the equations, of one output."""
    slots = (s for p in e.equations for c in p.concerning(unknown, output) for s in c)
    return max((s.order(axis) for s in slots for axis in axes), default=0)


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
        given = [c for p in e.probes for c in p.concerning(unknown, output) * _instants(p, t, free)]
        given += [frozenset()] * _held(e, unknown, output, t)
        if len(given) < needed:
            yield _uninitialised(e, unknown, output, needed, given)


def _uninitialised(
    e: Examination, unknown: str, output: int, needed: int, given: list[frozenset[Slot]]
) -> Finding:
    """Which of the values at the start, u and its derivatives by t, no condition gives."""
    t = e.axes.index("t")
    name, start = e.called(unknown, output), number(e.problem.bounds[0][t])
    fixed = {min(s.order(t) for s in slots) for slots in given if slots}
    lacking = [f"∂{name}/∂t" if k else name for k in range(needed) if k not in fixed]
    lacking = lacking[-(needed - len(given)) :]
    value = f"d({name}, p.t)" if lacking[-1].startswith("∂") else name
    return error(
        "initial",
        unknown,
        f"the equation is of order {needed} in t for {name}, which requires as many initial "
        f"conditions, and has {len(given)}. Give {listed(lacking)} at the start, "
        f"`@on(domain.at(t={start}))` above `def start(p, {unknown}): return {value} - …`.",
    )


def _instants(p: Probe, t: int, free: int) -> int:
    """At how many instants a condition holds in all of space, but for `free` axes of it."""
    full = len(p.domain.axes) - 1
    flat = (q.bounds[0][t] for q in p.domain.pieces if q.bounds[0][t] == q.bounds[1][t])
    partial = not full - free <= p.domain.dimension <= full
    return 0 if p.measured or partial else len(set(flat))


def _history(e: Examination, unknown: str, output: int) -> bool:
    """Whether an unknown is given outright in a part of space-time, as before a delay begins."""
    own = (unknown, output)
    components = (c for p in e.equations for c in p.uses if c)
    return any(
        all((s.unknown, s.output, s.key, s.site.place) == (*own, (), 0) for s in c)
        for c in components
    )


def _held(e: Examination, unknown: str, output: int, t: int) -> int:
    """1 if an ansatz fixes the unknown at the start, else 0."""
    inside = [p for p in e.equations if p.concerning(unknown, output)]
    x = inside[0].points.positions.clone()
    x[:, t] = e.problem.bounds[0][t]
    return int(bool(held(e, inside[0].moved(x), unknown, output).all()))


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


# ── in space ──────────────────────────────────────────────────────────────────────────────────────


def boundary(e: Examination) -> Iterator[Finding]:
    """Parts of the boundary with fewer than m/2 conditions, for equations of order m in space."""
    space = [i for i, name in enumerate(e.axes) if name != "t"]
    reported: set[tuple[str, tuple[str, ...]]] = set()
    for unknown, output in e.outputs():
        needed = order(e, unknown, output, space) // 2
        for domain in _domains(e, unknown, output) if needed and space else []:
            probe = _edge(e, domain)
            if probe is None or (len(space) == 1 and _enough(e, unknown, output, space[0])):
                continue
            bare = _counts(e, probe, unknown, output) < needed
            if float(bare.double().mean()) <= MISSED:
                continue
            where = sides(e.axes, domain.bounds, probe.points.positions[bare], e.tolerance)
            if (unknown, tuple(where)) not in reported:
                reported.add((unknown, tuple(where)))
                yield _missing(e, unknown, output, needed, where)


def _missing(e: Examination, unknown: str, output: int, needed: int, where: list[str]) -> Finding:
    name, single = e.called(unknown, output), len(where) == 1 and "near" not in where[0]
    condition = name if needed == 1 else f"lap({name})"
    message = (
        f"the equation is of order {2 * needed} in space for {name}, which requires {needed} "
        f"boundary condition{'s' if needed > 1 else ''}, and on {listed(where)} there are fewer, "
        f"so that {name} is not determined. Add one, "
        f"`@on(domain.{f'at({where[0]})' if single else 'boundary'})` above "
        f"`def boundary(p, {unknown}): return {condition} - …`."
    )
    if e.measured(unknown):
        return note("boundary", unknown, message)
    return warning("boundary", unknown, message)


def _domains(e: Examination, unknown: str, output: int) -> list[Domain]:
    """The different domains of the equations for one output."""
    mine = [p.domain for p in e.equations if p.concerning(unknown, output)]
    return [domain for i, domain in enumerate(mine) if domain not in mine[:i]]


def _edge(e: Examination, domain: Domain) -> Probe | None:
    """Points on the boundary in space of a domain, those within another equation's left out."""
    try:
        points = Sobol(BOUNDARY)(domain.boundary, seed=e.seed)
    except SirenPDEError:  # it has none, or none that can be sampled
        return None
    keep = domain.boundary.contains(points.positions, e.tolerance)  # meshes round more
    if "t" in e.axes:
        low, high = (side[e.axes.index("t")] for side in domain.bounds)
        t = points.positions[:, e.axes.index("t")]
        keep &= (t - low > e.tolerance) & (high - t > e.tolerance)
    for other in e.equations:
        if other.domain != domain:
            keep &= ~other.domain.contains(points.positions, e.tolerance)
    probe = next(p for p in e.equations if p.domain == domain)
    return probe.moved(points.positions[keep]) if bool(keep.any()) else None


def _counts(e: Examination, probe: Probe, unknown: str, output: int) -> Tensor:
    """How many conditions for one output hold at each of the probe's points (n,)."""
    x = probe.points.positions
    count = held(e, probe, unknown, output).long()
    for axis in e.field.networks()[unknown].periodic:
        low, high = (side[axis] for side in probe.domain.bounds)
        ends = torch.minimum((x[:, axis] - low).abs(), (x[:, axis] - high).abs())
        count += 9 * (ends <= e.tolerance).long()
    field = parts(e.field)[unknown]
    for part in field.flux if isinstance(field, Ansatz) else ():
        count += part.contains(x, e.tolerance).long()
    for p in e.probes:
        components = len(p.concerning(unknown, output))
        if components and p not in e.equations:
            count += components * p.domain.contains(x, e.tolerance).long()
            count += components // 2 * _joined(e, p, x).long()
    return count


def _joined(e: Examination, p: Probe, x: Tensor) -> Tensor:
    """Which points (n,) lie on a face that a condition on another one takes unknowns at."""
    joined = torch.zeros(len(x), dtype=torch.bool)
    places = p.bound.positions(p.bound.structure, p.points)[1:]
    for axes, there in zip(p.bound.places, places, strict=True):
        for axis in axes:
            at = there[0, axis]
            if _flat(p.domain, axis) and bool(((there[:, axis] - at).abs() <= e.tolerance).all()):
                here = x.clone()
                here[:, axis] = p.domain.bounds[0][axis]
                on_face = (x[:, axis] - at).abs() <= e.tolerance
                joined |= on_face & p.domain.contains(here, e.tolerance)
    return joined


def _enough(e: Examination, unknown: str, output: int, axis: int) -> bool:
    """Whether a line has as many conditions as the equation's order, wherever they hold."""
    ends = 0
    for p in e.probes:
        if p not in e.equations:
            places = {q.bounds[0][axis] for q in p.domain.pieces if _flat(q, axis)}
            ends += len(p.concerning(unknown, output)) * len(places)
    return ends >= order(e, unknown, output, [axis])


def _flat(domain: Domain, axis: int) -> bool:
    return domain.bounds[0][axis] == domain.bounds[1][axis]


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
        if float((~inside).double().mean()) > MISSED:
            yield warning(
                "outside",
                p.name,
                f"`{p.name}` holds at {place(e.axes, x[~inside][0])}, where no equation does, so "
                "that nothing ties the values there to those inside. Take its domain from that of "
                "the equation, `@on(domain.boundary)` or `@on(domain.at(x=…))`.",
            )
