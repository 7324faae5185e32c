"""Smooth functions of numbers, tensors and jets: one line each, a value and its derivatives of
every order.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from siren_pde.calculus.complex import Complex
from siren_pde.calculus.derivatives import Part
from siren_pde.calculus.jets import Composition, Coordinate, Jet
from siren_pde.calculus.vectors import Vector
from siren_pde.errors import ResidualError

pi = math.pi


def _smooth(derivative: Callable[[Part, int], Part], u: Any) -> Any:
    if isinstance(u, Jet):
        return Composition(derivative, u)
    if isinstance(u, Vector):
        return u.map(lambda c: _smooth(derivative, c))
    if isinstance(u, Complex):
        raise ResidualError(
            "of a complex number z, `exp(z)`, `z.conjugate` and `z.square`, which is |z|², are "
            "known. Write other functions by these, or of `re(z)` and `im(z)`."
        )
    return derivative(u if isinstance(u, Tensor) else float(u), 0)


def _apply(name: str, v: Part) -> Part:
    return getattr(torch, name)(v) if isinstance(v, Tensor) else getattr(math, name)(v)


def _sine(v: Part, k: int) -> Part:
    wave = _apply("cos" if k % 2 else "sin", v)
    return -wave if k % 4 in (2, 3) else wave


def _logarithm(v: Part, k: int) -> Part:
    return _apply("log", v) if k == 0 else (-1) ** (k - 1) * math.factorial(k - 1) * v**-k


def _power(exponent: float) -> Callable[[Part, int], Part]:
    def derivative(v: Part, k: int) -> Part:
        factor = math.prod(exponent - j for j in range(k))
        if (
            factor == 0.0
        ):  # a polynomial has no more derivatives, not even where 0**negative would be infinite
            return 0.0
        return factor if exponent == k else factor * v ** (exponent - k)

    return derivative


@lru_cache(maxsize=None)
def _tanh_polynomial(k: int) -> tuple[float, ...]:
    """Coefficients in y = tanh v of tanh⁽ᵏ⁾(v): P₀ = y, Pₖ₊₁ = Pₖ′ (1 − y²)."""
    if k == 0:
        return (0.0, 1.0)
    slope = [j * c for j, c in enumerate(_tanh_polynomial(k - 1))][1:]
    out = [*slope, 0.0, 0.0]
    for j, c in enumerate(slope):
        out[j + 2] -= c
    return tuple(out)


def _tanh(v: Part, k: int) -> Part:
    y = _apply("tanh", v)
    total: Part = 0.0
    for c in reversed(_tanh_polynomial(k)):  # Horner
        total = total * y + c
    return total


def _primitive(name: str, slope: Callable[[Jet], Jet]) -> Callable[[Part, int], Part]:
    """A function known by its derivative: the higher ones come from the jet of that derivative, in
    one variable.
    """

    def derivative(v: Part, k: int) -> Part:
        if k == 0:
            return _apply(name, v)
        # a float serves as well as a tensor here
        line = Coordinate(v, 0, ("v",))  # type: ignore[arg-type]
        return slope(line).part((0,) * (k - 1))

    return derivative


def _absolute(v: Part, k: int) -> Part:
    if k == 0:
        return v.abs() if isinstance(v, Tensor) else abs(v)
    if k > 1:
        return 0.0
    return torch.sign(v) if isinstance(v, Tensor) else math.copysign(1.0, v)


def _bessel(letter: str) -> tuple[Callable[[Part, int], Part], Callable[[Part, int], Part]]:
    """The Bessel functions Z₀ and Z₁ of one kind, by Z₀′ = −Z₁ and Z₁′ = Z₀ − Z₁/v."""

    def named(order: int) -> Callable[[Part], Part]:
        name = f"bessel_{letter}{order}"

        def at(v: Part) -> Part:
            if isinstance(v, Tensor):
                return getattr(torch.special, name)(v)
            return float(at(torch.tensor(v, dtype=torch.float64, device="cpu")))

        return at

    def zeroth(v: Part, k: int) -> Part:
        return named(0)(v) if k == 0 else -first(v, k - 1)

    def first(v: Part, k: int) -> Part:
        if k == 0:
            return named(1)(v)
        # a float serves as well as a tensor here
        line = Coordinate(v, 0, ("v",))  # type: ignore[arg-type]
        return (_smooth(zeroth, line) - _smooth(first, line) / line).part((0,) * (k - 1))

    return zeroth, first


def sin(u: Any) -> Any:
    """The sine."""
    return _smooth(_sine, u)


def cos(u: Any) -> Any:
    """The cosine."""
    return _smooth(lambda v, k: _sine(v, k + 1), u)


def tan(u: Any) -> Any:
    """The tangent, sin / cos."""
    return sin(u) / cos(u)


def exp(u: Any) -> Any:
    """The exponential function, also of complex numbers."""
    if isinstance(u, Complex):
        size = exp(u.re)
        return Complex(size * cos(u.im), size * sin(u.im))
    return _smooth(lambda v, k: _apply("exp", v), u)


def log(u: Any) -> Any:
    """The natural logarithm; NaN where u < 0."""
    return _smooth(_logarithm, u)


def sqrt(u: Any) -> Any:
    """The square root; its derivatives are infinite at 0."""
    return power(u, 0.5)


def tanh(u: Any) -> Any:
    """The hyperbolic tangent."""
    return _smooth(_tanh, u)


def sinh(u: Any) -> Any:
    """The hyperbolic sine."""
    return _smooth(lambda v, k: _apply("cosh" if k % 2 else "sinh", v), u)


def cosh(u: Any) -> Any:
    """The hyperbolic cosine."""
    return _smooth(lambda v, k: _apply("sinh" if k % 2 else "cosh", v), u)


def arctan(u: Any) -> Any:
    """The inverse tangent, in (−π/2, π/2)."""
    return _smooth(_primitive("atan", lambda v: 1 / (1 + v * v)), u)


def erf(u: Any) -> Any:
    """The error function, 2/√π ∫₀ᵘ exp(−s²) ds."""
    return _smooth(_primitive("erf", lambda v: 2 / math.sqrt(pi) * exp(-(v * v))), u)


def hankel(u: Any) -> Complex:
    """The Hankel function H₀⁽²⁾(u) = J₀(u) − i Y₀(u) of real u > 0.

    −i/4 H₀⁽²⁾(kr) is the outgoing wave of a point source in the plane, for exp(+iωt).
    """
    return Complex(_smooth(_bessel("j")[0], u), -_smooth(_bessel("y")[0], u))


def power(u: Any, exponent: float) -> Any:
    """u to a fixed real exponent; `u**exponent` says the same."""
    return _smooth(_power(float(exponent)), u)


def absolute(u: Any) -> Any:
    """|u|; its first derivative is the sign of u, and 0 at 0."""
    return _smooth(_absolute, u)
