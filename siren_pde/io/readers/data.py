"""Arrays by name, from files of several, and the one table of points among them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from siren_pde.errors import DataFileError, StorageError, say
from siren_pde.files.hdf5 import read_hdf5
from siren_pde.files.variables import matlab_variables
from siren_pde.io.readers.columns import of_named, of_table
from siren_pde.io.readers.names import is_place, triple
from siren_pde.io.readers.npy import npz_arrays
from siren_pde.io.readers.source import Arrays, Source, fan
from siren_pde.io.readers.table import text_table

Array = npt.NDArray[Any]
_FACES = frozenset("faces face triangles tris tri".split())


def read_data(path: str | os.PathLike[str]) -> dict[str, Array]:
    """The arrays of numbers in a MATLAB, NPZ, HDF5 or CSV file, by name.

    MATLAB files (.mat) may be of version 5 and later; arrays in groups of HDF5 (.h5, .hdf5) are
    called `group/name`; a .csv or .txt file names its columns (n,) in the first line. What holds
    no numbers is left out, with a warning. Nothing in a file is run, and what the HDF5 library has
    to read is read by another process, with limits.

    Raises DataFileError when the file is missing, damaged, of another kind, or holds no numbers.
    """
    path = Path(path)
    reader = _FORMATS.get(path.suffix.lower())
    if reader is None:
        raise DataFileError(
            f"cannot tell the format of `{path}` by its suffix. "
            f"Known are {', '.join(_FORMATS)}: rename or convert it."
        )
    source = Source.of(path)
    arrays = reader(source)
    if not arrays:
        raise source.broken("the whole file", "no array of numbers")
    return arrays


def _matlab(source: Source) -> dict[str, Array]:
    try:
        arrays, others = matlab_variables(Path(source.name), source.data)
    except StorageError as cause:
        raise DataFileError(f"cannot read `{source.name}`: {cause}") from cause.__cause__
    _say_left_out(source, others)
    return arrays


def _hdf5(source: Source) -> dict[str, Array]:
    try:
        contents = read_hdf5(Path(source.name), len(source.data))
    except StorageError as cause:
        raise DataFileError(f"cannot read `{source.name}`: {cause}") from cause.__cause__
    _say_left_out(source, contents.left_out)
    return contents.arrays


def _named_columns(source: Source) -> dict[str, Array]:
    table = text_table(source)
    values, names = table.values, table.names
    if len(names) != values.shape[1] or len({*names, ""}) != len(names) + 1:
        seen = f"{values.shape[1]} columns under {len({*names} - {''})} different names"
        raise source.broken(table.where, seen, "Name each column in the first line.")
    return {name: column.copy() for name, column in zip(names, values.T, strict=True)}


def _say_left_out(source: Source, names: Sequence[str]) -> None:
    if names:
        shown = ", ".join(f"`{name[:40]}`" for name in names[:8])
        say(
            f"`{source.name}`: {shown} {'is' if len(names) == 1 else 'are'} no arrays of numbers, "
            "and left out."
        )


_FORMATS = {
    ".mat": _matlab,
    ".npz": npz_arrays,
    ".h5": _hdf5,
    ".hdf5": _hdf5,
    ".csv": _named_columns,
    ".txt": _named_columns,
}


def read_only_table(source: Source) -> Arrays:
    """The points of a .mat or .npz file: arrays `points`, `normals`, `colors` and others as long,
    or what the one array in it that has two axes and many rows holds.
    """
    arrays = _FORMATS[source.suffix](source)
    places = [n for n, v in arrays.items() if is_place(n) and v.ndim == 2]
    if len(places) == 1 and source.columns is None and arrays[places[0]].shape[1] == 3:
        return _of_arrays(source, arrays, len(arrays[places[0]]))
    if len(places) == 1:
        arrays = {places[0]: arrays[places[0]]}
    tables = {n: v for n, v in arrays.items() if v.ndim == 2 and set(v.shape) & {3, 6}}
    rows = {name: v for name, v in tables.items() if v.shape[1] in (3, 6)} or tables
    wide = {n: v for n, v in arrays.items() if v.ndim == 2 and min(v.shape) > 3}
    rows = rows or wide
    if len(rows) != 1:
        shapes = ", ".join(f"`{name[:40]}` {v.shape}" for name, v in list(arrays.items())[:8])
        raise source.broken(
            "its arrays",
            f"{len(rows)} of shape (n, 3) among {shapes or 'none'}",
            "Keep one array of shape (n, 3), or read all by `siren_pde.io.read_data`.",
        )
    name, table = next(iter(rows.items()))
    _require_real(source, name, table)
    return of_table(source, np.array(table, dtype=np.float64, order="C"), [], f"`{name[:40]}`")


def _is_whole(values: Array) -> bool:
    return values.dtype.kind in "iu" or (
        values.dtype.kind == "f" and bool((np.mod(values, 1) == 0).all())
    )


def _from_zero(source: Source, faces: Array) -> npt.NDArray[np.int64]:
    """The numbers of corners, which MATLAB counts from one."""
    numbers = faces.astype(np.int64)
    from_one = source.suffix == ".mat" and bool((numbers >= 1).all())
    return numbers - 1 if from_one else numbers


def _require_real(source: Source, name: str, table: Array) -> None:
    if table.dtype.kind not in "fiu":
        raise source.broken(f"`{name[:40]}`", f"{table.dtype} numbers", "Save real numbers.")


def _of_arrays(source: Source, arrays: dict[str, Array], count: int) -> Arrays:
    """Arrays (n, 3) and (n,) by their names, and `faces` (f, 3); others are left out, and said."""
    columns, faces, left_out = dict[str, Array](), None, list[str]()
    for name, values in arrays.items():
        if name.lower() in _FACES and values.ndim == 2 and _is_whole(values):
            faces = fan(_from_zero(source, values)) if values.shape[1] >= 3 else None
        elif values.shape == (count, 3) and (names := triple(name)) and names[0] not in columns:
            _require_real(source, name, values)
            columns |= dict(zip(names, values.T, strict=True))
        elif values.size == count == max(values.shape, default=0) and values.dtype.kind in "fiu":
            columns[name] = values.ravel()
        else:
            left_out.append(f"`{name[:40]}`")
    if left_out:
        say(
            f"`{source.name}`: {', '.join(left_out[:8])} {'is' if len(left_out) == 1 else 'are'} "
            f"not of {count} numbers, and left out."
        )
    return of_named(source, columns, "its arrays", faces)
