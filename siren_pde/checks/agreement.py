"""Whether conditions agree where they meet: the values they force there are compared."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from siren_pde.calculus.derivatives import Key
from siren_pde.calculus.points import Points
from siren_pde.checks.finding import Finding, error, warning
from siren_pde.checks.places import derivative, number, place
from siren_pde.checks.probe import Examination, Probe, Slot
from siren_pde.collocation.expression import Site
from siren_pde.errors import SirenPDEError

APART = 1e-6
"""How far forced values may lie apart, relative to the largest: rounding, and the user's digits."""
SHARED = 0.05
"""From which share of its points on a condition is taken to be doubled, not to meet another."""
PARALLEL = 1e-9
"""By how much the cosine of two lines of coefficients may miss 1: rounding of normals."""


def agreement(e: Examination) -> Iterator[Finding]:
    """Pairs of conditions that force different values at points where both hold."""
    forcing = [p for p in e.probes if not p.measured and p.affine]
    for a, b in itertools.combinations(forcing, 2):
        for i, j in itertools.product(range(len(a.uses)), range(len(b.uses))):
            if _about(a, i) is not None and _about(a, i) == _about(b, j):
                yield from _compared(e, a, b, i, j)


def forced(p: Probe, component: int) -> Slot | None:
    """The single value or derivative that a component determines at its points, if it is one."""
    slots = p.uses[component]
    (slot, *more) = slots or (None,)
    return None if more or slot is None or slot.site.place else slot


def forced_value(p: Probe, component: int, slot: Slot) -> Tensor:
    """The value (n,) of the unknown, or of its derivative, that makes a component vanish."""
    mine = next(s for s in p.slots if s == slot)
    data = p.residual(p.zero)[:, component]
    return -data / (p.residual(p.indicator(mine))[:, component] - data)


def _about(p: Probe, component: int) -> tuple[str, int] | None:
    """The one output of an unknown at its points that a component is about, if it is one."""
    outputs = {(s.site, s.output) for s in p.uses[component]}
    ((site, output), *more) = outputs or ((None, 0),)
    return None if more or site is None or site.place else (site.network, output)


@dataclass(frozen=True, eq=False)
class _Line:
    """A component Σ coefficient · derivative + data at points: (n, k) and (n,)."""

    keys: tuple[Key, ...]
    coefficients: Tensor
    data: Tensor

    @staticmethod
    def of(p: Probe, component: int, points: Points, keys: tuple[Key, ...]) -> _Line:
        """A component at points, by the derivatives `keys` of what it is about."""
        q = replace(p, points=points)
        _, seeds = q.bound.seeds(q.bound.structure, q.points, q.zero)
        slots = {s.key: s for s in p.uses[component]}
        zero = torch.zeros_like(points.positions[:, 0])
        columns = [
            seeds[component][s.site][s.channel, :, s.output] if (s := slots.get(key)) else zero
            for key in keys
        ]
        return _Line(keys, torch.stack(columns, 1), q.residual(q.zero)[:, component])

    @property
    def size(self) -> Tensor:
        """The norm of the coefficients (n,), whose squares may not underflow."""
        largest = self.coefficients.abs().amax(1, keepdim=True)
        unit = self.coefficients / largest.where(largest > 0, torch.ones_like(largest))
        return unit.square().sum(1).sqrt() * largest[:, 0]

    @property
    def value(self) -> Tensor:
        """What it requires of the derivatives along its unit vector of coefficients (n,)."""
        return torch.nan_to_num(-self.data / self.size, 0.0, 0.0, 0.0)

    @property
    def direction(self) -> Tensor:
        """That unit vector (n, k)."""
        return torch.nan_to_num(self.coefficients / self.size[:, None], 0.0, 0.0, 0.0)


