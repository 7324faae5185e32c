"""A field that depends on some of a problem's coordinates only: v(t) in a problem in x and t."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

from torch import Tensor, nn

from siren_pde.calculus.jets import Jet
from siren_pde.errors import ConfigError
from siren_pde.fields.base import Network
from siren_pde.fields.derived.composed import Composed, coordinates_of
from siren_pde.fields.storage import described, restored_network
from siren_pde.files.json_values import JSON, Description, entry, whole, wholes


@final
class Projected(Composed):
    """The field N(x_c) in `inputs` coordinates, for a network N of the `columns` c of them.

    Its derivatives along other axes are zero, and no channels of N. Raises ConfigError unless the
    columns are different axes, one for each input of N.
    """

    def __init__(self, network: Network, columns: Sequence[int], inputs: int) -> None:
        super().__init__(network)
        columns = tuple(columns)
        if len(columns) != network.inputs or not {*columns} <= {*range(inputs)}:
            raise ConfigError(
                f"a network of {network.inputs} coordinates is given as many of {inputs}, got the "
                f"axes {columns}."
            )
        self.columns, self.inputs, self.of = columns, inputs, ()
        self.constant = tuple(i for i in range(inputs) if i not in columns)
        if network.periodic:
            lengths = dict(zip(columns, network.period, strict=True))
            self.period = tuple(lengths.get(i) for i in range(inputs))

    def coordinates(self, x: Tensor) -> list[Jet]:
        """Some of those of x (n, inputs)."""
        every = coordinates_of(x)
        return [every[c] for c in self.columns]

    def scaled_to(self, low: Tensor, high: Tensor, frequency: Tensor) -> Projected:
        """The network scaled to its own sides of the box."""
        own = [*self.columns]
        return self._around(self.network.scaled_to(low[own], high[own], frequency[own]))

    def with_random_features(
        self, width: int, frequency: Tensor, seed: int, order: int = 0
    ) -> Projected:
        """Frozen features of its own coordinates."""
        own = frequency[[*self.columns]]
        return self._around(self.network.with_random_features(width, own, seed, order))

    def like(self, **changes: Any) -> Projected:
        """The network of another size, as `Siren.like` makes it."""
        return self._around(self.network.like(**changes))  # type: ignore[operator]

    def describe(self) -> dict[str, JSON]:
        """Its network, and which of how many coordinates that takes."""
        network = described(self.network)
        return {"field": network, "columns": self.columns, "inputs": self.inputs}

    @classmethod
    def from_description(
        cls, description: Description, template: nn.Module | None, numbers: int
    ) -> Projected:
        """The network described, of the same coordinates; code in it is the template's."""
        given = template.network if isinstance(template, Projected) else template
        network = restored_network(entry(description, "field"), given, numbers)
        return Projected(network, wholes(description, "columns"), whole(description, "inputs"))

    def _around(self, network: Network) -> Projected:
        return Projected(network, self.columns, self.inputs)
