"""A network plus what it has left over, on ever finer grids: u = N + Σ s_l."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import final

from torch import Tensor, nn

from siren_pde.errors import ConfigError
from siren_pde.fields.base import Evaluation, Field, Network
from siren_pde.fields.derived.splines import Splines
from siren_pde.fields.derived.wrapped import Wrapped


@final
class Refined(Wrapped):
    """A network N with one output plus known splines: u(x) = N(x) + Σ s_l(x).

    The parameters are those of N. Derivatives are exact, and continuous up to the second. Raises
    ConfigError if `network` has several outputs or none.

    Source: hierarchical B-splines, Forsey and Bartels, SIGGRAPH 1988.
    """

    def __init__(self, network: Network, levels: Sequence[Splines]) -> None:
        if network.outputs != 1 or not network.inputs:
            raise ConfigError(f"`Refined` is built around one output, got {network.outputs}.")
        super().__init__(network)
        self.levels = nn.ModuleList(levels)

    @property
    def grids(self) -> list[Splines]:
        """The splines, coarse ones first."""
        return list(self.levels)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """Values (n,) at x (n, inputs)."""
        found: Tensor = self.network(x)
        for level in self.grids:
            found = found + level(x)
        return found

    def _outer(self, at: Evaluation, x: Tensor) -> Evaluation:
        channels = at.channels
        for level in self.grids:
            channels = channels + level.channels(x, at.plan)[:, :, None]
        return replace(at, channels=channels)

    def scaled_to(self, low: Tensor, high: Tensor, frequency: Tensor) -> Refined:
        """The same splines on the placed network."""
        return self._around(self.network.scaled_to(low, high, frequency))

    def with_random_features(
        self, width: int, frequency: Tensor, seed: int, order: int = 0
    ) -> Refined:
        """The same splines on frozen features."""
        return self._around(self.network.with_random_features(width, frequency, seed, order))

    def _around(self, network: Field) -> Refined:
        return Refined(network, self.grids)  # type: ignore[arg-type]
