"""A field moved along one axis, u(x) = N(x − by): the same features, slab after slab."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor

from siren_pde.fields.base import Leaf
from siren_pde.fields.derived.wrapped import Wrapped


@final
class Moved(Wrapped):
    """The leaf N at x − `by` along `axis`: derivatives and products with the Jacobian are N's."""

    def __init__(self, leaf: Leaf, axis: int, by: float) -> None:
        super().__init__(leaf)
        self.axis, self.by, self.period = axis, float(by), leaf.period

    def _inner(self, x: Tensor) -> Tensor:
        columns = list(x.unbind(1))
        columns[self.axis] = columns[self.axis] - self.by
        return torch.stack(columns, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Values (n,) or (n, outputs) at x (n, inputs)."""
        return self.leaf(self._inner(x))

    def placed(self, low: Tensor, high: Tensor, frequency: Tensor) -> Moved:
        """The placed leaf, moved as far."""
        return Moved(self.leaf.placed(low, high, frequency), self.axis, self.by)  # type: ignore[arg-type]

    def featured(self, width: int, frequency: Tensor, seed: int, order: int = 0) -> Moved:
        """Frozen features, moved as far."""
        leaf = self.leaf.featured(width, frequency, seed, order)
        return Moved(leaf, self.axis, self.by)  # type: ignore[arg-type]
