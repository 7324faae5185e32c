"""From a field to the mesh of a level set, asking for values only where the surface is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from siren_pde.errors import ConfigError, DomainError, NonFiniteError
from siren_pde.meshes.crossings import crossings
from siren_pde.meshes.cube_cases import (
    CORNERS,
    EDGE_AXIS,
    EDGE_BASE,
    triangles_in,
)
from siren_pde.meshes.mesh import Mesh
from siren_pde.meshes.octree import Lattice, Nodes, among, distinct
from siren_pde.meshes.triangle import unfolded

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# A measured slope is a difference over a cell; the true one inside may be somewhat larger.
_SLOPE_MARGIN = 1.5
_AWAY = 1e-5
"""Vertices keep less away from the ends of edges than cuts do: here that is an error of place."""


def extract(
    field: Callable[[Tensor], Tensor],
    low: npt.ArrayLike,
    high: npt.ArrayLike,
    *,
    resolution: int = 128,
    level: float = 0.0,
    gradient: Callable[[Tensor], Tensor] | None = None,
    project: int = 2,
    coarse: int = 32,
    batch: int = 65536,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
) -> Mesh:
    """The mesh of {x in the box : field(x) = level}, its normals towards growing values.

    Marching cubes on `resolution` cells along the longest side of the box [`low`, `high`] and as
    many along the others as make the cells cubes (up to the rounding that fits them to the box;
    nothing outside the box is evaluated). A grid of at least `coarse` cells is evaluated in full;
    after that a cell is halved when it, or a neighbour, changes sign, or when the slopes measured
    around it would let the surface into it. Where the surface leaves the cells so kept, it is
    followed, so pruning never opens it. The mesh is closed, oriented and manifold wherever the
    surface does not run into the box; see `Mesh.is_watertight`.

    Main: `field` maps (n, 3) to (n,). With `gradient`, (n, 3) to (n, 3), the vertices are moved
    onto the surface by `project` Newton steps x ← x − (φ − level) ∇φ/|∇φ|², at most half a cell in
    all and only where |φ − level| does not grow and no triangle turns over.
    Other: `batch` points are evaluated at a time, as tensors of `dtype` on `device`.

    Raises `DomainError` when the box is empty or the level does not occur in it, `NonFiniteError`
    when the field is NaN or infinite, `ConfigError` for a wrong shape or an impossible number.
    """
    for name, value in (("resolution", resolution), ("coarse", coarse), ("batch", batch)):
        if value < 1:
            raise ConfigError(f"`{name}` is a count and must be at least 1, got {value}.")
    lattice = Lattice.between(low, high, resolution)
    probe = _Probe(field, level, batch, dtype, torch.device(device))
    cells, nodes = _refine(lattice, probe, max(resolution // coarse, 1).bit_length() - 1)
    cells, nodes = _follow(lattice, probe, cells, nodes)
    edges, faces = _march(lattice, cells, nodes)
    if not len(faces):
        raise DomainError(
            f"the level {level:g} has no surface in the box {lattice.low.tolist()} to "
            f"{lattice.high.tolist()}: values from {nodes.values.min() + level:.6g} to "
            f"{nodes.values.max() + level:.6g} were seen. Choose a level between them, a larger "
            "box, or train longer."
        )
    vertices = _crossings(lattice, nodes, edges)
    if gradient is not None:
        reach = lattice.cell.min() / 2
        moved = _project(probe, gradient, vertices, steps=project, reach=reach)
        vertices = unfolded(vertices, moved, faces)
    return Mesh(vertices, faces)


@dataclass(frozen=True)
class _Probe:
    """A field, evaluated at float64 points a batch at a time, and checked."""

    field: Callable[[Tensor], Tensor]
    level: float
    batch: int
    dtype: torch.dtype
    device: torch.device

    def values(self, points: Floats) -> Floats:
        """The field minus the level, (n,)."""
        with torch.no_grad():
            return self.evaluate(self.field, points, ()) - self.level

    def evaluate(
        self, function: Callable[[Tensor], Tensor], points: Floats, shape: tuple[int, ...]
    ) -> Floats:
        """Any function of points (n, 3) whose values have this shape, (n, *shape)."""
        result = np.empty((len(points), *shape))
        for start in range(0, len(points), self.batch):
            part = points[start : start + self.batch]
            x = torch.as_tensor(part, dtype=self.dtype, device=self.device)
            y = function(x).detach()
            if tuple(y.shape) != (len(part), *shape):
                raise ConfigError(
                    f"for points of shape {tuple(x.shape)} the field or gradient to extract must "
                    f"give {(len(part), *shape)}, got {tuple(y.shape)}. Remove or add an axis."
                )
            value = y.to(device="cpu", dtype=torch.float64).numpy()
            bad = ~np.isfinite(value.reshape(len(part), -1)).all(axis=1)
            if bad.any():
                raise NonFiniteError(
                    f"the field to extract is NaN or infinite at {int(bad.sum())} of {len(part)} "
                    f"points, first at x = {part[bad.argmax()].tolist()}. Keep the box where the "
                    "field is defined, or check the training."
                )
            result[start : start + self.batch] = value
        return result


def _refine(lattice: Lattice, probe: _Probe, levels: int) -> tuple[Integers, Nodes]:
    """The smallest cells that may meet the surface, by their lower node, and the nodes seen."""
    stride = 1 << levels
    cells = lattice.all_cells(stride)
    block = distinct(lattice.corner_keys(cells, stride))
    nodes = Nodes(block, probe.values(lattice.positions(block)))
    while stride > 1:
        cells = cells[_may_contain(lattice, cells, stride, nodes)]
        stride //= 2
        nodes = _extend(lattice, probe, nodes, lattice.block_keys(cells, stride))
        cells = lattice.halves(cells, stride)
    return cells, nodes


def _may_contain(
    lattice: Lattice, cells: Integers, stride: int, nodes: Nodes
) -> npt.NDArray[np.bool_]:
    """Which cells change sign, touch one that does, or are nearer to zero than the slopes allow.

    The slopes are the steepest of the cell and its neighbours, and at least the mean of all.
    """
    corners = np.searchsorted(nodes.keys, lattice.corner_keys(cells, stride))
    values = nodes.values[corners]
    changes = (values < 0).any(axis=1) & (values >= 0).any(axis=1)
    lengths = lattice.lengths(cells, stride)
    rise = np.abs(values[:, EDGE_BASE | 1 << EDGE_AXIS] - values[:, EDGE_BASE])
    slopes = np.sqrt(((rise.reshape(-1, 3, 4).max(axis=2) / lengths) ** 2).sum(axis=1))
    at_node = np.zeros(len(nodes.keys))
    np.maximum.at(at_node, corners, slopes[:, None])
    steepest = np.maximum(at_node[corners].max(axis=1), slopes.sum() / max(len(slopes), 1))
    reach = np.sqrt((lengths**2).sum(axis=1)) / 2  # no point is farther from its nearest corner
    near = np.abs(values).min(axis=1) <= _SLOPE_MARGIN * steepest * reach
    offsets = stride * (np.indices((3, 3, 3)).reshape(3, -1).T - 1)
    around = distinct(lattice.keys(cells[changes][:, None] + offsets))
    near[~near] = among(lattice.keys(cells[~near]), around)
    return np.asarray(near)


def _extend(lattice: Lattice, probe: _Probe, nodes: Nodes, keys: Integers) -> Nodes:
    """The nodes with the missing ones among `keys` evaluated."""
    missing = nodes.missing(distinct(keys))
    return nodes.merged(missing, probe.values(lattice.positions(missing)))


def _follow(
    lattice: Lattice, probe: _Probe, cells: Integers, nodes: Nodes
) -> tuple[Integers, Nodes]:
    """The cells the surface cuts, and those it reaches through their faces until it closes."""
    seen = np.sort(lattice.keys(cells))
    cut = cells[_is_cut(lattice, cells, nodes)]
    kept = [cut]
    while len(cut):
        reached = _across_cut_faces(lattice, cut, nodes)
        new = distinct(lattice.keys(reached))
        new = new[~among(new, seen)]
        seen = np.sort(np.concatenate([seen, new]))
        reached = lattice.nodes(new)
        nodes = _extend(lattice, probe, nodes, lattice.corner_keys(reached, 1))
        cut = reached[_is_cut(lattice, reached, nodes)]
        kept.append(cut)
    return np.concatenate(kept), nodes


def _is_cut(lattice: Lattice, cells: Integers, nodes: Nodes) -> npt.NDArray[np.bool_]:
    inside = nodes.at(lattice.corner_keys(cells, 1)) < 0
    return np.asarray(inside.any(axis=1) & ~inside.all(axis=1))


def _across_cut_faces(lattice: Lattice, cells: Integers, nodes: Nodes) -> Integers:
    """The neighbours, within the box, through faces on which the sign changes."""
    inside = nodes.at(lattice.corner_keys(cells, 1)) < 0
    reached = []
    for axis in range(3):
        for side, step in ((0, -1), (1, 1)):
            face = inside[:, CORNERS[:, axis] == side]
            neighbours = cells[face.any(axis=1) & ~face.all(axis=1)].copy()
            neighbours[:, axis] += step
            within = (neighbours[:, axis] >= 0) & (neighbours[:, axis] < lattice.counts[axis])
            reached.append(neighbours[within])
    return np.concatenate(reached)


def _march(lattice: Lattice, cells: Integers, nodes: Nodes) -> tuple[Integers, Integers]:
    """The cut edges, as 3·(key of the lower node) + axis, and the triangles between them."""
    owner, local = triangles_in(nodes.at(lattice.corner_keys(cells, 1)) < 0)
    lower = cells[owner][:, None] + CORNERS[EDGE_BASE[local]]
    edges, faces = np.unique(3 * lattice.keys(lower) + EDGE_AXIS[local], return_inverse=True)
    return edges, faces.reshape(-1, 3).astype(np.int64)


def _crossings(lattice: Lattice, nodes: Nodes, edges: Integers) -> Floats:
    """Where the linear interpolant vanishes on each cut edge, (e, 3)."""
    lower, axis = np.divmod(edges, 3)
    a, b = nodes.at(lower), nodes.at(lower + lattice.key_steps[axis])
    fraction = crossings(a, b, _AWAY)
    return lattice.positions(lower) + (fraction * lattice.cell[axis])[:, None] * np.eye(3)[axis]


def _project(
    probe: _Probe,
    gradient: Callable[[Tensor], Tensor],
    start: Floats,
    *,
    steps: int,
    reach: float,
) -> Floats:
    """Newton steps onto the surface, each kept only where it brings the value nearer to zero."""
    x, value = start, probe.values(start)
    for _ in range(steps):
        slope = probe.evaluate(gradient, x, (3,))
        square = np.einsum("ij,ij->i", slope, slope)
        moved = x - (value / np.where(square > 0, square, np.inf))[:, None] * slope - start
        far = np.linalg.norm(moved, axis=1, keepdims=True) / reach
        candidate = start + moved / np.maximum(far, 1.0)
        after = probe.values(candidate)
        better = np.abs(after) < np.abs(value)
        x = np.where(better[:, None], candidate, x)
        value = np.where(better, after, value)
    return x
