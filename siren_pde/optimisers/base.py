"""What a method is: a way to step from one iterate to the next, seeing nothing but residuals."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, is_dataclass, replace
from typing import ClassVar, Generic, Protocol, Self, TypeVar

import torch
from torch import Tensor

from siren_pde.numerics.checked import require_numbers
from siren_pde.numerics.least_squares import NormalEquations
from siren_pde.optimisers.outcome import Outcome
from siren_pde.optimisers.reached import Reached

S = TypeVar("S")


class Smooth(Protocol):
    """A function of θ (p,) with a gradient, known at points that may be drawn afresh.

    None of its methods changes θ, and none of what they return is θ itself.
    """

    @property
    def parameters(self) -> Tensor:
        """θ (p,) to start from, a copy."""

    @property
    def seed(self) -> int:
        """The seed of the points."""

    def loss(self, theta: Tensor) -> Tensor:
        """The loss at θ, a tensor without axes."""

    def loss_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """The loss and its gradient (p,)."""

    def redrawn(self, seed: int, used: float = 1.0) -> Self:
        """The same function at fresh points, when the share `used` of the budget is spent."""


class RowSpace(Protocol):
    """The vectors that have an entry for each of N rows, others having those of the rest."""

    def dot(self, first: Tensor, second: Tensor) -> Tensor:
        """The inner product of two of them (N,), a tensor without axes."""

    def signs(self, generator: torch.Generator, like: Tensor) -> Tensor:
        """Random signs (N,), of the dtype and on the device of `like`."""


class Residuals(Smooth, Protocol):
    """A loss ½‖r(θ)‖² of N residuals, and the products with their Jacobian J = ∂r/∂θ.

    The N rows may be a part of all, of which others have the rest: what is one number for all rows,
    or one for each parameter, is asked for here, as of the `space` of rows, and nowhere else summed
    over rows.
    """

    def residual(self, theta: Tensor) -> Tensor:
        """r (N,)."""

    @property
    def space(self) -> RowSpace:
        """The vectors of rows (N,)."""

    def jvp(self, theta: Tensor, direction: Tensor) -> Tensor:
        """J·direction (N,)."""

    def vjp(self, theta: Tensor, weights: Tensor) -> Tensor:
        """Jᵀ·weights (p,)."""

    def normal_equations(self, theta: Tensor) -> NormalEquations:
        """The normal equations of r + J d, in their smaller form."""

    def weighted_boundaries(self, weight: float) -> Self:
        """The same residuals, those on boundaries times √weight."""

    def resampled_adaptively(self, theta: Tensor, share: float, seed: int) -> Self:
        """The same residuals at fresh points, a `share` of them where residuals at θ are large."""


@dataclass(frozen=True)
class Iterate(Generic[S]):
    """Where a method stands: parameters θ (p,) of an objective, and their loss (no axes).

    `state` is the method's own. `note` says in words what the last step did, `finished` why no
    further step will help; it is empty while steps may. `outcome` is what kind of end `finished`
    is, and means nothing before. `reached` says how far a method is that solves part after part,
    None once all are solved. `error` is about the relative L² error, where a method knows it by
    itself. `again` are the seconds that the last solve took, where measuring its error takes about
    as long.
    """

    objective: Residuals
    theta: Tensor
    loss: Tensor
    state: S
    note: str = ""
    finished: str = ""
    reached: Reached | None = None
    outcome: Outcome = Outcome.converged
    error: float = math.nan
    again: float = 0.0

    @property
    def going_on(self) -> bool:
        """Whether parts are solved one after the other, and more of them are to come."""
        return self.reached is not None and self.reached.going

    @property
    def partial(self) -> bool:
        """Whether it is an answer in some part only."""
        return self.reached is not None and (self.reached.anything or self.reached.going)


@dataclass(frozen=True)
class Spent:
    """How much of the budget is spent before a step, and what remains.

    `share` is in [0, 1]. `left` is in seconds, infinite where the budget does not bound them: a
    method starts nothing that it expects to take longer. Where the seconds are not `asked` for,
    they are a limit, and a method ends once its answer is a good one.
    """

    share: float = 0.0
    left: float = math.inf
    asked: bool = True

    def after(self, seconds: float) -> Spent:
        """What is spent so many seconds later, in the same step."""
        if math.isinf(self.left):
            return self
        left = max(self.left - seconds, 0.0)
        gone = 1 - (1 - self.share) * left / self.left if self.left > 0 else 1.0
        return replace(self, share=max(gone, self.share), left=left)


@dataclass(frozen=True)
class Architecture:
    """The sine network that suits a method when the user names none (arguments of `Siren`)."""

    width: int
    depth: int
    hidden_frequency: float = 1.0


class Method(ABC, Generic[S]):
    """How to minimise ½‖r(θ)‖².

    Methods are values: what changes from step to step is in the iterate, `S` being the type of the
    method's own state. θ is never changed in place: whoever steps makes a new tensor.
    """

    name: str
    dtype: torch.dtype
    """The precision the method works best in."""
    architecture: Architecture
    """The network the method works best with."""
    every: ClassVar[int] = 1
    """Steps between two rows of the history. A row costs an evaluation of all residuals: where that
    is a tenth of a step, as of Gauss-Newton, five steps are between rows (benchmarks/watching.py).
    """
    may_be_zero: ClassVar[tuple[str, ...]] = ()
    """The options that may be zero, although their defaults are not."""
    shared: ClassVar[bool] = False
    """Whether several processes may solve by it, each with a part of the rows: it sums over rows by
    what `Residuals` have for that, or over the processes of its objective where it makes rows of
    its own, and decides nothing by a clock of its own.
    """
    keeps_rows: ClassVar[bool] = False
    """Whether its state has vectors of rows, of which each of several processes has its own."""
    descends: ClassVar[bool] = True
    """Whether a smaller loss is a better answer: not where a method weighs conditions by itself,
    as least squares on features do.
    """

    def __post_init__(self) -> None:
        """Check the options of a method that is a dataclass; one with rules of its own adds them.

        Raises ConfigError for an option that is no number of its kind.
        """
        if is_dataclass(self):
            ours = type(self).__module__.startswith("siren_pde.")
            require_numbers(self, zero=self.may_be_zero, ours=ours)

    @abstractmethod
    def start(self, objective: Residuals) -> Iterate[S]:
        """The iterate before the first step, from the objective's own parameters."""

    @abstractmethod
    def step(self, at: Iterate[S], spent: Spent) -> Iterate[S]:
        """The next iterate; `spent` is what the steps before have used of the budget."""

    @abstractmethod
    def points(self, parameters: int) -> int:
        """How many interior points suit a field with so many parameters."""

    def suited(
        self, objective: Residuals, parameters: int | None, left: float = math.inf
    ) -> tuple[Method[object], str]:
        """The method to solve with, and why: this one, unless it is one that chooses another.

        `parameters` is the size of the caller's field, None if the field is the method's own;
        `left` are the seconds of the budget.
        """
        return self, "chosen by the caller"  # type: ignore[return-value]

    def interval(self, at: Iterate[S]) -> int:
        """Steps until the next row of the history: `every`, unless it is another one's step."""
        return self.every

    def by_loss(self, at: Iterate[S]) -> bool:
        """Whether an iterate with a smaller loss is a better one: `descends`, unless it is another
        method's.
        """
        return self.descends

    def gauges(self, at: Iterate[S]) -> dict[str, float]:
        """What the method sets itself from step to step, such as its rate or damping, by name."""
        return {}

    def ran(self, at: Iterate[S]) -> str:
        """The name of the method that an iterate comes from: this one's, unless it is several."""
        return self.name
