"""Meshes and volumes to files that other programs open, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from siren_pde.errors import NonFiniteError, StorageError, say
from siren_pde.files.atomic import atomic_write
from siren_pde.io.readers.names import COLOUR, NORMAL, POSITION
from siren_pde.io.single import Offset, in_single
from siren_pde.io.vtk import image
from siren_pde.meshes.mesh import Mesh

Floats = npt.NDArray[np.float64]

_NAMES = (*POSITION, *NORMAL)
_WORDS = {"<f8": "double", "<f4": "float", "<i4": "int", "<u4": "uint", "u1": "uchar"}


def write_mesh(
    path: str | os.PathLike[str],
    mesh: Mesh,
    normals: npt.ArrayLike | None = None,
    *,
    measurements: Mapping[str, npt.ArrayLike] | None = None,
) -> Offset | None:
    """Write `mesh` to a .ply (binary, little endian, double), .obj or binary .stl file, atomically.

    `normals` (v, 3), if given, are stored per vertex, and so are `measurements` (v,) by name: in a
    PLY file all of them, red, green and blue from 0 to 255 as bytes; in an OBJ file these colours
    after the coordinates. PLY and OBJ keep every bit of a coordinate.

    STL knows neither vertices nor anything at them, but triangles in single precision: see
    `in_single`. Where that would lose the shape, far from the origin, an offset is subtracted,
    said in a warning and returned.

    Raises `StorageError` with the path and the cause, `NonFiniteError` for normals or measurements
    that are NaN or infinite (a `Mesh` itself has finite vertices).
    """
    path = Path(path)
    form = _form(path)
    columns = mesh.vertices
    if normals is not None:
        directions = np.asarray(normals, dtype=np.float64)
        if directions.shape != mesh.vertices.shape:
            raise StorageError(
                f"cannot write `{path}`: {len(mesh.vertices)} vertices need normals of shape "
                f"{mesh.vertices.shape}, got {directions.shape}. `mesh.vertex_normals` has it."
            )
        if not np.isfinite(directions).all():
            raise NonFiniteError(f"cannot write `{path}`: some normals are NaN or infinite.")
        columns = np.concatenate([mesh.vertices, directions], axis=1)
    written = form.written(mesh, columns, _measured(path, mesh, measurements or {}))
    atomic_write(path, written.data)
    if written.offset is not None:
        x, y, z = (f"{value:.12g}" for value in written.offset)
        say(
            f"`{path}` holds the mesh moved by −({x}, {y}, {z}): {path.suffix} files have single "
            "precision, which cannot hold its coordinates. Add these, or write a .ply or .obj, "
            "which keep them."
        )
    return written.offset


def as_stored(path: str | os.PathLike[str], mesh: Mesh) -> Mesh:
    """The mesh that reading the file at `path` would give after `write_mesh`, where it really is.

    It is another one than `mesh` for .stl alone: its vertices are rounded, and those at one place
    are one. Raises as `write_mesh` does.
    """
    return _form(Path(path)).stored(mesh)


class _Written(NamedTuple):
    """The bytes of a file, and what has been subtracted from its coordinates."""

    data: bytes
    offset: Offset | None = None


class _Form(NamedTuple):
    """A format: what a mesh, columns (v, 3 or 6) and measurements (v,) make, and the mesh that
    reading it gives again.
    """

    written: Callable[[Mesh, Floats, Mapping[str, Floats]], _Written]
    stored: Callable[[Mesh], Mesh]


def _form(path: Path) -> _Form:
    if path.suffix.lower() not in _FORMATS:
        raise StorageError(
            f"cannot write a mesh to `{path}`: its suffix names no known format. "
            f"Use one of {', '.join(_FORMATS)}."
        )
    return _FORMATS[path.suffix.lower()]


def _measured(
    path: Path, mesh: Mesh, measurements: Mapping[str, npt.ArrayLike]
) -> dict[str, Floats]:
    """The measurements as arrays, if there is a finite number for each vertex."""
    columns = {n: np.asarray(v, dtype=np.float64) for n, v in measurements.items()}
    for name, column in columns.items():
        if column.shape != (len(mesh.vertices),) or not name.isidentifier() or name in _NAMES:
            raise StorageError(
                f"cannot write `{path}`: `{name}` of shape {column.shape} is no measurement at "
                f"{len(mesh.vertices)} vertices. Give an array (v,) a name that is an identifier."
            )
        if not np.isfinite(column).all():
            raise NonFiniteError(f"cannot write `{path}`: some `{name}` are NaN or infinite.")
    return columns


def _ply(mesh: Mesh, columns: Floats, measured: Mapping[str, Floats]) -> _Written:
    kinds = {name: "<f8" for name in _NAMES[: columns.shape[1]]}
    painted = set(COLOUR) <= set(measured)
    for name, column in measured.items():
        kinds[name] = "u1" if painted and name in COLOUR else _smallest(column)
    header = [
        "ply",
        "format binary_little_endian 1.0",
        f"element vertex {len(columns)}",
        *(f"property {_WORDS[kind]} {name}" for name, kind in kinds.items()),
        f"element face {len(mesh.faces)}",
        "property list uchar int vertex_indices",
        "end_header",
        "",
    ]
    table = np.empty(len(columns), dtype=[*kinds.items()])
    for name, column in zip(_NAMES, columns.T, strict=False):
        table[name] = column
    for name, column in measured.items():
        table[name] = _bytes(column) if kinds[name] == "u1" else column
    rows = np.empty(len(mesh.faces), dtype=[("count", "u1"), ("corners", "<i4", (3,))])
    rows["count"], rows["corners"] = 3, mesh.faces
    return _Written("\n".join(header).encode() + table.tobytes() + rows.tobytes())


def _smallest(column: Floats) -> str:
    """Single precision where it keeps four digits of the differences, and whole numbers, such as
    those that name points, as they are; else four bytes for whole ones, or double.
    """
    with np.errstate(over="ignore"):
        lost = np.abs(column - column.astype(np.float32)).max(initial=0.0)
    whole = bool((column % 1 == 0).all())
    if np.equal(lost, 0) or (lost <= 1e-4 * np.ptp(column) and not whole):
        return "<f4"
    for kind in ("<i4", "<u4") if whole else ():
        if np.iinfo(kind).min <= column.min() and column.max() <= np.iinfo(kind).max:
            return kind
    return "<f8"


def _bytes(column: Floats) -> Floats:
    return np.clip(np.round(column), 0, 255)


def _obj(mesh: Mesh, columns: Floats, measured: Mapping[str, Floats]) -> _Written:
    corners = "f {0} {1} {2}" if columns.shape[1] == 3 else "f {0}//{0} {1}//{1} {2}//{2}"
    ends = [""] * len(columns)
    if set(COLOUR) <= set(measured):
        paint = np.column_stack([_bytes(measured[name]) / 255 for name in COLOUR])
        ends = [f" {r:.6g} {g:.6g} {b:.6g}" for r, g, b in paint.tolist()]
    vertices = zip(columns[:, :3].tolist(), ends, strict=True)
    lines = [f"v {x!r} {y!r} {z!r}{end}" for (x, y, z), end in vertices]
    if columns.shape[1] == 6:
        lines += [f"vn {x!r} {y!r} {z!r}" for x, y, z in columns[:, 3:].tolist()]
    lines += [corners.format(*face) for face in (mesh.faces + 1).tolist()]
    return _Written("\n".join([*lines, ""]).encode())


def _stl(mesh: Mesh, columns: Floats, measured: Mapping[str, Floats]) -> _Written:
    single = in_single(mesh)
    rows = np.zeros(len(single.triangles), dtype=[("numbers", "<f4", (4, 3)), ("attribute", "<u2")])
    rows["numbers"][:, 0], rows["numbers"][:, 1:] = mesh.face_normals[single.kept], single.triangles
    head = b"siren_pde".ljust(80) + len(rows).to_bytes(4, "little")
    return _Written(head + rows.tobytes(), single.offset)


def _as_it_is(mesh: Mesh) -> Mesh:
    return mesh


def _in_single(mesh: Mesh) -> Mesh:
    return in_single(mesh).mesh


_FORMATS = {
    ".ply": _Form(_ply, stored=_as_it_is),
    ".obj": _Form(_obj, stored=_as_it_is),
    ".stl": _Form(_stl, stored=_in_single),
}


def write_volume(
    path: str | os.PathLike[str],
    values: npt.ArrayLike,
    low: npt.ArrayLike,
    high: npt.ArrayLike,
    *,
    name: str = "distance",
) -> None:
    """Write values (i, j, k) on a regular grid from `low` to `high`, (3,) each, as VTK image data.

    The .vti file, which ParaView and VTK read, holds single precision values as raw appended data.
    Raises `StorageError` for another suffix or shape and what the disk refuses, `NonFiniteError`
    for NaN and infinity.
    """
    path, grid = Path(path), np.asarray(values, dtype=np.float64)
    if path.suffix.lower() != ".vti" or grid.ndim != 3 or min(grid.shape) < 2:
        raise StorageError(
            f"cannot write `{path}`: a volume has at least two values along each of three axes, "
            f"got shape {grid.shape}, and its file a name ending in .vti."
        )
    if not np.isfinite(grid).all():
        raise NonFiniteError(f"cannot write `{path}`: some values are NaN or infinite.")
    first, last = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    spacing = (last - first) / np.subtract(grid.shape, 1)
    data = np.ravel(grid, order="F").astype(np.float32)  # x varies fastest
    atomic_write(path, image(first.tolist(), spacing.tolist(), grid.shape, {name: data}))
