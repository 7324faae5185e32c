"""Variable projection: an unknown that enters linearly is eliminated, the others take Newton steps.

The residuals r(u, m) of an inverse problem are affine in the wave u, and in the medium m. For given
m, the best u is a linear least-squares problem on frozen features, and what it leaves of r is a
function of m alone, far from as nonlinear as the data are in m.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import torch
from torch import Tensor

from siren_pde.errors import ConfigError
from siren_pde.numerics.least_squares import Factor, least_squares
from siren_pde.optimisers.base import Architecture, Iterate, Method

HALVINGS = 8
"""How often a step is halved before none is taken."""


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


@final
@dataclass(frozen=True)
class VariableProjection(Method):
    """Eliminate the unknown `eliminated`, and step the output layers of the others by Gauss-Newton.

    For problems such as a medium m seen by its waves u: r is affine in u for given m. u is given
    `features` frozen sines up to `frequency` (radians per unit length, per axis; left out, what the
    problem's data suggest). Networks for m keep their hidden layers, and start as the zero
    function. Outputs of u that no residual joins, such as the waves of several sources, are solved
    for one after the other, and by one factorisation where they obey the same equations.

    *Other*: `penalty` times how far the coefficients of m are from their start joins the residuals,
    for media that data do not determine; points per feature in `rows`; a step that gains less than
    `tolerance` is the last.

    Sources: Golub and Pereyra (1973) in the form of Kaufman (1975); for waves, wavefield
    reconstruction inversion (van Leeuwen and Herrmann, 2013).
    """

    eliminated: str = "u"
    features: int = 1000
    frequency: tuple[float, ...] | None = None
    penalty: float = 0.0
    rows: float = 2.0
    tolerance: float = 1e-3
    name: str = "variable projection"
    dtype: torch.dtype = torch.float64
    architecture: Architecture = Architecture(1, 1)

    def __post_init__(self) -> None:
        if self.features < 1 or not all(w > 0 for w in self.frequency or ()):
            raise ConfigError(
                f"`VariableProjection` needs features and positive frequencies, got "
                f"{self.features} and {self.frequency}."
            )

    def points(self, parameters: int) -> int:
        """As many as the features need."""
        return int(self.rows * self.features)

    def start(self, objective: Any) -> Iterate:
        """The waves of the medium at the start."""
        wanted = self.frequency or tuple(1.5 * w for w in objective.frequencies)
        frequency = objective.parameters.new_tensor(wanted)
        parts = objective.separated(self.eliminated, self.features, frequency)
        parts = replace(parts, alike=_alike(parts))
        return _iterate(parts, self._eliminate(parts, parts.outer))

    def step(self, at: Iterate, used: float) -> Iterate:
        """A Gauss-Newton step for the outer coefficients, halved until the residual falls."""
        parts, now = at.state
        move = least_squares(now.jacobian.clone(), -now.residual).x
        for _ in range(HALVINGS):
            moved = self._eliminate(parts, now.outer + move)
            if moved.size < now.size:
                break
            move = move / 2
        else:
            return replace(at, finished="no step lowers what elimination leaves of the residual")
        done = moved.size > (1 - self.tolerance) * now.size
        reason = f"steps gain less than {self.tolerance:g}" if done else ""
        return replace(_iterate(parts, moved), finished=reason)

    def _eliminate(self, parts: Any, outer: Tensor) -> Eliminated:
        found = _eliminate(parts, outer)
        if not self.penalty:
            return found
        apart = self.penalty * (outer - parts.outer)
        rows = self.penalty * torch.eye(len(outer), dtype=outer.dtype, device=outer.device)
        residual = torch.cat([found.residual, apart])
        return replace(found, residual=residual, jacobian=torch.cat([found.jacobian, rows]))


def _iterate(parts: Any, at: Eliminated) -> Iterate:
    theta = parts.joined(at.inner, at.outer)
    note = f"residual {at.size:.3e} after elimination"
    return Iterate(parts.whole, theta, parts.whole.loss(theta), (parts, at), note)


def _alike(parts: Any) -> bool:
    """Whether all parts have the same matrix of inner columns."""
    first: Tensor | None = None
    for part in parts.parts:
        inner, _ = parts.split(part, part.residual_and_output_jacobian(part.parameters)[1])
        if first is not None and (inner.shape != first.shape or not torch.equal(inner, first)):
            return False
        first = inner
    return True


def _eliminate(parts: Any, outer: Tensor) -> Eliminated:
    inner, residuals, jacobians = [], [], []
    factor = None
    for part in parts.parts:
        size = part.output(part.parameters).numel() - len(outer)
        zero = parts.theta(part, outer.new_zeros((size,)), outer)
        if factor is None or not parts.alike:
            r, rows = part.residual_and_output_jacobian(zero)
            factor = Factor.of(parts.split(part, rows)[0])
        else:
            r = part.residual(zero)
        inner.append(factor.solve(-r))
        _, rows = part.residual_and_output_jacobian(parts.theta(part, inner[-1], outer))
        residuals.append(factor.left(r))
        jacobians.append(factor.left(parts.split(part, rows)[1]))
    if parts.rest is not None:
        theta = parts.rest.with_output(parts.rest.parameters, outer)
        r, rows = parts.rest.residual_and_output_jacobian(theta)
        residuals.append(r)
        jacobians.append(rows)
    return Eliminated(outer, inner, torch.cat(residuals), torch.cat(jacobians))
