"""A field moved along one axis, u(x) = N(x − by): the same features, slab after slab."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor

from siren_pde.fields.base import Evaluation, Leaf
from siren_pde.fields.plan import Plan
from siren_pde.fields.workspace import Workspace


@final
class Moved(Leaf):
    """The leaf N at x − `by` along `axis`: derivatives and products with the Jacobian are N's."""

    def __init__(self, leaf: Leaf, axis: int, by: float) -> None:
        super().__init__()
        self.leaf, self.axis, self.by = leaf, axis, float(by)
        self.inputs, self.outputs = leaf.inputs, leaf.outputs
        self.output_size, self.sized, self.breadth = leaf.output_size, leaf.sized, leaf.breadth
        self.period = leaf.period

    def _back(self, x: Tensor) -> Tensor:
        columns = list(x.unbind(1))
        columns[self.axis] = columns[self.axis] - self.by
        return torch.stack(columns, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Values (n,) or (n, outputs) at x (n, inputs)."""
        return self.leaf(self._back(x))

    def placed(self, low: Tensor, high: Tensor, frequency: Tensor) -> Moved:
        """The placed leaf, moved as far."""
        return Moved(self.leaf.placed(low, high, frequency), self.axis, self.by)  # type: ignore[arg-type]

    def featured(self, width: int, frequency: Tensor, seed: int, order: int = 0) -> Moved:
        """Frozen features, moved as far."""
        leaf = self.leaf.featured(width, frequency, seed, order)
        return Moved(leaf, self.axis, self.by)  # type: ignore[arg-type]

    def evaluate(
        self, theta: Tensor, x: Tensor, plan: Plan, space: Workspace | None = None
    ) -> Evaluation:
        """The channels at x (n, inputs)."""
        return self.leaf.evaluate(theta, self._back(x), plan, space)

    def evaluate_once(
        self, theta: Tensor, x: Tensor, plan: Plan, space: Workspace | None = None
    ) -> Evaluation:
        """As `evaluate`, for one `pullback`."""
        return self.leaf.evaluate_once(theta, self._back(x), plan, space)

    def evaluate_output(self, theta: Tensor, x: Tensor, plan: Plan) -> Evaluation:
        """As `evaluate`, for the output layer alone."""
        return self.leaf.evaluate_output(theta, self._back(x), plan)

    def pullback(self, theta: Tensor, at: Evaluation, seeds: Tensor) -> Tensor:
        """Jᵀ·seeds (p,)."""
        return self.leaf.pullback(theta, at, seeds)

    def rows(
        self, theta: Tensor, at: Evaluation, seeds: Tensor, out: Tensor | None = None
    ) -> Tensor:
        """Per-point gradients (n, p)."""
        return self.leaf.rows(theta, at, seeds, out)

    def output_rows(self, theta: Tensor, at: Evaluation, seeds: Tensor) -> Tensor:
        """The columns (n, output_size) of the output layer."""
        return self.leaf.output_rows(theta, at, seeds)

    def push(self, theta: Tensor, at: Evaluation, direction: Tensor) -> Tensor:
        """J·direction (S, n, outputs)."""
        return self.leaf.push(theta, at, direction)
