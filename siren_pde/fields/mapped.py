"""A field in coordinates of the user's choice, u(x) = N(ξ(x)), in which it is easy to resolve."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import final

import torch
from torch import Tensor, nn

from siren_pde.calculus.jets import Coordinate, Jet, as_jet
from siren_pde.errors import ConfigError
from siren_pde.fields.base import Network
from siren_pde.fields.derived.composed import Composed, coordinates_of
from siren_pde.fields.storage import described, restored_network
from siren_pde.fields.templates import require_template
from siren_pde.files.json_values import JSON, Description, entry
from siren_pde.numerics.sobol import sobol

NewCoordinates = Callable[[tuple[Coordinate, ...]], Jet | Sequence[object]]

LOOKS = 1024
"""Points of the box at which the range of the new coordinates is measured."""


@final
class Mapped(Composed):
    """A network N that is given other coordinates ξ of each point: u(x) = N(ξ(x)).

    `coordinates(p)` gives ξ in the algebra of jets, as many as p has: `x, y = p` and `return
    log(x**2 + y**2) / 2, arctan(y / x)`. A power of the distance r from a corner is an exponential
    in log r, which waves resolve on all scales alike. The network is scaled to the box that ξ
    fills, as measured at points of the problem's box where ξ is finite, with as many waves across
    it. Where ξ is singular, refine the points: `@on(domain, refine_towards=(0, 0))`.

    Raises ConfigError if `field` is no network, if `coordinates` gives another number of them, or
    if one of them is nowhere finite or does not vary.

    Source: corners in log-polar coordinates, Kondrat'ev, Trans. Moscow Math. Soc. 16 (1967).
    """

    def __init__(self, field: Network, coordinates: NewCoordinates) -> None:
        if not isinstance(field, Network) or not field.inputs:
            raise ConfigError(
                f"`Mapped` is built around one network such as `Siren(2)`, got "
                f"{type(field).__name__}. In a system, map each unknown by itself."
            )
        super().__init__(field)
        self.map = coordinates
        self.scale: tuple[float, ...] = (1.0,) * field.inputs

    def coordinates(self, x: Tensor) -> list[Jet]:
        """The coordinates given, of x (n, inputs)."""
        mapped = self.map(coordinates_of(x))
        xi = [as_jet(value) for value in ([mapped] if isinstance(mapped, Jet) else mapped)]
        if len(xi) != self.inputs:
            raise ConfigError(
                f"`Mapped` gives its network {self.inputs} coordinates, but its function has "
                f"{len(xi)}. Return as many as the problem has."
            )
        return xi

    def scaled_to(self, low: Tensor, high: Tensor, frequency: Tensor) -> Mapped:
        """The network scaled to the image of the box, as many waves across it."""
        unit = sobol(LOOKS, self.inputs, seed=0, dtype=low.dtype, device=low.device)
        x = low + unit * (high - low)
        xi = self._place(x, self.coordinates(x))
        xi = xi[torch.isfinite(xi).all(1)]
        if not len(xi) or bool((xi.amax(0) <= xi.amin(0)).any()):
            raise ConfigError(
                "a coordinate of `Mapped` is nowhere finite or the same everywhere in the "
                "problem's box. Return functions that tell its points apart."
            )
        scale = (high - low) / (xi.amax(0) - xi.amin(0))
        return self._around(
            self.network.scaled_to(xi.amin(0), xi.amax(0), scale * frequency), tuple(scale.tolist())
        )

    def with_random_features(
        self, width: int, frequency: Tensor, seed: int, order: int = 0
    ) -> Mapped:
        """The same coordinates of frozen features."""
        inner = frequency * frequency.new_tensor(self.scale)
        return self._around(
            self.network.with_random_features(width, inner, seed, order), self.scale
        )

    def companion(self, share: float, *, widening: float = 1.0, seed: int = 0) -> Mapped | None:
        """The same coordinates of the network's companion."""
        network = self.network.companion(share, widening=widening, seed=seed)
        return None if network is None else self._around(network, self.scale)

    def describe(self) -> dict[str, JSON]:
        """What its network is made of; the coordinates are not stored."""
        return {"field": described(self.network)}

    @classmethod
    def from_description(
        cls, description: Description, template: nn.Module | None, numbers: int
    ) -> Mapped:
        """The network described in the template's coordinates."""
        given = require_template(template, Mapped, "holds Python functions")
        network = restored_network(entry(description, "field"), given.network, numbers)
        return Mapped(network, given.map)

    def _around(self, network: Network, scale: tuple[float, ...]) -> Mapped:
        changed = Mapped(network, self.map)
        changed.scale = scale
        return changed
