"""Formulas that differ from place to place: `where`, `maximum`, `minimum`, `complementarity`."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import final

import torch
from torch import Tensor

from siren_pde.calculus.comparisons import Comparison, as_comparison
from siren_pde.calculus.complex import Complex, is_complex
from siren_pde.calculus.derivatives import Key, Part, is_zero
from siren_pde.calculus.functions import sqrt
from siren_pde.calculus.jets import Jet, as_jet
from siren_pde.calculus.operators import as_complex
from siren_pde.calculus.vectors import Component, Vector
from siren_pde.errors import ResidualError


@final
class Choice(Jet):
    """a where a condition holds, b elsewhere; every derivative is that of the one chosen.

    Both are asked for each derivative, so that a plan made at a few points holds at all.
    """

    def __init__(self, condition: Comparison, a: Jet, b: Jet) -> None:
        self.condition, self.a, self.b = condition, a, b
        self.frame = a.frame or b.frame or condition.frame
        self.from_field = a.from_field or b.from_field

    def _part(self, key: Key) -> Part:
        a, b = self.a.part(key), self.b.part(key)
        return 0.0 if is_zero(a) and is_zero(b) else _chosen(self.condition, a, b)


def _chosen(condition: Comparison, a: Part, b: Part) -> Part:
    """One of two values at each point, in their precision or that of what was compared."""
    mask = condition.mask
    if isinstance(mask, bool):
        return a if mask else b
    known = [v.dtype for v in (a, b) if isinstance(v, Tensor)]
    dtype = known[0] if known else condition.dtype or torch.float64
    a, b = (v if isinstance(v, Tensor) else torch.full_like(mask, v, dtype=dtype) for v in (a, b))
    return torch.where(mask, a, b)


def where(condition: Comparison | Tensor, a: Component, b: Component) -> Component:
    """a where the condition holds, b elsewhere: `where(p.x < 0.5, 1.0, 4.0)`, `where(u > 0, u, 0)`.

    `condition` compares coordinates, fields or numbers at n points, several joined by `&`, `|` and
    `~`, or is a boolean tensor (n,); a and b are jets, numbers, tensors (n,), complex numbers or
    vectors, both of one kind. Derivatives of every order are those of the formula that holds at
    the point; the jump between the two is not seen. `LocalFeatures` keeps the flux continuous
    across planes x = const where a coefficient in divergence form jumps, `div(a * grad(u))`; other
    methods need the flux as an unknown, or two domains. Both formulas are
    evaluated at all points: keep both finite, as in `where(u > 0, sqrt(maximum(u, 1e-9)), 0)`.
    Raises ResidualError for what is no condition, and for vectors beside scalars.
    """
    if isinstance(a, Vector) or isinstance(b, Vector):
        if not (isinstance(a, Vector) and isinstance(b, Vector) and len(a) == len(b)):
            raise ResidualError(
                "`where` chooses between two vectors of one length, or between two scalars, got "
                f"{_kind(a)} and {_kind(b)}. Write each component by itself."
            )
        return Vector([where(condition, v, w) for v, w in zip(a, b, strict=True)])
    chosen = as_comparison(condition)
    if any(isinstance(v, Complex) or is_complex(v) for v in (a, b)):
        z, w = as_complex(a), as_complex(b)
        return Complex(Choice(chosen, z.re, w.re), Choice(chosen, z.im, w.im))
    choice = Choice(chosen, _scalar("where", a), _scalar("where", b))
    return (
        choice if any(isinstance(v, Jet | Comparison) for v in (condition, a, b)) else choice.value
    )


def maximum(a: Component, b: Component) -> Component:
    """The larger of two values at each point: jets, numbers or tensors (n,); NaN if either is.

    Derivatives of every order are those of the larger; where both are equal, those of a, which are
    one-sided there: `maximum(u, 0)` has the derivatives of u where u = 0. Raises ResidualError for
    vectors and complex numbers.
    """
    return _extreme("maximum", operator.ge, a, b)


def minimum(a: Component, b: Component) -> Component:
    """The smaller of two values at each point; as `maximum`, with a's derivatives at a tie.

    `minimum(lap(u) + f, psi - u)` is the residual of an obstacle problem (see `complementarity`).
    """
    return _extreme("minimum", operator.le, a, b)


def complementarity(a: Component, b: Component, *, smoothing: float = 0.0) -> Component:
    """A residual that vanishes just where a ≥ 0, b ≥ 0 and a b = 0: a + b − √(a² + b²).

    `a` and `b` are jets, numbers or tensors (n,) of comparable size: an obstacle ψ below u is
    `complementarity(u - psi, -lap(u) - f)`, where the membrane lies on it or obeys its equation.
    With `smoothing` s > 0 it is a + b − √(a² + b² + 2 s²), smooth, and vanishes where a, b > 0 and
    a b = s². Without, it has a kink at a = b = 0, where its derivatives by a and b are taken as 1.
    Raises ResidualError for vectors and for s < 0.

    Source: A. Fischer, "A special Newton-type optimization method", Optimization 24 (1992); the
    smoothing by C. Kanzow, SIAM J. Matrix Anal. Appl. 17 (1996).
    """
    if not 0 <= smoothing < math.inf:
        raise ResidualError(f"`smoothing` is a number ≥ 0 in the unit of a and b, got {smoothing}.")
    first, second = _scalar("complementarity", a), _scalar("complementarity", b)
    # It keeps the root differentiable where both vanish, and vanishes beside anything else.
    tiny = torch.finfo(torch.float32).tiny
    square = first * first + second * second + (2 * smoothing**2 + tiny)
    residual = first + second - sqrt(square)
    return residual if isinstance(a, Jet) or isinstance(b, Jet) else residual.value


def _extreme(
    name: str, wins: Callable[[Jet, Jet], Comparison], a: Component, b: Component
) -> Component:
    first, second = _scalar(name, a), _scalar(name, b)
    choice = Choice(wins(first, second) | (first != first), first, second)  # NaN stays
    return choice if isinstance(a, Jet) or isinstance(b, Jet) else choice.value


def _scalar(name: str, value: object) -> Jet:
    jet = as_jet(value)
    if jet is NotImplemented:
        raise ResidualError(
            f"`{name}` takes coordinates, fields with one output, numbers and tensors of shape "
            f"(n,), got {_kind(value)}. Write it for each component, such as `v[0]`."
        )
    return jet


def _kind(value: object) -> str:
    return f"a vector with {len(value)}" if isinstance(value, Vector) else type(value).__name__
