"""Solutions as files that other programs open; each format is imported when it is written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from siren_pde.errors import ConfigError
from siren_pde.io.exports.sampling import Exported, Sampling, Wishes

if TYPE_CHECKING:
    from xarray import Dataset

SUFFIXES = (".vtu", ".vti", ".vts", ".pvd", ".npz", ".nc", ".pt2", ".onnx")
"""The formats, by the end of a file's name."""


def export(solution: Exported, path: str | os.PathLike[str], wishes: Wishes) -> list[Path]:
    """Write a solution in the format of a suffix; the paths of the files that were written.

    See `Solution.export`, which says what each format holds and what is raised.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ConfigError(
            f"cannot export to `{path}`: its suffix names no known format. Use one of "
            f"{', '.join(SUFFIXES)}."
        )
    if suffix in (".pt2", ".onnx"):
        from siren_pde.io.exports.programs import write_program

        return write_program(solution, wishes, path)
    return _writer(suffix)(Sampling.of(solution, wishes), path)


def _writer(suffix: str) -> Callable[[Sampling, Path], list[Path]]:
    if suffix in (".npz", ".nc"):
        from siren_pde.io.exports.arrays import write_netcdf, write_npz

        return write_npz if suffix == ".npz" else write_netcdf
    from siren_pde.io.exports.vtk_files import write_vtk

    return write_vtk


def to_xarray(solution: Exported, wishes: Wishes) -> Dataset:
    """A solution on a grid as an `xarray.Dataset`; see `Solution.to_xarray`."""
    from siren_pde.io.exports.arrays import dataset_of

    return dataset_of(Sampling.of(solution, wishes))
