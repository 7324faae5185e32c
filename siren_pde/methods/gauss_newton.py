"""Gauss-Newton with a damping chosen by the decrease ratio: the largest step that still
decreases.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, final

import torch
from torch import Tensor

from siren_pde.linear import shifted_cholesky
from siren_pde.methods.base import Iterate, Method, Network


@dataclass(frozen=True)
class Damping:
    """λ of the last accepted step, and how many steps in a row hardly decreased the loss."""

    shift: float
    stalled: int = 0
    steps: int = 0


@final
@dataclass(frozen=True)
class GaussNewton(Method):
    """Minimise ½‖r‖² by steps d = −(JᵀJ + λ)⁻¹ Jᵀr.

    λ is the smallest of a geometric sequence whose measured decrease is at least `ratio` times the
    one the quadratic model predicts, ρ = (‖r‖² − ‖r(θ+d)‖²) / (‖r‖² − ‖r + Jd‖² + …): not the step
    of best decrease, but the boldest one that still decreases, so that λ falls by many orders and
    convergence turns quadratic. The system is solved in the smaller of its two forms, with N rows
    (J Jᵀ + λ) or p columns (JᵀJ + λ).

    *Other*: `shift` is the first λ, relative to the mean diagonal; `refresh` redraws the points
    every so many steps (0: never).

    Source: decrease-ratio rule after Webb, Jerad, Cartis (2026), here with Cholesky probes.
    """

    ratio: float = 0.1
    shift: float = 1e-2
    refresh: int = 0
    name: str = "Gauss-Newton"
    dtype: torch.dtype = torch.float64
    network: Network = Network(24, 3)

    def points(self, parameters: int) -> int:
        """Three rows per parameter, so that fitting the points is fitting the problem."""
        return min(max(3 * parameters, 512), 6000)

    def start(self, objective: Any) -> Iterate:
        """The objective's parameters, with the first damping."""
        theta = objective.parameters
        return Iterate(objective, theta, objective.loss(theta), Damping(self.shift))

    def step(self, at: Iterate, used: float) -> Iterate:
        """One accepted step, or the end of what this precision allows."""
        objective, state = at.objective, at.state
        if self.refresh and state.steps and state.steps % self.refresh == 0:
            objective = objective.redrawn(objective.seed + 1)
        r, jacobian = objective.residual_and_jacobian(at.theta)
        system = _System.of(r, jacobian)
        shift = state.shift / 100
        while shift < 1e8:
            found = system.direction(shift)
            if found is not None:
                d, predicted = found
                moved = objective.residual(at.theta + d)
                decrease = system.square - moved.square().sum()
                if bool(decrease > self.ratio * predicted) and bool(predicted > 0):
                    loss = 0.5 * moved.square().sum()
                    small = bool(decrease < 1e-3 * system.square)
                    state = Damping(shift, state.stalled + 1 if small else 0, state.steps + 1)
                    done = "the loss has stopped decreasing" if state.stalled >= 20 else ""
                    return Iterate(objective, at.theta + d, loss, state, f"λ = {shift:.0e}", done)
            shift *= 3
        return replace(at, objective=objective, finished="no step decreases the loss any more")


@dataclass(frozen=True)
class _System:
    """The damped normal equations at one θ, in their smaller form."""

    jacobian: Tensor
    right: Tensor
    gram: Tensor
    unit: Tensor
    square: Tensor

    @staticmethod
    def of(r: Tensor, jacobian: Tensor) -> _System:
        wide = jacobian.shape[0] <= jacobian.shape[1]
        gram = jacobian @ jacobian.T if wide else jacobian.T @ jacobian
        right = r if wide else jacobian.T @ r
        return _System(jacobian, right, gram, gram.diagonal().mean(), r.square().sum())

    def direction(self, shift: float) -> tuple[Tensor, Tensor] | None:
        """The step d (p,) and the decrease of ‖r‖² that the linear model predicts."""
        damping = shift * self.unit
        factor = shifted_cholesky(self.gram, damping)
        if factor is None:
            return None
        y = torch.cholesky_solve(self.right[:, None], factor)[:, 0]
        if self.gram.shape[0] == self.jacobian.shape[0]:  # rows: r + J d = λ y
            return -(self.jacobian.T @ y), self.square - damping**2 * y.square().sum()
        return -y, self.right @ y + damping * y.square().sum()
