"""Triangle meshes as values: vertices, faces, and what can be read off them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from siren_pde.errors import DomainError
from siren_pde.meshes.topology import Topology, connected_vertices, edge_twins
from siren_pde.meshes.triangle import area_normals

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Mesh:
    """A triangle mesh: `vertices` (v, 3) float64 and `faces` (f, 3) int64 into them.

    Faces are counter-clockwise seen from outside. Raises `DomainError` when the shapes are wrong,
    a coordinate is not finite or a face names a vertex that does not exist.
    """

    vertices: Floats
    faces: Integers

    def __post_init__(self) -> None:
        """Bring both arrays to their types and check them."""
        vertices = np.ascontiguousarray(self.vertices, dtype=np.float64).reshape(-1, 3)
        faces = np.ascontiguousarray(self.faces, dtype=np.int64).reshape(-1, 3)
        if not np.isfinite(vertices).all():
            raise DomainError(
                "a `Mesh` needs finite vertices, got NaN or infinity in vertex "
                f"{int(np.argmin(np.isfinite(vertices).all(axis=1)))}. Remove it and its faces."
            )
        if faces.size and not (0 <= faces.min() and faces.max() < len(vertices)):
            raise DomainError(
                f"a `Mesh` of {len(vertices)} vertices needs face entries from 0 to "
                f"{len(vertices) - 1}, got {faces.min()} to {faces.max()}. Count vertices from 0."
            )
        object.__setattr__(self, "vertices", vertices)
        object.__setattr__(self, "faces", faces)

    def __repr__(self) -> str:
        """The sizes, for people."""
        return f"Mesh({len(self.vertices)} vertices, {len(self.faces)} faces)"

    @cached_property
    def triangles(self) -> Floats:
        """The corners of every face, (f, 3, 3)."""
        return np.asarray(self.vertices[self.faces])

    @cached_property
    def _area_normals(self) -> Floats:
        return area_normals(self.triangles)

    @cached_property
    def face_areas(self) -> Floats:
        """The area of every face, (f,)."""
        return np.asarray(np.linalg.norm(self._area_normals, axis=1))

    @cached_property
    def face_normals(self) -> Floats:
        """The unit normal of every face, (f, 3); zero where a face has no area."""
        return unit(self._area_normals)

    @cached_property
    def vertex_normals(self) -> Floats:
        """Unit normals at the vertices, (v, 3): face normals weighted by the angle of the corner.

        The weights of Baerentzen & Aanaes (2005), for which the sign of a distance is right.
        """
        total = np.zeros_like(self.vertices)
        for corner in range(3):
            here, after, before = (self.triangles[:, (corner + k) % 3] for k in range(3))
            u, v = after - here, before - here
            sine = np.linalg.norm(np.cross(u, v), axis=1)
            angle = np.arctan2(sine, np.einsum("ij,ij->i", u, v))
            for axis in range(3):
                share = angle * self.face_normals[:, axis]
                total[:, axis] += np.bincount(self.faces[:, corner], share, len(total))
        return unit(total)

    @property
    def area(self) -> float:
        """The sum of the areas of all faces."""
        return float(self.face_areas.sum())

    @property
    def volume(self) -> float:
        """The enclosed volume, ⅙ Σ a·(b×c) (negative when inside out; only for closed meshes)."""
        a, b, c = np.moveaxis(self.triangles, 1, 0)
        return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)

    @property
    def diagonal(self) -> float:
        """The length of the diagonal of the bounding box (0 without vertices)."""
        if not len(self.vertices):
            return 0.0
        return float(np.linalg.norm(self.vertices.max(axis=0) - self.vertices.min(axis=0)))

    @cached_property
    def topology(self) -> Topology:
        """How the faces hang together: see `Topology`."""
        return Topology.of(self.faces, len(self.vertices))

    @cached_property
    def edge_twins(self) -> Integers:
        """For edge 3f + c, from corner c of face f to the next, the one that runs back, (3f,).

        Raises `DomainError` when the mesh is not watertight.
        """
        twins = edge_twins(self.faces, len(self.vertices))
        if twins is None:
            raise DomainError(f"{self!r} is not watertight: some edges have no face on one side.")
        return twins

    @property
    def is_watertight(self) -> bool:
        """Whether every edge has exactly two faces, and they run through it in opposite ways."""
        return self.topology.is_watertight

    @property
    def components(self) -> int:
        """The number of pieces not connected by a common vertex (loose vertices do not count)."""
        return self.topology.components

    @property
    def genus(self) -> int | None:
        """The number of handles, Σ (2 − V + E − F)/2 over components; None if not watertight."""
        return self.topology.genus

    @property
    def boundary_loops(self) -> int:
        """The number of connected chains of edges with a single face: holes in the surface."""
        return self.topology.boundary_loops

    def largest_component(self) -> Mesh:
        """The connected piece of largest area, without loose vertices."""
        labels = self.labels[self.faces[:, 0]]
        if not len(labels):
            raise DomainError("a `Mesh` without faces has no largest component. Check its source.")
        areas = np.bincount(labels, weights=self.face_areas)
        return self.part(labels == areas.argmax())

    @cached_property
    def labels(self) -> Integers:
        """The connected piece that each vertex belongs to, as a number (v,)."""
        return connected_vertices(self.faces, len(self.vertices))

    def part(self, faces: npt.NDArray[np.bool_]) -> Mesh:
        """The mesh of the faces that a mask (f,) keeps, without loose vertices."""
        kept, renumbered = np.unique(self.faces[faces], return_inverse=True)
        return Mesh(self.vertices[kept], renumbered.reshape(-1, 3))

    def transformed(self, scale: float = 1.0, offset: npt.ArrayLike = 0.0) -> Mesh:
        """The mesh with x ↦ scale·x + offset, `offset` a number or (3,); scale must be positive."""
        if not scale > 0:
            raise DomainError(
                f"`transformed` needs scale > 0, got {scale}: a mirror image would be inside out. "
                "Negate a coordinate of `vertices` and flip `faces[:, ::-1]` instead."
            )
        return Mesh(scale * self.vertices + np.asarray(offset, dtype=np.float64), self.faces)

    def sample(self, n: int, seed: int = 0) -> tuple[Floats, Floats]:
        """`n` points spread evenly by area and the face normals there, (n, 3) each."""
        if not self.area > 0:
            raise DomainError(f"cannot sample {self!r}: its area is zero. Check its source.")
        random = np.random.default_rng(seed)
        cumulative = np.cumsum(self.face_areas)
        chosen = np.searchsorted(cumulative, cumulative[-1] * random.random(n), side="right")
        chosen = np.minimum(chosen, len(self.faces) - 1)
        root, s = np.sqrt(random.random(n)), random.random(n)
        weights = np.stack([1 - root, root * (1 - s), root * s], axis=1)
        points = np.einsum("ij,ijk->ik", weights, self.triangles[chosen])
        return points, self.face_normals[chosen]


def unit(vectors: Floats) -> Floats:
    """Vectors (n, 3) at length one; zero vectors stay zero."""
    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=0.0)
    scaled = vectors / np.where(largest > 0, largest, 1.0)  # no square under- or overflows
    lengths = np.linalg.norm(scaled, axis=1, keepdims=True)
    return np.asarray(scaled / np.where(lengths > 0, lengths, 1.0))
