"""A jet is a value that carries its derivatives, on demand; its algebra is closed.

`u.part(key)` is the derivative ∂^key u at all points, where a key is a name of
`siren_pde.calculus.derivatives`. Sums, products (Leibniz) and smooth functions (Faà di Bruno)
require of their operands just the parts they need; what finally reaches a field are the problem's
required derivatives.

Parts are tensors of shape (n,), or Python floats where they are constant. The float `0.0` is the
exact zero: it is never computed with, and what it multiplies is never required.
"""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import cast, final

import numpy as np
from torch import Tensor

from siren_pde.calculus import elementary
from siren_pde.calculus.comparisons import Comparison, compared
from siren_pde.calculus.complex import Complex, is_complex
from siren_pde.calculus.derivatives import (
    Key,
    Part,
    add,
    is_zero,
    multiply,
    partitions,
    splits,
    total,
)
from siren_pde.calculus.foreign import no_number, torch_function, untaken
from siren_pde.errors import DerivativeError, ResidualError


class Jet(ABC):
    """A scalar value with derivatives; `part(key)` has shape (n,) or is a constant.

    `frame` names the coordinates, in order; it is empty for constants. `from_field` says whether
    parts may have to be computed by a field: of a product the other factor, perhaps zero, comes
    first.
    """

    frame: tuple[str, ...] = ()
    from_field: bool = False
    __array_ufunc__ = untaken
    __array_function__ = untaken
    __torch_function__ = torch_function
    __float__ = no_number

    def part(self, key: Key) -> Part:
        """The derivative `key` of this jet, computed once."""
        parts: dict[Key, Part] = self.__dict__.setdefault("_parts", {})
        if key not in parts:
            parts[key] = self._part(key)
        return parts[key]

    @abstractmethod
    def _part(self, key: Key) -> Part: ...

    @property
    def value(self) -> Part:
        """The value itself, (n,)."""
        return self.part(())

    def of(self, value: object) -> Jet:
        """What adds to jets, as a jet: see `as_jet`."""
        return as_jet(value)

    def __add__(self, other: object) -> Jet:
        return _pair(Sum, self, other)

    def __radd__(self, other: object) -> Jet:
        return _pair(Sum, other, self)

    def __sub__(self, other: object) -> Jet:
        return _pair(Difference, self, other)

    def __rsub__(self, other: object) -> Jet:
        return _pair(Difference, other, self)

    def __mul__(self, other: object) -> Jet:
        return _pair(Product, self, other)

    def __rmul__(self, other: object) -> Jet:
        return _pair(Product, other, self)

    def __neg__(self) -> Jet:
        return Product(Constant(-1.0), self)

    def __truediv__(self, other: object) -> Jet:
        divisor = other if is_complex(other) else as_jet(other)
        return NotImplemented if divisor is NotImplemented else self * divisor**-1

    def __rtruediv__(self, other: object) -> Jet:
        return self**-1 * other

    def __pow__(self, exponent: object) -> Jet:
        if isinstance(exponent, int | float | np.integer | np.floating):
            return Composition(elementary.power(float(exponent)), self)
        power = as_jet(exponent)
        if power is NotImplemented:
            return NotImplemented
        logarithm = power * Composition(elementary.logarithm, self)
        return Composition(elementary.exponential, logarithm)

    def __rpow__(self, base: object) -> Jet:
        jet = as_jet(base)
        return jet if jet is NotImplemented else jet**self

    def __abs__(self) -> Jet:
        return Composition(elementary.absolute, self)

    def __bool__(self) -> bool:
        return bool(self != 0)  # says that residuals cannot branch

    def __lt__(self, other: object) -> Comparison:
        return _compared(operator.lt, self, other)

    def __le__(self, other: object) -> Comparison:
        return _compared(operator.le, self, other)

    def __gt__(self, other: object) -> Comparison:
        return _compared(operator.gt, self, other)

    def __ge__(self, other: object) -> Comparison:
        return _compared(operator.ge, self, other)

    def __eq__(self, other: object) -> Comparison:  # type: ignore[override]
        return _compared(operator.eq, self, other)

    def __ne__(self, other: object) -> Comparison:  # type: ignore[override]
        return _compared(operator.ne, self, other)

    __hash__ = object.__hash__

    def __iter__(self) -> Iterator[Jet]:
        raise ResidualError(
            "a scalar field has no components to unpack; give it several outputs: `Siren(2, 2)`."
        )


def as_jet(value: object) -> Jet:
    """A jet; a number or tensor without axes is a constant, a tensor (n,) data.

    NotImplemented for anything else, as Python's operators return it.
    """
    if isinstance(value, Jet):
        return value
    if isinstance(value, int | float | np.integer | np.floating):
        return Constant(float(value))
    if isinstance(value, Tensor):
        if value.ndim > 1:
            raise ResidualError(
                f"a tensor of shape {tuple(value.shape)} met a scalar field of shape (n,). Values "
                "of one quantity have shape (n,): write `values[:, 0]`, or give the field several "
                "outputs."
            )
        return Data(value) if value.ndim else Constant(value)
    return cast(Jet, NotImplemented)


