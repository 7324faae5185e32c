"""What a solve may spend, and what it reports meanwhile."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from siren_pde.collocation.objective import Objective
from siren_pde.errors import ConfigError
from siren_pde.numerics.checked import require_numbers
from siren_pde.optimisers.base import Iterate, Method, Spent

SECONDS = 120.0
"""What methods that do not end by themselves get where no seconds and no steps are given."""


@dataclass(frozen=True)
class Budget:
    """How much a solve may spend: wall-clock seconds, steps of the method, or a loss to reach.

    Whatever is reached first ends the solve. Without `seconds` and `steps`, methods that do not
    end by themselves get `SECONDS`. `memory` bounds, in bytes, what the products with the Jacobian
    take beyond the points themselves: their number never does.
    """

    seconds: float | None = None
    steps: int | None = None
    target: float | None = None
    memory: int | None = None

    def __post_init__(self) -> None:
        require_numbers(self)

    def spent(self, seconds: float, steps: int) -> Spent:
        """What so many seconds and steps have used of it."""
        allowed = self.seconds or (None if self.steps else SECONDS)
        in_time = seconds / allowed if allowed else 0.0
        in_steps = steps / self.steps if self.steps else 0.0
        left = max(allowed - seconds, 0.0) if allowed else math.inf
        return Spent(min(max(in_time, in_steps), 1.0), left, asked=self.seconds is not None)


@dataclass(frozen=True)
class Report:
    """What a callback is told: where the solve stands.

    `measure` is what the caller of `solve` wants to be seen beside the terms.
    """

    step: int
    seconds: float
    used: float
    iterate: Iterate[Any]
    loss: float
    method: Method[Any]
    measure: Callable[[Iterate[Any]], dict[str, torch.Tensor]] | None = None

    def terms(self) -> dict[str, float]:
        """The mean square of each condition, weighted, evaluated now, and what `measure` finds."""
        terms = of_problem(self.iterate).terms(self.iterate.theta)
        terms |= self.measure(self.iterate) if self.measure else {}
        return {name: float(value) for name, value in terms.items()}


Callback = Callable[[Report], None]


def of_problem(at: Iterate[Any]) -> Objective:
    """The objective of an iterate. Raises ConfigError if the method has left the problem's."""
    if not isinstance(at.objective, Objective):
        raise ConfigError(
            "a method hands on the objective that it was given, or a copy for another field or "
            f"other points, got {type(at.objective).__name__}."
        )
    return at.objective
