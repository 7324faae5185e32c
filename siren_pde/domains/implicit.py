"""The inside of a level set as a domain: whatever has a signed distance can be solved in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, final, runtime_checkable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from siren_pde.calculus.jets import Jet
from siren_pde.calculus.points import Points
from siren_pde.domains.base import Image, Piece
from siren_pde.domains.shape import Bounds
from siren_pde.errors import DomainError
from siren_pde.meshes.marching_cubes import extract

Values = Tensor | npt.NDArray[np.float64]

_NEWTON = 3  # steps that bring a point from a triangle onto the surface


class LevelFunction(Protocol):
    """A function φ of x, y, z, negative inside; one fitted by `fit_sdf` is one.

    Positions (n, 3) come as a tensor; tensors and arrays may be returned.
    """

    @property
    def bounds(self) -> tuple[npt.ArrayLike, npt.ArrayLike]:
        """The corners (low, high) of a box in which φ is known, the surface inside."""
        ...

    def __call__(self, x: Tensor) -> Values:
        """Values (n,)."""
        ...

    def gradient(self, x: Tensor) -> Values:
        """∇φ (n, 3), which must not vanish on the surface."""
        ...

    def jet(self, p: Points) -> Jet:
        """φ as a jet, for conditions that hold exactly on the boundary."""
        ...


@runtime_checkable
class Ended(Protocol):
    """A function that knows whether its surface has ends."""

    @property
    def is_open(self) -> bool:
        """Whether it has."""
        ...


@final
@dataclass(frozen=True, repr=False, eq=False)
class Implicit(Piece):
    """The solid {x : φ(x) ≤ 0} of a function of x, y and z: `Implicit(fit_sdf(scan))`.

    Inside, points are drawn in the box around the surface and kept where φ ≤ 0. Tolerances of
    `contains` are lengths as far as φ/|∇φ| is one. The surface is found by marching cubes with
    `resolution` cells along the box, at first use; volume and area are extrapolated from its
    triangles and their halves, with an error that falls like the fourth power of a cell.

    Raises DomainError, at first use, where φ has no closed zero set in its bounds.
    """

    level: LevelFunction
    resolution: int = 64

    def __repr__(self) -> str:
        return f"Implicit({type(self.level).__name__})"

    @property
    def axes(self) -> tuple[str, ...]:
        """x, y and z."""
        return ("x", "y", "z")

    @property
    def dimension(self) -> int:
        """3."""
        return 3

    @cached_property
    def boundary(self) -> ZeroSet:
        """The zero set of φ, with normals along its gradient."""
        return ZeroSet(self)

    @cached_property
    def estimate(self) -> tuple[float, float]:
        """The volume, and an estimate of its error."""
        return _extrapolated(_volumes(self.triangles).sum(), _volumes(self.halves).sum())

    @property
    def measure(self) -> float:
        """The volume."""
        return self.estimate[0]

    @property
    def standard_error(self) -> float:
        """The estimated error of the volume."""
        return self.estimate[1]

    @cached_property
    def bounds(self) -> Bounds:
        """The corners of the box around the surface, a cell wider, but not beyond φ's own."""
        low, high = (np.asarray(corner, dtype=np.float64) for corner in self.level.bounds)
        cell = (high - low).max() / self.resolution
        corners = self.triangles.reshape(-1, 3)
        first = np.maximum(corners.min(0) - cell, low)
        last = np.minimum(corners.max(0) + cell, high)
        return tuple(first.tolist()), tuple(last.tolist())

    @cached_property
    def triangles(self) -> npt.NDArray[np.float64]:
        """The surface, (f, 3, 3), its corners on it, in an order that keeps neighbours together."""
        from scipy.spatial import cKDTree

        if isinstance(self.level, Ended) and self.level.is_open:
            raise DomainError(
                f"{self!r} is no solid: the surface of its function is open, and has no inside. "
                "Fit the points with `is_open=False` to have it closed."
            )
        surface = extract(
            self.value,
            *self.level.bounds,
            resolution=self.resolution,
            gradient=self.gradient,
            project=_NEWTON,
            dtype=torch.float64,
        )
        if not surface.is_watertight or surface.volume <= 0:
            raise DomainError(
                f"{self!r} is no solid: its zero set is not closed in the bounds of its function, "
                "or the function is positive inside. Give a function that is negative inside and "
                "positive at its bounds."
            )
        order = cKDTree(surface.triangles.mean(1), leafsize=2).indices
        return np.asarray(surface.triangles[order])

    @cached_property
    def halves(self) -> npt.NDArray[np.float64]:
        """Each triangle as four, (4f, 3, 3), the middles of its edges moved onto the surface."""
        a, b, c = np.moveaxis(self.triangles, 1, 0)
        middles = torch.from_numpy(np.concatenate([a + b, b + c, c + a]) / 2)
        ab, bc, ca = np.split(self.onto(middles).numpy(), 3)
        corners = ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))
        return np.concatenate([np.stack(three, axis=1) for three in corners])

    def value(self, x: Tensor) -> Tensor:
        """φ at x (n, 3), shape (n,), of the precision and place of x."""
        return torch.as_tensor(self.level(x), dtype=x.dtype, device=x.device)

    def gradient(self, x: Tensor) -> Tensor:
        """∇φ at x (n, 3), of the precision and place of x."""
        return torch.as_tensor(self.level.gradient(x), dtype=x.dtype, device=x.device)

    def height(self, x: Tensor) -> Tensor:
        """φ/|∇φ| at x (n, 3): the distance from the surface, to first order, (n,)."""
        slope: Tensor = torch.linalg.vector_norm(self.gradient(x), dim=1)
        return self.value(x) / slope.clamp_min(torch.finfo(x.dtype).tiny)

    def onto(self, x: Tensor) -> Tensor:
        """Points x (n, 3) near the surface, moved onto it by Newton's method along ∇φ."""
        for _ in range(_NEWTON):
            slope = self.gradient(x)
            square = (slope * slope).sum(1).clamp_min(torch.finfo(x.dtype).tiny)
            x = x - (self.value(x) / square)[:, None] * slope
        return x

    def chart(self, u: Tensor) -> Image:
        """The box around the surface, with the points in the solid marked."""
        low, high = (torch.tensor(c, dtype=u.dtype, device=u.device) for c in self.bounds)
        x = low + u * (high - low)
        return Image(x, kept=self.value(x) <= 0)

    def holds(self, x: Tensor, tolerance: float) -> Tensor:
        """Whether φ/|∇φ| is at most the tolerance, in the bounds."""
        return self.inside_bounds(x, tolerance) & (self.height(x) <= tolerance)

    def inside_bounds(self, x: Tensor, tolerance: float) -> Tensor:
        """Which points (n, 3) are in the box around the surface: φ may be anything elsewhere."""
        low, high = (torch.tensor(c, dtype=x.dtype, device=x.device) for c in self.bounds)
        return ((x >= low - abs(tolerance)) & (x <= high + abs(tolerance))).all(1)


