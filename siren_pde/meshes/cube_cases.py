"""How a surface passes through a cube: the 256 sign patterns of its corners, triangulated by rule.

Corner c of a cube sits at (c & 1, c >> 1 & 1, c >> 2 & 1); edge e runs along axis ``EDGE_AXIS[e]``
from corner ``EDGE_BASE[e]``. Pattern p has bit c set when corner c is inside. On every face, each
cut where a walk around the face enters the inside is joined to the next cut where it leaves. This
is decided by the four signs of the face alone, so two cubes that share a face draw the same lines
on it, in opposite directions: whatever the field, the triangles close up and agree in orientation.
(Marching cubes: Lorensen & Cline 1987; the holes in their table were reported by Dürst 1988.)
"""

from collections.abc import Iterator
from functools import cache

import numpy as np
import numpy.typing as npt

from siren_pde.meshes.topology import spread

Integers = npt.NDArray[np.int64]
Segment = tuple[int, int]
Triangle = tuple[int, int, int]

CORNERS = np.array([[c & 1, c >> 1 & 1, c >> 2 & 1] for c in range(8)], dtype=np.int64)

_EDGES = [(axis, base) for axis in range(3) for base in range(8) if not base >> axis & 1]
EDGE_AXIS = np.array([axis for axis, _ in _EDGES], dtype=np.int64)
EDGE_BASE = np.array([base for _, base in _EDGES], dtype=np.int64)

# Six faces as corner cycles, counter-clockwise seen from outside the cube.
FACES = tuple(
    tuple(side << axis | u << (axis + 1) % 3 | v << (axis + 2) % 3 for u, v in walk)
    for axis in range(3)
    for side, walk in ((1, ((0, 0), (1, 0), (1, 1), (0, 1))), (0, ((0, 0), (0, 1), (1, 1), (1, 0))))
)


def _edge_between(a: int, b: int) -> int:
    return _EDGES.index(((a ^ b).bit_length() - 1, min(a, b)))


_FACES_OF_EDGE = [
    {f for f, cycle in enumerate(FACES) if base in cycle and (base | 1 << axis) in cycle}
    for axis, base in _EDGES
]


def _segments(pattern: int) -> Iterator[Segment]:
    """Directed lines drawn on the faces, from the cut entering the inside to the one leaving it."""
    for cycle in FACES:
        inside = [pattern >> corner & 1 for corner in cycle]
        edges = [_edge_between(cycle[i], cycle[(i + 1) % 4]) for i in range(4)]
        for i in range(4):
            if inside[i] < inside[(i + 1) % 4]:
                leaving = next(
                    (i + k) % 4 for k in (1, 2, 3) if inside[(i + k) % 4] > inside[(i + k + 1) % 4]
                )
                yield edges[i], edges[leaving]


def _loops(pattern: int) -> list[list[int]]:
    """Every cut edge starts one segment and ends one, so the segments form closed loops."""
    follows = dict(_segments(pattern))
    loops = []
    while follows:
        first, following = follows.popitem()
        loop = [first]
        while following != first:
            loop.append(following)
            following = follows.pop(following)
        loops.append(loop)
    return loops


def _middle(edge: int) -> np.ndarray:
    axis, base = _EDGES[edge]
    return np.asarray(CORNERS[base] + 0.5 * np.eye(3)[axis])


def _triangulate(loop: list[int]) -> list[Triangle]:
    """The triangulation of a loop with the least sum of squared diagonals, none on a cube face.

    A diagonal on a face could be drawn by the neighbour too: that edge would have four triangles.
    """

    def length(i: int, j: int) -> float:
        if j - i in (1, len(loop) - 1):
            return 0.0
        if _FACES_OF_EDGE[loop[i]] & _FACES_OF_EDGE[loop[j]]:
            return float("inf")
        return float(np.sum((_middle(loop[i]) - _middle(loop[j])) ** 2))

    @cache
    def best(i: int, j: int) -> tuple[float, tuple[Triangle, ...]]:
        if j - i < 2:
            return 0.0, ()
        choices = []
        for k in range(i + 1, j):
            left, right = best(i, k), best(k, j)
            cost = length(i, k) + length(k, j) + left[0] + right[0]
            choices.append((cost, ((loop[i], loop[k], loop[j]), *left[1], *right[1])))
        return min(choices)

    return list(best(0, len(loop) - 1)[1])


_CASES = [[t for loop in _loops(p) for t in _triangulate(loop)] for p in range(256)]

TRIANGLE_COUNT = np.array([len(case) for case in _CASES], dtype=np.int64)
TRIANGLE_START = np.cumsum(TRIANGLE_COUNT) - TRIANGLE_COUNT
TRIANGLES = np.array([t for case in _CASES for t in case], dtype=np.int64)  # (820, 3) edges


def triangles_in(inside: npt.NDArray[np.bool_]) -> tuple[Integers, Integers]:
    """The triangles (t,) of cells whose corners (n, 8) are inside or not: the number of the cell of
    each, and its three edges (t, 3).
    """
    pattern = inside @ (1 << np.arange(8))
    owner, rank = spread(TRIANGLE_COUNT[pattern])
    return owner, TRIANGLES[TRIANGLE_START[pattern[owner]] + rank]
