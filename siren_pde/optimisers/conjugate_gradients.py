"""Conjugate gradients on the least-squares problem of affine residuals: no matrix is ever held."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, final

import torch
from torch import Tensor

from siren_pde.errors import ConfigError, NonFiniteError
from siren_pde.optimisers.base import Architecture, Iterate, Method, Residuals, Spent
from siren_pde.optimisers.finite import NOT_FINITE, is_finite


@dataclass(frozen=True)
class State:
    """Residual r (N,), direction (p,), the preconditioner (p,), sᵀMs with s = Jᵀr, and its first
    value.
    """

    r: Tensor
    direction: Tensor
    preconditioner: Tensor
    gamma: Tensor
    first: Tensor


@final
@dataclass(frozen=True)
class ConjugateGradients(Method[State]):
    """Minimise ½‖r(θ)‖² for r affine in all of θ by products with J and Jᵀ alone (CGLS).

    For tens of thousands of coefficients, as of `Cosines`. The preconditioner is the diagonal of
    JᵀJ, estimated from `probes` products Jᵀz with random signs z, whose squares have it as their
    mean. Where waves are orthogonal on the points, as cosines on pixels are, JᵀJ is that diagonal
    and a few steps suffice. It ends when the preconditioned gradient has fallen by `tolerance`.

    Raises ConfigError where the residuals are not affine in θ.

    Sources: Hestenes and Stiefel (1952), in the form of Björck (1996, § 7.4); diagonals from random
    signs: Bekas, Kokiopoulou and Saad, Appl. Numer. Math. 57 (2007).
    """

    probes: int = 24
    tolerance: float = 1e-6
    name: str = "conjugate gradients"
    dtype: torch.dtype = torch.float64
    architecture: Architecture = Architecture(1, 1)
    every: ClassVar[int] = 20
    shared: ClassVar[bool] = True
    keeps_rows: ClassVar[bool] = True

    def points(self, parameters: int) -> int:
        """Twice as many as parameters."""
        return 2 * parameters

    def start(self, objective: Residuals) -> Iterate[State]:
        """The objective's parameters, the preconditioner, and steepest descent."""
        theta = objective.parameters
        generator = torch.Generator(device=theta.device).manual_seed(objective.seed)
        r = -objective.residual(theta)
        diagonal = torch.zeros_like(theta)
        for _ in range(self.probes):
            signs = objective.space.signs(generator, r)
            diagonal += objective.vjp(theta, signs).square() / self.probes
        seen = diagonal > torch.finfo(r.dtype).eps * diagonal.max()
        inverse = torch.where(seen, 1 / diagonal, torch.zeros_like(diagonal))
        s = objective.vjp(theta, r)
        gamma = s @ (inverse * s)
        _require_finite(gamma)
        self._require_affine(objective, theta, inverse * s, r)
        state = State(r, inverse * s, inverse, gamma, gamma)
        done = "" if bool(gamma > 0) else "the gradient vanishes"
        return Iterate(objective, theta, 0.5 * objective.space.dot(r, r), state, finished=done)

    def step(self, at: Iterate[State], spent: Spent) -> Iterate[State]:
        """One product with J, one with Jᵀ, and the next conjugate direction."""
        s = at.state
        q = at.objective.jvp(at.theta, s.direction)
        length = s.gamma / at.objective.space.dot(q, q)
        theta, r = at.theta + length * s.direction, s.r - length * q
        gradient = at.objective.vjp(theta, r)
        z = s.preconditioner * gradient
        gamma = gradient @ z
        _require_finite(gamma)
        state = replace(s, r=r, direction=z + gamma / s.gamma * s.direction, gamma=gamma)
        fallen = float((gamma / s.first).sqrt())
        done = f"the gradient fell to {fallen:.1e} of the first" if fallen < self.tolerance else ""
        note = f"gradient {fallen:.1e} of the first"
        loss = 0.5 * at.objective.space.dot(r, r)
        return Iterate(at.objective, theta, loss, state, note, done)

    def _require_affine(self, objective: Residuals, theta: Tensor, move: Tensor, r: Tensor) -> None:
        """Compare a finite move with its linear prediction."""
        predicted = objective.jvp(theta, move)
        left = objective.residual(theta + move) + r - predicted
        curved = objective.space.dot(left, left).sqrt()
        _require_finite(curved)
        if bool(curved > 1e-6 * objective.space.dot(predicted, predicted).sqrt()):
            raise ConfigError(
                "`ConjugateGradients` needs residuals that are affine in all parameters, and these "
                "are not. Take `LeastSquares()` or `GaussNewton()`, or frozen waves: `Cosines(…)`."
            )


def _require_finite(gamma: Tensor) -> None:
    if not is_finite(gamma):
        raise NonFiniteError(f"{NOT_FINITE}.")
