"""Residuals that are functions of a few numbers: what methods are tested on before any equation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from siren_pde.numerics.least_squares import NormalEquations

Function = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class PlainSpace:
    """The vectors of `count` rows, all of them here."""

    count: int

    def dot(self, first: Tensor, second: Tensor) -> Tensor:
        """The inner product of two of them."""
        return first @ second

    def signs(self, generator: torch.Generator, like: Tensor) -> Tensor:
        """Random signs."""
        coins = torch.randint(0, 2, (self.count,), generator=generator, device=like.device)
        return (2 * coins - 1).to(like)


@dataclass(frozen=True)
class PlainResiduals:
    """½‖r(θ)‖² of a function r, θ (p,) → (N,), and its products with J: a `Residuals`.

    There are no points, so that fresh ones change nothing but the seed.
    """

    function: Function
    start: Tensor
    seed: int = 0

    @property
    def parameters(self) -> Tensor:
        """θ (p,) to start from, a copy."""
        return self.start.clone()

    def residual(self, theta: Tensor) -> Tensor:
        """r (N,)."""
        return self.function(theta)

    def loss(self, theta: Tensor) -> Tensor:
        """½‖r‖², a tensor without axes."""
        return 0.5 * self.function(theta).square().sum()

    def loss_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """½‖r‖² and its gradient (p,)."""
        return self.loss(theta), self.vjp(theta, self.function(theta))

    @property
    def space(self) -> PlainSpace:
        """The vectors of rows (N,)."""
        return PlainSpace(len(self.function(self.start)))

    def jvp(self, theta: Tensor, direction: Tensor) -> Tensor:
        """J·direction (N,)."""
        product: Tensor = torch.func.jvp(self.function, (theta,), (direction,))[1]
        return product

    def vjp(self, theta: Tensor, weights: Tensor) -> Tensor:
        """Jᵀ·weights (p,)."""
        adjoint = torch.func.vjp(self.function, theta)[1]
        product: Tensor = adjoint(weights)[0]
        return product

    def normal_equations(self, theta: Tensor) -> NormalEquations:
        """The normal equations of r + J d."""
        jacobian: Tensor = torch.func.jacrev(self.function)(theta)
        return NormalEquations.of(self.function(theta), jacobian)

    def redrawn(self, seed: int, used: float = 1.0) -> PlainResiduals:
        """The same function."""
        return replace(self, seed=seed)

    def weighted_boundaries(self, weight: float) -> PlainResiduals:
        """The same function: it has no boundaries."""
        return self

    def resampled_adaptively(self, theta: Tensor, share: float, seed: int) -> PlainResiduals:
        """The same function."""
        return replace(self, seed=seed)


def rosenbrock(x: Tensor) -> Tensor:
    """The residuals 10(y − x²) and 1 − x, whose valley is curved; zero at (1, 1).

    Source: Rosenbrock, Comput. J. 3 (1960).
    """
    return torch.stack([10 * (x[1] - x[0] ** 2), 1 - x[0]])


def linear(x: Tensor) -> Tensor:
    """Twelve residuals A x − b of a fit by a parabola; none makes them all vanish."""
    t = torch.linspace(0, 1, 12, dtype=x.dtype, device=x.device)
    return x[0] + x[1] * t + x[2] * t**2 - torch.exp(-3 * t)


def examples(dtype: torch.dtype) -> dict[str, PlainResiduals]:
    """The functions that every method decreases, with their starts, in a method's precision."""
    return {
        "Rosenbrock's function": PlainResiduals(rosenbrock, torch.tensor([-1.2, 1.0], dtype=dtype)),
        "a linear least-squares problem": PlainResiduals(linear, torch.zeros(3, dtype=dtype)),
    }
