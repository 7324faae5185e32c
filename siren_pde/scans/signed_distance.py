"""A fitted signed distance function: values, derivatives and surface, in the user's own units."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from siren_pde.calculus.derivatives import Key, Laplace, Part
from siren_pde.calculus.jets import FieldJet, Jet
from siren_pde.calculus.operators import div, grad, norm
from siren_pde.calculus.points import Points
from siren_pde.calculus.vectors import Vector
from siren_pde.fields.engine.plan import Plan
from siren_pde.meshes.marching_cubes import extract
from siren_pde.meshes.mesh import Mesh, unit
from siren_pde.plots.cards import surface_card
from siren_pde.scans.one_sided import one_sided
from siren_pde.scans.oriented_cloud import OrientedCloud
from siren_pde.scans.planes import bend, heights
from siren_pde.scans.sharp_mesh import sharpened
from siren_pde.scans.trim import trimmed
from siren_pde.solving.solution import Solution

Floats = npt.NDArray[np.float64]
Positions = Tensor | npt.ArrayLike
Expression = Callable[[Points, Jet], Jet | Vector]

AT_ONCE = 2048
"""Points that a network is evaluated at together: so many stay in the cache."""


@final
@dataclass(frozen=True, eq=False)
class SignedDistance:
    """A fitted signed distance function φ, negative inside, in the user's own units.

    Inside, the network lives in the coordinates (x − centre) / scale, where the padded box, of
    half-widths `half` there, fits into [−1, 1]³. `cloud` holds the points in these coordinates. Of
    an open surface φ has signs beside it, and means nothing past its ends; of one with one side
    only, a Möbius band, φ is positive on both.
    """

    solution: Solution
    centre: Floats
    scale: float
    half: Floats
    cloud: OrientedCloud

    def __call__(self, x: Positions) -> Floats:
        """Signed distances (n,) at x (n, 3), positive outside, in the unit of x."""
        return self.scale * self._evaluated(lambda p, u: u, x)

    def _repr_html_(self) -> str:
        """A table and views of the surface, for notebooks."""
        low, high = self.bounds
        size = " × ".join(f"{side:.4g}" for side in high - low)
        return surface_card(self, [("points", f"{len(self.cloud.positions):,}"), ("box", size)])

    def gradient(self, x: Positions) -> Floats:
        """Gradients ∇φ (n, 3) at x (n, 3), of length one where φ is a distance."""
        return self._evaluated(lambda p, u: grad(u), x)

    def normals(self, x: Positions) -> Floats:
        """Unit gradients (n, 3) at x (n, 3).

        Where the surface has one side only, and φ a kink on it, those of the sheet through the
        points beside x, so that on a seam they change sign.
        """
        if not self.cloud.has_sides:
            return heights(self.cloud, self._inner(x))[1]
        return unit(self.gradient(x))

    def curvature(self, x: Positions) -> Floats:
        """The mean curvature ½ div(∇φ/|∇φ|) of the level set through each x (n, 3), shape (n,).

        In one over the unit of x; 1/r on a sphere of radius r.
        """
        if not self.cloud.has_sides:
            return bend(self.cloud, self._inner(x)) / self.scale
        return self._evaluated(lambda p, u: div(grad(u) / norm(grad(u))) / 2, x) / self.scale

    def jet(self, p: Points) -> Jet:
        """φ at points p as a jet, for residuals and for `Ansatz(…, vanishing=distance.jet)`.

        Its derivatives of any order are those of the network, in the units of p.
        """
        evaluated: list[tuple[Plan, Tensor]] = []
        required: set[Key] = set()

        def derivative(key: Key) -> Part:
            required.add(key)
            plan = Plan.closing(required)
            if not evaluated or evaluated[-1][0] != plan:
                evaluated.append((plan, self._channels(p.positions, plan)))
            order = 2 if isinstance(key, Laplace) else len(key)
            return self.scale ** (1 - order) * plan.part(evaluated[-1][1], key)[:, 0]

        return FieldJet(p.axes, derivative)

    def _channels(self, x: Tensor, plan: Plan) -> Tensor:
        """The network's derivatives in its own coordinates (S, n, 1), in the precision of x."""
        (network,) = self.solution.field.networks().values()
        network = copy.deepcopy(network).to(x)
        theta = torch.cat([q.detach().flatten() for q in network.parameters()])
        inner = (x - torch.as_tensor(self.centre, dtype=x.dtype, device=x.device)) / self.scale
        places = list(range(AT_ONCE, len(inner), AT_ONCE))
        parts = [
            network.evaluate(theta, part, plan).channels
            for part in torch.tensor_split(inner, places)
        ]
        return torch.cat(parts, 1).detach()

    @property
    def bounds(self) -> tuple[Floats, Floats]:
        """The corners (low, high) of the padded box, (3,) each: φ is fitted in it."""
        return self.centre - self.scale * self.half, self.centre + self.scale * self.half

    def grid(self, resolution: int = 128) -> tuple[Floats, Floats, Floats]:
        """φ at the nodes of a grid over the padded box, (i, j, k), and its corners low and high.

        There are `resolution` cells along its longest side, and cells nearly cubes.
        """
        low, high = self.bounds
        counts = np.maximum(np.round(resolution * self.half / self.half.max()), 1).astype(int) + 1
        ticks = [np.linspace(a, b, n) for a, b, n in zip(low, high, counts, strict=True)]
        x = np.stack(np.meshgrid(*ticks, indexing="ij"), axis=-1)
        return np.stack([self(plane.reshape(-1, 3)) for plane in x]).reshape(counts), low, high

    @property
    def is_open(self) -> bool:
        """Whether the surface has ends: then φ means nothing past them, and has no inside."""
        return self.cloud.rim is not None

    def is_known(self, x: Positions) -> npt.NDArray[np.bool_]:
        """Where φ means something, (n,) at x (n, 3): everywhere but past the end of a surface."""
        return ~self.cloud.past_end(self._inner(x))

    def mesh(self, resolution: int = 256) -> Mesh:
        """The surface of the scanned object as a mesh, `resolution` cells along the box.

        Components of the zero set without points of the cloud are left out, see
        `without_unsupported`.
        """
        return self.without_unsupported(self.zero_set(resolution), resolution)

    def zero_set(self, resolution: int = 256) -> Mesh:
        """All of {φ = 0} in the padded box as a mesh, in the user's units.

        Of noisy points it has the creases that they show, see `sharp_mesh`. Where the
        surface has one side only, it is the sheet through its points: see `one_sided`.
        """
        if not self.cloud.has_sides:
            sheet = one_sided(self.cloud, self.half, resolution)
            return sheet.transformed(self.scale, self.centre)
        like = next(self.solution.field.parameters())
        mesh = extract(
            lambda x: self.solution.evaluate(lambda p, u: u, x, block=AT_ONCE),
            -self.half,
            self.half,
            resolution=resolution,
            gradient=lambda x: self.solution.evaluate(lambda p, u: grad(u), x, block=AT_ONCE),
            project=1,  # Newton's step squares what is left, and cells are small
            dtype=like.dtype,
            device=like.device,
        )
        mesh = mesh if self.cloud.noise is None else sharpened(mesh, self.cloud)
        return mesh.transformed(self.scale, self.centre)

    def without_unsupported(self, mesh: Mesh, resolution: int) -> Mesh:
        """Without the components of which less than half is near any point of the cloud, and dust.

        That is smaller than a sphere of one cell's radius: the grid resolves no shape so small. Of
        an open surface, without all that is not near points, see `trimmed`.
        """
        if self.is_open:
            inner = Mesh(self._inner(mesh.vertices), mesh.faces)
            cell = 2 * self.half.max() / resolution
            return trimmed(inner, self.cloud, cell).transformed(self.scale, self.centre)
        kept = self.supported(mesh, resolution)
        return mesh if kept.all() else mesh.part(kept)

    def supported(self, mesh: Mesh, resolution: int) -> npt.NDArray[np.bool_]:
        """Which faces (f,) are of components that points of the cloud support, and no dust; all, if
        none is.
        """
        reach = max(10 * self.cloud.spacing, 4 / resolution)
        near = self.to_points(mesh.vertices) < reach * self.scale
        supported = np.bincount(mesh.labels, near) >= 0.5 * np.bincount(mesh.labels)
        areas = np.bincount(mesh.labels[mesh.faces[:, 0]], mesh.face_areas, len(supported))
        cell = 2 * self.scale * self.half.max() / resolution
        supported &= areas > 4 * np.pi * cell**2
        kept = supported[mesh.labels][mesh.faces[:, 0]]
        return np.asarray(kept if kept.any() else ~kept)

    def to_points(self, x: Positions) -> Floats:
        """The distance (n,) from each x (n, 3) to the nearest point of the cloud."""
        return self.scale * self.cloud.near(self._inner(x), 1)[0][:, 0]

    def _inner(self, x: Positions) -> Floats:
        x = x.detach().cpu() if isinstance(x, Tensor) else x
        return (np.asarray(x, dtype=np.float64) - self.centre) / self.scale

    def _evaluated(self, expression: Expression, x: Positions) -> Floats:
        values = self.solution.evaluate(expression, self._inner(x), block=AT_ONCE)
        return np.asarray(values.double().cpu().numpy())
