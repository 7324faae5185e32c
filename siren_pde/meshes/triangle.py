"""Triangles one by one: their nearest points, their normals, and that none turns over."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# Where on a triangle a nearest point is: inside, on the edge after corner i, or at corner i.
INSIDE, EDGE, CORNER = 0, 1, 4


def nearest_on_triangles(points: Floats, triangles: Floats) -> tuple[Floats, Integers]:
    """The nearest points, (n, 3), of `triangles` (n, 3, 3) to `points` (n, 3), and where they are.

    The second result is `INSIDE`, `EDGE` + i or `CORNER` + i. The nearest point of the plane, if
    it is inside and nearer than the edges, which rounding decides for points on them, else the
    nearest of the three edges; triangles without area are their edges.
    """
    sides = np.roll(triangles, -1, axis=1) - triangles
    normal = np.cross(sides[:, 0], sides[:, 1])
    square = np.einsum("ij,ij->i", normal, normal)
    to_points = points[:, None] - triangles
    inward = np.cross(normal[:, None], sides)
    inside = (np.einsum("nij,nij->ni", to_points, inward) >= 0).all(axis=1) & (square > 0)

    lengths = np.einsum("nij,nij->ni", sides, sides)
    along = np.einsum("nij,nij->ni", to_points, sides) / np.where(lengths > 0, lengths, 1.0)
    along = np.clip(along, 0.0, 1.0)
    gaps = to_points - along[:, :, None] * sides
    to_edges = np.einsum("nij,nij->ni", gaps, gaps)
    edge, row = to_edges.argmin(axis=1), np.arange(len(points))
    along_edge = along[row, edge]
    feature = np.where(along_edge == 0, CORNER + edge, EDGE + edge)
    feature = np.where(along_edge == 1, CORNER + (edge + 1) % 3, feature)
    nearest = triangles[row, edge] + along_edge[:, None] * sides[row, edge]
    at_end = along_edge == 1  # where a + (b − a) may differ from b
    nearest[at_end] = triangles[at_end, (edge[at_end] + 1) % 3]

    height = np.einsum("ij,ij->i", to_points[:, 0], normal) / np.where(square > 0, square, 1.0)
    inside &= height**2 * square < to_edges[row, edge]
    nearest = np.where(inside[:, None], points - height[:, None] * normal, nearest)
    return nearest, np.where(inside, INSIDE, feature).astype(np.int64)


def area_normals(triangles: Floats) -> Floats:
    """The normals (f, 3) of triangles (f, 3, 3), as long as these are large."""
    a, b, c = np.moveaxis(triangles, 1, 0)
    return np.asarray(np.cross(b - a, c - a) / 2)


def unfolded(start: Floats, moved: Floats, faces: Integers, *, slack: float = 0.0) -> Floats:
    """Vertices (v, 3) that have `moved` from `start`, but for those of faces (f, 3) that would turn
    over by that, by more than a share `slack` of their area: these stay where they were.
    """
    x, before = moved.copy(), area_normals(start[faces])
    least = -slack * np.square(before).sum(1)
    while (folds := np.einsum("fi,fi->f", area_normals(x[faces]), before) < least).any():
        x[faces[folds]] = start[faces[folds]]
    return x
