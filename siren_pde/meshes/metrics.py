"""How far points are from a surface and on which side, and how far two surfaces are apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from siren_pde.meshes.folds import folded
from siren_pde.meshes.mesh import Mesh
from siren_pde.meshes.nearest import Nearest, nearest_on_mesh
from siren_pde.meshes.triangle import CORNER, EDGE
from siren_pde.meshes.winding import dipole_winding

Floats = npt.NDArray[np.float64]

_PAIRS_AT_ONCE = 1 << 20


def point_triangle_distance(points: npt.ArrayLike, mesh: Mesh) -> Floats:
    """The distance of `points` (n, 3) to the triangles of `mesh`, (n,), exact to rounding.

    The nearest points and faces come from `nearest_on_mesh`, which also says what it raises.
    """
    return nearest_on_mesh(points, mesh).distance


def signed_distance(points: npt.ArrayLike, mesh: Mesh) -> Floats:
    """The distance of `points` (n, 3) to `mesh`, negative inside, (n,).

    For a watertight mesh the sign is that of (x − nearest)·N, with N the angle-weighted
    pseudonormal of the face, edge or vertex that is nearest: exact (Baerentzen & Aanaes 2005),
    unless the mesh cuts itself: then some points inside count as outside. In other meshes, and
    where the nearest face is `folded`, a point is inside where the generalised winding number
    exceeds ½ (Jacobson et al. 2013), of dipoles, or close to the surface, where those do not
    decide, of the faces themselves. Raises what `nearest_on_mesh` raises.
    """
    points = np.asarray(points, dtype=np.float64)
    nearest = nearest_on_mesh(points, mesh)
    if mesh.is_watertight:
        side = np.einsum("ij,ij->i", points - nearest.point, _pseudonormals(nearest, mesh))
        inside, doubtful = side < 0, folded(mesh)[nearest.face]
    else:
        inside, doubtful = np.zeros(len(points), bool), np.ones(len(points), bool)
    if doubtful.any():
        inside[doubtful] = _is_wound_around(points[doubtful], mesh, nearest.distance[doubtful])
    return np.where(inside, -nearest.distance, nearest.distance)


def _is_wound_around(points: Floats, mesh: Mesh, distance: Floats) -> npt.NDArray[np.bool_]:
    """Whether the winding number exceeds ½, at points (n, 3) so far from the mesh."""
    around = dipole_winding(
        points, mesh.triangles.mean(1), mesh.face_areas[:, None] * mesh.face_normals
    )
    width = np.sqrt(mesh.face_areas.mean())
    close = distance < 4 * width
    unsure = (distance < width) | (close & (np.abs(around - 0.5) < 0.25))
    around[unsure] = winding_number(points[unsure], mesh)
    return np.asarray(around > 0.5)


def winding_number(points: npt.ArrayLike, mesh: Mesh) -> Floats:
    """How often `mesh` winds around each of `points` (n, 3), (n,): 1 inside, 0 outside, if closed.

    w(x) = 1/4π Σ Ω(face seen from x), with tan(Ω/2) = a·(b×c) / (|a||b||c| + (a·b)|c| + (b·c)|a|
    + (c·a)|b|) for the corners a, b, c relative to x (van Oosterom & Strackee 1983).
    """
    points = np.asarray(points, dtype=np.float64)
    result = np.empty(len(points))
    at_once = max(_PAIRS_AT_ONCE // max(len(mesh.faces), 1), 1)
    for start in range(0, len(points), at_once):
        part = points[start : start + at_once]
        x, y, z = (mesh.vertices[:, axis] - part[:, axis, None] for axis in range(3))
        length = np.sqrt(x * x + y * y + z * z)
        corners = [(x[:, i], y[:, i], z[:, i]) for i in mesh.faces.T]
        (a, b, c), (la, lb, lc) = corners, (length[:, i] for i in mesh.faces.T)
        ab, bc, ca = (u[0] * v[0] + u[1] * v[1] + u[2] * v[2] for u, v in ((a, b), (b, c), (c, a)))
        volume = (
            a[0] * (b[1] * c[2] - b[2] * c[1])
            + a[1] * (b[2] * c[0] - b[0] * c[2])
            + a[2] * (b[0] * c[1] - b[1] * c[0])
        )
        half = np.arctan2(volume, la * lb * lc + ab * lc + bc * la + ca * lb)
        result[start : start + at_once] = half.sum(axis=1) / (2 * np.pi)
    return result


def _pseudonormals(nearest: Nearest, mesh: Mesh) -> Floats:
    """The normal, not of unit length, of the face, edge or vertex each nearest point is on."""
    normals = mesh.face_normals[nearest.face]
    on_edge = (nearest.feature >= EDGE) & (nearest.feature < CORNER)
    edge = 3 * nearest.face[on_edge] + nearest.feature[on_edge] - EDGE
    normals[on_edge] += mesh.face_normals[mesh.edge_twins[edge] // 3]
    at_corner = nearest.feature >= CORNER
    corner = nearest.feature[at_corner] - CORNER
    normals[at_corner] = mesh.vertex_normals[mesh.faces[nearest.face[at_corner], corner]]
    return normals


@dataclass(frozen=True)
class SurfaceErrors:
    """Mean and largest distance between two surfaces, in the units of their coordinates.

    `to_reference` is seen from the surface (wrong surface shows), `from_reference` from the
    reference (missing surface shows). `normals` is 1 less the normal consistency, the mean both
    ways of |n·m|, where n and m are the unit normals at a point and of the nearest face.
    """

    mean_to_reference: float
    max_to_reference: float
    mean_from_reference: float
    max_from_reference: float
    normals: float

    @property
    def chamfer(self) -> float:
        """½ (mean one way + mean the other way)."""
        return (self.mean_to_reference + self.mean_from_reference) / 2

    @property
    def hausdorff(self) -> float:
        """The larger of the largest distances, a lower bound of the Hausdorff distance."""
        return max(self.max_to_reference, self.max_from_reference)


def surface_errors(
    mesh: Mesh, reference: Mesh, *, samples: int = 100_000, seed: int = 0
) -> SurfaceErrors:
    """How far `mesh` and `reference` are apart, seen from `samples` points on each.

    The points are spread by area, their distances to the other surface exact, so there is no floor
    from sampling the other side: a mesh is at distance zero from itself. Raises `DomainError` when
    one of them has no area.
    """
    there, one_way = _seen(mesh, reference, samples, seed)
    back, other_way = _seen(reference, mesh, samples, seed + 1)
    return SurfaceErrors(
        float(there.mean()),
        float(there.max()),
        float(back.mean()),
        float(back.max()),
        1 - (one_way + other_way) / 2,
    )


def _seen(mesh: Mesh, other: Mesh, samples: int, seed: int) -> tuple[Floats, float]:
    """Distances of points on a mesh to another one, and how alike the normals are there."""
    points, normals = mesh.sample(samples, seed)
    nearest = nearest_on_mesh(points, other)
    alike = np.abs(np.einsum("ij,ij->i", normals, other.face_normals[nearest.face]))
    return nearest.distance, float(alike.mean())
