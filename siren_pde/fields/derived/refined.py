"""A network plus what it has left over, on ever finer grids: u = N + Σ s_l."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import final

import torch
from torch import Tensor, nn

from siren_pde.errors import ConfigError
from siren_pde.fields.base import Evaluation, Network
from siren_pde.fields.derived.splines import Splines
from siren_pde.fields.derived.wrapped import Wrapped
from siren_pde.fields.storage import described, restored_network
from siren_pde.fields.templates import require_size
from siren_pde.files.json_values import JSON, Description, entry, real, reals, record, row, wholes


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
        return [level for level in self.levels if isinstance(level, Splines)]

    def plus(self, splines: Splines) -> Refined:
        """With further splines, added to those on the same grid where there are some."""
        splines = splines.to(next(self.network.parameters()))
        levels = [level + splines if level.fits(splines) else level for level in self.grids]
        fitting = any(level.fits(splines) for level in self.grids)
        return Refined(self.network, levels if fitting else [*levels, splines])

    def forward(self, x: Tensor) -> Tensor:
        """Values (n,) at x (n, inputs)."""
        values: Tensor = self.network(x)
        for level in self.grids:
            values = values + level(x)
        return values

    def _outer(self, at: Evaluation, x: Tensor) -> Evaluation:
        channels = at.channels
        for level in self.grids:
            channels = channels + level.channels(x, at.plan)[:, :, None]
        return replace(at, channels=channels)

    def scaled_to(self, low: Tensor, high: Tensor, frequency: Tensor) -> Refined:
        """The same splines on the scaled network."""
        return self._around(self.network.scaled_to(low, high, frequency))

    def with_random_features(
        self, width: int, frequency: Tensor, seed: int, order: int = 0
    ) -> Refined:
        """The same splines on frozen features."""
        return self._around(self.network.with_random_features(width, frequency, seed, order))

    def describe(self) -> dict[str, JSON]:
        """Its network, and the place and shape of its grids."""
        grids: list[JSON] = [
            {"low": grid.low, "cell": grid.cell, "shape": tuple(grid.coefficients.shape)}
            for grid in self.grids
        ]
        return {"field": described(self.network), "grids": grids}

    @classmethod
    def from_description(
        cls, description: Description, template: nn.Module | None, numbers: int
    ) -> Refined:
        """The network and the grids described."""
        grids = row(entry(description, "grids"), "grids")
        network = restored_network(entry(description, "field"), template, numbers)
        return Refined(network, [_grid(record(grid, "grids"), numbers) for grid in grids])

    def _around(self, network: Network) -> Refined:
        return Refined(network, self.grids)


def _grid(description: Description, numbers: int) -> Splines:
    """Splines of that place and shape."""
    shape = wholes(description, "shape")
    require_size("grid of splines", math.prod(shape), numbers)
    zeros = torch.zeros(shape, device="cpu")
    return Splines(reals(description, "low"), real(description, "cell"), zeros)
