"""Nesterov-accelerated Adam: a method that needs gradients alone."""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from siren_pde.extend import Architecture, Iterate, Method


@dataclass(frozen=True)
class Moments:
    """Running means (p,) of the gradient and its square, and the number of steps."""

    mean: Tensor
    square: Tensor
    steps: int = 0


@final
@dataclass(frozen=True)
class NAdam(Method[Moments]):
    """Steps along the running mean of the gradient as it will be after this step.

    Source: Dozat, Incorporating Nesterov momentum into Adam, ICLR 2016 workshop.
    """

    rate: float = 3e-3
    name: str = "NAdam"
    dtype: torch.dtype = torch.float64
    architecture: Architecture = Architecture(32, 2)

    def points(self, parameters):
        return 1024

    def start(self, objective):
        theta = objective.parameters
        zero = torch.zeros_like(theta)
        return Iterate(objective, theta, objective.loss(theta), Moments(zero, zero))

    def step(self, at, spent):
        objective = at.objective.redrawn(at.objective.seed + 1, spent.share)
        loss, gradient = objective.loss_and_gradient(at.theta)
        k = at.state.steps + 1
        mean = torch.lerp(at.state.mean, gradient, 0.1)
        square = torch.lerp(at.state.square, gradient**2, 0.001)
        ahead = 0.9 * mean / (1 - 0.9 ** (k + 1)) + 0.1 * gradient / (1 - 0.9**k)
        theta = at.theta - self.rate * ahead / ((square / (1 - 0.999**k)).sqrt() + 1e-8)
        return Iterate(objective, theta, loss, Moments(mean, square, k))