def _compared(relation: Callable[[Part, Part], Tensor | bool], a: Jet, other: object) -> Comparison:
    b = as_jet(other)
    if b is NotImplemented:
        return cast(Comparison, NotImplemented)
    frame, from_field = a.frame or b.frame, a.from_field or b.from_field
    return compared(relation, a.value, b.value, frame=frame, from_field=from_field)


def _pair(rule: type[_Pair], a: object, b: object) -> Jet:
    """The sum, difference or product; beside a complex number a Complex, though not typed so."""
    if is_complex(a) or is_complex(b):
        z, w = (Complex(v, Constant(0.0)) if isinstance(v, Jet) else v for v in (a, b))
        return cast(Jet, _OPERATORS[rule](z, w))
    left, right = as_jet(a), as_jet(b)
    unknown = left is NotImplemented or right is NotImplemented
    return NotImplemented if unknown else rule(left, right)


@final
class Constant(Jet):
    """A number: its derivatives vanish."""

    def __init__(self, number: Part) -> None:
        self.number = number

    def _part(self, key: Key) -> Part:
        return self.number if key == () else 0.0


@final
class Coordinate(Jet):
    """A coordinate, shape (n,): its derivative along itself is 1."""

    def __init__(self, values: Part, axis: int, frame: tuple[str, ...]) -> None:
        self.values, self.axis, self.frame = values, axis, frame

    def _part(self, key: Key) -> Part:
        return self.values if key == () else 1.0 if key == (self.axis,) else 0.0


@final
class Data(Jet):
    """Measured values (n,), known at the points only: their derivatives are unknown, not zero."""

    def __init__(self, values: Tensor, name: str = "data") -> None:
        self.values, self.name = values, name

    def _part(self, key: Key) -> Part:
        if key != ():
            raise DerivativeError(
                f"`{self.name}` is known at points only, so its derivatives are unknown. Write the "
                f"derivative of the field instead, or `{self.name}` as a function of coordinates; "
                "values that are constant in pieces are `interpolated(edges, values, degree=0)`."
            )
        return self.values


@final
class FieldJet(Jet):
    """One output of a field, whose derivatives `derivative(key)` whoever evaluates it gives."""

    from_field = True

    def __init__(self, frame: tuple[str, ...], derivative: Callable[[Key], Part]) -> None:
        self.frame, self.derivative = frame, derivative

    def _part(self, key: Key) -> Part:
        return self.derivative(key)


class _Pair(Jet, ABC):
    def __init__(self, a: Jet, b: Jet) -> None:
        self.a, self.b = a, b
        self.frame = a.frame or b.frame
        self.from_field = a.from_field or b.from_field


@final
class Sum(_Pair):
    """a + b."""

    def _part(self, key: Key) -> Part:
        return add(self.a.part(key), self.b.part(key))


@final
class Difference(_Pair):
    """a − b."""

    def _part(self, key: Key) -> Part:
        a, b = self.a.part(key), self.b.part(key)
        return a if is_zero(b) else -b if is_zero(a) else a - b


@final
class Product(_Pair):
    """a b, by Leibniz' rule."""

    def _part(self, key: Key) -> Part:
        return total(self._term(*split) for split in splits(key))

    def _term(self, count: int, left: Key, right: Key) -> Part:
        a, b = self.a, self.b
        if a.from_field:  # comes last: where the other factor vanishes, it need not carry this part
            a, left, b, right = b, right, a, left
        first = a.part(left)
        return 0.0 if is_zero(first) else multiply(float(count), multiply(first, b.part(right)))


_OPERATORS = {Sum: operator.add, Difference: operator.sub, Product: operator.mul}


@final
class Composition(Jet):
    """f(u) for a smooth f, by Faà di Bruno's rule; `derivative(v, k)` is f⁽ᵏ⁾(v)."""

    def __init__(self, derivative: elementary.Rule, inner: Jet) -> None:
        self.derivative, self.inner = derivative, inner
        self.frame, self.from_field = inner.frame, inner.from_field
        self.outer: dict[int, Part] = {}

    def _outer(self, k: int) -> Part:
        if k not in self.outer:
            self.outer[k] = self.derivative(self.inner.part(()), k)
        return self.outer[k]

    def _part(self, key: Key) -> Part:
        return total(self._term(*partition) for partition in partitions(key))

    def _term(self, count: int, blocks: tuple[Key, ...]) -> Part:
        term: Part = float(count)
        for block in blocks:
            term = multiply(term, self.inner.part(block))
        return 0.0 if is_zero(term) else multiply(term, self._outer(len(blocks)))
