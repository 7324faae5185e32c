"""Parts of a piece that only a membership test knows: points are drawn on the piece and sifted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import final

import torch
from torch import Tensor

from siren_pde.calculus.jets import Jet
from siren_pde.calculus.points import Points
from siren_pde.domains.base import Domain, Image, Piece, grouped
from siren_pde.domains.boundary import Boundary, no_boundary
from siren_pde.domains.predicates import apart, scale, within
from siren_pde.domains.shape import Bounds, unknown_function
from siren_pde.errors import DomainError
from siren_pde.numerics.sobol import sobol

_REPEATS, _DRAWN = 8, 2**15  # scrambled Sobol sets, and points in each, that estimate a measure
_TRIED = 64  # points of a surface among which one is looked for that it keeps


@final
@dataclass(frozen=True, repr=False)
class Fragment(Piece):
    """The points of a piece inside all of some domains and outside all of others.

    The measure is exact where the fragment is the piece with separate holes strictly inside.
    Otherwise it is the mean over eight scrambled Sobol sets of 2¹⁵ points, always the same ones;
    `standard_error` tells how far off it may be, 10⁻⁴ of the whole as a rule.
    """

    whole: Piece
    inside: tuple[Domain, ...] = ()
    outside: tuple[Domain, ...] = ()

    def __repr__(self) -> str:
        inside = "".join(f" & {grouped(each)}" for each in self.inside)
        outside = "".join(f" - {grouped(each)}" for each in self.outside)
        return f"{grouped(self.whole)}{inside}{outside}"

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of the coordinates, in order."""
        return self.whole.axes

    @property
    def dimension(self) -> int:
        """The dimension of the whole piece."""
        return self.whole.dimension

    @property
    def inputs(self) -> int:
        """As many unit coordinates as the whole piece takes."""
        return self.whole.inputs

    @cached_property
    def estimate(self) -> tuple[float, float]:
        """The measure and its standard error, which is 0 where the measure is exact."""
        holes = self.outside
        exact = not self.inside and all(
            hole.dimension == self.dimension
            and within(hole, self.whole)
            and all(apart(hole, other) for other in holes[:i])
            for i, hole in enumerate(holes)
        )
        if exact:
            return self.whole.measure - sum(hole.measure for hole in holes), 0.0
        return estimated_measure(self, self.whole)

    @property
    def measure(self) -> float:
        """The measure, exact or estimated."""
        return self.estimate[0]

    @property
    def standard_error(self) -> float:
        """The standard error of the estimate, 0 where the measure is exact."""
        return self.estimate[1]

    @property
    def bounds(self) -> Bounds:
        """The corners of a box around the piece and all that it lies inside of."""
        lows, highs = zip(*(each.bounds for each in (self.whole, *self.inside)), strict=True)
        return tuple(map(max, zip(*lows, strict=True))), tuple(map(min, zip(*highs, strict=True)))

    @cached_property
    def boundary(self) -> Domain:
        """The boundary: parts of those of the piece and of all that cuts it."""
        operands = (self.whole, *self.inside, *self.outside)
        return Boundary(boundary_pieces(self, operands), self)

    def holds(self, x: Tensor, tolerance: float) -> Tensor:
        """Whether points lie in the whole, inside all of one kind, and outside all of the other."""
        held = self.whole.contains(x, tolerance)
        for domain in self.inside:
            held = held & domain.contains(x, tolerance)
        for domain in self.outside:
            held = held & ~domain.contains(x, -tolerance)
        return held

    def chart(self, u: Tensor) -> Image:
        """The chart of the whole piece, with the points that lie in the fragment marked."""
        image = self.whole.chart(u)
        kept = _all_kept(image)
        near = rounding(image.positions, self.whole)
        for domain in self.inside:
            kept = kept & domain.contains(image.positions, near)
        for domain in self.outside:
            kept = kept & ~domain.contains(image.positions, near)
        return replace(image, kept=kept)


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
        kept = _all_kept(image) & (behind ^ ahead)
        for domain in self.before:
            closed = domain.contains(image.positions, step / 2)
            kept = kept & ~(closed & ~domain.contains(image.positions, -step / 2))
        turned = torch.where(behind[:, None], normals, -normals)
        return replace(image, normals=turned, kept=kept)


