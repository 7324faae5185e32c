"""Self-scaled Broyden: quasi-Newton steps with a dense inverse Hessian that rescales itself."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar, final

import torch
from torch import Tensor

from siren_pde.errors import NonFiniteError
from siren_pde.optimisers.base import Architecture, Iterate, Method, Residuals, Spent
from siren_pde.optimisers.finite import NOT_FINITE, is_finite
from siren_pde.optimisers.outcome import Outcome

DECREASE, FLATTER = 1e-4, 0.9
"""Wolfe's conditions: the decrease a step must bring, and how much flatter it must end."""
TRIALS = 30


@dataclass(frozen=True)
class Curvature:
    """The gradient (p,) at θ and the inverse Hessian (p, p), None before the first step."""

    gradient: Tensor
    inverse: Tensor | None = None


@final
@dataclass(frozen=True)
class Broyden(Method[Curvature]):
    """Quasi-Newton steps of Broyden's convex class, the inverse Hessian scaled at every update.

    It sees only gradients, so rows may be many; memory is p². Points stay fixed. The inverse
    Hessian is updated in place: only the last iterate can be stepped from.

    Source: Urbán, Stefanou, Pons, J. Comput. Phys. 523 (2025), SSBroyden; scaling after Al-Baali,
    Comput. Optim. Appl. 9 (1998).
    """

    name: str = "self-scaled Broyden"
    dtype: torch.dtype = torch.float64
    architecture: Architecture = Architecture(24, 3)
    every: ClassVar[int] = 10
    shared: ClassVar[bool] = True

    def points(self, parameters: int) -> int:
        """Enough to hold the parameters in place."""
        return min(max(3 * parameters, 1024), 8192)

    def start(self, objective: Residuals) -> Iterate[Curvature]:
        """The objective's parameters, no curvature known."""
        theta = objective.parameters
        loss, gradient = objective.loss_and_gradient(theta)
        return Iterate(objective, theta, loss, Curvature(gradient))

    def step(self, at: Iterate[Curvature], spent: Spent) -> Iterate[Curvature]:
        """One line search and update; finished when no step satisfies Wolfe's conditions."""
        g, inverse = at.state.gradient, at.state.inverse
        direction = -(inverse @ g) if inverse is not None else -g / torch.linalg.vector_norm(g)
        slope = float(g @ direction)
        if not math.isfinite(slope):
            raise NonFiniteError(f"{NOT_FINITE} where the line search starts.")
        if not slope < 0:
            return replace(at, finished="the gradient vanishes to rounding")
        reached = _wolfe(at, direction, slope)
        if reached is None:
            reason = "the line search finds no lower loss"
            return replace(at, finished=reason, outcome=Outcome.stagnated)
        length, loss, after = reached
        s, y = length * direction, after - g
        if inverse is None:
            inverse = torch.eye(len(g), dtype=g.dtype, device=g.device)
            inverse *= float(s @ y) / float(y @ y)
        inverse = _updated(inverse, s, y, -length * float(s @ g))
        note = f"step {length:.2g}"
        return Iterate(at.objective, at.theta + s, loss, Curvature(after, inverse), note)


def _wolfe(
    at: Iterate[Curvature], direction: Tensor, slope: float
) -> tuple[float, Tensor, Tensor] | None:
    """A step length with the loss and gradient there, by doubling and bisection."""
    low, high, length = 0.0, math.inf, 1.0
    start = float(at.loss)
    for _ in range(TRIALS):
        loss, gradient = at.objective.loss_and_gradient(at.theta + length * direction)
        finite = is_finite(loss, gradient)
        if not finite or not float(loss) <= start + DECREASE * length * slope:
            high = length
        elif float(gradient @ direction) < FLATTER * slope:
            low = length
        else:
            return length, loss, gradient
        length = 2 * low if math.isinf(high) else (low + high) / 2
    return None


def _updated(inverse: Tensor, s: Tensor, y: Tensor, curved: float) -> Tensor:
    """The inverse Hessian after H, a step s and the gradient change y; curved = sᵀH⁻¹s.

    H itself stays: the iterate before may yet be written to a checkpoint.
    """
    sy = float(s @ y)
    hy = inverse @ y
    yhy = float(y @ hy)
    if not (sy > 0 and yhy > 0):
        return inverse
    h, b = yhy / sy, curved / sy
    a = max(h * b - 1, 1e-14)  # Cauchy and Schwarz: never negative but by rounding
    least = min(1.0, h * (1 - math.sqrt(a / (1 + a))))
    theta = max((least - 1) / a, min(1 / least, (1 - b) / b))
    sigma = 1 + theta * a
    root = abs(sigma) ** (1 / (1 - len(s)))
    most = min(1.0, 1 / b)
    tau = min(most * root, sigma) if theta <= 0 else most * min(root, 1 / theta)
    v = s / sy - hy / yhy
    phi = (1 - theta) / sigma
    after = torch.addr(inverse, hy, hy, alpha=-1 / yhy).addr_(v, v, alpha=phi * yhy)
    return after.mul_(1 / tau).addr_(s, s, alpha=1 / sy)
