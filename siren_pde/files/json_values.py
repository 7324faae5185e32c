"""Plain JSON values, and reading them as what they have to be: files are foreign data."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from siren_pde.errors import StorageError

JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"
Description: TypeAlias = Mapping[str, JSON]


DEEPEST = 64
"""Brackets in brackets: more than any description has, far fewer than Python can follow."""
_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.S)


def parsed(data: bytes) -> dict[str, JSON]:
    """A JSON object from bytes. Raises StorageError if it is none, or nested too deeply."""
    depth = 0
    for sign in _BRACKETS.finditer(data):
        depth += (sign[0] in (b"[", b"{")) - (sign[0] in (b"]", b"}"))
        if depth > DEEPEST:
            raise StorageError(f"its description is nested more than {DEEPEST} deep.")
    try:
        value = json.loads(data)
    except ValueError as cause:
        raise StorageError(f"its description is no JSON: {cause}.") from cause
    if not isinstance(value, dict):
        raise _wrong("all", "an object", value)
    return value


def entry(values: Description, name: str) -> JSON:
    """The value of that name. Raises StorageError if there is none."""
    if name not in values:
        raise StorageError(f"its description lacks `{name}`.")
    return values[name]


def record(value: JSON, name: str) -> Description:
    """A value that has to be a JSON object. Raises StorageError if it is not."""
    if not isinstance(value, Mapping):
        raise _wrong(name, "an object", value)
    return value


def row(value: JSON, name: str) -> Sequence[JSON]:
    """A value that has to be a list. Raises StorageError if it is not."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise _wrong(name, "a list", value)
    return value


def text(values: Description, name: str) -> str:
    """The text of that name. Raises StorageError if it is none."""
    value = entry(values, name)
    if not isinstance(value, str):
        raise _wrong(name, "a text", value)
    return value


def whole(values: Description, name: str) -> int:
    """The whole number of that name. Raises StorageError if it is none."""
    return _whole(entry(values, name), name)


def wholes(values: Description, name: str) -> tuple[int, ...]:
    """The whole numbers of that name. Raises StorageError if they are none."""
    return tuple(_whole(value, name) for value in row(entry(values, name), name))


def real(values: Description, name: str) -> float:
    """The finite number of that name. Raises StorageError if it is none."""
    return _real(entry(values, name), name)


def reals(values: Description, name: str) -> tuple[float, ...]:
    """The finite numbers of that name. Raises StorageError if they are none."""
    return tuple(_real(value, name) for value in row(entry(values, name), name))


def _whole(value: JSON, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(name, "a whole number", value)
    return value


def _real(value: JSON, name: str) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value):  # type: ignore[arg-type]
        raise _wrong(name, "a finite number", value)
    return float(value)  # type: ignore[arg-type]


def _wrong(name: str, kind: str, value: JSON) -> StorageError:
    return StorageError(f"`{name}` in its description should be {kind}, but is {value!r:.80}.")
