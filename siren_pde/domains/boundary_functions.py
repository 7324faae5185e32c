"""Formulas for functions that are zero on parts of boundaries, for exact boundary values."""

from __future__ import annotations

import math

from siren_pde.calculus.functions import sqrt
from siren_pde.calculus.jets import Jet
from siren_pde.calculus.operators import Derivative

Vertex = tuple[float, float]


def normalised(function: Jet, axes: int, size: float) -> Jet:
    """φ/√(|∇φ|² + (2φ/s)²) of d axes: of slope one where φ = 0, and at most s/2 where ∇φ = 0.

    Source: Rvachev and Sheiko, Appl. Mech. Rev. 48 (1995), §2.
    """
    slopes = (Derivative(function, i) ** 2 for i in range(axes))
    length: Jet = sqrt(sum(slopes, start=(2 / size * function) ** 2))
    return function / length


def beside_segment(
    x: Jet,
    y: Jet,
    *,
    ends: tuple[Vertex, Vertex],
    outward: tuple[float, float],
    angle: float | None,
) -> Jet:
    """A function of x and y that is zero on a segment and rises inward from it with slope one.

    The distance f from its line, signed, if `angle` is None. Else f ∨ g ∨ h, with f ∨ g = f + g +
    √(f² + g²), which is negative only where all three are: in a triangle on the outside, which
    stands on the segment with two base angles `angle`, and where g and h are zero on its legs.

    Source: Rvachev and Sheiko, Appl. Mech. Rev. 48 (1995), §2.
    """
    (a, b), (c, d), (n, m) = *ends, outward
    depth = (a - x) * n + (b - y) * m
    if angle is None:
        return depth
    length = math.dist(*ends)
    along = ((x - a) * (c - a) + (y - b) * (d - b)) / length
    result = depth
    for way in (along, length - along):
        past = -(depth * math.cos(angle) + way * math.sin(angle))
        result = result + past + sqrt(result**2 + past**2)
    return result
