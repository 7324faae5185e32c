"""Complex numbers over any real values with the arithmetic of numbers, such as jets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, Self, TypeGuard, TypeVar, final

import torch
from torch import Tensor

from siren_pde.calculus.foreign import no_number, torch_function, untaken


class Real(Protocol):
    """What the parts of a complex number are; `of` makes one of a number or tensor."""

    @property
    def frame(self) -> tuple[str, ...]:
        """The names of the coordinates it depends on."""

    def of(self, value: object, /) -> Self:
        """The real that a number or tensor is; NotImplemented for anything else."""

    def __add__(self, other: Self, /) -> Self: ...
    def __sub__(self, other: Self, /) -> Self: ...
    def __mul__(self, other: Self, /) -> Self: ...
    def __rtruediv__(self, other: float, /) -> Self: ...
    def __neg__(self) -> Self: ...


R = TypeVar("R", bound=Real)


def is_complex(value: object) -> TypeGuard[complex | Tensor]:
    """Whether a value is a complex number of Python or a complex tensor."""
    return isinstance(value, complex) or (isinstance(value, Tensor) and torch.is_complex(value))


@final
class Complex(Generic[R]):
    """z = re + i im of two jets, with the arithmetic of complex numbers.

    It mixes with real jets, numbers and Python's complex numbers, and comes of them: `x + 1j * y`.
    `d`, `grad`, `div`, `lap`, `re`, `im` and `exp` take it; a residual may return it, and counts it
    as two. The field behind stays real, with two outputs: `as_complex(u)`.
    """

    __array_ufunc__ = untaken
    __array_function__ = untaken
    __torch_function__ = torch_function
    __float__ = no_number

    def __init__(self, re: R, im: R) -> None:
        self.re, self.im = re, im

    @property
    def frame(self) -> tuple[str, ...]:
        """The names of the coordinates it depends on, in order; empty for constants."""
        return self.re.frame or self.im.frame

    def map(self, function: Callable[[R], R]) -> Complex[R]:
        """A real linear function, such as a derivative, of both parts."""
        return Complex(function(self.re), function(self.im))

    @property
    def conjugate(self) -> Complex[R]:
        """re − i im."""
        return Complex(self.re, -self.im)

    @property
    def square(self) -> R:
        """|z|², real."""
        return self.re * self.re + self.im * self.im

    def _as_complex(self, value: object) -> Complex[R]:
        """A number over the same reals; NotImplemented for vectors and what is no number."""
        if isinstance(value, Complex):
            return value
        if is_complex(value):
            return Complex(self.re.of(value.real), self.re.of(value.imag))
        real: R = self.re.of(value)
        return NotImplemented if real is NotImplemented else Complex(real, self.re.of(0.0))

    def __add__(self, other: object) -> Complex[R]:
        w = self._as_complex(other)
        return NotImplemented if w is NotImplemented else Complex(self.re + w.re, self.im + w.im)

    __radd__ = __add__

    def __sub__(self, other: object) -> Complex[R]:
        w = self._as_complex(other)
        return NotImplemented if w is NotImplemented else Complex(self.re - w.re, self.im - w.im)

    def __rsub__(self, other: object) -> Complex[R]:
        w = self._as_complex(other)
        return NotImplemented if w is NotImplemented else w - self

    def __mul__(self, other: object) -> Complex[R]:
        w = self._as_complex(other)
        if w is NotImplemented:
            return NotImplemented
        return Complex(self.re * w.re - self.im * w.im, self.re * w.im + self.im * w.re)

    __rmul__ = __mul__

    def __truediv__(self, other: object) -> Complex[R]:
        w = self._as_complex(other)
        if w is NotImplemented:
            return NotImplemented
        inverse = 1.0 / w.square
        return self * Complex(w.re * inverse, -w.im * inverse)

    def __rtruediv__(self, other: object) -> Complex[R]:
        w = self._as_complex(other)
        return NotImplemented if w is NotImplemented else w / self

    def __neg__(self) -> Complex[R]:
        return Complex(-self.re, -self.im)
