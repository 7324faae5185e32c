"""Parts of a piece that only a membership test knows: points are drawn on the piece and sifted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import final

import torch
from torch import Tensor
from torch.quasirandom import SobolEngine

from siren_pde.domains.base import Bounds, Domain, Image, Piece
from siren_pde.domains.predicates import apart, scale, within
from siren_pde.errors import DomainError

_REPEATS, _DRAWN = 8, 2**15  # scrambled Sobol sets, and points in each, that estimate a measure


@final
@dataclass(frozen=True)
class Fragment(Piece):
    """The points of a piece inside all of some domains and outside all of others.

    The measure is exact where the fragment is the piece with separate holes strictly inside.
    Otherwise it is the mean over eight scrambled Sobol sets of 2¹⁵ points, always the same ones;
    `standard_error` tells how far off it may be, 10⁻⁴ of the whole as a rule.
    """

    whole: Piece
    inside: tuple[Domain, ...] = ()
    outside: tuple[Domain, ...] = ()

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

    @property
    def affine(self) -> bool:
        """False: points are rejected."""
        return False

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
        return sifted(self, self.whole)

    @property
    def measure(self) -> float:
        """The measure, exact or estimated."""
        return self.estimate[0]

    @property
    def bounds(self) -> Bounds:
        """The corners of a box around the piece and all that it lies inside of."""
        lows, highs = zip(*(each.bounds for each in (self.whole, *self.inside)), strict=True)
        return tuple(map(max, zip(*lows, strict=True))), tuple(map(min, zip(*highs, strict=True)))

    @cached_property
    def boundary(self) -> Domain:
        """The boundary: parts of those of the piece and of all that cuts it."""
        from siren_pde.domains.booleans import Union

        return Union(skin(self, (self.whole, *self.inside, *self.outside)), disjoint=True)

    def _holds(self, x: Tensor, tolerance: float) -> Tensor:
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
@dataclass(frozen=True)
class Skin(Piece):
    """The points of a surface where `solid` lies on one side only, with normals away from it.

    Points on the boundary of a domain in `before` are left out: they count there. `flipped` says
    that all of the surface is skin, and that the surface's own normals point into the solid;
    otherwise this is found point by point.
    """

    surface: Piece
    solid: Domain
    before: tuple[Domain, ...] = ()
    flipped: bool = False

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
        """Whether all of an affine surface is skin."""
        return self.flipped and self.surface.affine

    @cached_property
    def estimate(self) -> tuple[float, float]:
        """The measure and its standard error, which is 0 where all of the surface is skin."""
        return (self.surface.measure, 0.0) if self.flipped else sifted(self, self.surface)

    @property
    def measure(self) -> float:
        """The measure, exact or estimated as for a `Fragment`."""
        return self.estimate[0]

    @property
    def bounds(self) -> Bounds:
        """The corners of the box around the whole surface."""
        return self.surface.bounds

    @property
    def boundary(self) -> Domain:
        """Raises DomainError: the edge of a part of a boundary is not known."""
        raise DomainError("the edge of a part of a boundary is not known. Use a face of a `Box`.")

    def _holds(self, x: Tensor, tolerance: float) -> Tensor:
        edge = self.solid.contains(x, tolerance) & ~self.solid.contains(x, -tolerance)
        return self.surface.contains(x, tolerance) & edge

    def chart(self, u: Tensor) -> Image:
        """The chart of the surface, normals turned out of the solid, its skin marked."""
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
    found: list[Piece] = []
    for piece in pieces:
        cutting = tuple(q for q in outside if q.dimension >= piece.dimension)
        if any(apart(piece, q) for q in inside) or any(within(piece, q) for q in cutting):
            continue
        ins = tuple(q for q in inside if not within(piece, q))
        outs = tuple(q for q in cutting if not apart(piece, q))
        if not ins and not outs:
            found.append(piece)
            continue
        if isinstance(piece, Fragment):  # one sieve is enough, and knows more than two
            part = Fragment(piece.whole, piece.inside + ins, piece.outside + outs)
        else:
            part = Fragment(piece, ins, outs)
        if part.measure > 0:
            found.append(part)
    return tuple(found)


def skin(solid: Domain, operands: Sequence[Domain]) -> tuple[Piece, ...]:
    """The boundary of a solid made of operands: the parts of theirs that have it on one side."""
    solids = tuple(each for each in operands if each.dimension == len(each.axes))
    if solid.dimension < len(solid.axes):
        raise DomainError(
            f"the boundary of a set of dimension {solid.dimension} in {len(solid.axes)} "
            "coordinates is known only for a face of a `Box`."
        )
    found: list[Piece] = []
    for i, operand in enumerate(solids):
        others = (*solids[:i], *solids[i + 1 :])
        for surface in operand.boundary.pieces:
            part = Skin(surface, solid, solids[:i])
            if all(apart(surface, q) or within(surface, q) for q in others):
                found += _settled(part)
            elif part.measure > 0:
                found.append(part)
    return tuple(found)


def sifted(piece: Piece, whole: Piece) -> tuple[float, float]:
    """The estimated measure of the part of `whole` that a piece keeps, and the standard error."""
    ratios = []
    for seed in range(_REPEATS):
        u = _sobol(piece.inputs, seed)
        drawn, kept = _all_kept(whole.chart(u)), _all_kept(piece.chart(u))
        ratios.append(int(kept.sum()) / max(int(drawn.sum()), 1))
    mean = math.fsum(ratios) / _REPEATS
    spread = math.fsum((ratio - mean) ** 2 for ratio in ratios) / (_REPEATS - 1)
    return whole.measure * mean, whole.measure * math.sqrt(spread / _REPEATS)


def rounding(positions: Tensor, domain: Domain) -> float:
    """A distance large beside the rounding errors of positions and small beside the domain."""
    return 64 * torch.finfo(positions.dtype).eps * scale(domain)


def _settled(part: Skin) -> list[Piece]:
    """All of the surface or nothing, as one of its points tells."""
    golden = [math.modf((i + 1) * (math.sqrt(5) - 1) / 2)[0] for i in range(part.inputs)]
    u = torch.tensor([golden], dtype=torch.float64, device="cpu")
    image, own = part.chart(u), part.surface.chart(u)
    if own.kept is not None:  # the point may be none of the surface's
        return [part] if part.measure > 0 else []
    if not bool(_all_kept(image)):
        return []
    same = torch.equal(_normals(image, part), _normals(own, part))
    return [part.surface if same else replace(part, flipped=True)]


def _normals(image: Image, part: Skin) -> Tensor:
    if image.normals is None:
        raise DomainError(f"{part.surface!r} has no normals, so it bounds nothing.")
    return image.normals


def _all_kept(image: Image) -> Tensor:
    if image.kept is not None:
        return image.kept
    return torch.ones(len(image.positions), dtype=torch.bool, device=image.positions.device)


def _sobol(inputs: int, seed: int) -> Tensor:
    if inputs == 0:
        return torch.empty((1, 0), dtype=torch.float64, device="cpu")
    return SobolEngine(inputs, scramble=True, seed=seed).draw(_DRAWN, dtype=torch.float64)
