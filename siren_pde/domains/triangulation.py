"""Closed lines in the plane: their area, where they touch themselves, and triangles inside."""

from __future__ import annotations

import math
from collections.abc import Sequence

Vertex = tuple[float, float]

_FLAT = 1e-12
"""Turns below this, beside the sides that make them, are straight lines."""


def turn(a: Vertex, b: Vertex, c: Vertex) -> float:
    """Twice the signed area of a triangle: positive for a left turn; 0 for what is flat."""
    value = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return value if abs(value) > _FLAT * math.dist(a, b) * math.dist(a, c) else 0.0


def area(vertices: Sequence[Vertex]) -> float:
    """The signed area, positive where the line goes around counter-clockwise."""
    (x, y), n = vertices[0], len(vertices)
    pairs = ((vertices[i], vertices[(i + 1) % n]) for i in range(n))
    return math.fsum((a - x) * (d - y) - (c - x) * (b - y) for (a, b), (c, d) in pairs) / 2


def crossing(vertices: Sequence[Vertex]) -> tuple[int, int] | None:
    """Two sides that share more than a common vertex, by their numbers; None if none do."""
    n = len(vertices)
    for i in range(n):
        a, b, c = (vertices[(i + k) % n] for k in range(3))
        back = (b[0] - a[0]) * (c[0] - b[0]) + (b[1] - a[1]) * (c[1] - b[1]) < 0
        if a == b or (back and turn(b, a, c) == 0):
            return i, (i + 1) % n
        for j in range(i + 2, n - (i == 0)):
            if meet(a, b, vertices[j], vertices[(j + 1) % n]):
                return i, j
    return None


def triangles(vertices: Sequence[Vertex]) -> tuple[tuple[Vertex, Vertex, Vertex], ...]:
    """Triangles that make up what a line without crossings surrounds, by cutting off its ears.

    An ear is a convex corner whose triangle holds no other vertex; every polygon has two (Meisters,
    Amer. Math. Monthly 82, 1975).
    """
    left = list(vertices) if area(vertices) > 0 else list(reversed(vertices))
    ears = []
    while len(left) > 2:
        i = next(i for i in range(len(left)) if _is_ear(left, i))
        a, b, c = left[i - 1], left[i], left[(i + 1) % len(left)]
        if turn(a, b, c) > 0:
            ears.append((a, b, c))
        del left[i]
    return tuple(ears)


def _is_ear(left: list[Vertex], i: int) -> bool:
    a, b, c = left[i - 1], left[i], left[(i + 1) % len(left)]
    sense = turn(a, b, c)
    if sense <= 0:
        return sense == 0
    others = (v for v in left if v not in (a, b, c))
    return not any(turn(a, b, v) >= 0 and turn(b, c, v) >= 0 and turn(c, a, v) >= 0 for v in others)


def meet(a: Vertex, b: Vertex, c: Vertex, d: Vertex) -> bool:
    """Whether the segments a b and c d share a point."""
    ends = ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    turns = [turn(*each) for each in ends]
    if turns[0] * turns[1] < 0 and turns[2] * turns[3] < 0:
        return True
    return any(t == 0 and _between(*each) for t, each in zip(turns, ends, strict=True))


def _between(a: Vertex, b: Vertex, c: Vertex) -> bool:
    """Whether c, on the line through a and b, lies between them."""
    return all(min(p, q) <= r <= max(p, q) for p, q, r in zip(a, b, c, strict=True))
