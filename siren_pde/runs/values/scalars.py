"""Values without parts as JSON: themselves where JSON has them, else {kind: text}."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any

import numpy as np
import torch

from siren_pde.errors import CheckpointError
from siren_pde.files.json_values import JSON
from siren_pde.runs.values.memory import DTYPES

LARGEST = 1 << 64
"""Whole numbers beyond are no counts and no seeds, and readers of JSON disagree about them."""


def is_scalar(value: object) -> bool:
    """Whether a value is stored by itself: two of the same are one."""
    return type(value) in _WRITTEN or isinstance(value, np.number | np.bool_)


def written(value: Any) -> JSON:
    """A scalar as JSON."""
    how = _WRITTEN.get(type(value))
    return how(value) if how else {"numpy": f"{value.dtype.str} {value.tobytes().hex()}"}


def read(given: Mapping[str, Any]) -> object:
    """The scalar that {kind: text} says. Raises CheckpointError if it makes no sense."""
    try:
        ((kind, text),) = given.items()
        return _READ[kind](text)
    except (KeyError, TypeError, ValueError, RuntimeError, struct.error) as cause:
        raise CheckpointError(f"{given!r:.80} is no value: {cause}.") from cause


def _float(value: float) -> JSON:
    return value if math.isfinite(value) else {"float": struct.pack(">d", value).hex()}


def _text(value: str) -> JSON:
    try:
        value.encode()
    except UnicodeEncodeError:  # half a character, as in names of files
        return {"text": value.encode(errors="surrogatepass").hex()}
    return value


def _numpy(text: str) -> object:
    name, data = text.split(" ")
    if (dtype := np.dtype(name)).kind not in "biufc":
        raise ValueError(f"{dtype} is no number")
    return np.frombuffer(bytes.fromhex(data), dtype)[0]


_WRITTEN: dict[type, Callable[[Any], JSON]] = {
    NoneType: lambda value: None,
    bool: lambda value: value,
    int: lambda value: value if abs(value) < LARGEST else {"int": hex(value)},
    float: _float,
    str: _text,
    complex: lambda value: {"complex": struct.pack(">dd", value.real, value.imag).hex()},
    bytes: lambda value: {"bytes": value.hex()},
    torch.dtype: lambda value: {"dtype": str(value).removeprefix("torch.")},
    torch.device: lambda value: {"device": str(value)},
}
_READ: dict[str, Callable[[str], object]] = {
    "int": lambda text: int(text, 16),
    "float": lambda text: struct.unpack(">d", bytes.fromhex(text))[0],
    "text": lambda text: bytes.fromhex(text).decode(errors="surrogatepass"),
    "complex": lambda text: complex(*struct.unpack(">dd", bytes.fromhex(text))),
    "bytes": bytes.fromhex,
    "dtype": lambda text: DTYPES[text],
    "device": torch.device,
    "numpy": _numpy,
}
