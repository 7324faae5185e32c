"""Meshes to files that other programs open: PLY and OBJ, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from siren_pde.errors import NonFiniteError, StorageError
from siren_pde.files import atomic_write

if TYPE_CHECKING:
    from siren_pde.surfaces.mesh import Mesh

Floats = npt.NDArray[np.float64]


def write_mesh(
    path: str | os.PathLike[str], mesh: Mesh, normals: npt.ArrayLike | None = None
) -> None:
    """Write `mesh` to a .ply (binary, little endian, double) or .obj file, atomically.

    `normals` (v, 3), if given, are stored per vertex. Both formats keep every bit of a coordinate.
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


_FORMATS = {".ply": _ply, ".obj": _obj}
