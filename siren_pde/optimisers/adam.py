"""Adam on fresh points every step: for many parameters, rough solutions and large data."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar, final

import torch
from torch import Tensor

from siren_pde.errors import NonFiniteError
from siren_pde.numerics.precision import Precision, known_precision, products_in
from siren_pde.numerics.schedule import Schedule
from siren_pde.optimisers.base import Architecture, Iterate, Method, Residuals, Spent
from siren_pde.optimisers.finite import CUT, CUTS, NOT_FINITE, is_finite
from siren_pde.optimisers.outcome import Outcome

CHECKED = 16
"""Steps between two looks at whether values are finite where a look waits for the device."""


@dataclass(frozen=True)
class Moments:
    """Running means of the gradient and its square, the number of steps, the last rate, θ before
    the last step that was checked, None before the first, and how often the rate has been cut.
    """

    mean: Tensor
    square: Tensor
    steps: int = 0
    rate: float = math.nan
    before: Tensor | None = None
    cuts: int = 0


@final
@dataclass(frozen=True)
class Adam(Method[Moments]):
    """Steps along the running mean of the gradient, scaled by its running size.

    The rate follows its `Schedule`, or falls exponentially from `rate` to `rate · final` over the
    budget, after it has risen during the first `warmup` steps, which large rates need: running
    means of few gradients are unsure. In step k it is divided by √(1 + k/settling) besides: the
    noise of k steps then adds up to √log k and not to √k, which lets long solves begin with rates
    that they could not keep. With `fresh`, each step draws new points, so that the loss is an
    unbiased estimate over the whole domain, and weights follow their schedules.

    With `precision` "bf16" or "tf32" the hidden layers of sine networks multiply rounded factors,
    for which GPUs have units of their own, and sum them in float32; parameters, phases and losses
    stay as they are. It is for values and first derivatives, such as those of scans and images.

    A step to where the loss or its gradient is not finite is taken back, and the rate cut to a
    quarter; when that has happened `CUTS` times, the state before is kept and the solve ends.
    Raises NonFiniteError where the first step is not finite, and ConfigError where rounded factors
    would spoil derivatives of order two, or parameters are in float64.

    Source: Kingma and Ba, ICLR 2015, algorithm 1.
    """

    rate: float | Schedule = 2e-3
    final: float = 1e-2
    fresh: bool = True
    batch: int = 4096
    warmup: int = 1
    settling: float = math.inf
    precision: Precision = "float32"
    name: str = "Adam"
    dtype: torch.dtype = torch.float32
    architecture: Architecture = Architecture(128, 3, 20.0)
    every: ClassVar[int] = 100
    shared: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Check the options. Raises ConfigError for one that is none of its kind."""
        Method.__post_init__(self)
        known_precision(self.precision)

    def points(self, parameters: int) -> int:
        """The batch of one step."""
        return self.batch

    def start(self, objective: Residuals) -> Iterate[Moments]:
        """The objective's parameters, moments zero."""
        theta = objective.parameters
        moments = Moments(torch.zeros_like(theta), torch.zeros_like(theta))
        return Iterate(objective, theta, objective.loss(theta), moments)

    def step(self, at: Iterate[Moments], spent: Spent) -> Iterate[Moments]:
        """One step; the loss reported is the one before it."""
        objective, state = at.objective, at.state
        if self.fresh:
            objective = objective.redrawn(objective.seed + 1, spent.share)
        with products_in(self.precision):
            loss, gradient = objective.loss_and_gradient(at.theta)
        checked = at.theta.device.type == "cpu" or state.steps % CHECKED == 0
        if checked and not is_finite(loss, gradient):
            return self._cut(at, objective)
        k = state.steps + 1
        mean = torch.lerp(state.mean, gradient, 0.1)
        square = torch.lerp(state.square, gradient.square(), 0.001)
        falling = self._rate(spent.share, k) * CUT**state.cuts
        rate = falling / (1 - 0.9**k)
        root = (
            (square / (1 - 0.999**k)).sqrt_().add_(1e-8 if square.dtype == torch.float32 else 1e-12)
        )
        theta = torch.addcdiv(at.theta, mean, root, value=-rate)
        before = at.theta if checked else state.before
        moments = Moments(mean, square, k, falling, before, state.cuts)
        return Iterate(objective, theta, loss, moments, f"rate = {rate:.1e}")

    def _cut(self, at: Iterate[Moments], objective: Residuals) -> Iterate[Moments]:
        """Back to before the last step, with a lower rate from now on, or for good."""
        before, cuts = at.state.before, at.state.cuts
        if before is None:
            raise NonFiniteError(f"{NOT_FINITE} at the points of this step.")
        state = replace(at.state, before=None, cuts=cuts + 1)
        if not is_finite(state.mean, state.square):  # of steps that were not checked
            zero = torch.zeros_like(before)
            state = replace(state, mean=zero, square=zero, steps=0)
        loss = objective.loss(before)
        if cuts == CUTS or not is_finite(loss):
            reason = f"the state before is kept, after {cuts} cuts of the rate"
            kept = loss if is_finite(loss) else at.loss
            back = Iterate(objective, before, kept, state, finished=reason)
            return replace(back, outcome=Outcome.non_finite)
        note = (
            f"{NOT_FINITE}: back a step, with the rate cut to {CUT ** (cuts + 1):g} of what it was"
        )
        return Iterate(objective, before, loss, state, note)

    def gauges(self, at: Iterate[Moments]) -> dict[str, float]:
        """The rate of the last step, without what makes up for the few first ones."""
        return {} if math.isnan(at.state.rate) else {"rate": at.state.rate}

    def _rate(self, used: float, k: int) -> float:
        given = self.rate
        rate = given(used) if isinstance(given, Schedule) else given * self.final**used
        return rate * min(k / self.warmup, 1.0) / math.sqrt(1 + k / self.settling)
