"""Derivatives of a module from one pass through it, whose functions are followed by the chain rule.

A module is called with a `Traced` in place of coordinates, which torch hands every function that it
meets (`__torch_function__`). What comes out is a jet whose parts are computed on demand, in plain
tensors of shape (n, …): autograd and `torch.func` differentiate them further. Each derivative takes
one product per layer, where nested differentiation takes several: a tanh network's Laplacian and
its gradient come in two thirds of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast, final

from torch import Tensor

from siren_pde.calculus import elementary
from siren_pde.calculus.elementary import Rule
from siren_pde.calculus.jets import Constant, Jet, Product, Sum
from siren_pde.fields.engine import layer_jets
from siren_pde.fields.engine.layer_jets import (
    Activation,
    Combined,
    Joined,
    Layer,
    Linear,
    Places,
    UntraceableError,
    like,
)
from siren_pde.fields.engine.plan import Plan

Values = Callable[[Tensor], Tensor]
Follow = Callable[..., object]

FAILURES = (TypeError, ValueError, AttributeError, IndexError, RuntimeError)
"""What a module may raise that gets no tensor: nested differentiation says what is wrong then."""


def channels(values: Values, x: Tensor, plan: Plan) -> list[Tensor] | None:
    """The derivatives of `values`, (n, d) → (n, outputs), each (n, outputs), point by point.

    None for values made by functions that are not followed.
    """
    try:
        traced = values(cast(Tensor, Traced(Places(x))))
        if not isinstance(traced, Traced):
            return None
        whole = traced.jet.whole
        parts = [like(traced.jet.part(key), whole) for key in plan.keys]
    except FAILURES:
        return None
    return parts if whole.ndim == 2 and len(whole) == len(x) else None


@final
class Traced:
    """What stands for a tensor of coordinates, or of what a module makes of them."""

    def __init__(self, jet: Layer) -> None:
        self.jet = jet

    @classmethod
    def __torch_function__(
        cls,
        function: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> object:
        return followed(function.__name__, function, *args, **(kwargs or {}))

    def __getattr__(self, name: str) -> Any:
        """A tensor's method, or a property of its value such as `shape`."""
        of_tensor = getattr(Tensor, name)
        if not callable(of_tensor):
            return getattr(self.jet.whole, name)
        return lambda *args, **kwargs: followed(name, of_tensor, self, *args, **kwargs)

    def __len__(self) -> int:
        return len(self.jet.whole)

    def __getitem__(self, index: Any) -> object:
        return followed("getitem", Tensor.__getitem__, self, index)

    def __neg__(self) -> object:
        return self * -1.0

    def __add__(self, other: object) -> object:
        return _sum(self, other)

    __radd__ = __add__

    def __sub__(self, other: object) -> object:
        return _difference(self, other)

    def __rsub__(self, other: object) -> object:
        return _difference(other, self)

    def __mul__(self, other: object) -> object:
        return _product(self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: object) -> object:
        return _quotient(self, other)

    def __rtruediv__(self, other: object) -> object:
        return _quotient(other, self)

    def __pow__(self, exponent: float) -> object:
        return _power(self, exponent)

    def __matmul__(self, matrix: Tensor) -> object:
        return _matmul(self, matrix)


def followed(name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> object:
    """A function of torch, by its name, of arguments of which some are traced.

    Raises UntraceableError for functions not known here.
    """
    if name.startswith("__"):
        name = name.strip("_")  # of an operator; one underscore says that it works in place
    if name in FOLLOWED:
        return FOLLOWED[name](*args, **kwargs)
    if name in LINEAR:
        return _linear_map(function, *args, **kwargs)
    if name in JOINING:
        return _joined(function, *args, **kwargs)
    raise UntraceableError(name)


# ── the functions that are followed ───────────────────────────────────────────────────────────

LINEAR = frozenset("getitem sum mean squeeze unsqueeze reshape view flatten narrow select".split())
"""Functions that are linear, and leave the points where they are or are refused."""
JOINING = frozenset("cat concat concatenate stack hstack".split())
"""Functions of several tensors that put them side by side."""


def _jet(value: object) -> Jet:
    """What enters a sum or product."""
    if isinstance(value, Traced):
        return value.jet
    if isinstance(value, int | float | Tensor):
        return Constant(value if isinstance(value, Tensor) else float(value))
    raise UntraceableError


def _sum(a: object, b: object) -> Traced:
    return Traced(Combined(Sum(_jet(a), _jet(b))))


def _product(a: object, b: object) -> Traced:
    left, right = _jet(a), _jet(b)
    if isinstance(right, Constant):  # first: its derivatives are zero, and the others not needed
        left, right = right, left
    return Traced(Combined(Product(left, right)))


def _difference(a: object, b: object) -> Traced:
    return _sum(a, _product(-1.0, b))


def _quotient(a: object, b: object) -> Traced:
    return _product(a, _power(b, -1.0) if isinstance(b, Traced) else 1 / cast(Tensor, b))


def _power(u: object, exponent: object) -> Traced:
    if not (isinstance(u, Traced) and isinstance(exponent, int | float)):
        raise UntraceableError
    return Traced(Activation(elementary.power(float(exponent)), u.jet))


def _smooth(rule: Callable[[], Rule]) -> Follow:
    """An activation by its rule, made afresh wherever it is applied."""
    return lambda u: Traced(Activation(rule(), u.jet))


def _silu(u: Traced, *, inplace: bool = False) -> Traced:
    if inplace:
        raise UntraceableError
    return _product(u, Traced(Activation(layer_jets.sigmoid(), u.jet)))


def _linear(u: Traced, weight: Tensor, bias: Tensor | None = None) -> Traced:
    return Traced(Linear(u.jet, lambda part: part @ weight.T, bias, pointwise=True))


def _matmul(u: Traced, matrix: Tensor) -> Traced:
    if not isinstance(matrix, Tensor):
        raise UntraceableError
    return Traced(Linear(u.jet, lambda part: part @ matrix, pointwise=matrix.ndim == 2))


def _linear_map(function: Callable[..., Any], u: Traced, *args: Any, **kwargs: Any) -> Traced:
    return Traced(Linear(u.jet, lambda part: cast(Tensor, function(part, *args, **kwargs))))


def _joined(function: Callable[..., Any], parts: Sequence[object], *args: Any, **kw: Any) -> Traced:
    layers = [part.jet if isinstance(part, Traced) else Combined(_jet(part)) for part in parts]
    return Traced(Joined(layers, lambda tensors: cast(Tensor, function(tensors, *args, **kw))))


FOLLOWED: dict[str, Follow] = {
    "tanh": _smooth(layer_jets.tanh),
    "sin": _smooth(lambda: layer_jets.wave(0)),
    "cos": _smooth(lambda: layer_jets.wave(1)),
    "exp": _smooth(layer_jets.exponential),
    "sigmoid": _smooth(layer_jets.sigmoid),
    "silu": _silu,
    "square": lambda u: _product(u, u),
    "pow": _power,
    "neg": lambda u: _product(-1.0, u),
    "add": _sum,
    "radd": _sum,
    "sub": _difference,
    "rsub": lambda u, other: _difference(other, u),
    "mul": _product,
    "rmul": _product,
    "div": _quotient,
    "truediv": _quotient,
    "rdiv": lambda u, other: _quotient(other, u),
    "rtruediv": lambda u, other: _quotient(other, u),
    "linear": _linear,
    "matmul": _matmul,
}
"""By their names in torch, without the underscores of operators."""
