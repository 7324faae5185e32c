"""Limited-memory BFGS on fixed points, through `torch.optim.LBFGS` with a strong-Wolfe line
search.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, final

import torch
from torch import Tensor

from siren_pde.errors import NonFiniteError
from siren_pde.optimisers.base import Architecture, Iterate, Method, Residuals, Spent
from siren_pde.optimisers.finite import CUT, CUTS, NOT_FINITE, is_finite
from siren_pde.optimisers.outcome import Outcome

TOO_FAR = 10.0
"""What is not finite counts as so many times the loss of the start: any number above one will do.
"""


@dataclass(frozen=True)
class Memory:
    """What torch's optimiser keeps from one call to the next: directions, steps, curvature."""

    kept: Mapping[str, Any] = field(default_factory=dict)

    def handed_to(self, optimiser: torch.optim.LBFGS, live: Tensor) -> None:
        """Give the optimiser of `live` copies of what it changes in place."""
        own: dict[str, Any] = {
            name: list(value) if isinstance(value, list) else value
            for name, value in self.kept.items()
        }
        if "prev_flat_grad" in own:
            own["prev_flat_grad"] = own["prev_flat_grad"].clone()
        optimiser.state[live] = own

    @staticmethod
    def of(optimiser: torch.optim.LBFGS, live: Tensor) -> Memory:
        """What the optimiser of `live` has kept, without what it overwrites before it reads it."""
        return Memory({k: v for k, v in optimiser.state[live].items() if k != "al"})


@final
@dataclass(frozen=True)
class LBFGS(Method[Memory]):
    """Quasi-Newton steps from the last `memory` gradient differences.

    One step of this method is `inner` iterations with their line searches. Points stay fixed:
    differences of gradients at different points would say nothing about curvature.

    Source: Liu and Nocedal, Math. Programming 45 (1989).
    """

    memory: int = 50
    inner: int = 10
    name: str = "L-BFGS"
    dtype: torch.dtype = torch.float64
    architecture: Architecture = Architecture(32, 3)
    every: ClassVar[int] = 10
    shared: ClassVar[bool] = True

    def points(self, parameters: int) -> int:
        """Enough to hold the parameters in place."""
        return min(max(3 * parameters, 1024), 8192)

    def start(self, objective: Residuals) -> Iterate[Memory]:
        """The objective's parameters, no curvature known."""
        theta = objective.parameters
        return Iterate(objective, theta, objective.loss(theta), Memory())

    def step(self, at: Iterate[Memory], spent: Spent) -> Iterate[Memory]:
        """`inner` iterations; finished when they leave the loss where it is.

        Where they meet values that are not finite and find no lower loss, they begin again without
        what is remembered, and with a first step of a quarter of the length, `CUTS` times at most.
        """
        for cuts in range(CUTS + 1):
            live = at.theta.clone().requires_grad_()
            optimiser = self._optimiser(live, CUT**cuts)
            (at.state if not cuts else Memory()).handed_to(optimiser, live)
            tried = Tried(at.objective, live, TOO_FAR * at.loss)
            optimiser.step(tried)  # type: ignore[no-untyped-call]
            theta = live.detach().clone()
            loss = at.objective.loss(theta)
            if (is_finite(loss, theta) and bool(loss < at.loss)) or not tried.beyond:
                break
        else:
            if not is_finite(at.objective.loss_and_gradient(at.theta)[1]):
                raise NonFiniteError(f"{NOT_FINITE} where the line search starts.")
            reason = f"the state before is kept, after {CUTS} cuts of the step"
            return replace(at, finished=reason, outcome=Outcome.non_finite)
        if not bool(loss < at.loss):
            if not is_finite(at.objective.loss_and_gradient(at.theta)[1]):
                raise NonFiniteError(f"{NOT_FINITE} where the line search starts.")
            reason = "the line search finds no lower loss"
            return replace(at, finished=reason, outcome=Outcome.stagnated)
        note = f"{NOT_FINITE}: the step cut to {CUT**cuts:g}" if cuts else ""
        return replace(at, theta=theta, loss=loss, state=Memory.of(optimiser, live), note=note)

    def _optimiser(self, live: Tensor, rate: float) -> torch.optim.LBFGS:
        return torch.optim.LBFGS(
            [live],
            lr=rate,
            max_iter=self.inner,
            history_size=self.memory,
            line_search_fn="strong_wolfe",
            tolerance_grad=0.0,
            tolerance_change=0.0,
        )


@final
class Tried:
    """Loss and gradient for torch's line search; values that are not finite are `high` ones to it,
    from which it turns back: infinity would make its interpolation NaN. `beyond` says whether it
    met any.
    """

    def __init__(self, objective: Residuals, live: Tensor, high: Tensor) -> None:
        self.objective, self.live, self.high = objective, live, high
        self.beyond = False

    def __call__(self) -> Tensor:
        """The loss, no axes; the gradient is left at θ."""
        loss, gradient = self.objective.loss_and_gradient(self.live.detach())
        if not is_finite(loss, gradient):
            loss, gradient, self.beyond = self.high, torch.zeros_like(gradient), True
        self.live.grad = gradient
        return loss
