"""Parts of a piece that only a membership test knows: points are drawn on the piece and sifted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import final

from torch import Tensor

from siren_pde.domains.base import Domain, Image, Piece, grouped
from siren_pde.domains.boundary import Boundary
from siren_pde.domains.local import Boxes
from siren_pde.domains.predicates import apart, within
from siren_pde.domains.shape import Bounds
from siren_pde.domains.sifting import all_kept, estimated_measure, rounding
from siren_pde.domains.surface_parts import boundary_pieces


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
        holes, boxes = self.outside, Boxes.around(self.outside)
        exact = not self.inside and all(
            hole.dimension == self.dimension
            and within(hole, self.whole)
            and all(apart(hole, holes[j]) for j in boxes.touching(hole) if j < i)
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
        return Boundary(boundary_pieces(self, operands, lambda _: self), self)

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
        kept = all_kept(image)
        near = rounding(image.positions, self.whole)
        for domain in self.inside:
            kept = kept & domain.contains(image.positions, near)
        for domain in self.outside:
            kept = kept & ~domain.contains(image.positions, near)
        return replace(image, kept=kept)


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
