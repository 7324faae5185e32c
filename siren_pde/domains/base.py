"""A domain is a set with a measure, made of pieces: images of the unit cube under a chart."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, final

import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.errors import DomainError

if TYPE_CHECKING:
    from siren_pde.domains.boundary_fluxes import Wall

Bounds = tuple[tuple[float, ...], tuple[float, ...]]


@dataclass(frozen=True, eq=False)
class Image:
    """What a chart makes of n unit coordinates: positions (n, d), and which lie in the piece.

    `kept` is a mask (n,), or None if all do. Normals and data as in `Points`.
    """

    positions: Tensor
    normals: Tensor | None = None
    data: Mapping[str, Tensor] = field(default_factory=dict)
    kept: Tensor | None = None


class Domain(ABC):
    """A set in the coordinates `axes`, with a measure: length, area … or a number of points.

    Domains combine: `a | b` is the union, `a & b` the intersection, `a - b` the difference, and `a
    * b` the product of domains with different axes, such as space and time.
    """

    @property
    @abstractmethod
    def axes(self) -> tuple[str, ...]:
        """The names of the coordinates, in order."""

    @property
    @abstractmethod
    def dimension(self) -> int:
        """The intrinsic dimension: 2 for a disc in the plane, 1 for its boundary, 0 for points."""

    @property
    @abstractmethod
    def measure(self) -> float:
        """The length, area, volume … of the domain; it is the number of points in dimension 0."""

    @property
    @abstractmethod
    def bounds(self) -> Bounds:
        """The corners (low, high) of a box around the domain."""

    @property
    @abstractmethod
    def boundary(self) -> Domain:
        """The boundary, with outward normals if the domain is as wide as its space."""

    @property
    @abstractmethod
    def pieces(self) -> tuple[Piece, ...]:
        """Pieces that make up the domain and share no set of positive measure."""

    @final
    def vanishing(self, p: Points) -> Any:
        """A smooth jet at p that is zero exactly on this domain, for `Ansatz(vanishing_on=…)`.

        Raises DomainError where none is known in closed form.
        """
        from siren_pde.domains.boundary_functions import vanishing

        return vanishing(self, p)

    @final
    def wall(self, values: Domain | None, slopes: Sequence[Domain]) -> Wall:
        """This part of a boundary for `Ansatz(flux=…)`, beside those with values and with fluxes.

        Raises DomainError where no smooth function is known that has slope one on it.
        """
        from siren_pde.domains.boundary_fluxes import wall

        return wall(self, values, slopes)

    @abstractmethod
    def _holds(self, x: Tensor, tolerance: float) -> Tensor: ...

    @final
    def contains(self, x: Tensor, tolerance: float = 0.0) -> Tensor:
        """Which of the points x, shape (n, d), lie in the closed domain, as a mask (n,).

        With tolerance > 0 so does every point at most that far away; with tolerance < 0 only points
        do that are at least that far from all that is outside. Surfaces and points need a tolerance
        of the size of rounding errors.
        """
        if x.ndim != 2 or x.shape[1] != len(self.axes):
            raise DomainError(
                f"points in the coordinates {', '.join(self.axes)} have shape (n, "
                f"{len(self.axes)}), got {tuple(x.shape)}."
            )
        return self._holds(x, tolerance)

    @final
    def from_unit(self, u: Tensor) -> Points:
        """The image of u in the unit cube, (n, k), under a measure-preserving map; equal weights.

        k is the dimension, but for clouds (1) and for spheres in d ≥ 4 coordinates (d). A domain of
        several pieces spends the first coordinate on the choice of the piece. Points that fall
        outside a domain known only by its membership test are rejected, so that fewer than n may
        come back.
        """
        wide = max(piece.inputs for piece in self.pieces)
        if u.ndim != 2 or u.shape[1] != wide:
            raise DomainError(
                f"this domain is mapped from points of shape (n, {wide}), got {tuple(u.shape)}."
            )
        if len(self.pieces) == 1:
            return self.pieces[0].points(self.pieces[0].chart(u))
        found, start = [], 0.0
        for piece in self.pieces:
            mine = u[:1]
            if wide:
                share = piece.measure / self.measure
                inside = (u[:, 0] >= start) & (u[:, 0] < start + share)
                mine = u[inside]
                mine = torch.cat([((mine[:, :1] - start) / share).clamp(0, 1), mine[:, 1:]], dim=1)
                start += share
            if len(mine):
                found.append(piece.points(piece.chart(mine[:, : piece.inputs])))
        return Points.concatenate(found)

    @final
    def __or__(self, other: Domain) -> Domain:
        from siren_pde.domains.booleans import union

        return union(self, other)

    @final
    def __and__(self, other: Domain) -> Domain:
        from siren_pde.domains.booleans import intersection

        return intersection(self, other)

    @final
    def __sub__(self, other: Domain) -> Domain:
        from siren_pde.domains.booleans import difference

        return difference(self, other)

    @final
    def __mul__(self, other: Domain) -> Domain:
        from siren_pde.domains.product import product

        return product(self, other)


class Piece(Domain):
    """A domain with one chart: a map of the unit cube that stretches all of it alike."""

    @property
    @abstractmethod
    def inputs(self) -> int:
        """How many unit coordinates the chart takes."""

    @property
    @abstractmethod
    def affine(self) -> bool:
        """Whether the chart is affine and keeps every point: product rules keep their order."""

    @abstractmethod
    def chart(self, u: Tensor) -> Image:
        """The image of unit coordinates u, shape (n, inputs)."""

    @final
    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The piece itself."""
        return (self,)

    @final
    def points(self, image: Image) -> Points:
        """The points of an image that lie in this piece, with equal weights."""
        points = Points(
            self.axes,
            image.positions,
            image.positions.new_zeros(len(image.positions)),
            image.normals,
            image.data,
        )
        if image.kept is not None:
            points = points.select(image.kept)
        weights = torch.full_like(points.weights, self.measure / max(len(points), 1))
        return Points(points.axes, points.positions, weights, points.normals, points.data)
