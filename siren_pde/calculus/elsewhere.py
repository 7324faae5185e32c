"""Quantities at other points, u(m(x)): what a place is, and the chain rule through its map."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import singledispatch
from typing import TypeVar, final

import torch
from torch import Tensor

from siren_pde.calculus.complex import Complex
from siren_pde.calculus.derivatives import Key, Part, chain, multiply, total
from siren_pde.calculus.jets import (
    Composition,
    Constant,
    Coordinate,
    Data,
    Difference,
    Jet,
    Product,
    Sum,
    as_jet,
)
from siren_pde.calculus.operators import Derivative, Laplacian
from siren_pde.calculus.tables import Tabulated
from siren_pde.calculus.vectors import Vector
from siren_pde.errors import DerivativeError, ResidualError

V = TypeVar("V", Jet, Vector, Complex[Jet], Jet | Vector)


@dataclass(frozen=True, eq=False)
class Place:
    """The points m(x) that belong to points x: some coordinates of them, by axis; the others stay.

    `maps` are these coordinates as functions of x, whose derivatives are known; `columns` are their
    values, (n,) or a number.
    """

    maps: Mapping[int, Jet]
    columns: Mapping[int, Part]

    @staticmethod
    def of(maps: Mapping[int, Jet]) -> Place:
        """The place with these coordinates."""
        return Place(maps, {axis: jet.part(()) for axis, jet in maps.items()})

    def positions(self, x: Tensor) -> Tensor:
        """m(x), (n, d), at x (n, d)."""
        columns = list(x.unbind(1))
        for axis, values in self.columns.items():
            columns[axis] = torch.zeros_like(columns[axis]) + values
        return torch.stack(columns, 1)

    def coincides(self, other: Place) -> bool:
        """Whether both are known to be the same points: one place, or the same numbers."""
        numbers = all(
            isinstance(v, float) for v in (*self.columns.values(), *other.columns.values())
        )
        return self is other or (numbers and self.columns == other.columns)

    def after(self, first: Place) -> Place:
        """This place as seen from another: what is here at m₁ is there at m₁(m₂(x))."""
        maps = {axis: relocated(jet, first) for axis, jet in self.maps.items()}
        columns = {axis: jet.part(()) for axis, jet in maps.items()}
        return Place(maps, {**first.columns, **columns})


@final
class Moved(Jet):
    """u(m(x)) of a jet u, differentiated by x."""

    def __init__(self, inner: Jet, place: Place) -> None:
        self.inner, self.place, self.there = inner, place, relocated(inner, place)
        self.frame, self.from_field = inner.frame, inner.from_field

    def _part(self, key: Key) -> Part:
        axes = range(len(self.frame))
        # of coordinates that stay, derivatives alone are needed
        stay = (Coordinate(0.0, axis, self.frame) for axis in axes)
        xi = [self.place.maps.get(axis, same) for axis, same in zip(axes, stay, strict=True)]
        factors = chain(key, [jet.part for jet in xi])
        return total(multiply(factor, self.there.part(k)) for k, factor in factors.items())


@singledispatch
def relocated(jet: Jet, place: Place) -> Jet:
    """A jet at m(x), differentiated as if that were x. Raises DerivativeError if that is unknown.

    Kinds of jets are registered here: those of sums, products and functions are made of parts that
    can be relocated.
    """
    raise DerivativeError(
        f"`{type(jet).__name__}` is known at the points of a condition only, so `at` cannot give "
        "it at others. Put `at(…)` around the unknown itself: `p.x * at(u, t=0)`."
    )


@relocated.register
def _(jet: Constant, place: Place) -> Jet:
    return jet


@relocated.register
def _(jet: Coordinate, place: Place) -> Jet:
    return Coordinate(place.columns.get(jet.axis, jet.values), jet.axis, jet.frame)


@relocated.register
def _(jet: Data, place: Place) -> Jet:
    raise DerivativeError(
        f"`{jet.name}` is known at the points of a condition only, so `at` cannot give it at "
        f"others. Put `at(…)` around the unknown itself: `p.{jet.name} * at(u, x=0)`."
    )


@relocated.register(Sum)
@relocated.register(Difference)
@relocated.register(Product)
def _(jet: Sum | Difference | Product, place: Place) -> Jet:
    return type(jet)(relocated(jet.a, place), relocated(jet.b, place))


@relocated.register
def _(jet: Composition, place: Place) -> Jet:
    return Composition(jet.derivative, relocated(jet.inner, place))


@relocated.register
def _(jet: Tabulated, place: Place) -> Jet:
    return Tabulated(jet.table, [relocated(inner, place) for inner in jet.inner])


@relocated.register
def _(jet: Derivative, place: Place) -> Jet:
    return Derivative(relocated(jet.inner, place), jet.axis)


@relocated.register
def _(jet: Laplacian, place: Place) -> Jet:
    return Laplacian(relocated(jet.inner, place), jet.axes)


@relocated.register
def _(jet: Moved, place: Place) -> Jet:
    return Moved(jet.inner, jet.place.after(place))


def at(u: V, **coordinates: object) -> V:
    """An unknown, or an expression in unknowns and coordinates, at another point.

    `at(u, x=1)` is u where x is 1, all other coordinates being those of the point; with `t=p.t - 1`
    it is u a unit of time earlier. Coordinates are numbers, functions of coordinates such as
    `p.x / 2`, or measured data. Derivatives of the result are by the coordinates of the point, by
    the chain rule: `d(at(u, x=1), p.x)` vanishes, `at(d(u, p.x), x=1)` is the slope there. Fields
    have values outside of the domain too, which no condition determines.

    Raises ResidualError for names that are no coordinates, and places that depend on an unknown;
    DerivativeError where u, or a derivative of the place, is known at the points only.
    """
    frame: tuple[str, ...] = next((jet.frame for jet in _jets(u) if jet.frame), ())
    if not coordinates or (frame and not {*coordinates} <= {*frame}):
        raise ResidualError(
            f"`at` takes the coordinates {', '.join(frame) or 'of a point'} by name, got "
            f"{', '.join(coordinates) or 'none'}. Write `at(u, {(*frame, 'x')[0]}=0)`."
        )
    maps = {frame.index(name): _map(name, value) for name, value in coordinates.items() if frame}
    moving = {i: jet for i, jet in maps.items() if not _stays(i, jet)}
    return _moved(u, Place.of(moving)) if moving or not frame else u


def _map(name: str, value: object) -> Jet:
    """A coordinate of a place as a jet. Raises ResidualError if it is none."""
    jet = as_jet(value)
    if jet is NotImplemented:
        raise ResidualError(
            f"the coordinate {name} of a place is a number or a function of coordinates, got "
            f"{type(value).__name__}. Write for example `at(u, {name}=p.{name} - 1)`."
        )
    if jet.from_field:
        raise ResidualError(
            f"the coordinate {name} of a place depends on an unknown, so that where a residual is "
            "taken would change with the solution. Make it a function of coordinates and numbers."
        )
    return jet


def _stays(axis: int, jet: Jet) -> bool:
    return isinstance(jet, Coordinate) and jet.axis == axis


def _moved(u: V, place: Place) -> V:
    """What is made of u at a place: of a vector or complex number, of each part."""
    if isinstance(u, Vector | Complex):
        return u.map(lambda part: _moved(part, place))
    jet = as_jet(u)
    return Moved(jet, place) if place.maps else relocated(jet, place)


def _jets(u: object) -> Iterator[Jet]:
    """The jets that a quantity consists of. Raises ResidualError for what is none."""
    if isinstance(u, Vector):
        for part in u:
            yield from _jets(part)
    elif isinstance(u, Complex):
        yield from (part for half in (u.re, u.im) for part in _jets(half))
    else:
        jet = as_jet(u)
        if jet is NotImplemented:
            raise ResidualError(
                f"`at` gives unknowns at other points, got {type(u).__name__}. Write `at(u, x=0)`."
            )
        yield jet
