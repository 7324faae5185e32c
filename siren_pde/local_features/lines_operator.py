"""The equations of one stage on boxes: linearised, factorised, and solved again and again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from siren_pde.local_features.assembly import Assembly
from siren_pde.local_features.lines_space import Space
from siren_pde.local_features.stage import Stage
from siren_pde.numerics.multifrontal import Part
from siren_pde.numerics.tree_factor import TreeFactor

TINY = 1e-300
MOST = 8
"""Newton's steps at a stage: more take longer than another matrix."""


@dataclass(frozen=True, eq=False)
class Solved:
    """θ at a stage, how many steps it took, and how much the last of them shrank."""

    theta: Tensor
    steps: int
    contraction: float


@dataclass(frozen=True, eq=False)
class Operator:
    """The matrix of a stage whose derivatives in time are `rate` times the unknown, and more.

    It is linearised at θ and one time; `known` are what rates are taken from. It is made of these
    when it is needed first.
    """

    space: Space
    rate: float
    at: float
    theta: Tensor
    known: Sequence[Tensor]

    @cached_property
    def assembly(self) -> Assembly:
        """The equations at the time and the stage, scaled."""
        given = [self.space.columns.split(part) for part in self.known]
        stage = Stage.implicit(self.space.time.axis, self.rate, given)
        return self.space.staged(stage, self.at).scaled(self.theta)

    @cached_property
    def parts(self) -> Sequence[Part | None]:
        """The rows of each box."""
        return list(self.assembly.linear_model(self.theta))

    @cached_property
    def factor(self) -> TreeFactor:
        """The matrix, factorised."""
        return TreeFactor(self.parts, self.space.tree.children.tolist(), self.assembly.uses())

    def slopes(self, theta: Tensor, known: Sequence[Tensor]) -> list[Tensor]:
        """The unknown and its derivatives in time at a stage."""
        out = [theta]
        for before in known:
            out.append(self.rate * (out[-1] - before))
        return out

    def exact(self, at: float, known: Sequence[Tensor]) -> Tensor:
        """θ at a stage of equations that are affine, and whose coefficients do not change."""
        return self._solved(at, self.space.zero, known, moved=False)

    def newton(
        self, at: float, guess: Tensor, known: Sequence[Tensor], *, scale: Tensor, close: float
    ) -> Solved | None:
        """θ at a stage by Newton's method with this matrix; None if that does not converge."""
        theta, last, contraction = guess, math.inf, 0.0
        for step in range(1, MOST + 1):
            target = self._solved(at, theta, known, moved=True)
            move, theta = target - theta, target
            usual = torch.maximum(scale, self.space.sizes(theta)).clamp_min(TINY)
            size = float((self.space.sizes(move) / usual)[self.space.counted].max())
            if not math.isfinite(size):
                return None
            contraction = size / last if step > 1 else 0.0
            if step > 1 and contraction > 1:
                return None
            if size * (min(contraction, 1.0) if step > 1 else 1.0) <= close:
                return Solved(theta, step, contraction)
            last = size
        return None

    def _solved(self, at: float, theta: Tensor, known: Sequence[Tensor], *, moved: bool) -> Tensor:
        """The solution of the equations linearised at θ, with the matrix as it is."""
        space, equations, each = self.space, self.assembly.equations, []
        coefficients = self.slopes(theta, known)
        given = [c if moved or k else None for k, c in enumerate(coefficients)]
        for number, equation in enumerate(equations):
            r = space.residual(number, at, given)
            each.append(-(equation.at(equation.located.boxes) * r).flatten())
        rights = self._by_box(each, self._columns(theta) if moved else None)
        own, shared = self.factor.solve(rights)
        return self.assembly.columns.moved(space.zero, own, shared)

    def _columns(self, theta: Tensor) -> Tensor:
        """θ as the columns (K, width) of each box."""
        columns = self.assembly.columns
        parts = columns.split(theta)
        return torch.cat([n.by_box(parts[k]).flatten(1) for k, n in columns.local.items()], 1)

    def _by_box(self, each: Sequence[Tensor], columns: Tensor | None) -> list[Tensor | None]:
        """The right-hand side of each box; with what its own rows make of its columns."""
        starts = [
            (e.located.starts * e.rows.residual.components).tolist()
            for e in self.assembly.equations
        ]
        out: list[Tensor | None] = []
        for k, part in enumerate(self.parts):
            if part is None:
                out.append(None)
                continue
            rows = [r[s[k] : s[k + 1]] for r, s in zip(each, starts, strict=True)]
            right = part.right.new_zeros(len(part.right))
            given = torch.cat(rows)
            right[: len(given)] = given
            if columns is not None:
                right[: len(given)] += part.own[: len(given)] @ columns[k]
            out.append(right)
        return out
