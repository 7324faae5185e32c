"""Fewer triangles for the same shape: vertices are gathered in cells, where their planes meet."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from siren_pde.errors import ConfigError
from siren_pde.meshes.mesh import Mesh

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_LEAST = 1e-3
"""Directions in which the planes of a cell bend less than this share of the most are left alone."""
_TRIES = 12


def simplified(mesh: Mesh, faces: int) -> Mesh:
    """A mesh of at most `faces` triangles, and little fewer, by vertex clustering.

    All vertices in a cubic cell become one, at the point that is nearest, in the sense of least
    squares weighted by area, to the planes of all their faces; so edges and corners stay sharp.
    Triangles within a cell vanish, and thin parts may be glued: the result may be no manifold. A
    mesh that is small enough comes back as it is. Raises `ConfigError` for fewer than four.

    Source: Lindstrom, Out-of-core simplification of large polygonal models, SIGGRAPH 2000.
    """
    if faces < 4:
        raise ConfigError(f"a closed surface has at least four triangles, got faces={faces}.")
    if len(mesh.faces) <= faces:
        return mesh
    # Halving the number of triangles takes cells √2 as wide; a few bisections find the width.
    small, large = np.sqrt(mesh.area / len(mesh.faces)) / 2, mesh.diagonal
    best = None
    for _ in range(_TRIES):
        width = np.sqrt(small * large)
        kept = _surviving(mesh, _cells(mesh.vertices, width))
        if len(kept) <= faces:
            large, best = width, width
            if len(kept) > 0.95 * faces:
                break
        else:
            small = width
    label = _cells(mesh.vertices, large if best is None else best)
    return _without_loose(Mesh(_placed(mesh, label), _surviving(mesh, label)))


def _cells(x: Floats, width: float) -> Integers:
    """The number of the cell that each vertex is in, counted from 0."""
    cell = np.floor((x - x.min(0)) / width).astype(np.int64)
    sides = cell.max(0) + 1
    key = (cell[:, 0] * sides[1] + cell[:, 1]) * sides[2] + cell[:, 2]
    return np.unique(key, return_inverse=True)[1].astype(np.int64)


def _surviving(mesh: Mesh, label: Integers) -> Integers:
    """The faces between three different cells, each once: opposite pairs of sheets vanish."""
    faces = label[mesh.faces]
    a, b, c = faces.T
    faces = faces[(a != b) & (b != c) & (c != a)]
    first = faces.argmin(1)[:, None]
    faces = np.take_along_axis(faces, (first + np.arange(3)) % 3, 1)
    turn = np.where(faces[:, 1] < faces[:, 2], 1, -1)
    ordered, size = np.sort(faces, axis=1), int(label.max(initial=0)) + 1
    key = (ordered[:, 0] * size + ordered[:, 1]) * size + ordered[:, 2]
    _, where = np.unique(key, return_inverse=True)
    net = np.bincount(where, turn, 1)
    facing = turn == np.sign(net)[where]
    _, one = np.unique(where[facing], return_index=True)
    return np.asarray(faces[facing][one])


def _placed(mesh: Mesh, label: Integers) -> Floats:
    """Where Σ area (n·(x − a))² over the planes around a cell is least, nearest to its mean (m, 3).

    Directions along which it does not bend are left at the mean of the vertices.
    """
    cells = int(label.max()) + 1
    count = np.bincount(label, minlength=cells)
    total = np.stack([np.bincount(label, column, cells) for column in mesh.vertices.T], 1)
    mean = total / count[:, None]
    moments, vjp = np.zeros((cells, 3, 3)), np.zeros((cells, 3))
    normal, area = mesh.face_normals, mesh.face_areas
    for corner in range(3):
        where = label[mesh.faces[:, corner]]
        height = np.einsum("ij,ij->i", normal, mesh.triangles[:, 0] - mean[where])
        for i in range(3):
            vjp[:, i] += np.bincount(where, area * height * normal[:, i], cells)
            for j in range(3):
                moments[:, i, j] += np.bincount(where, area * normal[:, i] * normal[:, j], cells)
    size, axes = np.linalg.eigh(moments)
    bent = size > _LEAST * size[:, -1:]
    along = np.einsum("nij,ni->nj", axes, vjp)
    step = np.where(bent, along / np.where(bent, size, 1.0), 0.0)
    offset = np.einsum("nij,nj->ni", axes, step)
    # No farther than the cell's own vertices reach, so that no spike is made.
    far = np.linalg.norm(mesh.vertices - mean[label], axis=1)
    reach = np.zeros(cells)
    np.maximum.at(reach, label, far)
    length = np.linalg.norm(offset, axis=1)
    shorter = np.minimum(1.0, reach / np.where(length > 0, length, 1.0))
    return np.asarray(mean + shorter[:, None] * offset)


def _without_loose(mesh: Mesh) -> Mesh:
    return mesh.part(np.ones(len(mesh.faces), dtype=bool))
