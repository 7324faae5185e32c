"""Complex numbers whose parts are jets: a value of the calculus, of which fields know nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

import torch
from torch import Tensor

from siren_pde.calculus.jets import Constant, Jet, as_jet
from siren_pde.calculus.vectors import Vector
from siren_pde.errors import ResidualError


@final
class Complex:
    """z = re + i im of two jets (or numbers), with the arithmetic of complex numbers.

    It mixes with real jets, numbers and Python's complex numbers: `1j * x` is one. `d`, `grad`,
    `div`, `lap`, `re`, `im` and `exp` take it; a residual may return it, and counts it as two. The
    field behind stays real, with two outputs: `as_complex(u)`.
    """

    __array_ufunc__ = None

    def __init__(self, re: Any, im: Any = 0.0) -> None:
        self.re: Jet = as_jet(re)
        self.im: Jet = as_jet(im)

    @property
    def frame(self) -> tuple[str, ...]:
        """The names of the coordinates it depends on, in order; empty for constants."""
        return self.re.frame or self.im.frame

    def map(self, function: Callable[[Jet], Any]) -> Complex:
        """A real linear function, such as a derivative, of both parts."""
        return Complex(function(self.re), function(self.im))

    @property
    def conjugate(self) -> Complex:
        """re − i im."""
        return Complex(self.re, -self.im)

    @property
    def square(self) -> Jet:
        """|z|², real."""
        return self.re * self.re + self.im * self.im

    def __add__(self, other: object) -> Any:
        w = _complex(other)
        return w if w is NotImplemented else Complex(self.re + w.re, self.im + w.im)

    __radd__ = __add__

    def __sub__(self, other: object) -> Any:
        w = _complex(other)
        return w if w is NotImplemented else Complex(self.re - w.re, self.im - w.im)

    def __rsub__(self, other: object) -> Any:
        w = _complex(other)
        return w if w is NotImplemented else w - self

    def __mul__(self, other: object) -> Any:
        w = _complex(other)
        if w is NotImplemented:
            return w
        return Complex(self.re * w.re - self.im * w.im, self.re * w.im + self.im * w.re)

    __rmul__ = __mul__

    def __truediv__(self, other: object) -> Any:
        w = _complex(other)
        if w is NotImplemented:
            return w
        inverse = 1 / w.square
        return self * Complex(w.re * inverse, -w.im * inverse)

    def __rtruediv__(self, other: object) -> Any:
        w = _complex(other)
        return w if w is NotImplemented else w / self

    def __neg__(self) -> Complex:
        return Complex(-self.re, -self.im)


def as_complex(u: object) -> Complex:
    """A field with two outputs, or a complex tensor or number, as re + i im.

    Raises ResidualError for anything else but a real scalar.
    """
    if isinstance(u, Vector) and len(u) == 2:
        return Complex(u[0], u[1])
    found: Any = _complex(u)
    if found is NotImplemented:
        seen = f"a vector with {len(u)}" if isinstance(u, Vector) else f"{type(u).__name__}"
        raise ResidualError(
            f"a complex field has two outputs, real and imaginary: `Siren(2, 2)`; got {seen}."
        )
    return found


def _complex(value: object) -> Any:
    """A complex number; NotImplemented for vectors and what is no number."""
    if isinstance(value, Complex):
        return value
    if isinstance(value, complex):
        return Complex(value.real, value.imag)
    if isinstance(value, Tensor) and torch.is_complex(value):
        return Complex(value.real, value.imag)
    real = as_jet(value)
    return real if real is NotImplemented else Complex(real, Constant(0.0))