@final
@dataclass(frozen=True, repr=False, eq=False)
class ZeroSet(Piece):
    """The zero set of a function, the boundary of an `Implicit` solid.

    Points are spread evenly over the triangles, by their areas on the curved surface, and moved
    onto it along ∇φ, which gives the normals.
    """

    solid: Implicit

    def __repr__(self) -> str:
        return f"{self.solid!r}.boundary"

    @property
    def axes(self) -> tuple[str, ...]:
        """x, y and z."""
        return self.solid.axes

    @property
    def dimension(self) -> int:
        """2."""
        return 2

    @property
    def inputs(self) -> int:
        """3 unit coordinates: one chooses the triangle, two the point in it."""
        return 3

    @cached_property
    def estimate(self) -> tuple[float, float]:
        """The area, and an estimate of its error."""
        coarse, fine = _areas(self.solid.triangles), _areas(self.solid.halves)
        return _extrapolated(coarse.sum(), fine.sum())

    @property
    def measure(self) -> float:
        """The area."""
        return self.estimate[0]

    @property
    def standard_error(self) -> float:
        """The estimated error of the area."""
        return self.estimate[1]

    @property
    def bounds(self) -> Bounds:
        """The corners of the box around the solid."""
        return self.solid.bounds

    @property
    def boundary(self) -> ZeroSet:
        """Raises DomainError: the surface is closed."""
        raise DomainError(f"{self!r} is a closed surface and has no boundary.")

    @cached_property
    def _shares(self) -> npt.NDArray[np.float64]:
        """The part of the area up to and including each triangle, (f,)."""
        fine = _areas(self.solid.halves).reshape(4, -1).sum(0)
        curved = np.cumsum((4 * fine - _areas(self.solid.triangles)) / 3)
        return np.asarray(curved / curved[-1])

    def chart(self, u: Tensor) -> Image:
        """A point of a triangle, moved onto the surface, and the unit gradient there."""
        first = u[:, 0].detach().cpu().numpy()
        chosen = np.searchsorted(self._shares, first, side="right").clip(max=len(self._shares) - 1)
        corners = torch.from_numpy(self.solid.triangles[chosen].astype(first.dtype)).to(u.device)
        root, s = u[:, 1].sqrt()[:, None], u[:, 2:]
        x = (1 - root) * corners[:, 0] + root * ((1 - s) * corners[:, 1] + s * corners[:, 2])
        x = self.solid.onto(x)
        return Image(x, torch.nn.functional.normalize(self.solid.gradient(x), dim=1))

    def boundary_function(self, p: Points) -> Jet:
        """−2φ/s, where s is the shortest side of the bounds."""
        shortest = min(b - a for a, b in zip(*self.bounds, strict=True))
        return self.solid.level.jet(p) * (-2 / shortest)

    def holds(self, x: Tensor, tolerance: float) -> Tensor:
        """Whether |φ|/|∇φ| is at most the tolerance, in the bounds."""
        near = self.solid.height(x).abs() <= tolerance
        return self.solid.inside_bounds(x, tolerance) & near


def _extrapolated(coarse: float, fine: float) -> tuple[float, float]:
    """What two sums with errors of second order extrapolate to, and what may be left of them.

    The finer one is off by a share δ, of which the next order leaves some δ².
    """
    step = (fine - coarse) / 3
    return float(fine + step), float(4 * step * step / abs(fine))


def _volumes(triangles: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The signed volume between each triangle and the middle of all, (f,)."""
    a, b, c = np.moveaxis(triangles - triangles.mean((0, 1)), 1, 0)
    return np.asarray(np.einsum("ij,ij->i", a, np.cross(b, c)) / 6)


def _areas(triangles: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    a, b, c = np.moveaxis(triangles, 1, 0)
    return np.asarray(np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2)
