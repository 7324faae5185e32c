"""Ends at which an equation needs no condition, as its coefficients are singular or vanish there.

At r = 0 of polar coordinates, u_rr + u_r / r, bounded solutions obey the equation and one condition
less. Where the second derivative's coefficient is a and the first one's b at a distance s from the
end, both counted into the domain, Fichera's criterion says when: if s b / a tends to a number from
1 on, or a vanishes like s² or faster and b does not point out of the domain.
"""

from __future__ import annotations

import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.checks.probe import Examination
from siren_pde.checks.symbols import operators
from siren_pde.domains.base import Domain
from siren_pde.errors import SirenPDEError

NEAR = 1e-5
"""The distance from an end, beside the domain's extent, at which coefficients are compared."""
ONE = 0.98
"""What counts as 1: coefficients at that distance differ from their limits by a little more."""
OUTWARD = -100.0
"""Below this, s b / a means that b stays finite and points outwards while a vanishes."""


def unneeded(e: Examination, domain: Domain, edge: Points, unknown: str, output: int) -> Tensor:
    """At which points of the boundary no condition is needed, by the limits of coefficients (n,).

    Only ends across a coordinate are looked at, and equations of second order.
    """
    assert edge.normals is not None
    result = torch.zeros(len(edge), dtype=torch.bool, device="cpu")
    for axis in range(len(e.axes)):
        for sign in (-1.0, 1.0):
            mine = edge.normals[:, axis] * sign > 1 - 1e-9
            if bool(mine.any()):
                x = edge.positions[mine]
                result[mine] = _degenerate(e, domain, x, (axis, sign), (unknown, output))
    return result


def _degenerate(
    e: Examination, domain: Domain, x: Tensor, side: tuple[int, float], which: tuple[str, int]
) -> Tensor:
    axis, sign = side
    extent = domain.bounds[1][axis] - domain.bounds[0][axis]
    result = torch.zeros(len(x), dtype=torch.bool, device="cpu")
    for p in e.equations:
        if p.domain != domain or not p.concerning(*which):
            continue
        pairs = []
        for distance in (NEAR * extent, 10 * NEAR * extent):
            near = x.clone()
            near[:, axis] -= sign * distance
            try:
                moved = p.moved(near)
                each = [
                    (o.coefficient((axis, axis)), -sign * o.coefficient((axis,)))
                    for o in operators(moved, *which)
                ]
            except SirenPDEError:  # it uses normals or measurements
                return result
            pairs.append([(a, b, distance) for a, b in each if bool((a != 0).any())])
        for (a, b, s), (far, _, _) in zip(*pairs, strict=False):
            power = torch.log10((far / a).abs())
            ratio = s * b / a
            slow = (power < 1.5) & (ratio >= ONE)
            fast = (power >= 1.5) & (ratio > OUTWARD)
            result |= torch.isfinite(a) & (slow | fast)
    return result
