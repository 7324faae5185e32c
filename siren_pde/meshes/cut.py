"""A mesh cut along a level of a function on it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from siren_pde.errors import DomainError
from siren_pde.meshes.crossings import crossings
from siren_pde.meshes.mesh import Mesh

Floats = npt.NDArray[np.float64]

_TURNS = np.array([[0, 1, 2], [1, 2, 0], [2, 0, 1]])


def cut(mesh: Mesh, values: npt.ArrayLike) -> Mesh:
    """The part of a mesh where the function with these `values` (v,) at its vertices is negative.

    Between vertices it is interpolated linearly: triangles that it divides are cut along a straight
    line, so that the new boundary is one simple curve after another, as smooth as the level of the
    function. Raises `DomainError` unless there is one finite value per vertex.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.shape != (len(mesh.vertices),) or not np.isfinite(values).all():
        raise DomainError(
            f"`cut` needs a finite value for each of {len(mesh.vertices)} vertices, got shape "
            f"{values.shape}, or NaN or infinity."
        )
    kept = values < 0
    count = kept[mesh.faces].sum(1)
    parts = [mesh.faces[count == 3]]
    ends, two, one = (
        [],
        _turned(mesh.faces[count == 2], ~kept),
        _turned(mesh.faces[count == 1], kept),
    )
    # The odd corner a comes first, and the cuts are on its edges to the other two.
    for a, b, c in (two.T, one.T):
        ends += [np.stack([a, b], 1), np.stack([a, c], 1)]
    edges = np.sort(np.concatenate(ends), axis=1)
    unique, number = np.unique(edges, axis=0, return_inverse=True)
    number = number.reshape(-1) + len(mesh.vertices)
    low, high = values[unique].T
    share = crossings(low, high)
    start, end = mesh.vertices[unique[:, 0]], mesh.vertices[unique[:, 1]]
    vertices = np.concatenate([mesh.vertices, start + share[:, None] * (end - start)])
    p, q, r, s = np.split(number, np.cumsum([len(two), len(two), len(one)]))
    (_, b, c), (a, _, _) = two.T, one.T
    parts += [np.stack(each, 1) for each in ((p, b, c), (p, c, q), (a, r, s))]
    faces = np.concatenate(parts)
    return Mesh(vertices, faces).part(np.ones(len(faces), dtype=bool))


def _turned(faces: npt.NDArray[np.int64], odd: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Faces (n, 3) turned so that their only odd corner comes first."""
    first = odd[faces].argmax(1)
    return np.take_along_axis(faces, _TURNS[first], axis=1)
