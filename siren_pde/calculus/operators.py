"""The vocabulary of vector calculus on jets: d, grad, div, curl, lap, hess, dot, norm, re, im …

`grad`, `div`, `curl`, `lap` and `hess` act on the space coordinates: a coordinate named `t` is time
and is left out, unless the coordinates are given explicitly, as in `lap(u, x, t)`.
"""

from __future__ import annotations

from functools import reduce
from typing import TypeVar, final

import torch

from siren_pde.calculus.complex import Complex, is_complex
from siren_pde.calculus.derivatives import Alpha, Key, Laplace, Part, shifted, total
from siren_pde.calculus.fluxes import note_flux
from siren_pde.calculus.functions import sqrt
from siren_pde.calculus.jets import Constant, Coordinate, Data, Jet, as_jet
from siren_pde.calculus.vectors import Component, Vector
from siren_pde.errors import DerivativeError, ResidualError

V = TypeVar("V", Jet, Vector, Complex[Jet], Jet | Vector)


@final
class Derivative(Jet):
    """∂u/∂xᵢ as a jet of its own."""

    def __init__(self, inner: Jet, axis: int) -> None:
        self.inner, self.axis = inner, axis
        self.frame, self.from_field = inner.frame, inner.from_field

    def _part(self, key: Key) -> Part:
        return total(self.inner.part(alpha) for alpha in shifted(key, (self.axis,)))


@final
class Laplacian(Jet):
    """Σᵢ ∂ᵢᵢ u over `axes` as a jet of its own, its value required as one collapsed derivative."""

    def __init__(self, inner: Jet, axes: Alpha) -> None:
        self.inner, self.axes = inner, axes
        self.frame, self.from_field = inner.frame, inner.from_field

    def _part(self, key: Key) -> Part:
        if key == ():
            return self.inner.part(Laplace(self.axes))
        shifts = (alpha for i in self.axes for alpha in shifted(key, (i, i)))
        return total(self.inner.part(alpha) for alpha in shifts)


def _axis(along: object) -> int:
    if isinstance(along, Coordinate):
        return along.axis
    raise DerivativeError(
        f"one differentiates along a coordinate, got {type(along).__name__}. Unpack the "
        f"coordinates first, `x, y = p`, then write `d(u, x)`."
    )


def _axes(u: Jet | Complex[Jet], along: tuple[object, ...]) -> Alpha:
    if along:
        return tuple(_axis(x) for x in along)
    if isinstance(u, Data):
        u.part((0,))  # says that the derivatives of data are unknown
    space = tuple(i for i, name in enumerate(u.frame) if name != "t")
    if u.frame and not space:
        raise DerivativeError(
            "`grad`, `div`, `lap` and their kin act on space coordinates, and there is only the "
            "time `t` here. Write `d(u, t)`, or name it: `lap(u, t)`."
        )
    return space


def _differentiable(u: V) -> V:
    """A number or tensor, which types leave out, as a jet; vectors and complex numbers as is."""
    if isinstance(u, Vector | Complex):
        return u
    jet = as_jet(u)
    if jet is NotImplemented:
        raise DerivativeError(
            f"one differentiates functions of coordinates and fields, got {type(u).__name__}. Make "
            "it of these, such as `grad(u * p.x)`."
        )
    return jet


def _partial(u: V, axis: int) -> V:
    """∂u/∂xᵢ of a scalar, real or complex, or of each component of a vector."""
    if isinstance(u, Vector | Complex):
        return u.map(lambda part: _partial(part, axis))
    note_flux(u, axis)
    return Derivative(u, axis)


def d(u: V, *along: object) -> V:
    """The partial derivative of u along each coordinate in turn: `d(u, x, x)` is ∂²u/∂x².

    Raises DerivativeError if u is measured data, or `along` no coordinate.
    """
    return reduce(_partial, map(_axis, along), _differentiable(u))


def grad(u: V, *along: object) -> Vector:
    """The gradient of a scalar, one component per space coordinate; the Jacobian matrix of a
    vector, row by row.
    """
    u = _differentiable(u)
    if isinstance(u, Vector):
        return u.map(lambda c: grad(c, *along))
    return Vector([_partial(u, i) for i in _axes(u, along)])


