"""The mesh of an open surface, cut where its points end."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from siren_pde.meshes.cut import cut
from siren_pde.meshes.mesh import Mesh
from siren_pde.meshes.topology import boundary_edges, connected
from siren_pde.numerics.neighbours import neighbours
from siren_pde.scans.oriented_cloud import OrientedCloud

Floats = npt.NDArray[np.float64]

REACH = 2.5
"""How far a point supports the surface, in sides of the square that belongs to it. A circle so wide
is empty among random points once in 10⁹; cells of the mesh are no smaller.
"""
_CELLS = 1.5
_BACK = 0.4
"""The mesh ends so many sides beyond its outermost points: they lie inside the end themselves."""
_AVERAGED = 8
"""Neighbours of which the median density counts, and the mean of these medians."""
_BESIDE = 16
"""Neighbours among which the sparsest count: gaps are as wide where dense points end at sparse."""
_PINHOLE, _DUST = 0.5, 20
"""Unsupported surface as small as a circle of so many reaches is kept, for it is a gap between
points; supported pieces smaller than the surface of so many points are left out.
"""


def trimmed(mesh: Mesh, cloud: OrientedCloud, cell: float) -> Mesh:
    """The part of a mesh of {φ = 0} that the points of an open surface support.

    Both are in the cloud's unit, as is the width of a `cell` of the mesh. Surface is supported that
    is near a point, and its edge then drawn back to the outermost points: a morphological closing
    (Serra 1982), whose outline is smooth where that of the points is rough. The mesh is cut along
    levels of these distances, so that its boundary is made of simple loops.
    """
    from scipy.spatial import cKDTree

    side = sides(cloud)

    def near_points(x: Floats) -> tuple[Floats, Floats, Floats]:
        far, index = cloud.near(x, _AVERAGED)
        own = side[index].mean(1)
        return far[:, 0], own, np.maximum(REACH * own, _CELLS * cell)

    far, _, reach = near_points(mesh.vertices)
    dilated = cut(mesh, _filled(mesh, far - reach, reach))
    rim = dilated.vertices[np.unique(boundary_edges(dilated.faces, len(dilated.vertices)))]
    if not len(rim):
        return dilated
    _, own, reach = near_points(dilated.vertices)
    inwards = neighbours(cKDTree(rim), dilated.vertices)[0]
    drawn_back = _filled(dilated, reach - _BACK * own - inwards, reach)
    return _without_dust(cut(dilated, drawn_back), float(np.median(side)))


def sides(cloud: OrientedCloud) -> Floats:
    """The side of the square of surface of each point, (n,), or of sparser ones beside it."""
    near = cloud.near(cloud.positions, _BESIDE)[1]
    own = np.sqrt(np.pi) * np.median(cloud.radii[near[:, :_AVERAGED]], axis=1)
    return np.asarray(np.max(own[near], axis=1))


def _filled(mesh: Mesh, values: Floats, reach: Floats) -> Floats:
    """The values (v,) with those of pinholes made negative."""
    empty = values >= 0
    a, b = mesh.faces[:, [0, 1, 2]].ravel(), mesh.faces[:, [1, 2, 0]].ravel()
    both = empty[a] & empty[b]
    piece = connected(a[both], b[both], len(values))
    corner = np.repeat(mesh.face_areas / 3, 3)
    area = np.bincount(piece[mesh.faces.ravel()], corner, piece.max() + 1)[piece]
    small = empty & (area < np.pi * (_PINHOLE * reach) ** 2)
    return np.where(small, -reach, values)


def _without_dust(mesh: Mesh, side: float) -> Mesh:
    """Without pieces that fewer than `_DUST` points could make, unless there are no others."""
    if not len(mesh.faces):
        return mesh
    area = np.bincount(mesh.labels[mesh.faces[:, 0]], mesh.face_areas)
    large = (area > _DUST * side**2)[mesh.labels[mesh.faces[:, 0]]]
    return mesh.part(large) if large.any() else mesh
