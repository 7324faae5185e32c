"""Where a watertight mesh is folded over, so that its normals do not tell inside from outside."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from siren_pde.meshes.mesh import Mesh
from siren_pde.meshes.topology import connected

Flags = npt.NDArray[np.bool_]

_OPPOSITE = -0.9
"""The cosine between normals on both sides of an edge below which the mesh turns back there, as at
folds and at knife edges of 26°: at those the winding number is right as well.
"""
_THIN = 1e-9
"""The height of a triangle, in its longest edge, below which rounding chooses its normal."""

_SMALL = 0.1
"""The share of the largest sheet of a piece below which one behind edges that turn back is a fold:
the two sides of a blade are sheets, too, and are none.
"""


def folded(mesh: Mesh) -> Flags:
    """Which faces (f,) of a watertight mesh touch an edge where it turns back on itself, or are on
    a small sheet behind such edges.

    At such edges the normals of both sides cancel, and faces that are turned over have the wrong
    one, so that pseudonormals mean nothing.
    """
    count = len(mesh.faces)
    owner, beyond = np.arange(3 * count) // 3, mesh.edge_twins // 3
    across = np.einsum("ij,ij->i", mesh.face_normals[owner], mesh.face_normals[beyond])
    sides = mesh.triangles - np.roll(mesh.triangles, 1, axis=1)
    longest = np.square(sides).sum(axis=2).max(axis=1)
    thin = 2 * mesh.face_areas <= _THIN * longest
    turns = (across < _OPPOSITE) | thin[owner] | thin[beyond]
    if not turns.any():
        return np.zeros(count, dtype=bool)
    ends = np.stack([mesh.faces, np.roll(mesh.faces, -1, axis=1)], axis=2).reshape(-1, 2)
    touched = np.zeros(len(mesh.vertices), dtype=bool)
    touched[ends[turns]] = True
    sheet = connected(owner[~turns], beyond[~turns], count)
    areas = np.bincount(sheet, mesh.face_areas)
    piece = np.zeros(len(areas), dtype=np.int64)
    piece[sheet] = mesh.labels[mesh.faces[:, 0]]
    largest = np.zeros(piece.max() + 1)
    np.maximum.at(largest, piece, areas)
    return np.asarray(touched[mesh.faces].any(axis=1) | (areas < _SMALL * largest[piece])[sheet])
