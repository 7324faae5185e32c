"""Points of one piece of a domain, drawn from a sequence in the unit cube: all, or some of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.domains.base import Piece
from siren_pde.errors import DomainError

Draw: TypeAlias = Callable[[int, int], Tensor]
"""Points number skip … skip + n − 1 of a sequence in the unit cube, by (n, skip)."""

BLOCK = 2**16
"""Points drawn at once where only some are kept: a few megabytes, and more than calls cost."""
SEEN = 16
"""Points that tell whether a piece rejects any."""
_MOST_DRAWN = 2**22
"""Points drawn on one piece before rejection is given up."""
_BATCH = 2**18
"""Points drawn at once while most are rejected."""


def sampled(piece: Piece, count: int, draw: Draw) -> Points:
    """`count` points of a piece, in the order drawn, those that fall outside rejected."""
    image = piece.chart(draw(count, 0))
    if image.kept is None:
        return piece.points(image)
    parts, drawn = [piece.points(image)], count
    inside = len(parts[0])
    while inside < count:
        _require_kept(piece, inside, drawn, count)
        more = _wanted(count - inside, inside, drawn)
        more = min(more, _limit(count) - drawn, max(count, _BATCH))
        parts.append(piece.points(piece.chart(draw(more, drawn))))
        drawn, inside = drawn + more, inside + len(parts[-1])
    return _weighed(piece, Points.concatenate(parts).select(slice(count)), count)


def some_sampled(piece: Piece, count: int, draw: Draw, some: slice) -> Points:
    """Points number some.start … some.stop − 1 of those `count`, with the weights that they have
    among all: no more than these and a block of others are held.

    Where nothing is rejected, those before are not drawn at all.
    """
    parts, drawn, inside = list[Points](), 0, 0
    while inside < some.stop or not parts:
        _require_kept(piece, inside, drawn, count)
        wanted = _wanted(max(some.stop - inside, 1), inside, drawn)
        n = min(wanted, _limit(count) - drawn, BLOCK if drawn else SEEN)
        image = piece.chart(draw(n, drawn))
        points = piece.points(image)
        first, last = (min(max(k - inside, 0), len(points)) for k in (some.start, some.stop))
        if first < last or not (parts or inside + len(points) < some.stop):
            parts.append(points.select(torch.arange(first, last, device=points.weights.device)))
        drawn, inside = drawn + n, inside + len(points)
        if image.kept is None and inside < some.start:
            drawn = inside = some.start
    return _weighed(piece, Points.concatenate(parts), count)


def _wanted(more: int, inside: int, drawn: int) -> int:
    """How many to draw to have so many `more`, by the share of those drawn that was kept."""
    return more if inside == drawn else math.ceil(1.1 * more * drawn / max(inside, 1)) + 16


def _limit(count: int) -> int:
    return _MOST_DRAWN + 64 * count


def _require_kept(piece: Piece, inside: int, drawn: int, count: int) -> None:
    if drawn >= _limit(count):
        raise DomainError(
            f"only {inside} of {drawn} points drawn fell into {piece!r}, of {count} asked for. "
            "It is empty or too thin for sampling: check its parts."
        )


def _weighed(piece: Piece, points: Points, count: int) -> Points:
    return replace(points, weights=torch.full_like(points.weights, piece.measure / count))
