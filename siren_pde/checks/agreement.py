"""Whether conditions agree where they meet: the values they force there are compared."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import torch
from torch import Tensor

from siren_pde.checks.finding import Finding, error, warning
from siren_pde.checks.places import number, place
from siren_pde.checks.probe import Examination, Probe, Slot
from siren_pde.errors import SirenPDEError

APART = 1e-6
"""How far forced values may lie apart, relative to the largest: rounding, and the user's digits."""
SHARED = 0.05
"""From which share of its points on a condition is taken to be doubled, not to meet another."""


def agreement(e: Examination) -> Iterator[Finding]:
    """Pairs of conditions that force different values at points where both hold."""
    forcing = [p for p in e.probes if not p.measured and p.affine]
    for a, b in itertools.combinations(forcing, 2):
        for i, j in itertools.product(range(len(a.uses)), range(len(b.uses))):
            slot = _forced(a, i)
            if slot is not None and _same(slot, _forced(b, j)):
                finding = _compared(e, a, b, i, j, slot)
                if finding is not None:
                    yield finding


def _forced(p: Probe, component: int) -> Slot | None:
    """The single value that a component determines at its own points, if it is one."""
    slots = p.uses[component]
    (slot, *more) = slots or (None,)
    return None if more or slot is None or slot.key != () or slot.site.place else slot


def _same(a: Slot, b: Slot | None) -> bool:
    return b is not None and (a.unknown, a.output) == (b.unknown, b.output)


def _compared(e: Examination, a: Probe, b: Probe, i: int, j: int, slot: Slot) -> Finding | None:
    """Where component i of a and j of b differ most, if they do."""
    meeting, whole = _meeting(a, b, e.tolerance)
    if not len(meeting):
        return None
    try:
        met = [_value(p.moved(meeting), k, slot) for p, k in ((a, i), (b, j))]
        own = [_value(p, k, slot) for p, k in ((a, i), (b, j))]
    except SirenPDEError:  # a condition that uses normals or measurements cannot be moved
        return None
    gap = (met[0] - met[1]).abs()
    gap = torch.where(torch.isfinite(gap), gap, torch.zeros_like(gap))
    size = max(float(torch.nan_to_num(v, 0.0, 0.0, 0.0).abs().max()) for v in (*own, *met))
    worst = int(gap.argmax())
    if not float(gap[worst]) > APART * size:
        return None
    name = e.called(slot.unknown, slot.output)
    first, second = (number(float(v[worst])) for v in met)
    both = (
        f"`{a.name}` requires {name} = {first} and `{b.name}` {name} = {second} at "
        f"{place(e.axes, meeting[worst])}, where both hold"
    )
    if whole:
        return error("agreement", b.name, f"{both}, and on a whole part beside it. Drop one.")
    return warning(
        "agreement",
        b.name,
        f"{both}, and no continuous {name} does. Let both take the same value there, or expect the "
        "error to stay large around it.",
    )


def _value(p: Probe, component: int, slot: Slot) -> Tensor:
    """The value (n,) of the unknown that makes a component vanish."""
    mine = Slot(slot.site, slot.output, (), 0)
    data = p.residual(p.zero)[:, component]
    return -data / (p.residual(p.indicator(mine))[:, component] - data)


def _meeting(a: Probe, b: Probe, tolerance: float) -> tuple[Tensor, bool]:
    """Points (n, d) in both domains, and whether they are a part of one of full dimension.

    Besides the points of one that lie in the other, these are points moved onto flat pieces of the
    other, as from a face in space to the start.
    """
    meeting, whole = [], False
    for one, other in ((a, b), (b, a)):
        x = one.points.positions
        inside = other.domain.contains(x, tolerance)
        whole |= float(inside.double().mean()) > SHARED
        meeting.append(x[inside])
        for piece in other.domain.pieces[:64]:
            low, high = (x.new_tensor(side) for side in piece.bounds)
            flat = low == high
            if bool(flat.any()):
                moved = torch.where(flat, low, x)
                both = one.domain.contains(moved, tolerance) & piece.contains(moved, tolerance)
                meeting.append(moved[both])
    return torch.cat(meeting), whole
