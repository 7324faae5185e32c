"""Smooth functions of numbers, tensors, jets and vectors, each from its rule: one line."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar, cast

import torch
from torch import Tensor

from siren_pde.calculus import elementary
from siren_pde.calculus.complex import Complex
from siren_pde.calculus.derivatives import Part
from siren_pde.calculus.elementary import Rule, apply
from siren_pde.calculus.jets import Composition, Coordinate, Jet, as_jet
from siren_pde.calculus.vectors import Vector
from siren_pde.errors import ResidualError

U = TypeVar("U", Jet, Vector, Tensor, float)
Z = TypeVar("Z", Jet, Vector, Complex[Jet], Tensor, float)

pi = math.pi


def _smooth(rule: Rule, u: U) -> U:
    if isinstance(u, Jet):
        return Composition(rule, u)
    if isinstance(u, Vector):
        return u.map(lambda c: _smooth(rule, c))
    if isinstance(u, Complex):
        raise ResidualError(
            "of a complex number z there are `exp(z)`, `z.conjugate` and `z.square`, which is "
            "|z|². Write other functions by these, or of `re(z)` and `im(z)`."
        )
    return cast(U, rule(u if isinstance(u, Tensor) else float(u), 0))


def _primitive(name: str, slope: Callable[[Jet], Jet]) -> Rule:
    """The rule of a function with derivative `slope`, whose jet in one variable gives the rest."""

    def rule(v: Part, k: int) -> Part:
        line = Coordinate(v, 0, ("v",))
        return apply(name, v) if k == 0 else slope(line).part((0,) * (k - 1))

    return rule


def _bessel(letter: str) -> tuple[Rule, Rule]:
    """The Bessel functions Z₀ and Z₁ of one kind, by Z₀′ = −Z₁ and Z₁′ = Z₀ − Z₁/v."""

    def value(order: int, v: Part) -> Part:
        if isinstance(v, Tensor):
            of_tensor: Callable[[Tensor], Tensor]
            of_tensor = getattr(torch.special, f"bessel_{letter}{order}")
            return of_tensor(v)
        return float(value(order, torch.tensor(v, dtype=torch.float64, device="cpu")))

    def zeroth(v: Part, k: int) -> Part:
        return value(0, v) if k == 0 else -first(v, k - 1)

    def first(v: Part, k: int) -> Part:
        if k == 0:
            return value(1, v)
        line = Coordinate(v, 0, ("v",))
        return (_smooth(zeroth, line) - _smooth(first, line) / line).part((0,) * (k - 1))

    return zeroth, first


def sin(u: U) -> U:
    """The sine."""
    return _smooth(elementary.sine, u)


def cos(u: U) -> U:
    """The cosine."""
    return _smooth(elementary.cosine, u)


def tan(u: U) -> U:
    """The tangent, sin / cos."""
    return _smooth(elementary.tangent, u)


def exp(u: Z) -> Z:
    """The exponential function, also of complex numbers."""
    if isinstance(u, Complex):
        size = exp(u.re)
        return Complex(size * cos(u.im), size * sin(u.im))
    return _smooth(elementary.exponential, u)


def log(u: U) -> U:
    """The natural logarithm; NaN where u < 0."""
    return _smooth(elementary.logarithm, u)


def sqrt(u: U) -> U:
    """The square root; its derivatives are infinite at 0."""
    return power(u, 0.5)


def tanh(u: U) -> U:
    """The hyperbolic tangent."""
    return _smooth(elementary.hyperbolic_tangent, u)


def sinh(u: U) -> U:
    """The hyperbolic sine."""
    return _smooth(elementary.hyperbolic_sine, u)


def cosh(u: U) -> U:
    """The hyperbolic cosine."""
    return _smooth(elementary.hyperbolic_cosine, u)


def arctan(u: U) -> U:
    """The inverse tangent, in (−π/2, π/2)."""
    return _smooth(_primitive("atan", lambda v: 1 / (1 + v * v)), u)


def erf(u: U) -> U:
    """The error function, 2/√π ∫₀ᵘ exp(−s²) ds."""
    return _smooth(_primitive("erf", lambda v: 2 / math.sqrt(pi) * exp(-(v * v))), u)


def hankel(u: Jet | float) -> Complex[Jet]:
    """The Hankel function H₀⁽²⁾(u) = J₀(u) − i Y₀(u) of real u > 0.

    −i/4 H₀⁽²⁾(kr) is the outgoing wave of a point source in the plane, for exp(+iωt).
    """
    return Complex(_smooth(_bessel("j")[0], as_jet(u)), -_smooth(_bessel("y")[0], as_jet(u)))


def power(u: U, exponent: float) -> U:
    """u to a fixed real exponent; `u**exponent` says the same."""
    return _smooth(elementary.power(float(exponent)), u)


def absolute(u: U) -> U:
    """|u|; its first derivative is the sign of u, and 0 at 0."""
    return _smooth(elementary.absolute, u)