def div(v: Vector, *along: object) -> Component:
    """The divergence of a vector Σᵢ ∂ᵢvᵢ, or of a matrix row by row.

    Raises ResidualError unless v has as many components as there are coordinates.
    """
    if not isinstance(v, Vector):
        raise ResidualError(
            "`div` needs a vector field. For a scalar u write `lap(u)`, `grad(u)` or `d(u, x)`."
        )
    if isinstance(v[0], Vector):
        return v.map(lambda row: div(row, *along))
    axes = _axes(next((c for c in v if c.frame), v[0]), along)
    if len(axes) != len(v):
        raise ResidualError(
            f"`div` of a vector with {len(v)} components needs as many space coordinates, not "
            f"{len(axes)}."
        )
    return sum((_partial(c, i) for c, i in zip(v, axes, strict=True)), start=Constant(0.0))


def curl(v: Vector, *along: object) -> Component:
    """The curl: ∂ₓv_y − ∂_yvₓ of a vector in the plane, the usual vector in space.

    Raises ResidualError for other numbers of components.
    """
    axes = _axes(next((c for c in v if c.frame), v[0]), along)
    if len(v) != len(axes) or len(v) not in (2, 3):
        raise ResidualError(
            f"`curl` needs a vector with 2 or 3 components in as many coordinates, got {len(v)} "
            f"in {len(axes)}."
        )
    if len(v) == 2:
        return _partial(v[1], axes[0]) - _partial(v[0], axes[1])
    pairs = ((1, 2), (2, 0), (0, 1))
    return Vector([_partial(v[j], axes[i]) - _partial(v[i], axes[j]) for i, j in pairs])


def lap(u: V, *along: object) -> V:
    """The Laplacian Σᵢ ∂ᵢᵢu of a scalar, or of each component of a vector."""
    u = _differentiable(u)
    if isinstance(u, Vector | Complex):
        return u.map(lambda c: lap(c, *along))
    return Laplacian(u, _axes(u, along))


def hess(u: V, *along: object) -> Vector:
    """The matrix (d, d) of second derivatives of a scalar; of a vector, one for each component."""
    u = _differentiable(u)
    if isinstance(u, Vector):
        return u.map(lambda c: hess(c, *along))
    axes = _axes(u, along)
    return Vector([Vector([_partial(_partial(u, i), j) for j in axes]) for i in axes])


def dot(v: Vector, w: Vector) -> Component:
    """The inner product Σᵢ vᵢwᵢ, a scalar. Raises ResidualError unless v and w are alike."""
    if not (isinstance(v, Vector) and isinstance(w, Vector) and len(v) == len(w)):
        raise ResidualError(
            "`dot` needs two vectors with the same number of components, such as `grad(u)` and "
            "`p.normal`."
        )
    return sum((a * b for a, b in zip(v, w, strict=True)), start=Constant(0.0))


def norm(v: Vector) -> Jet:
    """The Euclidean length √(v·v); its derivative at v = 0 is taken as 0."""
    square: Jet = dot(v, v)
    # It keeps the root differentiable where v vanishes, and vanishes beside anything else.
    tiny = torch.finfo(torch.float32).tiny
    return sqrt(square + tiny)


def as_complex(u: object) -> Complex[Jet]:
    """A field with two outputs, or a complex tensor or number, as re + i im.

    Raises ResidualError for anything else but a real scalar.
    """
    if isinstance(u, Complex):
        return u
    if isinstance(u, Vector) and len(u) == 2:
        return Complex(as_jet(u[0]), as_jet(u[1]))
    if is_complex(u):
        return Complex(as_jet(u.real), as_jet(u.imag))
    real = as_jet(u)
    if real is NotImplemented:
        seen = f"a vector with {len(u)}" if isinstance(u, Vector) else f"{type(u).__name__}"
        raise ResidualError(
            f"a complex field has two outputs, real and imaginary: `Siren(2, 2)`; got {seen}."
        )
    return Complex(real, Constant(0.0))


def re(z: object) -> Jet:
    """The real part of a complex number, or of a complex field, which is one with two outputs."""
    return as_complex(z).re


def im(z: object) -> Jet:
    """The imaginary part of a complex number, or of a complex field."""
    return as_complex(z).im
