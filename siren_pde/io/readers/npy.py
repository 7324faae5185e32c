"""NumPy's own files: an array of numbers, or several in a zip archive; never a pickle."""

from __future__ import annotations

import io
import math
import re
import zipfile
from typing import Any

import numpy as np
import numpy.typing as npt

from siren_pde.errors import DataFileError
from siren_pde.io.readers.source import Source, shown

MOST = 128 << 20
"""Bytes that an archive may unpack to, beside four times its size."""
_HEADER = re.compile(
    rb"\{'descr': '([<>|])([biufc])(\d{1,2})', 'fortran_order': (True|False), "
    rb"'shape': \(((?:\d{1,15}(?:, \d{1,15})*,?)?)\), \} *\n"
)
_KINDS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_SIZES = {"b": (1,), "i": (1, 2, 4, 8), "u": (1, 2, 4, 8), "f": (2, 4, 8), "c": (8, 16)}
_FIELDS = re.compile(
    rb"\{'descr': \[(.{1,16000})\], 'fortran_order': (?:True|False), "
    rb"'shape': \((\d{1,15}),\), \} *\n"
)
_FIELD = re.compile(
    rb"\((?:'([^'\\]{0,64})'), '([<>|][biufV]\d{1,3})'(?:, \((\d{1,2}),\))?\)(?:, )?"
)
_WIDEST = 64
"""Numbers of a row that has names: more than scans have."""


def npy_fields(source: Source) -> dict[str, npt.NDArray[Any]] | None:
    """The columns of an array of named ones, such as `[('x', '<f4'), …]`; None for plain arrays.

    A column of k numbers each, as `('normal', '<f4', (3,))`, becomes `normal_0`, `normal_1`, ….
    """
    start, end = _header(source)
    header = _FIELDS.fullmatch(source.data, start, min(end, len(source.data)))
    if header is None:
        return None
    fields = list(_FIELD.finditer(header[1]))
    kinds = [(m[2][1:2].decode(), int(m[2][2:])) for m in fields]
    sizes = [int(m[3] or b"1") for m in fields]
    known = all(kind == "V" or size in _SIZES[kind] for kind, size in kinds)
    if b"".join(m[0] for m in fields) != header[1] or not known or not 0 < sum(sizes) <= _WIDEST:
        seen = f"{shown(source.data[start:end])}, which are no columns of plain numbers"
        raise source.broken(f"byte {start}", seen, "Save an array of dtype float64.")
    row = np.dtype(
        [
            (f"{i}", m[2].decode(), (size,))
            for i, (m, size) in enumerate(zip(fields, sizes, strict=True))
        ]
    )
    needed = int(header[2]) * row.itemsize
    if needed != len(source.data) - end:
        seen = f"{int(header[2])} rows need {needed} bytes, {len(source.data) - end} follow"
        raise source.broken(f"byte {end}", seen)
    table = np.frombuffer(source.data, row, int(header[2]), end) if needed else np.empty(0, row)
    columns: dict[str, npt.NDArray[Any]] = {}
    for i, m in enumerate(fields):
        name = m[1].decode("utf-8", errors="replace")
        if kinds[i][0] == "V":  # between columns that start at round bytes
            continue
        for k in range(sizes[i]):
            key = name if m[3] is None else f"{name}_{k}"
            if key in columns:
                raise source.broken(f"byte {start}", f"two columns `{key[:40]}`")
            columns[key] = table[f"{i}"][:, k]
    return columns


def _header(source: Source) -> tuple[int, int]:
    """The bytes between which the header stands."""
    data = source.data
    if data[:6] != b"\x93NUMPY" or data[6:7] not in (b"\x01", b"\x02", b"\x03"):
        raise source.broken("byte 0", "no NumPy array", "Write it by `numpy.save`.")
    start = 10 if data[6:7] == b"\x01" else 12
    return start, start + int.from_bytes(data[8:start], "little")


def npy_array(source: Source, kinds: str = "biufc", axes: int | None = None) -> npt.NDArray[Any]:
    """The array in a file as `numpy.save` writes it, of one of these kinds of numbers."""
    data = source.data
    start, end = _header(source)
    header = _HEADER.fullmatch(data, start, min(end, len(data)))
    order, letter, size, fortran, numbers = (
        [group.decode() for group in header.groups()] if header else ("", "", "0", "", "")
    )
    shape = tuple(int(number) for number in re.findall(r"\d+", numbers))
    if letter not in kinds or int(size) not in _SIZES.get(letter, ()) or len(shape) > 32:
        seen = f"{shown(data[start:end])}, which is not a plain array of numbers"
        raise source.broken(f"byte {start}", seen, "Save an array of dtype float64.")
    if axes is not None and len(shape) != axes:
        seen = f"{shown(data[start:end])}, which is not a plain array of numbers of {axes} axes"
        raise source.broken(f"byte {start}", seen, "Save an array of shape (n, 3) or (n, 6).")
    needed = math.prod(shape) * int(size)
    if needed != len(data) - end:
        seen = f"shape {shape} needs {needed} bytes, {len(data) - end} follow"
        raise source.broken(f"byte {end}", seen)
    kind = np.dtype(f"{order.replace('|', '=')}{letter}{size}")
    flat = np.frombuffer(data, kind, math.prod(shape), end) if needed else np.empty(0, kind)
    return flat.reshape(shape, order="F" if fortran == "True" else "C")


def npz_arrays(source: Source) -> dict[str, npt.NDArray[Any]]:
    """The arrays in an archive as `numpy.savez` writes it, by name; nothing is unpacked to disk."""
    left, arrays = 4 * len(source.data) + MOST, {}
    try:
        with zipfile.ZipFile(io.BytesIO(source.data)) as archive:
            for entry in archive.infolist():
                name = entry.filename.removesuffix(".npy")
                left -= entry.file_size
                if left < 0:
                    seen = f"{entry.file_size} bytes, more than an archive of this size may hold"
                    raise source.broken(f"`{name[:40]}`", seen)
                if name == entry.filename or name in arrays or entry.compress_type not in _KINDS:
                    seen = "no array as `numpy.savez` writes it, or a second one of this name"
                    raise source.broken(f"`{name[:40]}`", seen)
                inside = Source(f"{source.name}/{name[:40]}", archive.read(entry))
                arrays[name] = npy_array(inside)
    except DataFileError:
        raise
    except Exception as cause:  # archives can be damaged in many ways
        seen = f"no archive of arrays ({type(cause).__name__}: {cause})"
        raise source.broken("the whole file", seen) from None
    return arrays
