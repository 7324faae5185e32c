"""Meshes of noisy scans with the creases that their points have, and smooth fields round off."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from siren_pde.meshes.mesh import Mesh
from siren_pde.meshes.triangle import unfolded
from siren_pde.scans.creases import SCALES, Faces, Plain
from siren_pde.scans.denoise import PLANE, typical_difference
from siren_pde.scans.oriented_cloud import OrientedCloud

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_BESIDE = 8
"""Points around a vertex that say whether there is a crease."""
_ON, _OFF = np.cos(np.deg2rad(20)), 4.0
"""They are on a face if their normals differ by less from it, and if it is no farther than so many
of their standard deviations.
"""
_MOST = 0.7
"""The share of points that are, where there is a crease: a rounded edge has others between."""
_ACROSS = np.cos(np.deg2rad(30))
"""Edges of a mesh whose ends are on faces that differ by more lead across a crease."""
_TURNED = 0.05
"""Triangles turn over if they do by more than this of their area: flat ones lie on creases."""
_FREE = 1e-6
"""Weight of a step's square beside those of its distances from planes: it is no longer than
needed.
"""


def sharpened(mesh: Mesh, cloud: OrientedCloud) -> Mesh:
    """The mesh, in coordinates of the cloud, with vertices on creases and on faces beside them.

    Faces are continued from where points show them plainly. Each vertex near a crease moves to the
    face that is the surface there. Of each edge that then leads across, the end nearer to the other
    face moves on to both, so that triangles are on one face each, as in extended marching cubes
    (Kobbelt et al. 2001). Triangles that would turn over by that stay as they are. Where
    most of the surface is curved, nothing is a crease.
    """
    if typical_difference(cloud.positions, cloud.normals) > PLANE:
        return mesh
    plain = Plain(cloud.positions, cloud.normals)
    left = np.ones(len(mesh.vertices), dtype=bool)
    parts: list[tuple[Integers, Faces]] = []
    for scale in SCALES:
        zone = plain.zone(mesh.vertices, scale)
        zone = zone[left[zone]]
        if not len(zone):
            break
        faces = plain.faces(mesh.vertices[zone], scale)
        told = np.flatnonzero((faces.count > 1) & _told(faces, mesh.vertices[zone], cloud))
        parts.append((zone[told], faces.part(told)))
        left[zone[told]] = False
    if left.all():
        return mesh
    zone, faces = np.concatenate([zone for zone, _ in parts]), Faces.joined([f for _, f in parts])
    steps, normals = faces.projected()
    steps += _on_to_edges(mesh.faces, zone, faces.at(steps), normals)
    moved = mesh.vertices.copy()
    moved[zone] += steps
    return Mesh(unfolded(mesh.vertices, moved, mesh.faces, slack=_TURNED), mesh.faces)


def _told(faces: Faces, x: Floats, cloud: OrientedCloud) -> Flags:
    """Where nearly all points around x (n, 3) are on what is the surface there, (n,)."""
    assert cloud.noise is not None
    near, most = cloud.near(x, _BESIDE)[1], _OFF * np.median(cloud.noise)
    told = np.zeros(len(x))
    for index in near.T:
        heights, normals = faces.at(cloud.positions[index] - x).surface()
        alike = np.einsum("nd,nd->n", cloud.normals[index], normals) > _ON
        told += alike & (np.abs(heights) < most)
    return np.asarray(told > _MOST * near.shape[1])


def _on_to_edges(triangles: Integers, zone: Integers, faces: Faces, normals: Floats) -> Floats:
    """Steps (m, 3) on to creases of those of the vertices `zone` (m,) that edges across end in.

    They are on `faces` and have the unit normals (m, 3) of them.
    """
    number = np.full(int(triangles.max()) + 1, -1)
    number[zone] = np.arange(len(zone))
    edges = number[np.concatenate([triangles[:, [i, (i + 1) % 3]] for i in range(3)])]
    a, b = edges[((edges >= 0).all(1)) & (edges[:, 0] < edges[:, 1])].T
    across = np.einsum("ed,ed->e", normals[a], normals[b]) < _ACROSS
    a, b = a[across], b[across]
    (of_a, rise_a), (of_b, rise_b) = _other(faces, a, normals[b]), _other(faces, b, normals[a])
    first = rise_a <= rise_b
    own = np.einsum("mgd,md->mg", faces.normals, normals)
    wanted = np.zeros(faces.real.shape, dtype=bool)
    wanted[np.where(first, a, b), np.where(first, of_a, of_b)] = True
    asked = np.flatnonzero(wanted.any(1))
    wanted[asked, np.where(faces.real[asked], own[asked], -2).argmax(1)] = True
    steps = np.zeros(normals.shape)
    planes = faces.normals[asked] * wanted[asked][:, :, None]
    matrix = np.einsum("mgd,mge->mde", planes, planes) + _FREE * np.eye(3)
    target = -np.einsum("mgd,mg->md", planes, faces.heights[asked])
    steps[asked] = np.linalg.solve(matrix, target[:, :, None])[:, :, 0]
    return steps


def _other(faces: Faces, chosen: Integers, normals: Floats) -> tuple[Integers, Floats]:
    """Which of the faces of the chosen vertices has these normals (e, 3), and how far it is."""
    alike = np.einsum("egd,ed->eg", faces.normals[chosen], normals)
    number = np.where(faces.real[chosen], alike, -2.0).argmax(1)
    far = np.abs(faces.heights[chosen, number])
    known = alike[np.arange(len(chosen)), number] > _ACROSS
    return number, np.where(known, far, np.inf)
