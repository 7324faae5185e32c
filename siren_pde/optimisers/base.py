"""What a method is: a way to step from one iterate to the next, seeing nothing but an objective."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Iterate:
    """Where a method stands: parameters θ (p,) of an objective, and their loss (no axes).

    `state` is the method's own. `note` says in words what the last step did, `finished` why no
    further step will help; it is empty while steps may. `reached` says how far a method is that
    solves part after part, until all are solved.
    """

    objective: Any
    theta: Tensor
    loss: Tensor
    state: Any = None
    note: str = ""
    finished: str = ""
    reached: str = ""


@dataclass(frozen=True)
class Architecture:
    """The sine network that suits a method when the user names none (arguments of `Siren`)."""

    width: int
    depth: int
    hidden_frequency: float = 1.0


class Method(ABC):
    """How to minimise ½‖r(θ)‖².

    An objective is anything with the products the method uses, out of `parameters`, `residual`,
    `loss`, `loss_and_gradient`, `normal_equations`, `redrawn`. Methods are values: what
    changes from step to step is in the iterate.
    """

    name: str
    dtype: torch.dtype
    """The precision the method works best in."""
    architecture: Architecture
    """The network the method works best with."""

    @abstractmethod
    def start(self, objective: Any) -> Iterate:
        """The iterate before the first step, from the objective's own parameters."""

    @abstractmethod
    def step(self, at: Iterate, used: float) -> Iterate:
        """The next iterate; `used` is the share of the budget already spent, in [0, 1]."""

    @abstractmethod
    def points(self, parameters: int) -> int:
        """How many interior points suit a field with so many parameters."""
