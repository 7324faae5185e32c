"""Functions of points and unknowns as users write them: what they are given, at the points and
elsewhere; values as tensors, slips explained.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, final

import numpy as np
import torch
from torch import Tensor

from siren_pde.calculus.complex import Complex
from siren_pde.calculus.derivatives import Key, Part
from siren_pde.calculus.elsewhere import Place, relocated
from siren_pde.calculus.jets import FieldJet, Jet
from siren_pde.calculus.points import Points
from siren_pde.calculus.vectors import Vector
from siren_pde.errors import ResidualError, SirenPDEError
from siren_pde.fields.base import Field, Network
from siren_pde.fields.engine.plan import Plan
from siren_pde.problem import Condition, unknowns_taken

Unknown = Jet | Vector


@dataclass(frozen=True, eq=False)
class Expression:
    """Any function `function(p, *unknowns)` of points and unknowns, under a `name` for messages.

    `arguments` are the names of the unknowns it takes; left out, they are its parameters' names, as
    for a condition (see `siren_pde.problem.unknowns_taken`).
    """

    name: str
    function: Callable[..., object]
    arguments: Sequence[str] | None = None

    @staticmethod
    def of(function: Callable[..., object] | Condition | Expression) -> Expression:
        """A function, or the residual of a condition, under its own name."""
        if isinstance(function, Expression):
            return function
        if isinstance(function, Condition):
            return Expression(function.name, function.residual)
        return Expression(getattr(function, "__name__", type(function).__name__), function)

    def taking(self, unknowns: Iterable[str]) -> Expression:
        """The expression with its arguments settled among a field's `unknowns`.

        Raises ResidualError if it takes some that do not exist.
        """
        if self.arguments is not None:
            return self
        return replace(self, arguments=unknowns_taken(self.function, self.name, [*unknowns]))

    def values(self, points: Points, unknowns: Mapping[str, Unknown]) -> Tensor:
        """The function at n points as a tensor (n, m), the slips of its author explained."""
        axes = ", ".join(points.axes)
        given = [unknowns[name] for name in self.taking(unknowns).arguments or ()]
        try:
            return stacked(self.name, self.function(points, *given), points)
        except SirenPDEError as error:
            if f"`{self.name}`" in str(error):
                raise
            raise type(error)(f"condition `{self.name}`: {error}") from error
        except ValueError as error:
            if "unpack" not in str(error):
                raise
            raise ResidualError(
                f"condition `{self.name}` unpacks another number of values than there are "
                f"({error}). Its domain has the coordinates {axes}: write `{axes} = p`."
            ) from error
        except (TypeError, AttributeError, RuntimeError) as error:
            raise ResidualError(f"condition `{self.name}` cannot be evaluated: {error}") from error


def flattened(out: object) -> list[object]:
    """The components of what a residual returned, however nested: a complex number has two."""
    if isinstance(out, Complex):
        return [out.re, out.im]
    if isinstance(out, Vector | tuple | list):
        return [component for value in out for component in flattened(value)]
    return [out]


def stacked(name: str, out: object, points: Points) -> Tensor:
    """What the residual `name` returned at n points as a tensor (n, m).

    Raises ResidualError for any other shape.
    """
    columns, n = [], len(points)
    for value in flattened(out):
        part: object = value.value if isinstance(value, Jet) else value
        if isinstance(part, Tensor) and not part.ndim:
            part = part.expand(n)
        if isinstance(part, int | float | np.integer | np.floating):
            part = points.positions.new_full((n,), float(part))
        shape = tuple(part.shape) if isinstance(part, Tensor) else type(part).__name__
        if not isinstance(part, Tensor) or shape != (n,):
            raise ResidualError(
                f"condition `{name}` returned {shape} at {n} points; a residual has "
                f"shape ({n},), one number per point, or is a vector of such. Use `u` and its "
                "derivatives as they are, without reshaping or a trailing axis of length 1."
            )
        columns.append(part)
    if not columns:
        raise ResidualError(f"condition `{name}` returned no residual at all.")
    return torch.stack(columns, dim=1)


# ── the unknowns they are given ───────────────────────────────────────────────────────────────


@final
class Movable(Jet):
    """An unknown that whoever evaluates it can give at other places, as `elsewhere(place)`."""

    def __init__(self, here: Jet, elsewhere: Callable[[Place], Jet]) -> None:
        self.here, self.elsewhere = here, elsewhere
        self.frame, self.from_field = here.frame, here.from_field

    def _part(self, key: Key) -> Part:
        return self.here.part(key)


@relocated.register
def _(jet: Movable, place: Place) -> Jet:
    return jet.elsewhere(place)


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
