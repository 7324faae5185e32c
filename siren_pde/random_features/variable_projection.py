"""Variable projection: an unknown that enters linearly is eliminated, the others take Newton steps.

The residuals r(u, m) of an inverse problem are affine in the wave u, and in the medium m. For given
m, the best u is a linear least-squares problem on frozen features, and what it leaves of r is a
function of m alone, far from as nonlinear as the data are in m.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, final

import torch
from torch import Tensor

from siren_pde.numerics.least_squares import Factor, least_squares
from siren_pde.optimisers.base import Architecture, Iterate, Method, Residuals, Spent
from siren_pde.optimisers.outcome import Outcome
from siren_pde.random_features.features import (
    output_coefficients,
    require_problem,
    suggested_frequencies,
    with_output,
)
from siren_pde.random_features.output_system import OutputSystem
from siren_pde.random_features.separation import Partitioned, partitioned

HALVINGS = 8
"""How often a step is halved before none is taken."""
MARGIN = 1.5
"""How far the band of the features reaches beyond the frequencies that the data suggest."""


@dataclass(frozen=True)
class Eliminated:
    """The outer coefficients (q,), the best inner ones of each part, what they leave of the
    residual, and its derivative by the outer ones.
    """

    outer: Tensor
    inner: Sequence[Tensor]
    residual: Tensor
    jacobian: Tensor

    @property
    def size(self) -> float:
        """‖r‖."""
        return float(torch.linalg.vector_norm(self.residual))


@dataclass(frozen=True)
class State:
    """The parts of the problem, and what elimination leaves of them for the medium reached."""

    parts: Partitioned
    eliminated: Eliminated


@final
@dataclass(frozen=True)
class VariableProjection(Method[State]):
    """Eliminate the unknown `eliminated`, and step the output layers of the others by Gauss-Newton.

    For problems such as a medium m seen by its waves u: r is affine in u for given m. u is given
    `features` frozen sines up to `frequency` (radians per unit length, per axis; left out, what the
    problem's data suggest). Networks for m keep their hidden layers, and start as the zero
    function. Outputs of u that no residual joins, such as the waves of several sources, are solved
    for one after the other, and by one factorisation where they obey the same equations.

    *Other*: `penalty` times how far the coefficients of m are from their start joins the residuals,
    for media that data do not determine; `oversampling`, the points per feature; a step that gains
    less than `tolerance` is the last.

    Sources: Golub and Pereyra (1973) in the form of Kaufman (1975); for waves, wavefield
    reconstruction inversion (van Leeuwen and Herrmann, 2013).
    """

    eliminated: str = "u"
    features: int = 1000
    frequency: tuple[float, ...] | None = None
    penalty: float = 0.0
    oversampling: float = 2.0
    tolerance: float = 1e-3
    name: str = "variable projection"
    dtype: torch.dtype = torch.float64
    architecture: Architecture = Architecture(1, 1)
    descends: ClassVar[bool] = False

    def points(self, parameters: int) -> int:
        """As many as the features need."""
        return int(self.oversampling * self.features)

    def start(self, objective: Residuals) -> Iterate[State]:
        """The waves of the medium at the start."""
        whole = require_problem(objective, "VariableProjection")
        wanted = self.frequency or tuple(MARGIN * w for w in suggested_frequencies(whole))
        frequency = whole.parameters.new_tensor(wanted)
        parts = partitioned(whole, self.eliminated, self.features, frequency)
        parts = replace(parts, alike=_alike(parts))
        return _iterate(State(parts, self._eliminate(parts, parts.outer)))

    def step(self, at: Iterate[State], spent: Spent) -> Iterate[State]:
        """A Gauss-Newton step for the outer coefficients, halved until the residual falls."""
        parts, now = at.state.parts, at.state.eliminated
        move = least_squares(now.jacobian.clone(), -now.residual).x
        for _ in range(HALVINGS):
            moved = self._eliminate(parts, now.outer + move)
            if moved.size < now.size:
                break
            move = move / 2
        else:
            reason = "no step lowers what elimination leaves of the residual"
            return replace(at, finished=reason, outcome=Outcome.stagnated)
        done = moved.size > (1 - self.tolerance) * now.size
        reason = f"steps gain less than {self.tolerance:g}" if done else ""
        return replace(_iterate(State(parts, moved)), finished=reason)

    def _eliminate(self, parts: Partitioned, outer: Tensor) -> Eliminated:
        eliminated = _eliminate(parts, outer)
        if not self.penalty:
            return eliminated
        apart = self.penalty * (outer - parts.outer)
        rows = self.penalty * torch.eye(len(outer), dtype=outer.dtype, device=outer.device)
        residual = torch.cat([eliminated.residual, apart])
        jacobian = torch.cat([eliminated.jacobian, rows])
        return replace(eliminated, residual=residual, jacobian=jacobian)


def _iterate(state: State) -> Iterate[State]:
    whole, at = state.parts.whole, state.eliminated
    theta = state.parts.joined(at.inner, at.outer)
    note = f"residual {at.size:.3e} after elimination"
    return Iterate(whole, theta, whole.loss(theta), state, note)


def _alike(parts: Partitioned) -> bool:
    """Whether all parts have the same matrix of inner columns."""
    first: Tensor | None = None
    for part in parts.parts:
        inner, _ = parts.split(part, OutputSystem.of(part, part.parameters).matrix)
        if first is not None and (inner.shape != first.shape or not torch.equal(inner, first)):
            return False
        first = inner
    return True


def _eliminate(parts: Partitioned, outer: Tensor) -> Eliminated:
    inner, residuals, jacobians = [], [], []
    factor = None
    for part in parts.parts:
        size = output_coefficients(part.field, part.parameters).numel() - len(outer)
        zero = parts.theta(part, outer.new_zeros((size,)), outer)
        if factor is None or not parts.alike:
            system = OutputSystem.of(part, zero)
            r, factor = system.right, Factor.of(parts.split(part, system.matrix)[0])
        else:
            r = part.residual(zero)
        inner.append(factor.solve(-r))
        solved = OutputSystem.of(part, parts.theta(part, inner[-1], outer))
        residuals.append(factor.left(r))
        jacobians.append(factor.left(parts.split(part, solved.matrix)[1]))
    if parts.rest is not None:
        rest = parts.rest
        system = OutputSystem.of(rest, with_output(rest.field, rest.parameters, outer))
        residuals.append(system.right)
        jacobians.append(system.matrix)
    return Eliminated(outer, inner, torch.cat(residuals), torch.cat(jacobians))
