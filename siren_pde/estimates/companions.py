"""Features in which the error of an answer is sought: others than the answer's own.

A least-squares answer is orthogonal to its own columns, so that its own features always find that
it has no error.
"""

from __future__ import annotations

from dataclasses import dataclass

from siren_pde.collocation.frequencies import box, frequencies
from siren_pde.collocation.objective import Objective
from siren_pde.errors import ConfigError
from siren_pde.fields.base import Field, Network
from siren_pde.fields.siren import Siren

WIDTH = 500
"""Features for a network whose own band is not known."""
APART = 7919
"""How far the seeds of companions are from those of methods."""


@dataclass(frozen=True)
class Companions:
    """How many features, beside those of the answer (`share`), and how wide a band.

    A network whose own features are not known gets `width` of them.
    """

    share: float
    widening: float = 1.0
    width: int = WIDTH

    def of(self, answer: Objective) -> Field:
        """Features for the error, in the structure of the answer's field."""
        number = 0

        def change(network: Network) -> Network:
            nonlocal number
            number += 1
            seed = answer.seed + APART * number
            own = network.companion(self.share, widening=self.widening, seed=seed)
            return own or self._waves(answer, network, seed)

        return answer.field.rebuilt(change)

    def _waves(self, answer: Objective, network: Network, seed: int) -> Network:
        """Waves of the frequencies of the problem's data, for a network without a band."""
        wanted = self.widening * frequencies(answer.collocated, answer.field)
        try:
            return network.with_random_features(self.width, wanted, seed)
        except ConfigError:  # code, of which no layer is known
            pass
        low, high = box(answer.collocated)
        like = next(network.parameters())
        period = network.period or None
        waves = Siren(network.inputs, network.outputs, period=period, dtype=like.dtype)
        return (
            waves.to(like.device)
            .scaled_to(low, high, wanted)
            .with_random_features(self.width, wanted, seed)
        )


def size(field: Field) -> int:
    """q, the number of coefficients of all output layers."""
    return sum(network.output_size for network in field.networks().values())


def has_band(field: Field) -> bool:
    """Whether all networks are layers of features whose companions are known."""
    return all(network.companion(1e-6) is not None for network in field.networks().values())
