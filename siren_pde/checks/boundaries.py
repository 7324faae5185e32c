"""Whether an equation has the boundary conditions that its order requires."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.checks import advice
from siren_pde.checks.coverage import MISSED, held, joined, order
from siren_pde.checks.finding import Finding, error, note, warning
from siren_pde.checks.places import listed, sides
from siren_pde.checks.probe import Examination, Probe, Slot
from siren_pde.checks.singular import unneeded
from siren_pde.checks.symbols import axes_of, operators
from siren_pde.collocation.quadrature import Sobol
from siren_pde.domains.base import Domain
from siren_pde.errors import SirenPDEError
from siren_pde.fields.ansatz import Ansatz
from siren_pde.fields.system import parts

BOUNDARY = 512
"""Points on the boundary at which conditions are counted."""
LEANING = 1e-3
"""From which component on a unit normal counts as pointing along an axis, too."""
STRAIGHT = 0.99
"""From which component on it points along that axis alone."""
MOVED = 0.13
"""By what share of its range a coordinate is moved to see whether coefficients depend on it."""


def boundary(e: Examination) -> Iterator[Finding]:
    """Parts of the boundary with fewer than m/2 conditions, for equations of order m across it."""
    space = [i for i, name in enumerate(e.axes) if name != "t"]
    reported: set[tuple[str, tuple[str, ...]]] = set()
    for unknown, output in e.outputs() if space else []:
        for domain in domains(e, unknown, output):
            own = _own_edge(e, domain, unknown, output)
            if own is None or (len(space) == 1 and _enough(e, unknown, output, space[0])):
                continue
            bare = _bare(e, domain, own, unknown, output)
            for axis in _parameters(e, own, bare, unknown, output):
                ends = (unknown, (e.axes[axis],))
                if ends not in reported:
                    yield _parameter(e, domain, axis, unknown, output)
                reported.add(ends)
                bare = bare & ~_facing(own, axis)
            if float(bare.double().mean()) <= MISSED:
                continue
            x = own.positions[bare]
            where = sides(e.axes, domain.bounds, x, e.tolerance)
            if (unknown, tuple(where)) not in reported:
                reported.add((unknown, tuple(where)))
                yield _missing(e, domain, x, unknown, output)


def domains(e: Examination, unknown: str, output: int) -> list[Domain]:
    """The different domains of the equations for one output."""
    mine = [p.domain for p in e.equations if p.concerning(unknown, output)]
    return [domain for i, domain in enumerate(mine) if domain not in mine[:i]]


def edge(e: Examination, domain: Domain) -> Points | None:
    """Points on the boundary of a domain in space, with normals; None if it has none."""
    try:
        points = Sobol(BOUNDARY)(domain.boundary, seed=e.seed)
    except SirenPDEError:  # it has none, or none that can be sampled
        return None
    keep = domain.boundary.contains(points.positions, e.tolerance)  # meshes round more
    if "t" in e.axes:
        low, high = (side[e.axes.index("t")] for side in domain.bounds)
        t = points.positions[:, e.axes.index("t")]
        keep &= (t - low > e.tolerance) & (high - t > e.tolerance)
    return points.select(keep) if bool(keep.any()) and points.normals is not None else None


def _own_edge(e: Examination, domain: Domain, unknown: str, output: int) -> Points | None:
    """Points on the boundary where an unknown ends: no equation for it, and none that adjoins
    this one, holds on their other side.
    """
    points = edge(e, domain)
    mine = next(p for p in e.equations if p.domain == domain)
    for other in e.equations if points is not None else ():
        if other.domain != domain and (other.concerning(unknown, output) or adjacent(mine, other)):
            points = points and points.select(~other.domain.contains(points.positions, e.tolerance))
    return points if points is not None and len(points) else None


def adjacent(a: Probe, b: Probe) -> bool:
    """Whether the domains of two equations share no points but perhaps on their boundaries."""
    shares = (p.domain.contains(q.points.positions).double().mean() for p, q in ((a, b), (b, a)))
    return all(float(share) <= MISSED for share in shares)


# ── how many conditions there are, and how many it takes ──────────────────────────────────────────


def _bare(e: Examination, domain: Domain, own: Points, unknown: str, output: int) -> Tensor:
    """At which points of the boundary a condition for one output is missing (n,).

    One that unknowns without a need of their own are given stands in for it, as a pressure does for
    a velocity where a flow leaves.
    """
    required = needed(e, domain, own, unknown, output)
    lacking = counts(e, own, unknown, output) < required
    if not bool(lacking.any()):
        return lacking
    given = counts(e, own, unknown, output)
    for other in _coupled(e, unknown, output):
        extra = counts(e, own, *other)
        given = given + torch.where(needed(e, domain, own, *other) > 0, 0 * extra, extra)
    lacking = lacking & (given < required)
    return lacking & ~unneeded(e, domain, own, unknown, output) if lacking.any() else lacking


def needed(e: Examination, domain: Domain, own: Points, unknown: str, output: int) -> Tensor:
    """How many conditions an output needs at points of the boundary, by the order across it (n,).

    Derivatives along it, such as those by a parameter's neighbours, require none.
    """
    assert own.normals is not None
    leaning = own.normals.abs() > LEANING
    keys = {
        slot.key
        for p in e.equations
        if p.domain == domain
        for c in p.concerning(unknown, output)
        for slot in c
        if not slot.site.place
    }
    most = torch.zeros(len(own), dtype=torch.long, device="cpu")
    for key in keys:
        axes = list(axes_of(key))
        across = leaning[:, axes].long()
        times = 2 * across.amax(1) if not isinstance(key, tuple) else across.sum(1)
        most = torch.maximum(most, times) if axes else most
    return most // 2


def counts(e: Examination, own: Points, unknown: str, output: int) -> Tensor:
    """How many conditions for one output hold at each point of the boundary (n,)."""
    x = own.positions
    inside = next(p for p in e.equations if p.concerning(unknown, output))
    count = held(e, inside.moved(x), unknown, output).long()
    low, high = e.problem.bounds
    for axis in e.field.networks()[unknown].periodic:
        at_end = torch.minimum((x[:, axis] - low[axis]).abs(), (x[:, axis] - high[axis]).abs())
        count += 9 * (at_end <= e.tolerance).long()
    field = parts(e.field)[unknown]
    for part in field.flux if isinstance(field, Ansatz) else ():
        count += part.contains(x, e.tolerance).long()
    for p in e.probes:
        components = len(p.concerning(unknown, output))
        if components and p not in e.equations:
            count += components * p.domain.contains(x, e.tolerance).long()
            count += components // 2 * joined(e, p, x).long()
    return count


def _coupled(e: Examination, unknown: str, output: int) -> list[tuple[str, int]]:
    """The other outputs in equations with an output, whose conditions may do for its own."""
    one = (unknown, output)
    both = [
        {(s.unknown, s.output) for s in component}
        for p in e.equations
        for component in p.uses
        if one in {(s.unknown, s.output) for s in component}
    ]
    return sorted(set().union(*both) & set(e.outputs()) - {one})


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


# ── parameters taken for places ───────────────────────────────────────────────────────────────────


def _parameters(
    e: Examination, own: Points, bare: Tensor, unknown: str, output: int
) -> Iterator[int]:
    """Axes bare at both ends, with conditions across others, on which coefficients depend."""
    assert own.normals is not None
    for axis, name in enumerate(e.axes):
        facing = _facing(own, axis)
        ends = {bool(side > 0) for side in own.normals[facing, axis]}
        held_elsewhere = bool((~bare & ~facing).any()) and not bool((bare & ~facing).all())
        if name != "t" and len(ends) == 2 and bool(bare[facing].all()) and held_elsewhere:
            if any(_varies(p, unknown, output, axis) for p in e.equations):
                yield axis


def _facing(own: Points, axis: int) -> Tensor:
    assert own.normals is not None
    return own.normals[:, axis].abs() > STRAIGHT


def _varies(p: Probe, unknown: str, output: int, axis: int) -> bool:
    """Whether what an equation multiplies an unknown by depends on a coordinate."""
    if not p.concerning(unknown, output):
        return False
    low, high = p.points.bounds
    step = torch.zeros_like(low)
    step[axis] = MOVED * (high - low)[axis]
    channels = p.random(0)
    try:
        moved = operators(p.moved(p.points.positions + step), unknown, output, channels)
        return any(
            not torch.allclose(a.coefficient(key), b.coefficient(key), atol=0.0)
            for a, b in zip(operators(p, unknown, output, channels), moved, strict=True)
            for key in a.terms
        )
    except (SirenPDEError, ValueError):  # normals or measurements, or other terms elsewhere
        return False


def _parameter(e: Examination, domain: Domain, axis: int, unknown: str, output: int) -> Finding:
    name, m = e.called(unknown, output), e.axes[axis]
    low, high = (side[axis] for side in domain.bounds)
    space = ", ".join(f"p.{each}" for each in e.axes if each not in ("t", m))
    middle = torch.tensor([[(a + b) / 2 for a, b in zip(*domain.bounds, strict=True)]] * 2)
    middle = middle.double()
    middle[:, axis] = middle.new_tensor([low, high])
    equation = next(
        p.name
        for p in e.equations
        if any(Slot.order(s, axis) for c in p.concerning(unknown, output) for s in c)
    )
    return error(
        "parameter",
        unknown,
        f"`{equation}` differentiates {name} twice along {m}, on which its coefficients depend, "
        f"and no condition holds at either end of {m}. If {m} is a parameter, name the coordinates "
        f"that are space: `lap({name}, {space})`, and in `grad` and `div` alike; no conditions at "
        f"the ends of {m} are needed then. If {m} is a place as well, {name} is not determined "
        f"without them: add `@on({advice.part(domain, middle, e.tolerance)})`"
        f"{advice.explained(domain)} above "
        f"`def {_fresh(e)}(p, {unknown}): return {name} - …`.",
    )


def _if_parameter(e: Examination, domain: Domain, x: Tensor, name: str) -> str:
    """What to write if the one coordinate that is bare at both ends is meant as a parameter."""
    bare = {
        axis: len(advice.ends(domain, i, x, e.tolerance))
        for i, axis in enumerate(e.axes)
        if advice.ends(domain, i, x, e.tolerance)
    }
    space = [axis for axis in e.axes if axis not in ("t", *bare)]
    if not space or [*bare.values()] != [2]:
        return ""
    (m,) = bare
    along = ", ".join(f"p.{axis}" for axis in space)
    return f" If {m} is a parameter, write `lap({name}, {along})`, and add none."


def _fresh(e: Examination) -> str:
    return advice.fresh("boundary", [c.name for c in e.problem.conditions])


def _missing(e: Examination, domain: Domain, x: Tensor, unknown: str, output: int) -> Finding:
    space = [i for i, axis in enumerate(e.axes) if axis != "t"]
    many, name = order(e, unknown, output, space) // 2, e.called(unknown, output)
    where = listed(sides(e.axes, domain.bounds, x, e.tolerance))
    across = [e.axes[i] for i in space if order(e, unknown, output, [i])]
    along = "" if len(across) == len(space) else "".join(f", p.{axis}" for axis in across)
    condition = name if many == 1 else f"lap({name}{along})"
    message = (
        f"the equation is of order {2 * many} in space for {name}, which requires {many} "
        f"boundary condition{'s' if many > 1 else ''}, and on {where} there are fewer, "
        f"so that {name} is not determined. Add one, "
        f"`@on({advice.part(domain, x, e.tolerance)})`{advice.explained(domain)} above "
        f"`def {_fresh(e)}(p, {unknown}): return {condition} - …`."
        f"{_if_parameter(e, domain, x, name)}"
    )
    if e.measured(unknown):
        return note("boundary", unknown, message)
    return warning("boundary", unknown, message)
