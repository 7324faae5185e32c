"""The vocabulary of vector calculus on jets: d, grad, div, curl, lap, hess, dot, norm, re, im.

`grad`, `div`, `curl`, `lap` and `hess` act on the space coordinates: a coordinate named `t` is time
and is left out, unless the coordinates are given explicitly, as in `lap(u, x, t)`.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from siren_pde.calculus.complex import Complex, as_complex
from siren_pde.calculus.derivatives import Alpha
from siren_pde.calculus.functions import sqrt
from siren_pde.calculus.jets import Constant, Coordinate, Data, Derivative, Jet, Laplacian
from siren_pde.calculus.vectors import Vector
from siren_pde.errors import DerivativeError, ResidualError


def _axis(along: object) -> int:
    if isinstance(along, Coordinate):
        return along.axis
    raise DerivativeError(
        f"one differentiates along a coordinate, got {type(along).__name__}. Unpack the "
        f"coordinates first, `x, y = p`, then write `d(u, x)`."
    )


def _axes(u: Jet | Complex, along: tuple[object, ...]) -> Alpha:
    if along:
        return tuple(_axis(x) for x in along)
    if isinstance(u, Data):
        u.part((0,))  # says that the derivatives of data are unknown
    space = tuple(i for i, name in enumerate(u.frame) if name != "t")
    if u.frame and not space:
        raise DerivativeError(
            "`grad`, `div`, `lap` and their kin act on space coordinates, and there is only the "
            "time "
            "`t` here. Write `d(u, t)`, or name it: `lap(u, t)`."
        )
    return space


def _as_jet(u: object) -> Any:
    if isinstance(u, Jet | Vector | Complex):
        return u
    if isinstance(u, Tensor) and u.ndim:
        return Data(u)
    return Constant(float(u))  # type: ignore[arg-type]


def _partial(u: Any, axis: int) -> Any:
    """∂u/∂xᵢ of a scalar, real or complex, or of each component of a vector."""
    if isinstance(u, Vector | Complex):
        return u.map(lambda part: _partial(part, axis))
    return Derivative(u, axis)


def d(u: Any, *along: Any) -> Any:
    """The partial derivative of u along each coordinate in turn: `d(u, x, x)` is ∂²u/∂x².

    Raises DerivativeError if u is measured data, or `along` no coordinate.
    """
    u = _as_jet(u)
    for x in along:
        u = _partial(u, _axis(x))
    return u


def grad(u: Any, *along: Any) -> Vector:
    """The gradient of a scalar, one component per space coordinate; the Jacobian matrix of a
    vector, row by row.
    """
    u = _as_jet(u)
    if isinstance(u, Vector):
        return u.map(lambda c: grad(c, *along))
    return Vector([_partial(u, i) for i in _axes(u, along)])


def div(v: Vector, *along: Any) -> Any:
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


def curl(v: Vector, *along: Any) -> Any:
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


def lap(u: Any, *along: Any) -> Any:
    """The Laplacian Σᵢ ∂ᵢᵢu of a scalar, or of each component of a vector."""
    u = _as_jet(u)
    if isinstance(u, Vector | Complex):
        return u.map(lambda c: lap(c, *along))
    return Laplacian(u, _axes(u, along))


def hess(u: Any, *along: Any) -> Vector:
    """The matrix (d, d) of second derivatives of a scalar; of a vector, one for each component."""
    u = _as_jet(u)
    if isinstance(u, Vector):
        return u.map(lambda c: hess(c, *along))
    axes = _axes(u, along)
    return Vector([Vector([_partial(_partial(u, i), j) for j in axes]) for i in axes])


def dot(v: Vector, w: Vector) -> Any:
    """The inner product Σᵢ vᵢwᵢ, a scalar. Raises ResidualError unless v and w are alike."""
    if not (isinstance(v, Vector) and isinstance(w, Vector) and len(v) == len(w)):
        raise ResidualError(
            "`dot` needs two vectors with the same number of components, such as `grad(u)` and "
            "`p.normal`."
        )
    return sum((a * b for a, b in zip(v, w, strict=True)), start=Constant(0.0))


def norm(v: Vector) -> Any:
    """The Euclidean length √(v·v); its derivative at v = 0 is taken as 0."""
    square = dot(v, v)
    tiny = torch.finfo(
        torch.float32
    ).tiny  # keeps the root differentiable where v vanishes, and vanishes beside anything else
    return sqrt(square + tiny)


def re(z: Any) -> Any:
    """The real part of a complex number, or of a complex field, which is one with two outputs."""
    return as_complex(z).re


def im(z: Any) -> Any:
    """The imaginary part of a complex number, or of a complex field."""
    return as_complex(z).im
