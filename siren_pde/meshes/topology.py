"""How the faces of a mesh hang together: closed or not, in how many pieces, with handles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Integers = npt.NDArray[np.int64]


@final
@dataclass(frozen=True)
class Topology:
    """What does not change when a mesh is bent: closedness, pieces, handles and holes."""

    is_watertight: bool
    components: int
    genus: int | None
    boundary_loops: int

    @classmethod
    def of(cls, faces: Integers, vertices: int) -> Topology:
        """Read the topology of `faces` (f, 3) among `vertices` many vertices."""
        labels = connected_vertices(faces, vertices)
        twins = edge_twins(faces, vertices)
        return cls(
            is_watertight=twins is not None,
            components=len(np.unique(labels[faces])),
            genus=None if twins is None else _genus(twins),
            boundary_loops=_boundary_loops(faces, vertices),
        )


def connected_vertices(faces: Integers, vertices: int) -> Integers:
    """The piece each vertex belongs to, (v,)."""
    edges = _directed_edges(faces)
    return connected(edges[:, 0], edges[:, 1], vertices)


def _directed_edges(faces: Integers) -> Integers:
    """Edge 3f + c runs from corner c of face f to the next corner, (3f, 2)."""
    return np.stack([faces, np.roll(faces, -1, axis=1)], axis=2).reshape(-1, 2)


def edge_twins(faces: Integers, vertices: int) -> Integers | None:
    """For every directed edge the one running the other way, (3f,); None unless watertight."""
    start, end = _directed_edges(faces).T
    key, reverse = start * vertices + end, end * vertices + start
    order = np.argsort(key)
    place = np.searchsorted(key[order], reverse)
    if not len(faces) or np.any(np.diff(key[order]) == 0) or np.any(start == end):
        return None
    twins = order[np.minimum(place, len(order) - 1)]
    return twins if np.array_equal(key[twins], reverse) else None


def _genus(twins: Integers) -> int:
    """g = C − (V − E + F)/2, where a vertex in which several sheets meet counts once per sheet."""
    edges = np.arange(len(twins))
    after = edges - edges % 3 + (edges + 1) % 3
    # Corner c of face f starts edge 3f + c, and sits at the end of that edge's twin.
    sheets = _count(edges, after[twins], len(twins))
    pieces = _count(edges // 3, twins // 3, len(twins) // 3)
    return pieces - (sheets - len(twins) // 2 + len(twins) // 3) // 2


def boundary_edges(faces: Integers, vertices: int) -> Integers:
    """The edges (m, 2) that have a single face, by the numbers of their vertices."""
    ends = np.sort(_directed_edges(faces), axis=1)
    _, first, count = np.unique(
        ends[:, 0] * vertices + ends[:, 1], return_index=True, return_counts=True
    )
    return np.asarray(ends[first[count == 1]])


def _boundary_loops(faces: Integers, vertices: int) -> int:
    single = boundary_edges(faces, vertices)
    used, local = np.unique(single, return_inverse=True)
    local = local.reshape(-1, 2)
    return _count(local[:, 0], local[:, 1], len(used))


def connected(start: Integers, end: Integers, size: int) -> Integers:
    """The number of the connected component of each of `size` nodes of an undirected graph."""
    from scipy.sparse.csgraph import connected_components

    graph = adjacency(start, end, np.ones(len(start), dtype=bool), size)
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def adjacency(
    start: Integers, end: Integers, weights: npt.NDArray[np.generic], size: int
) -> csr_array:
    """The matrix (size, size) of a graph with `weights` (m,) on its edges.

    Its indices have 32 bits, since `scipy.sparse.csgraph` of SciPy 1.11 reads no others.
    """
    from scipy.sparse import coo_array

    places = (start.astype(np.int32), end.astype(np.int32))
    return coo_array((weights, places), shape=(size, size)).tocsr()


def spread(count: Integers) -> tuple[Integers, Integers]:
    """Of counts (k,), the number of each as often as it says, and 0, 1, … beside it, (Σ count,)."""
    owner = np.repeat(np.arange(len(count)), count)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)


def _count(start: Integers, end: Integers, size: int) -> int:
    return int(connected(start, end, size).max(initial=-1)) + 1
