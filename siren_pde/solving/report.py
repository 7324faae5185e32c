"""What a solve may spend, what it reports meanwhile, and how often."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import torch

from siren_pde.collocation.objective import Objective
from siren_pde.errors import ConfigError
from siren_pde.numerics.checked import require_numbers
from siren_pde.optimisers.base import Iterate, Method, Spent
from siren_pde.solving.solved import solved_part

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
        """The mean square of each condition, weighted, evaluated now where the answer is solved,
        and what `measure` finds.
        """
        solved = solved_part(of_problem(self.iterate), self.iterate.reached)
        terms = solved.terms(self.iterate.theta)
        terms |= self.measure(self.iterate) if self.measure else {}
        return {name: float(value) for name, value in terms.items()}


@dataclass(frozen=True)
class Stop:
    """What a callback returns to end the solve, and why."""

    reason: str

    def __post_init__(self) -> None:
        if not (isinstance(self.reason, str) and self.reason):
            raise ConfigError(
                f'`Stop` says why a solve is stopped, `Stop("the flux is steady")`, got '
                f"{self.reason!r}."
            )


Callback: TypeAlias = Callable[[Report], Stop | None]


@dataclass(frozen=True)
class Every:
    """So often: after so many `steps` or `seconds`, whichever is given.

    `Every(steps=10)(callback)` is the callback, called at steps 0, 10, 20 … and at the end;
    `checkpoint_every=Every(seconds=60)` writes a checkpoint a minute.
    """

    steps: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        given = [value for value in (self.steps, self.seconds) if value is not None]
        if len(given) != 1:
            raise ConfigError(
                "`Every` needs steps or seconds, and not both: `Every(steps=100)` or "
                "`Every(seconds=30)`."
            )
        (value,) = given
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (number and 0 < value < math.inf):
            raise ConfigError(f"`Every` needs a number > 0, got {value!r}.")
        if self.steps is not None and not isinstance(self.steps, int):
            raise ConfigError(f"`Every` needs whole steps, got {self.steps!r}.")

    def __call__(self, callback: Callback) -> Scheduled:
        """The callback, called so often."""
        return Scheduled(callback, self)

    def due(self, steps: int, seconds: float) -> bool:
        """Whether so many steps and seconds after the last time it is time again."""
        if self.steps is not None:
            return steps >= self.steps
        assert self.seconds is not None
        return seconds >= self.seconds


@dataclass(frozen=True)
class Scheduled:
    """A callback and when it is called."""

    callback: Callback
    every: Every

    def __call__(self, report: Report) -> Stop | None:
        """Call it now."""
        return self.callback(report)

    @staticmethod
    def of(callback: Callback) -> Scheduled:
        """A callback as it is scheduled; a plain one is called twice a second."""
        return callback if isinstance(callback, Scheduled) else Scheduled(callback, USUALLY)

    def wrapped(self, change: Callable[[Report], Report]) -> Scheduled:
        """The same for reports that are changed before."""
        inner = self.callback
        return replace(self, callback=lambda report: inner(change(report)))


USUALLY = Every(seconds=0.5)
"""When callbacks are called that say nothing else: reading the loss waits for the device."""


def of_problem(at: Iterate[Any]) -> Objective:
    """The objective of an iterate. Raises ConfigError if the method has left the problem's."""
    if not isinstance(at.objective, Objective):
        raise ConfigError(
            "a method hands on the objective that it was given, or a copy for another field or "
            f"other points, got {type(at.objective).__name__}."
        )
    return at.objective
