"""The error of an answer, where the truth is known: an exact solution, or a reference."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.collocation.expression import Expression, stacked
from siren_pde.collocation.quadrature import Sobol
from siren_pde.collocation.residual import evaluate
from siren_pde.errors import ConfigError
from siren_pde.fields.base import Field
from siren_pde.fields.system import parts
from siren_pde.optimisers.reached import Reached
from siren_pde.problem import Problem
from siren_pde.references import Reference

Compared = Iterator[tuple[Tensor, Tensor, Tensor]]
"""Values found and expected, (n, k), and weights (n, 1), for each unknown."""


@dataclass(frozen=True, eq=False)
class Beside:
    """A field beside the truth of its problem, in the `part` that is solved, None for all of it."""

    field: Field
    problem: Problem
    part: Reached | None

    def error(self, n: int, seed: int) -> float:
        """‖u − truth‖ / ‖truth‖, as `Solution.error` says."""
        if self.part is not None and not self.part.anything:
            return math.nan
        difference, size, compared = 0.0, 0.0, False
        for fitted, expected, weights in self._pairs(n, seed):
            difference += float((weights * (fitted - expected).square()).sum())
            size += float((weights * expected.square()).sum())
            compared = True
        if not compared:
            raise ConfigError(
                "the truth of this problem names none of the unknowns "
                f"{', '.join(parts(self.field))}. Let `exact` return a dictionary with theirs."
            )
        if not size:  # of a solution that vanishes there are no shares
            return math.inf if difference else 0.0
        return math.sqrt(difference / size)

    def largest(self, n: int, seed: int) -> float:
        """max |u − truth| / max |truth| at the same points, over all unknowns and components."""
        difference = size = math.nan
        for fitted, expected, _ in self._pairs(n, seed):
            if len(expected):
                difference = max(float((fitted - expected).abs().max()), difference)
                size = max(float(expected.abs().max()), size)
        return difference / size if size else math.nan

    def _pairs(self, n: int, seed: int) -> Compared:
        truth = self.problem.truth
        return self._exact(n, seed) if truth is None else self._reference(truth)

    def _exact(self, n: int, seed: int) -> Compared:
        like = next(self.field.parameters())
        for name in parts(self.field):
            domain = self.problem.home(name, parts(self.field))
            p = Sobol(n)(domain, seed=seed, dtype=like.dtype, device=like.device)
            p = p.select(self._solved(p.positions))
            known = self.problem.exact_values(p, parts(self.field))
            if name in known:
                expected = stacked("exact", known[name], p)
                fitted = self._values(name, p).reshape(expected.shape)
                yield fitted, expected, p.weights[:, None]

    def _reference(self, truth: Reference) -> Compared:
        like = next(self.field.parameters())
        for name in truth.values:
            expected = truth.rows(name)
            solved = self._solved(torch.as_tensor(truth.positions)).cpu().numpy()
            known = np.isfinite(expected).all(1) & solved
            x = torch.as_tensor(truth.positions[known], dtype=like.dtype, device=like.device)
            p = Points(self.problem.axes, x, x.new_full((len(x),), 1 / max(len(x), 1)))
            fitted = self._values(name, p).reshape(len(x), -1).double().cpu().numpy()
            compared = truth.aligned(fitted, expected[known])
            weights = torch.ones((len(x), 1), dtype=torch.float64, device="cpu")
            yield torch.from_numpy(compared), torch.from_numpy(expected[known]), weights

    def _values(self, name: str, p: Points) -> Tensor:
        unknown = Expression(name, lambda p, u: u, (name,))
        return evaluate(self.field, unknown, p, block=8192)

    def _solved(self, x: Tensor) -> Tensor:
        """Which of the positions x (n, d) are in the solved part."""
        if self.part is None:
            return torch.ones_like(x[:, 0], dtype=torch.bool)
        return ~self.part.beyond(x[:, self.problem.axes.index(self.part.axis)])
