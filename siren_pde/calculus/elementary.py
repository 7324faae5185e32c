"""Elementary functions f of numbers and tensors, as rules: `rule(v, k)` is f⁽ᵏ⁾(v) for every k."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor

from siren_pde.calculus.derivatives import Part

Rule = Callable[[Part, int], Part]


def apply(name: str, v: Part) -> Part:
    """The function of this name of `torch` or `math`, by what v is."""
    value: Part = getattr(torch if isinstance(v, Tensor) else math, name)(v)
    return value


def sine(v: Part, k: int) -> Part:
    """sin, −sin and ±cos in turn."""
    wave = apply("cos" if k % 2 else "sin", v)
    return -wave if k % 4 in (2, 3) else wave


def cosine(v: Part, k: int) -> Part:
    """The derivative of the sine."""
    return sine(v, k + 1)


def exponential(v: Part, k: int) -> Part:
    """exp, whatever k."""
    return apply("exp", v)


def logarithm(v: Part, k: int) -> Part:
    """log, and (−1)ᵏ⁻¹ (k − 1)! v⁻ᵏ."""
    return apply("log", v) if k == 0 else (-1) ** (k - 1) * math.factorial(k - 1) * v**-k


def hyperbolic_sine(v: Part, k: int) -> Part:
    """sinh and cosh in turn."""
    return apply("cosh" if k % 2 else "sinh", v)


def hyperbolic_cosine(v: Part, k: int) -> Part:
    """cosh and sinh in turn."""
    return apply("sinh" if k % 2 else "cosh", v)


def tangent(v: Part, k: int) -> Part:
    """Polynomials in y = tan v, for y′ = 1 + y²."""
    return _horner(_polynomial(k, 1.0), apply("tan", v))


def hyperbolic_tangent(v: Part, k: int) -> Part:
    """Polynomials in y = tanh v, for y′ = 1 − y²."""
    return _horner(_polynomial(k, -1.0), apply("tanh", v))


def _horner(coefficients: tuple[float, ...], y: Part) -> Part:
    total: Part = 0.0
    for c in reversed(coefficients):
        total = total * y + c
    return total


@lru_cache(maxsize=None)
def _polynomial(k: int, sign: float) -> tuple[float, ...]:
    """Coefficients of y⁽ᵏ⁾ in y, where y′ = 1 + sign y²: P₀ = y, Pₖ₊₁ = Pₖ′ (1 + sign y²)."""
    if k == 0:
        return (0.0, 1.0)
    slope = [j * c for j, c in enumerate(_polynomial(k - 1, sign))][1:]
    coefficients = [*slope, 0.0, 0.0]
    for j, c in enumerate(slope):
        coefficients[j + 2] += sign * c
    return tuple(coefficients)


def power(exponent: float) -> Rule:
    """The rule of v ↦ v^exponent, for a fixed real exponent."""

    def rule(v: Part, k: int) -> Part:
        factor = math.prod(exponent - j for j in range(k))
        # A polynomial has no more derivatives, not even where 0**negative would be infinite.
        if factor == 0.0:
            return 0.0
        return factor if exponent == k else factor * v ** (exponent - k)

    return rule


def absolute(v: Part, k: int) -> Part:
    """|v|, the sign of v (0 at 0), and zero: the kink is not seen by higher derivatives."""
    if k > 1:
        return 0.0
    if isinstance(v, Tensor):
        return torch.sign(v) if k else v.abs()
    return float((v > 0) - (v < 0)) if k else abs(v)
