"""Point clouds and meshes from files that may be damaged: right, or refused with the reason."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from siren_pde.domains.cloud import PointCloud
from siren_pde.errors import DataFileError, say
from siren_pde.io.readers.data import read_only_table
from siren_pde.io.readers.names import can_be_measured, chosen
from siren_pde.io.readers.normals import unit_normals
from siren_pde.io.readers.obj import read_obj
from siren_pde.io.readers.off import read_off
from siren_pde.io.readers.others import read_e57, read_las, read_scene
from siren_pde.io.readers.pcd import read_pcd
from siren_pde.io.readers.ply import read_ply
from siren_pde.io.readers.ptx import read_ptx
from siren_pde.io.readers.source import Arrays, Floats, Integers, Source
from siren_pde.io.readers.stl import read_stl
from siren_pde.io.readers.table import read_npy, read_text
from siren_pde.meshes.mesh import Mesh

_TEXTS = ".xyz .txt .csv .tsv .asc .pts .xyzn .xyzrgb .xyzi .pwn .dat".split()
_FORMATS: dict[str, Callable[[Source], Arrays]] = {
    ".ply": read_ply,
    ".obj": read_obj,
    ".off": read_off,
    ".stl": read_stl,
    **dict.fromkeys(_TEXTS, read_text),
    ".ptx": read_ptx,
    ".pcd": read_pcd,
    ".npy": read_npy,
    ".npz": read_only_table,
    ".mat": read_only_table,
    **dict.fromkeys([".las", ".laz"], read_las),
    ".e57": read_e57,
    **dict.fromkeys([".glb", ".gltf"], read_scene),
}
_TABLES = frozenset([*_TEXTS, ".ply", ".pcd", ".npy", ".npz", ".mat"])
"""Formats whose columns a user may name."""


def read_points(
    path: str | os.PathLike[str], *, columns: str | Sequence[str] | None = None
) -> PointCloud:
    """The points of a scan, in float64, with normals and measurements, by the suffix of the file.

    Read are PLY, PCD, PTX, OBJ, OFF, STL, NPY, NPZ, MATLAB's files and texts (XYZ, TXT, CSV, TSV,
    ASC, PTS, XYZN, PWN), also packed by gzip; with the extra `scans`, LAS, LAZ, E57, GLB and glTF.

    Columns go by their names, also by those that other programs give them (`normal_x`, `Rf`,
    `Easting`). Without names, what follows x y z is normals where lengths are one, colours where
    it is whole numbers up to 255 or numbers up to 1, an intensity where it is one number; what
    could be several things is refused. `columns`, such as `"x,y,z,nx,ny,nz,_,r,g,b"`, says what
    every column is, and `_` leaves one out. `InputWarning` says what was understood or left out.

    Normals are scaled to length one; single ones that are zero, NaN or infinite become the mean of
    their neighbours'. Colours become the measurements red, green and blue from 0 to 255; further
    columns those of their names, `p.temperature`, where all values are finite.

    Raises `DataFileError` when the file is missing, damaged, empty or holds NaN or infinite
    positions: it names the place, what is there, and what to do; `ConfigError` for `columns` that
    make no sense. Nothing else.
    """
    path = Path(path)
    named = (
        None
        if columns is None
        else chosen(columns if isinstance(columns, str) else ",".join(columns))
    )
    arrays = _checked(path, named, points_only=True)
    return PointCloud(
        torch.from_numpy(arrays.positions),
        normals=None if arrays.normals is None else torch.from_numpy(arrays.normals),
        **_measurements(path, arrays),
    )


def _measurements(path: Path, arrays: Arrays) -> dict[str, Any]:
    kept = {
        name: column
        for name, column in arrays.columns.items()
        if can_be_measured(name) and np.isfinite(column).all()
    }
    left_out = [f"`{name[:40]}`" for name in arrays.columns if name not in kept]
    if left_out:
        say(
            f"`{path}`: {', '.join(left_out[:8])} cannot be measured at points, by name or because "
            "of NaN or infinite values, and left out."
        )
    return kept


def read_mesh(path: str | os.PathLike[str]) -> Mesh:
    """The triangles of a mesh file, such as PLY, OBJ, OFF or STL; polygons are cut into fans.

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
    return _checked(Path(path), None, points_only=False)


def _checked(path: Path, columns: tuple[str, ...] | None, *, points_only: bool) -> Arrays:
    suffix = Source(str(path), b"").suffix
    reader = _FORMATS.get(suffix)
    if reader is None:
        raise DataFileError(
            f"cannot tell the format of `{path}` by its suffix. "
            f"Known are {', '.join(_FORMATS)}, and `.gz` after them: rename or convert it."
        )
    if columns is not None and suffix not in _TABLES:
        raise DataFileError(
            f"`{path}` has no columns that could be named. Leave `columns` out: {suffix} files say "
            "themselves what they hold."
        )
    source = Source.of(path, columns, points_only)
    with np.errstate(all="ignore"):  # signalling NaN, which numpy warns of; we refuse them
        arrays = reader(source)
    _check_positions(source, arrays.positions)
    vertices = len(arrays.positions)
    faces = source.tolerated(lambda: _checked_faces(source, arrays.faces, vertices))
    normals = arrays.normals
    if normals is not None:
        normals = unit_normals(source, arrays.positions, normals)
    return replace(arrays, normals=normals, faces=faces)


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


def _checked_faces(source: Source, faces: Integers | None, vertices: int) -> Integers | None:
    if faces is None:
        return None
    bad = ((faces < 0) | (faces >= vertices)).any(axis=1)
    if bad.any():
        raise source.broken(
            f"triangle {int(bad.argmax())}",
            f"corners {faces[bad.argmax()].tolist()}, but there are {vertices} vertices",
        )
    return faces
