"""Boundaries of domains made of others: the parts of their surfaces with the solid on one side."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import final

import torch
from torch import Tensor

from siren_pde.calculus.jets import Jet
from siren_pde.calculus.points import Points
from siren_pde.domains.base import Domain, Image, Piece, grouped
from siren_pde.domains.boundary import no_boundary
from siren_pde.domains.local import Boxes
from siren_pde.domains.predicates import apart, within
from siren_pde.domains.shape import Bounds, unknown_function
from siren_pde.domains.sifting import all_kept, estimated_measure, rounding
from siren_pde.errors import DomainError
from siren_pde.numerics.sobol import sobol

_TRIED = 64  # points of a surface among which one is looked for that it keeps


@final
@dataclass(frozen=True, repr=False)
class SurfacePart(Piece):
    """The points of a surface where `solid` lies on one side only, with normals away from it.

    Points on the boundary of a domain in `before` are left out: they count there. `flipped` says
    that all of the surface counts, and that the surface's own normals point into the solid;
    otherwise this is told point by point.
    """

    surface: Piece
    solid: Domain
    before: tuple[Domain, ...] = ()
    flipped: bool = False

    def __repr__(self) -> str:
        return f"{grouped(self.surface)} & {grouped(self.solid)}.boundary"

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of the coordinates, in order."""
        return self.surface.axes

    @property
    def dimension(self) -> int:
        """The dimension of the surface."""
        return self.surface.dimension

    @property
    def inputs(self) -> int:
        """As many unit coordinates as the surface takes."""
        return self.surface.inputs

    @property
    def affine(self) -> bool:
        """Whether all of an affine surface counts."""
        return self.flipped and self.surface.affine

    @cached_property
    def estimate(self) -> tuple[float, float]:
        """The measure and its standard error, which is 0 where all of the surface counts."""
        if self.flipped:
            return self.surface.measure, 0.0
        return estimated_measure(self, self.surface)

    @property
    def measure(self) -> float:
        """The measure, exact or estimated as for a `Fragment`."""
        return self.estimate[0]

    @property
    def standard_error(self) -> float:
        """The standard error of the estimate, 0 where all of the surface counts."""
        return self.estimate[1]

    @property
    def bounds(self) -> Bounds:
        """The corners of the box around the whole surface."""
        return self.surface.bounds

    @property
    def boundary(self) -> Domain:
        """Raises DomainError: the edge of a part of a boundary is not known."""
        raise DomainError("the edge of a part of a boundary is not known. Use a face of a `Box`.")

    def boundary_function(self, p: Points) -> Jet:
        """Minus that of the surface, where all of it counts: the solid lies on its outside."""
        if not self.flipped:
            raise unknown_function(self)
        return -self.surface.boundary_function(p)

    def depth(self, p: Points) -> Jet:
        """Minus that of the surface, where all of it counts."""
        if not self.flipped:
            raise unknown_function(self)
        return -self.surface.depth(p)

    def holds(self, x: Tensor, tolerance: float) -> Tensor:
        """Whether points lie on the surface and at the edge of the solid."""
        edge = self.solid.contains(x, tolerance) & ~self.solid.contains(x, -tolerance)
        return self.surface.contains(x, tolerance) & edge

    def chart(self, u: Tensor) -> Image:
        """The chart of the surface, normals turned out of the solid, the part marked."""
        image = self.surface.chart(u)
        normals = _normals(image, self)
        if self.flipped:
            return replace(image, normals=-normals)
        step = rounding(image.positions, self.solid)
        behind = self.solid.contains(image.positions - step * normals)
        ahead = self.solid.contains(image.positions + step * normals)
        kept = all_kept(image) & (behind ^ ahead)
        for domain in self.before:
            closed = domain.contains(image.positions, step / 2)
            kept = kept & ~(closed & ~domain.contains(image.positions, -step / 2))
        turned = torch.where(behind[:, None], normals, -normals)
        return replace(image, normals=turned, kept=kept)


def boundary_pieces(
    solid: Domain, operands: Sequence[Domain], near: Callable[[Sequence[int]], Domain | None]
) -> tuple[Piece, ...]:
    """The boundary of a solid made of operands: the parts of theirs that have it on one side.

    `near` gives the solid where all operands but those of some numbers are far away, so that each
    surface is told by what is around it.
    """
    if solid.dimension < len(solid.axes):
        raise no_boundary(solid)
    parts: list[Piece] = []
    boxes = Boxes.around(operands)
    for i, operand in enumerate(operands):
        if operand.dimension < len(operand.axes):
            continue
        for surface in operand.boundary.pieces:
            numbers = boxes.touching(surface)
            local = near(numbers)
            if local is None:
                continue
            solids = [j for j in numbers if operands[j].dimension == len(solid.axes) and j != i]
            others = [operands[j] for j in solids]
            part = SurfacePart(surface, local, tuple(operands[j] for j in solids if j < i))
            if all(apart(surface, q) or within(surface, q) for q in others):
                parts += _settled(part)
            elif part.measure > 0:
                parts.append(part)
    return tuple(parts)


def _settled(part: SurfacePart) -> list[Piece]:
    """All of the surface or nothing, as one of its points tells."""
    golden = [math.modf((i + 1) * (math.sqrt(5) - 1) / 2)[0] for i in range(part.inputs)]
    first = torch.tensor([golden], dtype=torch.float64, device="cpu")
    u = torch.cat([first, sobol(_TRIED if part.inputs else 0, part.inputs, seed=0)])
    chosen = all_kept(part.surface.chart(u)).nonzero()[:1, 0]
    if not len(chosen):
        return [part] if part.measure > 0 else []
    image, own = part.chart(u[chosen]), part.surface.chart(u[chosen])
    if not bool(all_kept(image)):
        return []
    same = torch.equal(_normals(image, part), _normals(own, part))
    return [part.surface if same else replace(part, flipped=True)]


def _normals(image: Image, part: SurfacePart) -> Tensor:
    if image.normals is None:
        raise DomainError(f"{part.surface!r} has no normals, so it bounds nothing.")
    return image.normals
