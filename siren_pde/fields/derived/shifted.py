"""A field moved along one axis, u(x) = N(x − by): the same features, slab after slab."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor

from siren_pde.fields.base import Network
from siren_pde.fields.derived.wrapped import Wrapped


@final
class Shifted(Wrapped):
    """The leaf N at x − `by` along `axis`: derivatives and products with the Jacobian are N's."""

    def __init__(self, network: Network, axis: int, by: float) -> None:
        super().__init__(network)
        self.axis, self.by, self.period = axis, float(by), network.period

    def _inner(self, x: Tensor) -> Tensor:
        columns = list(x.unbind(1))
        columns[self.axis] = columns[self.axis] - self.by
        return torch.stack(columns, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Values (n,) or (n, outputs) at x (n, inputs)."""
        return self.network(self._inner(x))

    def scaled_to(self, low: Tensor, high: Tensor, frequency: Tensor) -> Shifted:
        """The placed leaf, moved as far."""
        return Shifted(self.network.scaled_to(low, high, frequency), self.axis, self.by)  # type: ignore[arg-type]

    def with_random_features(
        self, width: int, frequency: Tensor, seed: int, order: int = 0
    ) -> Shifted:
        """Frozen features, moved as far."""
        network = self.network.with_random_features(width, frequency, seed, order)
        return Shifted(network, self.axis, self.by)  # type: ignore[arg-type]
