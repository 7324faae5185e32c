"""A field moved along one axis, u(x) = N(x − by): the same features, slab after slab."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

from siren_pde.fields.base import Network
from siren_pde.fields.derived.wrapped import Wrapped
from siren_pde.fields.storage import described, restored_network
from siren_pde.files.json_values import JSON, Description, entry, real, whole


@final
class Shifted(Wrapped):
    """The network N at x − `by` along `axis`: its derivatives and Jacobian's products are N's."""

    def __init__(self, network: Network, axis: int, by: float) -> None:
        super().__init__(network)
        self.axis, self.by, self.period = axis, float(by), network.period

    def _inner(self, x: Tensor) -> Tensor:
        columns = list(x.unbind(1))
        columns[self.axis] = columns[self.axis] - self.by
        return torch.stack(columns, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Values (n,) or (n, outputs) at x (n, inputs)."""
        values: Tensor = self.network(self._inner(x))
        return values

    def scaled_to(self, low: Tensor, high: Tensor, frequency: Tensor) -> Shifted:
        """The scaled network, moved as far."""
        return Shifted(self.network.scaled_to(low, high, frequency), self.axis, self.by)

    def with_random_features(
        self, width: int, frequency: Tensor, seed: int, order: int = 0
    ) -> Shifted:
        """Frozen features, moved as far."""
        network = self.network.with_random_features(width, frequency, seed, order)
        return Shifted(network, self.axis, self.by)

    def companion(self, share: float, *, widening: float = 1.0, seed: int = 0) -> Shifted | None:
        """The network's companion, moved as far."""
        network = self.network.companion(share, widening=widening, seed=seed)
        return None if network is None else Shifted(network, self.axis, self.by)

    def describe(self) -> dict[str, JSON]:
        """Its network, and how far it is moved."""
        return {"field": described(self.network), "axis": self.axis, "by": self.by}

    @classmethod
    def from_description(
        cls, description: Description, template: nn.Module | None, numbers: int
    ) -> Shifted:
        """The network described, moved as far."""
        network = restored_network(entry(description, "field"), template, numbers)
        return Shifted(network, whole(description, "axis"), real(description, "by"))
