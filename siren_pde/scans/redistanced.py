"""Away from its surface, a fitted function becomes the exact distance to that surface."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import final

import numpy as np
import numpy.typing as npt
import torch

from siren_pde.errors import DomainError
from siren_pde.fields.derived.refined import Refined
from siren_pde.fields.derived.splines import Splines
from siren_pde.meshes.mesh import Mesh
from siren_pde.meshes.metrics import point_triangle_distance, signed_distance
from siren_pde.scans.refine import cells, values_of
from siren_pde.scans.signed_distance import SignedDistance

Floats = npt.NDArray[np.float64]

CELLS = 0.6
"""Cells of the grid in the whole box for each one of the fine grid of `refined`: of 96, |∇φ| − 1 is
0.012 to 0.015 away from the medial axis of the armadillo.
"""
FINER, LEAST = 1.2, 128
"""Cells for the mesh for each one of the fine grid, and the least of them. Its triangles are flat,
which errs by the square of their size.
"""
KEPT, REPLACED = 1.2, 2.4
"""So near the surface, in cells of the fine grid, nothing changes, as points determine more there
than a mesh can show; and from here on the exact distance counts alone.
"""
FADING, BAND = 4.8, 6.4
"""From here on, in its cells, the fine grid fades out, until here."""


def redistanced(distance: SignedDistance) -> SignedDistance:
    """The same surface, and away from it the distance to its mesh, on two grids of splines.

    Least squares of scattered pseudo-distances leave waves, which weigh more in the gradient than
    in the value, and interpolation rings beside kinks, on the medial axis; a quasi-interpolant of
    exact distances has neither. Where there is no surface, nothing changes.
    """
    fine = cells(distance.cloud)
    try:
        truth = _Truth.of(distance, max(int(FINER * fine), LEAST))
    except DomainError:
        return distance
    (network,) = distance.solution.field.networks().values()
    field = network if isinstance(network, Refined) else Refined(network, [])
    wide, narrow = (Grid(distance.half, 2 / max(int(n), 4)) for n in (CELLS * fine, fine))
    exact, left = truth.left(field, wide, np.ones(wide.shape, dtype=bool))
    far = np.abs(exact) / narrow.cell
    field = field.plus(wide.quasi_interpolant(_rising(far, KEPT, REPLACED) * left))
    near = narrow.looked_up(wide, far) < BAND + wide.cell / narrow.cell
    exact, left = truth.left(field, narrow, near)
    far = np.abs(exact) / narrow.cell
    share = _rising(far, KEPT, REPLACED) * _rising(-far, -BAND, -FADING)
    field = field.plus(narrow.quasi_interpolant(share * left))
    return replace(distance, solution=replace(distance.solution, field=field))


@final
@dataclass(frozen=True, eq=False)
class Grid:
    """Nodes on the box [−half, half], a `cell` apart, and two more beyond it on each side."""

    half: Floats
    cell: float

    @property
    def shape(self) -> tuple[int, ...]:
        """How many nodes there are along each axis."""
        return tuple((np.maximum(np.ceil(2 * self.half / self.cell - 1e-9), 1) + 5).astype(int))

    def nodes(self, chosen: npt.NDArray[np.bool_]) -> Floats:
        """The positions of the nodes that a mask chooses, (n, 3)."""
        return (np.argwhere(chosen) - 2) * self.cell - self.half

    def looked_up(self, other: Grid, values: Floats) -> Floats:
        """Values at nodes of another grid, at those nearest to the nodes of this one."""
        places = [
            np.rint((np.arange(n) - 2) * self.cell / other.cell).astype(int) + 2 for n in self.shape
        ]
        within = [np.clip(p, 0, n - 1) for p, n in zip(places, other.shape, strict=True)]
        return np.asarray(values[np.ix_(*within)])

    def quasi_interpolant(self, values: Floats) -> Splines:
        """Splines that are about `values` at the nodes.

        Source: de Boor and Fix, J. Approx. Theory 8 (1973): coefficients (−f₋₁ + 8 f₀ − f₁)/6 along
        each axis reproduce cubics.
        """
        from scipy.ndimage import correlate1d

        c = values.astype(np.float32)
        for axis in range(3):
            c = correlate1d(c, np.array([-1, 8, -1]) / 6, axis=axis)
        coefficients = torch.from_numpy(np.ascontiguousarray(c[1:-1, 1:-1, 1:-1]))
        return Splines((-self.half).tolist(), self.cell, coefficients)


@final
@dataclass(frozen=True, eq=False)
class _Truth:
    """A mesh in the coordinates of a network, and what else the network is zero at, if anything."""

    mesh: Mesh
    dropped: Mesh | None

    @classmethod
    def of(cls, distance: SignedDistance, resolution: int) -> _Truth:
        """The surface of a distance, without what no points support if the rest is closed."""
        zero_set = distance.zero_set(resolution)
        inner = Mesh((zero_set.vertices - distance.centre) / distance.scale, zero_set.faces)
        kept = distance.supported(zero_set, resolution)
        mesh = inner if kept.all() else inner.part(kept)
        if mesh is inner or not mesh.is_watertight:
            return cls(inner, None)
        return cls(mesh, inner.part(~kept))

    def left(
        self, field: Refined, grid: Grid, chosen: npt.NDArray[np.bool_]
    ) -> tuple[Floats, Floats]:
        """Exact distances at the chosen nodes of a grid, and what a field leaves over of them.

        Elsewhere the distance is infinite, and nothing is left over.
        """
        x = grid.nodes(chosen)
        smooth = Refined(field.network, [level.continued() for level in field.grids])
        values = values_of(smooth, x)
        exact = np.full(grid.shape, np.inf)
        left = np.zeros(grid.shape)
        exact[chosen] = np.copysign(point_triangle_distance(x, self.mesh), self._signs(x, values))
        left[chosen] = exact[chosen] - values
        return exact, left

    def _signs(self, x: Floats, values: Floats) -> Floats:
        """Numbers with the signs of the distance, of a network's values (n,) at x (n, 3): inside
        what was dropped, the other ones.
        """
        if self.dropped is None:
            return values
        low, high = self.dropped.vertices.min(axis=0), self.dropped.vertices.max(axis=0)
        near = np.flatnonzero(((x >= low) & (x <= high)).all(axis=1))
        signs = values.copy()
        signs[near[signed_distance(x[near], self.dropped) < 0]] *= -1
        return signs


def _rising(x: Floats, low: float, high: float) -> Floats:
    """0 up to low, 1 from high on, smooth between."""
    t = ((x - low) / (high - low)).clip(0.0, 1.0)
    return np.asarray(t * t * (3 - 2 * t))
