"""Meshes and volumes to files that other programs open, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

from siren_pde.errors import NonFiniteError, StorageError
from siren_pde.files.atomic import atomic_write
from siren_pde.io.vtk import image
from siren_pde.meshes.mesh import Mesh

Floats = npt.NDArray[np.float64]


def write_mesh(
    path: str | os.PathLike[str], mesh: Mesh, normals: npt.ArrayLike | None = None
) -> None:
    """Write `mesh` to a .ply (binary, little endian, double), .obj or binary .stl file, atomically.

    `normals` (v, 3), if given, are stored per vertex. PLY and OBJ keep every bit of a coordinate.
    STL knows neither vertices nor their normals, but triangles in single precision: far from the
    origin, what is smaller than 6·10⁻⁸ of a coordinate is lost.
    Raises `StorageError` with the path and the cause, `NonFiniteError` for NaN or infinite normals
    (a `Mesh` itself has finite vertices).
    """
    path = Path(path)
    form = _FORMATS.get(path.suffix.lower())
    if form is None:
        raise StorageError(
            f"cannot write a mesh to `{path}`: its suffix names no known format. "
            f"Use one of {', '.join(_FORMATS)}."
        )
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
    atomic_write(path, form(mesh, columns))


def _ply(mesh: Mesh, columns: Floats) -> bytes:
    names = ["x", "y", "z", "nx", "ny", "nz"][: columns.shape[1]]
    header = [
        "ply",
        "format binary_little_endian 1.0",
        f"element vertex {len(columns)}",
        *(f"property double {name}" for name in names),
        f"element face {len(mesh.faces)}",
        "property list uchar int vertex_indices",
        "end_header",
        "",
    ]
    rows = np.empty(len(mesh.faces), dtype=[("count", "u1"), ("corners", "<i4", (3,))])
    rows["count"], rows["corners"] = 3, mesh.faces
    return "\n".join(header).encode() + columns.astype("<f8").tobytes() + rows.tobytes()


def _obj(mesh: Mesh, columns: Floats) -> bytes:
    corners = "f {0} {1} {2}" if columns.shape[1] == 3 else "f {0}//{0} {1}//{1} {2}//{2}"
    lines = [f"v {x!r} {y!r} {z!r}" for x, y, z in columns[:, :3].tolist()]
    if columns.shape[1] == 6:
        lines += [f"vn {x!r} {y!r} {z!r}" for x, y, z in columns[:, 3:].tolist()]
    lines += [corners.format(*face) for face in (mesh.faces + 1).tolist()]
    return "\n".join([*lines, ""]).encode()


def _stl(mesh: Mesh, columns: Floats) -> bytes:
    if np.abs(mesh.vertices).max(initial=0.0) > np.finfo(np.float32).max:
        raise NonFiniteError("coordinates above 3.4e38 are infinite in an STL file. Write a .ply.")
    rows = np.zeros(len(mesh.faces), dtype=[("numbers", "<f4", (4, 3)), ("attribute", "<u2")])
    rows["numbers"][:, 0], rows["numbers"][:, 1:] = mesh.face_normals, mesh.triangles
    return b"siren_pde".ljust(80) + len(rows).to_bytes(4, "little") + rows.tobytes()


_FORMATS = {".ply": _ply, ".obj": _obj, ".stl": _stl}


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
