"""Holes and corners that point inward: where solutions are singular, or no sums of few waves."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from siren_pde.collocation.collocated import Collocated
from siren_pde.domains.base import Domain
from siren_pde.local_features.jumps import bounds

NEARBY = 1e-4
"""The radius of the circle that is looked at around a corner, beside the size of the domain."""
OUTSIDE = 0.01
"""More than this share of the points between others lies outside a domain with holes."""
DIRECTIONS = 72
"""Points of that circle."""
INWARD = 0.55
"""A corner points inward if more than this of the circle is inside: an angle of 200 degrees."""


def reentrant_corners(collocated: Collocated) -> Tensor:
    """Where sides of a plane domain meet at an angle of more than 180 degrees inside, (n, 2).

    They are looked for at the ends of the pieces that conditions on boundaries hold on. In other
    dimensions there are none.
    """
    low, high = bounds(collocated)
    if len(low) != 2:
        return low.new_zeros((0, len(low)))
    inside = [c.domain for c in collocated.problem.conditions if c.domain.dimension == 2]
    ends = [_ends(c.domain, low) for c in collocated.problem.conditions if c.domain.dimension == 1]
    if not ends or not inside:
        return low.new_zeros((0, 2))
    size = float((high - low).norm())
    at = _apart(torch.cat(ends), 1e-9 * size)
    turn = torch.arange(DIRECTIONS, dtype=low.dtype, device=low.device)
    angle = turn * (2 * math.pi / DIRECTIONS) + 0.01
    circle = NEARBY * size * torch.stack([angle.cos(), angle.sin()], 1)
    x = (at[:, None] + circle).view(-1, 2)
    held = torch.zeros_like(x[:, 0], dtype=torch.bool)
    for domain in inside:
        held |= domain.contains(x)
    share = held.view(len(at), -1).double().mean(1)
    return at[(share > INWARD) & (share < 1)]


def hollow(collocated: Collocated) -> bool:
    """Whether many points between points of a domain are not in it: it has holes, or corners that
    point inward.
    """
    for rows in collocated.interior:
        x = rows.points.positions
        half = len(x) // 2
        one, other = x[:half], x[half : 2 * half]
        between = torch.cat([torch.lerp(one, other, share) for share in (0.25, 0.5, 0.75)])
        inside = rows.condition.domain.contains(between)
        if float((~inside).double().mean()) > OUTSIDE:
            return True
    return False


def _ends(domain: Domain, like: Tensor) -> Tensor:
    """Both ends of every curve (n, 2) that a domain is made of."""
    ends = [like.new_zeros((0, 2))]
    for piece in domain.pieces:
        if piece.inputs == 1 and not piece.is_data:
            ends.append(piece.chart(like.new_tensor([[0.0], [1.0]])).positions)
    return torch.cat(ends)


def _apart(x: Tensor, tolerance: float) -> Tensor:
    """The points (n, 2) without those that coincide with one before."""
    same = (torch.cdist(x, x) <= tolerance).triu(1).any(0)
    return x[~same]
