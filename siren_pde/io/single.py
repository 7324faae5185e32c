"""Meshes in single precision, which is all that STL holds: moved near the origin, if they must."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from siren_pde.errors import NonFiniteError, StorageError
from siren_pde.io.readers.stl import merged
from siren_pde.meshes.mesh import Mesh

Floats = npt.NDArray[np.float64]
Offset = tuple[float, float, float]

SHARE = 1e-3
"""Of the median edge, how far rounding may move a vertex: a thousandth is not to be seen, and keeps
triangles that are a hundred times as narrow as others from turning over.
"""


@dataclass(frozen=True, eq=False)
class Single:
    """Triangles (f, 3, 3) in single precision, which faces of the mesh they are, and what has been
    subtracted from their coordinates.
    """

    triangles: npt.NDArray[np.float32]
    kept: npt.NDArray[np.bool_]
    offset: Offset | None

    @property
    def mesh(self) -> Mesh:
        """The mesh that these triangles are, where it was: corners at one place are one vertex."""
        read = merged(self.triangles.astype(np.float64))
        faces = np.empty((0, 3), dtype=np.int64) if read.faces is None else read.faces
        return Mesh(read.positions + (self.offset or 0.0), faces)


def in_single(mesh: Mesh) -> Single:
    """A mesh as an STL file can hold it.

    Where single precision would move vertices by more than `SHARE` of an edge, as at coordinates
    of a national grid, its centre is subtracted, as a round number. Triangles that rounding makes
    degenerate are left out: their corners are one vertex then, and what was closed stays closed.
    Raises NonFiniteError where coordinates are too large, StorageError where they differ by too
    much for any offset.
    """
    if np.abs(mesh.vertices).max(initial=0.0) > np.finfo(np.float32).max:
        raise NonFiniteError("coordinates above 3.4e38 are infinite in an STL file. Write a .ply.")
    offset = None
    if not _holds(mesh, mesh.vertices):
        offset = _round_centre(mesh.vertices)
        if not _holds(mesh, mesh.vertices - offset):
            raise StorageError(
                f"edges of {_edge(mesh):.3g} in a mesh of diagonal {mesh.diagonal:.3g} are lost in "
                "the single precision of an STL file. Write a .ply or .obj."
            )
    rounded = (mesh.vertices - (offset or 0.0)).astype(np.float32)
    triangles = rounded[mesh.faces]
    kept = ~_degenerate(triangles) | _degenerate(mesh.triangles)
    return Single(triangles[kept], kept, offset)


def _holds(mesh: Mesh, vertices: Floats) -> bool:
    moved = np.abs(vertices - vertices.astype(np.float32)).max(initial=0.0)
    return bool(moved <= SHARE * _edge(mesh) or np.equal(moved, 0.0))


def _edge(mesh: Mesh) -> float:
    """The median length of the edges that have one."""
    a, b, c = np.moveaxis(mesh.triangles, 1, 0)
    with np.errstate(over="ignore"):
        lengths = np.linalg.norm(np.concatenate([b - a, c - b, a - c]), axis=1)
    lengths = lengths[lengths > 0]
    return float(np.median(lengths)) if len(lengths) else 0.0


def _round_centre(vertices: Floats) -> Offset:
    """The middle of the box around vertices, to as many digits as its size has."""
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    unit = 10.0 ** np.floor(np.log10((high - low).max() or 1.0))
    x, y, z = (np.round((low + high) / 2 / unit) * unit).tolist()
    return x, y, z


def _degenerate(triangles: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
    a, b, c = np.moveaxis(triangles, 1, 0)
    pairs = [(a, b), (b, c), (c, a)]
    return np.asarray(np.any([(p == q).all(axis=1) for p, q in pairs], axis=0))
