"""Points that crowd towards a place, as many on every scale, with weights that make up for it."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.domains.base import Domain

SCALES = 12
"""How often distances from the place are halved."""
GOLDEN = (math.sqrt(5) - 1) / 2
"""Multiples of it spread evenly over (0, 1), in step with no Sobol sequence."""


def graded(points: Points, domain: Domain, refine_towards: tuple[float, ...]) -> Points:
    """The points of a domain, every other one moved to c + (x − c)/2ᵏ, c = `refine_towards`.

    k = 1, 2, … takes as many points each, up to `SCALES`. Those that would leave the domain stay,
    so boundaries are denser where they meet c. A point y then comes from y itself with every k
    that would throw it out, and from c + 2ᵏ(y − c) if that is in the domain, there 2ᵏᵈ times as
    densely in d dimensions. Weights are divided by the density, and sum to the measure again.

    Source: multiple importance sampling with the balance heuristic, Veach and Guibas, SIGGRAPH
    1995.
    """
    moved = some_graded(points, domain, refine_towards, first=0)
    return replace(moved, weights=moved.weights * (points.weights.sum() / moved.weights.sum()))


def some_graded(
    points: Points, domain: Domain, refine_towards: tuple[float, ...], *, first: int
) -> Points:
    """The same of points that are some of all, from number `first` on; their weights are divided by
    the density, and only those of all could be made to sum to the measure.
    """
    x, centre = points.positions, points.positions.new_tensor(refine_towards)
    size = max(b - a for a, b in zip(*domain.bounds, strict=True))
    near = 8 * 2.0**SCALES * torch.finfo(x.dtype).eps * size

    def scaled(y: Tensor, factor: Tensor | float) -> Tensor:
        return centre + factor * (y - centre)

    numbers = torch.arange(first, first + len(x), dtype=torch.float64, device=x.device)
    turns = numbers * GOLDEN % 1
    halvings = ((2 * turns - 1) * SCALES).ceil().clamp_min(0).to(x.dtype)
    moved = scaled(x, 2.0 ** -halvings[:, None])
    y = torch.where(domain.contains(moved, near)[:, None], moved, x)
    density = torch.full_like(points.weights, SCALES)
    for k in range(1, SCALES + 1):
        density += 2.0 ** (k * domain.dimension) * domain.contains(scaled(y, 2.0**k), near)
        density += ~domain.contains(scaled(y, 2.0**-k), near)
    return replace(points, positions=y, weights=points.weights / density)
