"""Arrays by name, from files of several, and the one table of points among them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from siren_pde.errors import DataFileError, InputWarning, StorageError
from siren_pde.files.hdf5 import read_hdf5
from siren_pde.files.variables import matlab_variables
from siren_pde.io.readers.columns import of_table
from siren_pde.io.readers.npy import npz_arrays
from siren_pde.io.readers.source import Arrays, Source
from siren_pde.io.readers.table import text_table

Array = npt.NDArray[Any]


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
    table, names, where = text_table(source)
    if len(names) != table.shape[1] or len(set(names)) != len(names):
        seen = f"{table.shape[1]} columns under {len(set(names))} different names"
        raise source.broken(where, seen, "Name each column in the first line.")
    return {name: column.copy() for name, column in zip(names, table.T, strict=True)}


def _say_left_out(source: Source, names: Sequence[str]) -> None:
    if names:
        shown = ", ".join(f"`{name[:40]}`" for name in names[:8])
        warnings.warn(
            f"`{source.name}`: {shown} {'is' if len(names) == 1 else 'are'} no arrays of numbers, "
            "and left out.",
            InputWarning,
            stacklevel=4,
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
    """The points of the one array in a .mat or .npz file that has two axes and many rows."""
    suffix = Path(source.name).suffix.lower()
    arrays = _FORMATS[suffix](source)
    tables = {n: v for n, v in arrays.items() if v.ndim == 2 and set(v.shape) & {3, 6}}
    rows = {name: v for name, v in tables.items() if v.shape[1] in (3, 6)} or tables
    if len(rows) != 1:
        shapes = ", ".join(f"`{name[:40]}` {v.shape}" for name, v in list(arrays.items())[:8])
        raise source.broken(
            "its arrays",
            f"{len(rows)} of shape (n, 3) among {shapes or 'none'}",
            "Keep one array of shape (n, 3), or read all by `siren_pde.io.read_data`.",
        )
    name, table = next(iter(rows.items()))
    if table.dtype.kind not in "fiu":
        raise source.broken(f"`{name[:40]}`", f"{table.dtype} numbers", "Save real numbers.")
    return of_table(source, np.array(table, dtype=np.float64, order="C"), [], f"`{name[:40]}`")
