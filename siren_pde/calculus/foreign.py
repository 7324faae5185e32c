"""What jets answer to functions of numpy, torch and math: which of ours to write instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from siren_pde.errors import ResidualError

OURS = {
    **{name: name for name in "sin cos tan exp log sqrt tanh sinh cosh arctan erf".split()},
    **{name: name for name in "maximum minimum where dot norm".split()},
    "atan": "arctan",
    "special_erf": "erf",
    "fmax": "maximum",
    "fmin": "minimum",
    "max": "maximum",
    "amax": "maximum",
    "min": "minimum",
    "amin": "minimum",
    "relu": "maximum",
    "heaviside": "where",
    "piecewise": "where",
    "clip": "minimum",
    "clamp": "minimum",
    "interp": "interpolated",
    "linalg_norm": "norm",
    "linalg_vector_norm": "norm",
    "gradient": "grad",
}
"""Our function in the place of a foreign one, by the names of both."""

OPERATORS = {
    "add": ("__add__", "__radd__"),
    "subtract": ("__sub__", "__rsub__"),
    "sub": ("__sub__", "__rsub__"),
    "multiply": ("__mul__", "__rmul__"),
    "mul": ("__mul__", "__rmul__"),
    "divide": ("__truediv__", "__rtruediv__"),
    "true_divide": ("__truediv__", "__rtruediv__"),
    "div": ("__truediv__", "__rtruediv__"),
    "power": ("__pow__", "__rpow__"),
    "float_power": ("__pow__", "__rpow__"),
    "pow": ("__pow__", "__rpow__"),
    "less": ("__lt__", "__gt__"),
    "lt": ("__lt__", "__gt__"),
    "less_equal": ("__le__", "__ge__"),
    "le": ("__le__", "__ge__"),
    "greater": ("__gt__", "__lt__"),
    "gt": ("__gt__", "__lt__"),
    "greater_equal": ("__ge__", "__le__"),
    "ge": ("__ge__", "__le__"),
    "equal": ("__eq__", "__eq__"),
    "eq": ("__eq__", "__eq__"),
    "not_equal": ("__ne__", "__ne__"),
    "ne": ("__ne__", "__ne__"),
    "bitwise_and": ("__and__", "__rand__"),
    "and": ("__and__", "__rand__"),
    "bitwise_or": ("__or__", "__ror__"),
    "or": ("__or__", "__ror__"),
}
"""The method for each operator by its names, and that of the right operand."""


def refused(library: str, name: str) -> ResidualError:
    """The error for a function of another library, which would lose the derivatives."""
    advice = "arithmetic, `abs(u)`, and functions such as `siren_pde.sin` and `siren_pde.where`"
    ours = f"`siren_pde.{OURS[name]}`" if name in OURS else advice
    return ResidualError(
        f"`{library}.{name}` takes numbers and arrays; coordinates and fields carry derivatives "
        f"besides, which it does not know. Write {ours} instead."
    )


def untaken(
    self: object, function: Callable[..., object], *arguments: object, **_: object
) -> object:
    """What numpy calls (`__array_ufunc__`, `__array_function__`) for an object that is no array.

    numpy's numbers come this way to arithmetic too, `np.float64(2) * u`, and get it.
    """
    name = function.__name__
    inputs = arguments[1:]
    if name in OPERATORS and arguments[0] == "__call__" and len(inputs) == 2:
        return _operated(name, inputs)
    raise refused("numpy", name)


def _operated(name: str, inputs: Sequence[object]) -> object:
    a, b = (_plain(each) for each in inputs)
    forward, reflected = OPERATORS[name]
    if isinstance(a, int | float | complex):
        return getattr(type(b), reflected, _none)(b, a)
    return getattr(type(a), forward, _none)(a, b)


def _none(a: object, b: object) -> object:
    return NotImplemented


def _plain(value: object) -> object:
    """A number of numpy as one of Python. Raises ResidualError for arrays of several."""
    if not isinstance(value, np.generic | np.ndarray):
        return value
    if value.ndim:
        raise ResidualError(
            f"a numpy array of shape {value.shape} met a coordinate or field at points. Values at "
            "the points are tensors, `torch.as_tensor(values)`; better, they are measured data, "
            "`PointCloud(positions, values=…)` and `p.values`, or a function of coordinates such "
            "as `siren_pde.interpolated(x, values)`."
        )
    return value.item()


def _torch_function(
    cls: type,
    function: Callable[..., object],
    types: Sequence[type],
    args: Sequence[object] = (),
    kwargs: Mapping[str, object] | None = None,
) -> object:
    name: str = function.__name__
    of_tensors = getattr(function, "__module__", None) in (None, "torch._tensor")
    if of_tensors and name.strip("_") in OPERATORS:
        return NotImplemented  # then Python asks the right operand
    raise refused("torch", name)


torch_function: Any = classmethod(_torch_function)
"""What torch calls (`__torch_function__`) for an object that is no tensor."""


def no_number(self: object) -> NoReturn:
    """What `math.sin`, `float` and their like call (`__float__`) for what is no single number."""
    raise ResidualError(
        "`math.sin`, `float` and their like take one number; a coordinate or field is many, one at "
        "each point, with derivatives. Write the function of siren_pde: `siren_pde.sin`, "
        "`siren_pde.exp`, `siren_pde.maximum`, …"
    )
