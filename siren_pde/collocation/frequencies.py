"""How fast a problem's own data vary: the frequencies a field should start with."""

from __future__ import annotations

import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.collocation.objective import Objective
from siren_pde.collocation.sampling import Sample

NEGLIGIBLE = 1e-6
"""Data this much smaller than the largest of a problem are taken for rounding errors."""


def box(objective: Objective) -> tuple[Tensor, Tensor]:
    """The corners low and high (d,) of the problem's bounding box."""
    like = next(objective.field.parameters())
    low, high = objective.problem.bounds
    return like.new_tensor(low), like.new_tensor(high)


def frequencies(objective: Objective) -> Tensor:
    """The highest angular frequency (d,) to start a field with along each axis.

    The root-mean-square frequency √(mean |∂f|² / mean f²) of the data f, which is the
    residual of the zero field (sources, boundary and initial values), over all conditions; at least
    two radians per half-length of the box. Measurements at points have no known slope and do not
    count.
    """
    low, high = box(objective)
    half = torch.where(high > low, (high - low) / 2, torch.ones_like(low))
    sizes, slopes = [], []
    for s in objective.samples:
        if not s.points.data:
            f, gradient = _data_and_slopes(s, objective, half)
            sizes.append(f)
            slopes.append(gradient)
    found = 2.0 / half
    for size, slope in zip(sizes, slopes, strict=True):
        if bool(size > NEGLIGIBLE * max(sizes)):  # what is all rounding has no frequency
            ratio = slope / size
            found = torch.where(torch.isfinite(ratio), torch.maximum(found, ratio), found)
    return found


def _data_and_slopes(s: Sample, objective: Objective, half: Tensor) -> tuple[Tensor, Tensor]:
    """Root mean squares of a condition's data, and of their slopes (d,) along the axes."""
    networks = objective.field.networks()
    zero = {
        name: half.new_zeros((len(plan.keys), len(s.points), networks[name].outputs))
        for name, plan in s.light.plans.items()
    }

    def data(step: Tensor) -> Tensor:
        with torch.no_grad():
            return s.light.residual(_moved(s.points, step), zero)

    slopes = []
    for axis in range(len(half)):
        step = torch.zeros_like(half)
        step[axis] = 0.005 * half[axis]
        slopes.append((data(step) - data(-step)).square().mean().sqrt() / (2 * step[axis]))
    return data(torch.zeros_like(half)).square().mean().sqrt(), torch.stack(slopes)


def _moved(points: Points, step: Tensor) -> Points:
    return Points(points.axes, points.positions + step, points.weights, points.normals, points.data)