def _compared(e: Examination, a: Probe, b: Probe, i: int, j: int) -> Iterator[Finding]:
    """Where component i of a and j of b differ most, if they require the same in different ways.

    Derivatives are compared where both conditions hold on a whole part alone: at the corner of two
    faces each may be meant as a limit.
    """
    keys = tuple({s.key: None for s in sorted(a.uses[i] | b.uses[j], key=lambda s: str(s.key))})
    places, whole = _meeting(a, b, e.tolerance)
    if keys != ((),) and not whole:
        return
    pairs: list[tuple[Points, _Line, _Line]] = []
    for points in places:
        try:
            pairs.append((points, _Line.of(a, i, points, keys), _Line.of(b, j, points, keys)))
        except SirenPDEError:  # a condition that uses normals or measurements cannot be moved
            continue
    own = [_Line.of(p, k, p.points, keys).value.abs().max() for p, k in ((a, i), (b, j))]
    size = max(float(v) for v in (*own, *(x.value.abs().max() for _, *xs in pairs for x in xs)))
    gaps = [_gap(one, other) for _, one, other in pairs]
    worst = max(range(len(gaps)), key=lambda k: float(gaps[k].max()), default=None)
    if worst is None or not float(gaps[worst].max()) > APART * size:
        return
    points, one, other = pairs[worst]
    about = _about(a, i)
    assert about is not None
    where = (points, int(gaps[worst].argmax()))
    yield _finding(e, (a, b), where, [one, other], about, whole=whole)


def _gap(one: _Line, other: _Line) -> Tensor:
    """By how much two lines differ where they are about the same combination, else 0 (n,)."""
    cosine = (one.direction * other.direction).sum(1)
    gap = (one.value - cosine.sign() * other.value).abs()
    return torch.where(cosine.abs() > 1 - PARALLEL, gap, torch.zeros_like(gap))


def _finding(
    e: Examination,
    pair: tuple[Probe, Probe],
    where: tuple[Points, int],
    lines: list[_Line],
    about: tuple[str, int],
    *,
    whole: bool,
) -> Finding:
    (a, b), (points, k) = pair, where
    unknown, output = about
    entries = lines[0].direction[k]
    largest = int(entries.abs().argmax())
    name = derivative(
        Slot(Site(unknown), output, lines[0].keys[largest], 0), e.axes, e.called(unknown, output)
    )
    if float(entries.abs()[largest]) < 1 - PARALLEL:
        name = f"the same combination of derivatives of {e.called(unknown, output)}"
    first, second = (number(float(x.value[k] * x.direction[k, largest].sign())) for x in lines)
    both = (
        f"`{a.name}` requires {name} = {first} and `{b.name}` {name} = {second} at "
        f"{place(e.axes, points.positions[k])}, where both hold"
    )
    if whole:
        return error("agreement", b.name, f"{both}, and on a whole part beside it. Drop one.")
    return warning(
        "agreement",
        b.name,
        f"{both}, and no continuous {name} does. Let both take the same value there, or expect the "
        "error to stay large around it.",
    )


def _meeting(a: Probe, b: Probe, tolerance: float) -> tuple[list[Points], bool]:
    """Sets of points in both domains, and whether they are a part of one of full dimension.

    Besides the points of one that lie in the other, which keep their normals, these are points
    moved onto flat pieces of the other, as from a face in space to the start.
    """
    meeting, whole = [], False
    for one, other in ((a, b), (b, a)):
        x = one.points.positions
        inside = other.domain.contains(x, tolerance)
        whole |= float(inside.double().mean()) > SHARED
        meeting.append(one.points.select(inside))
        for piece in other.domain.pieces[:64]:
            low, high = (x.new_tensor(side) for side in piece.bounds)
            flat = low == high
            if bool(flat.any()):
                moved = torch.where(flat, low, x)
                both = one.domain.contains(moved, tolerance) & piece.contains(moved, tolerance)
                meeting.append(one.moved(moved[both]).points)
    return [points for points in meeting if len(points)], whole
