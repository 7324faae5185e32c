"""How short waves of an unknown grow or decay in time, by the symbol of its equation."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from siren_pde.checks.probe import Channels, Examination, Probe
from siren_pde.checks.symbols import Operator, axes_of, differentiations, operators

DIRECTIONS = 32
"""Random directions of waves tried besides those along the coordinates."""
NEGLIGIBLE = 1e-9
"""Rates below this share of the largest are zeros up to rounding."""


@dataclass(frozen=True)
class Rates:
    """What short waves of an output do forward in time: some grow without bound, some decay so."""

    grow: bool
    decay: bool


def rates(e: Examination, unknown: str, output: int) -> Rates | None:
    """How short waves grow and decay, or None where no equation of first order in t says so.

    Nothing is said of equations in which time and space are differentiated together, another
    unknown is differentiated as often, or the sign depends on the unknowns.
    """
    t = e.axes.index("t")
    for p in e.equations:
        for component, uses in enumerate(p.uses):
            mine = {s for s in uses if (s.unknown, s.output) == (unknown, output)}
            keys = {s.key for s in mine}
            if (t,) not in keys or any(t in axes_of(k) and k != (t,) for k in keys):
                continue
            even = max((n for n in map(differentiations, keys) if n % 2 == 0), default=0)
            rest = max((differentiations(s.key) for s in uses - mine), default=0)
            if even < 2 or rest >= even:
                continue
            return _signs(p, (unknown, output), component, t, even)
    return None


def _signs(p: Probe, which: tuple[str, int], component: int, t: int, even: int) -> Rates | None:
    """The signs of the growth of short waves at all points and in all directions in space."""
    seen = set()
    for sign in (1.0, -1.0):
        channels = {name: sign * c for name, c in p.random(0).items()}
        operator = _component(p, which, component, channels)
        if operator is None:
            return None
        growth = _growth(operator, len(p.points.axes), t, even)
        least = NEGLIGIBLE * float(growth.abs().max())
        seen.add(Rates(bool((growth > least).any()), bool((growth < -least).any())))
        if not bool(torch.isfinite(growth).all()) or _mixed_in_place(growth, least):
            return None
    return seen.pop() if len(seen) == 1 else None


def _component(
    p: Probe, which: tuple[str, int], component: int, channels: Channels
) -> Operator | None:
    before = sum(any((s.unknown, s.output) == which for s in uses) for uses in p.uses[:component])
    each = list(operators(p, *which, channels))
    return each[before] if before < len(each) else None


def _growth(operator: Operator, axes: int, t: int, even: int) -> Tensor:
    """The rates (n, directions) at which waves grow, up to a positive factor."""
    generator = torch.Generator(device="cpu").manual_seed(0)
    straight = torch.eye(axes, dtype=torch.float64, device="cpu")
    waves = torch.cat(
        [
            straight,
            torch.randn((DIRECTIONS, axes), generator=generator, dtype=torch.float64, device="cpu"),
        ]
    )
    waves[:, t] = 0
    highest, rate = operator.of_degree(even), operator.coefficient((t,))
    real = (-1) ** (even // 2)  # of the factor i that each derivative brings
    return torch.stack(
        [-real * highest.symbol(xi) / rate for xi in waves[waves.abs().sum(1) > 0]], 1
    )


def _mixed_in_place(growth: Tensor, least: float) -> bool:
    """Whether one and the same direction grows at some points and decays at others."""
    return bool(((growth > least).any(0) & (growth < -least).any(0)).any())
