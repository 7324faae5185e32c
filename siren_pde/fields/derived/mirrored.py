"""A field that mirrors leave as it is, u(x) = N(ξ(x)) with squares for coordinates: even functions
of many coordinates are polynomials of half the degree in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, final

from torch import Tensor, nn

from siren_pde.calculus.jets import Jet
from siren_pde.fields.base import Network
from siren_pde.fields.derived.composed import Composed, coordinates_of
from siren_pde.fields.storage import described, restored_network
from siren_pde.files.json_values import JSON, Description, entry, reals


class Mirror(NamedTuple):
    """The plane where coordinate number `axis` is `centre`, in the middle of 2 `half` of it."""

    axis: int
    centre: float
    half: float


@final
class Mirrored(Composed):
    """The field N(ξ(x)) around a network N, ξ = c − h + 2 (x − c)² / h on the axis of a mirror: the
    interval between c − h and c + h is mapped onto itself, folded.
    """

    def __init__(self, network: Network, mirrors: Sequence[Mirror]) -> None:
        super().__init__(network)
        self.mirrors, self.period = tuple(mirrors), network.period

    def coordinates(self, x: Tensor) -> list[Jet]:
        """Those of x, folded where there are mirrors."""
        xi: list[Jet] = list(coordinates_of(x))
        for axis, centre, half in self.mirrors:
            xi[axis] = (xi[axis] - centre) ** 2 * (2 / half) + (centre - half)
        return xi

    def scaled_to(self, low: Tensor, high: Tensor, frequency: Tensor) -> Mirrored:
        """The same mirrors of the scaled network; the box is mapped to itself."""
        return Mirrored(self.network.scaled_to(low, high, frequency), self.mirrors)

    def with_random_features(
        self, width: int, frequency: Tensor, seed: int, order: int = 0
    ) -> Mirrored:
        """The same mirrors of frozen features."""
        network = self.network.with_random_features(width, frequency, seed, order)
        return Mirrored(network, self.mirrors)

    def companion(self, share: float, *, widening: float = 1.0, seed: int = 0) -> Mirrored | None:
        """The same mirrors of the network's companion."""
        network = self.network.companion(share, widening=widening, seed=seed)
        return None if network is None else Mirrored(network, self.mirrors)

    def describe(self) -> dict[str, JSON]:
        """Its network, and the mirrors: axes, centres and half-lengths."""
        axes, centres, halves = (list(each) for each in zip(*self.mirrors, strict=True))
        return {
            "field": described(self.network),
            "axes": axes,
            "centres": centres,
            "halves": halves,
        }

    @classmethod
    def from_description(
        cls, description: Description, template: nn.Module | None, numbers: int
    ) -> Mirrored:
        """The network described, between the same mirrors."""
        network = restored_network(entry(description, "field"), template, numbers)
        axes, centres, halves = (reals(description, n) for n in ("axes", "centres", "halves"))
        given = zip(map(int, axes), centres, halves, strict=True)
        return Mirrored(network, [Mirror(*each) for each in given])
