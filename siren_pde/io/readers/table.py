"""Tables of points: columns of text, or a plain NumPy array."""

from __future__ import annotations

import math
import re

import numpy as np

from siren_pde.io.readers.source import Arrays, Floats, Line, Source, shown

_SEPARATORS = bytes.maketrans(b",;\t", b"   ")
_POSITION, _NORMAL = ("x", "y", "z"), ("nx", "ny", "nz")
_COLUMNS = "Give three columns x y z, six with nx ny nz, or name the columns in a first line."

_NPY = re.compile(
    rb"\{'descr': '([<>|])([fiu])([1248])', 'fortran_order': (True|False), "
    rb"'shape': \((\d{1,15}), (\d{1,3})\), \} *\n"
)


def read_text(source: Source) -> Arrays:
    """Columns apart by spaces, commas or semicolons: x y z, perhaps nx ny nz, or as named.

    The first line may name the columns, or hold the number of points.
    """
    for number, text in enumerate(source.data[:65536].splitlines(), start=1):
        text = text.partition(b"#")[0]
        if b";" in text and b"," in text:
            raise source.broken(
                f"line {number}",
                "both `,` and `;`, so that 1,5 could be one number or two",
                "Write decimal points and separate columns by one kind of sign.",
            )
    rows = Source(source.name, source.data.translate(_SEPARATORS)).lines()
    if not rows:
        raise source.broken("the whole file", "only comments")
    names = _names(source, rows)
    if names is not None:
        rows = rows[1:]
    if not rows:
        raise source.broken("the whole file", "no line with numbers")
    return _columns(source, source.rows(rows), names or [], f"line {rows[0].number}")


def _names(source: Source, rows: list[Line]) -> list[str] | None:
    """The words of a first line that is no row of numbers; None where it is one."""
    words = [word.strip(b"\"'") for word in rows[0].text.split()]
    if len(words) == 1 and words[0].isdigit() and len(rows) > 1:
        if source.whole(words[0], f"line {rows[0].number}") != len(rows) - 1:
            seen = f"{shown(words[0])} points are declared, {len(rows) - 1} lines follow"
            raise source.broken(f"line {rows[0].number}", seen)
        return []
    try:
        for word in words:
            float(word)
    except ValueError:
        return [word.decode("ascii", errors="replace").lower() for word in words]
    return None


def _columns(source: Source, table: Floats, names: list[str], where: str) -> Arrays:
    if not set(_POSITION) <= set(names):
        if table.shape[1] not in (3, 6):
            raise source.broken(where, f"{table.shape[1]} columns", _COLUMNS)
        names = [*_POSITION, *_NORMAL][: table.shape[1]]
    if len(names) != table.shape[1] or len(set(names)) != len(names):
        seen = f"{table.shape[1]} columns under {len(set(names))} different names"
        raise source.broken(where, seen, _COLUMNS)
    return Arrays.of_columns(dict(zip(names, table.T, strict=True)))


def read_npy(source: Source) -> Arrays:
    """An (n, 3) or (n, 6) array of numbers as `numpy.save` writes it; never a pickle."""
    data = source.data
    if data[:6] != b"\x93NUMPY" or data[6:7] not in (b"\x01", b"\x02", b"\x03"):
        raise source.broken("byte 0", "no NumPy array", "Write it by `numpy.save`.")
    width = 2 if data[6:7] == b"\x01" else 4
    start = 8 + width
    end = start + int.from_bytes(data[8:start], "little")
    header = _NPY.fullmatch(data, start, min(end, len(data)))
    if header is None:
        raise source.broken(
            f"byte {start}",
            f"{shown(data[start:end])}, which is not a plain array of numbers of two axes",
            "Save an array of shape (n, 3) or (n, 6) and dtype float64.",
        )
    order, letter, size, fortran, *numbers = (group.decode() for group in header.groups())
    shape = (int(numbers[0]), int(numbers[1]))
    if letter == "f" and size == "1":
        raise source.broken(f"byte {start}", "floating point numbers of one byte")
    needed = math.prod(shape) * int(size)
    if needed != len(data) - end:
        seen = f"shape {shape} needs {needed} bytes, {len(data) - end} follow"
        raise source.broken(f"byte {end}", seen)
    kind = np.dtype(f"{order.replace('|', '=')}{letter}{size}")
    flat = np.frombuffer(data, kind, math.prod(shape), end) if needed else np.empty(0)
    table = flat.reshape(shape, order="F" if fortran == "True" else "C").astype(np.float64)
    return _columns(source, table, [], "shape")
