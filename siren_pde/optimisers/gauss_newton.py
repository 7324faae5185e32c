"""Gauss-Newton with a damping chosen by the decrease ratio: the largest step that still
decreases.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, final

import torch
from torch import Tensor

from siren_pde.errors import NonFiniteError
from siren_pde.numerics.least_squares import NormalEquations
from siren_pde.optimisers.base import Architecture, Iterate, Method, Residuals, Spent
from siren_pde.optimisers.finite import NOT_FINITE, is_finite
from siren_pde.optimisers.outcome import Outcome

ROUNDING = 1e-22
"""A loss this much smaller than the first one is all that normal equations in float64 can do."""
RAISED = 3.0
"""By how much λ rises while steps are refused."""


@dataclass(frozen=True)
class Damping:
    """λ of the last accepted step, the steps so far, and since when the loss has not halved."""

    shift: float
    first: float
    mark: float
    since: int = 0
    steps: int = 0

    def after(self, shift: float, loss: float) -> Damping:
        """The state after an accepted step to `loss`."""
        halved = loss < 0.5 * self.mark
        return Damping(
            shift,
            self.first,
            loss if halved else self.mark,
            self.steps if halved else self.since,
            self.steps + 1,
        )


@final
@dataclass(frozen=True)
class GaussNewton(Method[Damping]):
    """Minimise ½‖r‖² by steps d = −(JᵀJ + λ)⁻¹ Jᵀr.

    λ is the smallest of a geometric sequence whose measured decrease of ‖r‖² is at least `ratio`
    times the one that the linear model predicts, ‖r‖² − ‖r + Jd‖²: not the step of best decrease,
    but the boldest one that still decreases, so that λ falls by many orders and convergence turns
    quadratic. The system is solved in the smaller of its two forms, with N rows (J Jᵀ + λ) or p
    columns (JᵀJ + λ).

    *Other*: `shift` is ten times the first λ tried, relative to the mean diagonal. Every `refresh`
    steps (0: never) the points are redrawn, a share `adapt` of them where residuals are large;
    fixed points would be fitted better than the problem. Rows of boundary conditions count
    `boundary` times, since an error there spreads through the whole domain. It ends when the loss
    has not halved in `patience` steps.

    Source: decrease-ratio rule after Webb, Jerad, Cartis (2026), here with Cholesky probes.
    """

    ratio: float = 0.1
    shift: float = 1e-2
    refresh: int = 10
    adapt: float = 0.5
    boundary: float = 100.0
    patience: int = 200
    name: str = "Gauss-Newton"
    dtype: torch.dtype = torch.float64
    architecture: Architecture = Architecture(16, 4)
    every: ClassVar[int] = 5
    shared: ClassVar[bool] = True
    may_be_zero: ClassVar[tuple[str, ...]] = ("refresh", "adapt")

    def points(self, parameters: int) -> int:
        """Four rows per parameter, so that fitting the points is fitting the problem."""
        return min(max(4 * parameters, 512), 6000)

    def start(self, objective: Residuals) -> Iterate[Damping]:
        """The objective's parameters, with the first damping."""
        theta, objective = objective.parameters, objective.weighted_boundaries(self.boundary)
        loss = objective.loss(theta)
        first = float(loss)
        return Iterate(objective, theta, loss, Damping(self.shift, first, first))

    def step(self, at: Iterate[Damping], spent: Spent) -> Iterate[Damping]:
        """One accepted step, or the end of what this precision allows."""
        objective, state = at.objective, at.state
        if self.refresh and state.steps and state.steps % self.refresh == 0:
            objective = objective.resampled_adaptively(at.theta, self.adapt, objective.seed + 1)
        system = objective.normal_equations(at.theta)
        if not is_finite(system.square, system.right):
            raise NonFiniteError(f"{NOT_FINITE} at the points of this step.")
        accepted = self._accepted(objective, at.theta, system, state.shift / 10)
        if accepted is None:
            reason = "no step decreases the loss any more"
            return replace(at, objective=objective, finished=reason, outcome=Outcome.stagnated)
        shift, theta, square, loss = accepted
        state = state.after(shift, loss)
        stalled, rounded = self._stalled(state), state.mark < ROUNDING * state.first
        reason = "the residual has reached rounding" if rounded else stalled
        at = Iterate(objective, theta, square / 2, state, f"λ = {shift:.0e}", reason)
        ended = Outcome.stagnated if stalled and not rounded else Outcome.converged
        return replace(at, outcome=ended)

    def gauges(self, at: Iterate[Damping]) -> dict[str, float]:
        """λ of the last step."""
        return {"damping": at.state.shift}

    def _accepted(
        self, objective: Residuals, theta: Tensor, system: NormalEquations, shift: float
    ) -> tuple[float, Tensor, Tensor, float] | None:
        """The boldest step that decreases enough: its λ, the new θ, ‖r‖² there and the loss.

        λ rises from `shift` until a step is accepted; where the first one already is, it falls as
        long as steps are, by two more decades at most.
        """
        best: tuple[float, Tensor, Tensor, float] | None = None
        falling, lowest = True, max(shift / 100, 1e-16)
        shift = max(shift, lowest)
        while lowest <= shift < 1e8:
            trial = self._tried(objective, theta, system, shift)
            if trial is not None:
                best = (shift, *trial)
                if not falling:
                    return best
                shift /= 10
            elif best is not None:
                return best
            else:
                falling = False
                shift *= RAISED
        return best

    def _tried(
        self, objective: Residuals, theta: Tensor, system: NormalEquations, shift: float
    ) -> tuple[Tensor, Tensor, float] | None:
        """The new θ, ‖r‖² there and the loss: what the host wants to know, it waits for once."""
        solved = system.step(shift)
        if solved is None:
            return None
        step, predicted = solved
        square = 2 * objective.loss(theta + step)
        enough = (system.square - square > self.ratio * predicted) & (predicted > 0)
        accepted, loss = torch.stack([enough.to(square), square / 2]).tolist()
        return (theta + step, square, loss) if accepted else None

    def _stalled(self, state: Damping) -> str:
        """That the loss has not halved for long, in words, if it has not."""
        waited = state.steps - state.since > self.patience
        return f"the loss has not halved in {self.patience} steps" if waited else ""
