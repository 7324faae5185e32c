"""The mesh of a surface with one side only: marching cubes with signs that hold cube by cube."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from siren_pde.errors import DomainError
from siren_pde.meshes.crossings import crossings
from siren_pde.meshes.cube_cases import (
    CORNERS,
    EDGE_AXIS,
    EDGE_BASE,
    triangles_in,
)
from siren_pde.meshes.mesh import Mesh
from siren_pde.meshes.octree import Lattice, distinct
from siren_pde.scans.oriented_cloud import OrientedCloud
from siren_pde.scans.planes import heights

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_PROJECTIONS = 2
_REACH, _MOST_REACH = 4.5, 0.1
"""How far the sheet is continued, in the largest radius of a point, and in half-lengths at most."""


def one_sided(cloud: OrientedCloud, half: Floats, resolution: int) -> Mesh:
    """The sheet through the points of a cloud, continued beyond its end, in the box [−half, half].

    In a small cube a sheet has two sides even if it has one as a whole. In each cube, the signs of
    the `heights` at its corners are made to agree by the normals that belong to them; neighbouring
    cubes then cut their common face along the same lines (as MeshUDF does with gradients of an
    unsigned distance, Guillard, Stella and Fua, ECCV 2022). Faces look where the normals of the
    points do, so that they change sides where those do.

    Raises DomainError where there is no such surface.
    """
    lattice = Lattice.between(-half, half, resolution)
    reach = max(_REACH * float(cloud.radii.max()), 2 * float(lattice.cell.max()))
    cells = _around(lattice, cloud, min(reach, _MOST_REACH))
    corners = lattice.corner_keys(cells, 1)
    keys = distinct(corners)
    values, normals = heights(cloud, lattice.positions(keys))
    place = np.searchsorted(keys, corners)
    nearest = np.abs(values[place]).argmin(1)
    own = normals[place]
    agreement = np.einsum("nkd,nd->nk", own, own[np.arange(len(own)), nearest])
    signed = values[place] * np.where(agreement < 0, -1.0, 1.0)
    edges, fractions, faces = _march(lattice, cells, signed)
    if not len(faces):
        raise DomainError(f"no surface passes through {resolution} cells. Give a larger number.")
    lower, axis = np.divmod(edges, 3)
    x = lattice.positions(lower) + (fractions * lattice.cell[axis])[:, None] * np.eye(3)[axis]
    for _ in range(_PROJECTIONS):
        height, normal = heights(cloud, x)
        x = x - height[:, None] * normal
    return _facing(Mesh(x, faces), cloud)


def _around(lattice: Lattice, cloud: OrientedCloud, reach: float) -> Integers:
    """The cells (m, 3) whose centres are within `reach` of a point, and a cell's diagonal."""
    reach += float(np.linalg.norm(lattice.cell)) / 2
    wide = int(np.ceil(reach / lattice.cell.min()))
    own = np.floor((cloud.positions - lattice.low) / lattice.cell).astype(np.int64)
    own = lattice.nodes(distinct(lattice.keys(np.clip(own, 0, lattice.counts - 1))))
    for axis in range(3):  # a box around each, axis by axis
        steps = np.arange(-wide, wide + 1)[:, None] * np.eye(3, dtype=np.int64)[axis]
        cells = np.clip((own[:, None] + steps).reshape(-1, 3), 0, lattice.counts - 1)
        own = lattice.nodes(distinct(lattice.keys(cells)))
    centres = lattice.low + (own + 0.5) * lattice.cell
    return np.asarray(own[cloud.near(centres, 1)[0][:, 0] < reach])


def _march(lattice: Lattice, cells: Integers, values: Floats) -> tuple[Integers, Floats, Integers]:
    """Cut edges as 3·(key of the lower node) + axis, where they are cut, and triangles of them."""
    owner, local = triangles_in(values < 0)
    lower = cells[owner][:, None] + CORNERS[EDGE_BASE[local]]
    a = values[owner[:, None], EDGE_BASE[local]]
    b = values[owner[:, None], EDGE_BASE[local] | 1 << EDGE_AXIS[local]]
    edges, first, faces = np.unique(
        3 * lattice.keys(lower) + EDGE_AXIS[local], return_index=True, return_inverse=True
    )
    fraction = crossings(a, b).ravel()[first]
    return edges, fraction, faces.reshape(-1, 3).astype(np.int64)


def _facing(mesh: Mesh, cloud: OrientedCloud) -> Mesh:
    """The mesh with each face on the side of the nearest point's normal."""
    index = cloud.near(mesh.triangles.mean(1), 1)[1][:, 0]
    behind = np.einsum("nd,nd->n", mesh.face_normals, cloud.normals[index]) < 0
    return Mesh(mesh.vertices, np.where(behind[:, None], mesh.faces[:, ::-1], mesh.faces))
