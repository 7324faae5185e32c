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


def npy_array(source: Source, kinds: str = "biufc", axes: int | None = None) -> npt.NDArray[Any]:
    """The array in a file as `numpy.save` writes it, of one of these kinds of numbers."""
    data = source.data
    if data[:6] != b"\x93NUMPY" or data[6:7] not in (b"\x01", b"\x02", b"\x03"):
        raise source.broken("byte 0", "no NumPy array", "Write it by `numpy.save`.")
    width = 2 if data[6:7] == b"\x01" else 4
    start = 8 + width
    end = start + int.from_bytes(data[8:start], "little")
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