def fragments(
    pieces: Sequence[Piece], *, inside: tuple[Domain, ...] = (), outside: tuple[Domain, ...] = ()
) -> tuple[Piece, ...]:
    """What is left of `pieces` inside and outside other domains, as whole as can be told."""
    left: list[Piece] = []
    for piece in pieces:
        cutting = tuple(q for q in outside if q.dimension >= piece.dimension)
        if any(apart(piece, q) for q in inside) or any(within(piece, q) for q in cutting):
            continue
        ins = tuple(q for q in inside if not within(piece, q))
        outs = tuple(q for q in cutting if not apart(piece, q))
        if not ins and not outs:
            left.append(piece)
            continue
        if isinstance(piece, Fragment):  # one test is enough, and rejects no more than two
            part = Fragment(piece.whole, piece.inside + ins, piece.outside + outs)
        else:
            part = Fragment(piece, ins, outs)
        if part.measure > 0:
            left.append(part)
    return tuple(left)


def boundary_pieces(solid: Domain, operands: Sequence[Domain]) -> tuple[Piece, ...]:
    """The boundary of a solid made of operands: the parts of theirs that have it on one side."""
    solids = tuple(each for each in operands if each.dimension == len(each.axes))
    if solid.dimension < len(solid.axes):
        raise no_boundary(solid)
    parts: list[Piece] = []
    for i, operand in enumerate(solids):
        others = (*solids[:i], *solids[i + 1 :])
        for surface in operand.boundary.pieces:
            part = SurfacePart(surface, solid, solids[:i])
            if all(apart(surface, q) or within(surface, q) for q in others):
                parts += _settled(part)
            elif part.measure > 0:
                parts.append(part)
    return tuple(parts)


def estimated_measure(piece: Piece, whole: Piece) -> tuple[float, float]:
    """The estimated measure of the part of `whole` that a piece keeps, and the standard error."""
    ratios = []
    for seed in range(_REPEATS):
        u = sobol(_DRAWN if piece.inputs else 1, piece.inputs, seed=seed)
        drawn, kept = _all_kept(whole.chart(u)), _all_kept(piece.chart(u))
        ratios.append(int(kept.sum()) / max(int(drawn.sum()), 1))
    mean = math.fsum(ratios) / _REPEATS
    spread = math.fsum((ratio - mean) ** 2 for ratio in ratios) / (_REPEATS - 1)
    return whole.measure * mean, whole.measure * math.sqrt(spread / _REPEATS)


def rounding(positions: Tensor, domain: Domain) -> float:
    """A distance large beside the rounding errors of positions and small beside the domain."""
    return 64 * torch.finfo(positions.dtype).eps * scale(domain)


def _settled(part: SurfacePart) -> list[Piece]:
    """All of the surface or nothing, as one of its points tells."""
    golden = [math.modf((i + 1) * (math.sqrt(5) - 1) / 2)[0] for i in range(part.inputs)]
    first = torch.tensor([golden], dtype=torch.float64, device="cpu")
    u = torch.cat([first, sobol(_TRIED if part.inputs else 0, part.inputs, seed=0)])
    chosen = _all_kept(part.surface.chart(u)).nonzero()[:1, 0]
    if not len(chosen):
        return [part] if part.measure > 0 else []
    image, own = part.chart(u[chosen]), part.surface.chart(u[chosen])
    if not bool(_all_kept(image)):
        return []
    same = torch.equal(_normals(image, part), _normals(own, part))
    return [part.surface if same else replace(part, flipped=True)]


def _normals(image: Image, part: SurfacePart) -> Tensor:
    if image.normals is None:
        raise DomainError(f"{part.surface!r} has no normals, so it bounds nothing.")
    return image.normals


def _all_kept(image: Image) -> Tensor:
    if image.kept is not None:
        return image.kept
    return torch.ones(len(image.positions), dtype=torch.bool, device=image.positions.device)
