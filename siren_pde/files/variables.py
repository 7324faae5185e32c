"""MATLAB files of every version that is in use, as arrays by name."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy.typing as npt

from siren_pde.errors import StorageError
from siren_pde.files.hdf5 import read_hdf5
from siren_pde.files.matlab import HDF5_TITLE, read_matlab

Array = npt.NDArray[Any]


def matlab_variables(
    path: Path, data: bytes, names: Collection[str] | None = None
) -> tuple[dict[str, Array], list[str]]:
    """The variables of numbers in a MATLAB file, whose content is `data`, and the names of others.

    Files of version 5 to 7 are read here, those of 7.3 by another process. Raises StorageError.
    """
    if not data.startswith(HDF5_TITLE):
        return read_matlab(data, names)
    contents = read_hdf5(path, len(data))
    wanted = {n: v.T for n, v in contents.arrays.items() if names is None or n in names}
    return wanted, contents.left_out


def read_variables(path: Path, names: Collection[str]) -> dict[str, Array]:
    """These variables of a MATLAB file. Raises StorageError if one is missing, or no numbers."""
    arrays, _ = matlab_variables(path, path.read_bytes(), names)
    for name in names:
        if name not in arrays:
            raise StorageError(f"it has no variable of numbers called `{name}`.")
    return arrays
