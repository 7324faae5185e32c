"""MATLAB files: variables that are arrays of numbers, and nothing else of what they can hold."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from siren_pde.errors import StorageError

Array = npt.NDArray[Any]

HEADER = 128
HDF5_TITLE = b"MATLAB 7.3 MAT-file"
"""How a file of version 7.3 begins, which is HDF5 inside."""
MOST = 128 << 20
"""Bytes that compressed variables may become, beside four times the file: zeros shrink a
thousandfold, and a file of kilobytes must not fill the memory.
"""
_STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8"} | {
    13: "u8"
}
_CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4"} | {
    14: "i8",
    15: "u8",
}
_MATRIX, _COMPRESSED = 14, 15
_COMPLEX, _LOGICAL = 0x0800, 0x0200


@dataclass
class _Budget:
    """How many bytes more may come out of compressed variables."""

    left: int

    def take(self, size: int) -> None:
        if size > self.left:
            raise StorageError(
                f"a variable of {size} bytes is larger than a file of this size may hold. Save "
                "it uncompressed: `save -v6`."
            )
        self.left -= size


def read_matlab(
    data: bytes, names: Collection[str] | None = None
) -> tuple[dict[str, Array], list[str]]:
    """The variables that are arrays of numbers, by name, and the names of all others.

    Of version 5 to 7, in either byte order; with `names`, of these alone. Text, cells, structures,
    sparse matrices and functions are passed over. Raises StorageError where a file is damaged.

    Source: MathWorks, MAT-File Level 5 File Format.
    """
    if len(data) < HEADER or data[126:128] not in (b"IM", b"MI"):
        raise StorageError(
            "it does not begin as a MATLAB file of version 5 to 7 does. Save it by `save -v7`."
        )
    order, budget = ("<" if data[126:128] == b"IM" else ">"), _Budget(4 * len(data) + MOST)
    arrays, others = dict[str, Array](), list[str]()
    for kind, body in _elements(data[HEADER:], order, aligned=False):
        if kind == _COMPRESSED:
            kind, body = _inflated(body, order, budget)
        if kind != _MATRIX:
            continue
        name, values = _variable(body, order, budget, names)
        if values is not None and name not in arrays:
            arrays[name] = values
        elif values is None:
            others.append(name)
        else:
            raise StorageError(f"it holds two variables `{name[:40]}`. Save it again.")
    return arrays, others


def _elements(
    data: bytes | memoryview, order: str, *, aligned: bool = True
) -> Iterator[tuple[int, memoryview]]:
    """Kind and content of each element, one after the other."""
    view, at = memoryview(data), 0
    while at < len(view):
        if at + 8 > len(view):
            raise _cut(at, "a tag")
        kind, size = struct.unpack_from(order + "II", view, at)
        start = at + 8
        if kind >> 16:  # a small element: four bytes of content within the tag
            kind, size, start = kind & 0xFFFF, kind >> 16, at + 4
            if size > 4:
                raise _cut(at, f"a small element of {size} bytes")
        if start + size > len(view):
            raise _cut(at, f"an element of {size} bytes")
        yield kind, view[start : start + size]
        at = at + 8 if start == at + 4 else start + size
        if aligned or kind == _MATRIX:
            at += -at % 8


def _cut(at: int, what: str) -> StorageError:
    return StorageError(
        f"{what}, {at} bytes after the last header, goes beyond its end. It is cut."
    )


def _inflated(body: memoryview, order: str, budget: _Budget) -> tuple[int, memoryview]:
    """The one element inside a compressed one, as large as it says and as the budget allows."""
    stream = zlib.decompressobj()
    try:
        tag = stream.decompress(body, 8)
        if len(tag) < 8:
            raise _cut(0, "a compressed tag")
        kind, size = struct.unpack(order + "II", tag)
        budget.take(size)
        inside = stream.decompress(stream.unconsumed_tail, size) if size else b""
    except zlib.error as cause:
        raise StorageError(
            f"a compressed variable is damaged: {cause}. Use another copy."
        ) from cause
    if len(inside) != size:
        raise _cut(0, f"a compressed variable of {size} bytes that has {len(inside)}")
    return kind, memoryview(inside)


def _variable(
    body: memoryview, order: str, budget: _Budget, names: Collection[str] | None
) -> tuple[str, Array | None]:
    """The name of a variable, and its values if it is an array of numbers that is wanted."""
    parts = _elements(body, order)
    flags = _next(parts, 6, "its flags")
    word = struct.unpack_from(order + "I", flags)[0] if len(flags) == 8 else 0
    family = word & 0xFF
    if family == 17:  # an object, which has another structure
        return "an object", None
    shape = np.frombuffer(_next(parts, 5, "its shape"), order + "i4").astype(np.int64)
    name = bytes(_next(parts, 1, "its name")).decode("utf-8", errors="replace")
    if family not in _CLASSES or (names is not None and name not in names):
        return name, None
    count = math.prod(shape.tolist())
    if len(shape) < 2 or len(shape) > 32 or shape.min() < 0:
        raise StorageError(f"`{name[:40]}` has shape {tuple(shape.tolist())}. Save it again.")
    kind = np.dtype(_CLASSES[family])
    complex_ = bool(word & _COMPLEX)
    budget.take(count * kind.itemsize * (1 + complex_))
    values = _numbers(parts, order, count, name).astype(kind)
    if complex_:
        values = values + 1j * _numbers(parts, order, count, name).astype(kind)
    elif word & _LOGICAL:
        values = values != 0
    return name, values.reshape(shape.tolist(), order="F")


def _next(parts: Iterator[tuple[int, memoryview]], kind: int, what: str) -> memoryview:
    there, body = next(parts, (0, memoryview(b"")))
    if there != kind or (kind == 5 and len(body) % 4):
        raise StorageError(f"a variable lacks {what}: it is damaged. Use another copy.")
    return body


def _numbers(parts: Iterator[tuple[int, memoryview]], order: str, count: int, name: str) -> Array:
    """Numbers as they are stored: in the smallest type that holds them."""
    kind, body = next(parts, (0, memoryview(b"")))
    stored = np.dtype(order + _STORED[kind]) if kind in _STORED else None
    if stored is None or len(body) != count * stored.itemsize:
        raise StorageError(
            f"`{name[:40]}` needs {count} numbers, and {len(body)} bytes of type {kind} follow. "
            "It is damaged: use another copy."
        )
    return np.frombuffer(body, stored)
