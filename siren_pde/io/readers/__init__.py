"""Point clouds and meshes from files that may be damaged: right, or refused with the reason."""

from __future__ import annotations

import os
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from siren_pde.domains.cloud import PointCloud
from siren_pde.errors import DataFileError, InputWarning, SirenPDEError
from siren_pde.io.readers.data import read_only_table
from siren_pde.io.readers.obj import read_obj
from siren_pde.io.readers.off import read_off
from siren_pde.io.readers.ply import read_ply
from siren_pde.io.readers.source import Arrays, Floats, Integers, Source
from siren_pde.io.readers.stl import read_stl
from siren_pde.io.readers.table import read_npy, read_text
from siren_pde.meshes.mesh import Mesh, unit

_FORMATS = {
    ".ply": read_ply,
    ".obj": read_obj,
    ".off": read_off,
    ".stl": read_stl,
    ".xyz": read_text,
    ".txt": read_text,
    ".csv": read_text,
    ".npy": read_npy,
    ".npz": read_only_table,
    ".mat": read_only_table,
}
_BLOCK = 1 << 16
"""Normals that are scaled at once."""


def read_points(path: str | os.PathLike[str]) -> PointCloud:
    """The points of a PLY, OBJ, OFF, STL, XYZ, TXT, CSV, NPY, NPZ or MATLAB file, by its suffix,
    in float64; those of the last two are in their only array of shape (n, 3).

    Three unnamed columns beside x y z are normals if their lengths are one, and colours, with a
    warning, if they are whole numbers up to 255: `InputWarning` says how an input is read.
    Normals are scaled to length one; if one of them is zero, NaN or infinite, they are all left
    out, with a warning. Further columns or scalar properties become measurements of their names,
    `p.temperature`, where the name can be one and all values are finite.

    Raises `DataFileError`, and nothing else, when the file is missing, damaged, empty or holds
    NaN or infinite positions: it names the place, what is there, and what to do.
    """
    arrays = read_arrays(path)
    return PointCloud(
        torch.from_numpy(arrays.positions),
        normals=None if arrays.normals is None else torch.from_numpy(arrays.normals),
        **_measurements(arrays),
    )


def _measurements(arrays: Arrays) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, column in arrays.columns.items():
        one: dict[str, Any] = {name: column[:1]}
        try:  # the cloud itself knows which names can be measurements
            PointCloud(arrays.positions[:1], **one)
        except (SirenPDEError, TypeError):
            continue
        if np.isfinite(column).all():
            kept[name] = column
    return kept


def read_mesh(path: str | os.PathLike[str]) -> Mesh:
    """The triangles of a PLY, OBJ, OFF or STL file; polygons are cut into fans.

    Raises `DataFileError`, and nothing else, as `read_points` does, and when there are no faces.
    """
    arrays = read_arrays(path)
    if arrays.faces is None:
        raise DataFileError(
            f"`{path}` holds {len(arrays.positions)} points and no faces. "
            "Read it by `read_points`, or export the mesh with its faces."
        )
    return Mesh(arrays.positions, arrays.faces)


def read_arrays(path: str | os.PathLike[str]) -> Arrays:
    """The checked contents of a file, which `read_points` and `read_mesh` make values of."""
    path = Path(path)
    reader = _FORMATS.get(path.suffix.lower())
    if reader is None:
        raise DataFileError(
            f"cannot tell the format of `{path}` by its suffix. "
            f"Known are {', '.join(_FORMATS)}: rename or convert it."
        )
    source = Source.of(path)
    with np.errstate(all="ignore"):  # signalling NaN, which numpy warns of; we refuse them
        arrays = reader(source)
    _check_positions(source, arrays.positions)
    if arrays.faces is not None:
        _check_faces(source, arrays.faces, len(arrays.positions))
    if arrays.normals is not None:
        return replace(arrays, normals=_unit_or_none(source, arrays.normals))
    return arrays


def _check_positions(source: Source, positions: Floats) -> None:
    if not len(positions):
        raise source.broken("the whole file", "no points")
    if not np.isfinite(positions).all():
        bad = ~_finite_rows(positions)
        raise source.broken(
            f"point {int(bad.argmax())}",
            f"NaN or infinity, as at {int(bad.sum())} of {len(bad)} points",
            "Remove these points before saving, counted from 0 here.",
        )


def _finite_rows(table: Floats) -> npt.NDArray[np.bool_]:
    return np.asarray(np.logical_and.reduce(np.isfinite(table), axis=1))


def _check_faces(source: Source, faces: Integers, vertices: int) -> None:
    bad = ((faces < 0) | (faces >= vertices)).any(axis=1)
    if bad.any():
        raise source.broken(
            f"triangle {int(bad.argmax())}",
            f"corners {faces[bad.argmax()].tolist()}, but there are {vertices} vertices",
        )


def _unit_or_none(source: Source, normals: Floats) -> Floats | None:
    squares = np.einsum("nk,nk->n", normals, normals)
    usable = np.isfinite(squares) & (squares > 0)
    if not usable.all():  # or their squares leave the number range
        usable = _finite_rows(normals) & ~np.equal(normals, 0).all(axis=1)
    if usable.all():
        for start in range(0, len(normals), _BLOCK):  # what is held besides is small
            block = slice(start, start + _BLOCK)
            normals[block] = unit(normals[block])
        return normals
    warnings.warn(
        f"`{source.name}`: {int((~usable).sum())} of {len(usable)} normals are zero, NaN or "
        "infinite, so none is used. `estimate_normals` can make new ones.",
        InputWarning,
        stacklevel=4,
    )
    return None
