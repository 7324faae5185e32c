"""How fast a problem's own data vary: the frequencies a field should start with."""

from __future__ import annotations

import torch
from torch import Tensor

from siren_pde.objective import Objective
from siren_pde.points import Points


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
    found = 2.0 / half
    for s in objective.samples:
        if s.points.data:
            continue
        zero = {
            name: low.new_zeros((len(plan.keys), len(s.points), leaf.outputs))
            for (name, plan), leaf in (
                ((name, plan), objective.field.leaves()[name])
                for name, plan in s.light.plans.items()
            )
        }
        with torch.no_grad():
            f = s.light.residual(s.points, zero)
            for axis in range(len(low)):
                step = torch.zeros_like(low)
                step[axis] = 0.01 * half[axis]
                apart = [
                    s.light.residual(_moved(s.points, sign * step), zero) for sign in (0.5, -0.5)
                ]
                slope = ((apart[0] - apart[1]) / step[axis]).square().mean()
                ratio = (slope / f.square().mean()).sqrt()
                if bool(torch.isfinite(ratio)):
                    found[axis] = torch.maximum(found[axis], ratio)
    return found


def _moved(points: Points, step: Tensor) -> Points:
    return Points(points.axes, points.positions + step, points.weights, points.normals, points.data)
