"""Which networks a residual evaluates where: at its points, and at the places that `at` names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from torch import Tensor

from siren_pde.calculus.derivatives import Key
from siren_pde.calculus.elsewhere import Movable, Place
from siren_pde.calculus.jets import FieldJet, Jet
from siren_pde.calculus.points import Points
from siren_pde.calculus.vectors import Vector
from siren_pde.collocation.expression import Unknown
from siren_pde.fields.base import Field, Network
from siren_pde.fields.engine.plan import Plan


class Site(NamedTuple):
    """A network where it is evaluated: at the points themselves, 0, or at the k-th place."""

    network: str
    place: int = 0


Plans = Mapping[Site, Plan]
Channels = Mapping[Site, Tensor]


def network_jets(
    networks: Mapping[str, Network],
    axes: tuple[str, ...],
    derivative: Callable[[str, int, Key], Tensor],
) -> dict[str, Unknown]:
    """A jet (or vector) for each network; `derivative(name, output, key)` computes its parts."""

    def jet(name: str, output: int) -> FieldJet:
        return FieldJet(axes, lambda key: derivative(name, output, key))

    return {
        name: jet(name, 0)
        if network.outputs == 1
        else Vector([jet(name, j) for j in range(network.outputs)])
        for name, network in networks.items()
    }


@dataclass(frozen=True, eq=False)
class MovableUnknowns:
    """The unknowns of a field at points, which `at` can give at other places too.

    `derivative(site, output, key)` computes the parts of networks. `places` are filled in the order
    in which they are named, which is the same for one residual at any points.
    """

    field: Field
    points: Points
    derivative: Callable[[Site, int, Key], Tensor]
    places: list[Place] = field(default_factory=list)
    _there: list[Mapping[str, Unknown]] = field(default_factory=list)

    def here(self) -> dict[str, Unknown]:
        """Each unknown at the points, under its name."""
        plain = self._unknowns(self.points, 0)
        return {name: self._movable(name, unknown) for name, unknown in plain.items()}

    def positions(self) -> tuple[Tensor, ...]:
        """The points (n, d), and those of each place."""
        x = self.points.positions
        return (x, *(place.positions(x) for place in self.places))

    def _unknowns(self, points: Points, place: int) -> dict[str, Unknown]:
        def derivative(name: str, output: int, key: Key) -> Tensor:
            return self.derivative(Site(name, place), output, key)

        jets = network_jets(self.field.networks(), points.axes, derivative)
        return self.field.unknowns(points, jets)

    def _movable(self, name: str, unknown: Unknown) -> Unknown:
        def movable(output: int, part: Jet) -> Jet:
            return Movable(part, lambda place: _component(self._at(place)[name], output))

        if isinstance(unknown, Vector):
            return Vector([movable(j, part) for j, part in enumerate(unknown)])
        return movable(0, unknown)

    def _at(self, place: Place) -> Mapping[str, Unknown]:
        """The unknowns at a place, which gets the next number if it is a new one."""
        for known, unknowns in zip(self.places, self._there, strict=True):
            if known.coincides(place):
                return unknowns
        x = place.positions(self.points.positions)
        there = Points(self.points.axes, x, self.points.weights)
        self.places.append(place)
        self._there.append(self._unknowns(there, len(self.places)))
        return self._there[-1]


def _component(unknown: Unknown, output: int) -> Jet:
    jet: Jet = unknown[output] if isinstance(unknown, Vector) else unknown
    return jet
