"""A domain is a set with a measure, made of pieces: images of the unit cube under a chart."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Self, final

import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.domains.boundary_part import BoundaryPart, boundary_part
from siren_pde.domains.shape import Shape
from siren_pde.errors import DomainError
from siren_pde.numerics.sobol import sobol


@dataclass(frozen=True, eq=False)
class Image:
    """What a chart makes of n unit coordinates: positions (n, d), and which lie in the piece.

    `kept` is a mask (n,), or None if all do. Normals and data as in `Points`.
    """

    positions: Tensor
    normals: Tensor | None = None
    data: Mapping[str, Tensor] = field(default_factory=dict)
    kept: Tensor | None = None


class Domain(Shape):
    """A set in the coordinates `axes`, with a measure: length, area … or a number of points.

    Domains combine: `a | b` is the union, `a & b` the intersection, `a - b` the difference, and `a
    * b` the product of domains with different axes, such as space and time.
    """

    def __repr__(self) -> str:
        sides = zip(self.axes, *self.bounds, strict=True)
        within = ", ".join(f"{name}=({a:g}, {b:g})" for name, a, b in sides)
        return f"{type(self).__name__}(within {within})"

    @property
    @abstractmethod
    def boundary(self) -> Domain:
        """The boundary, with outward normals if the domain is as wide as its space."""

    @property
    @abstractmethod
    def pieces(self) -> tuple[Piece, ...]:
        """Pieces that make up the domain and share no set of positive measure."""

    @abstractmethod
    def holds(self, x: Tensor, tolerance: float) -> Tensor:
        """Which of the points x, shape (n, d), lie in it, as `contains` says: a mask (n,).

        Where the distance is not known in closed form, take tolerances > 0 for too large and those
        < 0 for too small rather than the other way round.
        """

    @property
    def standard_error(self) -> float:
        """The standard error of `measure`, in its unit; it is 0 where the measure is exact."""
        return math.hypot(*(each.standard_error for each in self.pieces if each is not self))

    @property
    def smooth_parts(self) -> tuple[Domain, ...]:
        """The parts of a boundary that are smooth each; the domain itself unless it is a union."""
        return (self,)

    def describe(self) -> Mapping[str, object] | None:
        """What `from_description` builds the same domain from, stored with solutions in it.

        Numbers, texts, tensors, domains, and tuples of these: by default the fields of a dataclass.
        None, the default of other classes, says that the domain is not stored.
        """
        if not is_dataclass(self):
            return None
        return {each.name: getattr(self, each.name) for each in fields(self) if each.init}

    @classmethod
    def from_description(cls, description: Mapping[str, object]) -> Self:
        """The domain that `describe` describes: its values are arguments of the constructor."""
        return cls(**description)

    def restricted(self, keeps: Callable[[Tensor], Tensor]) -> Domain | None:
        """The part of the domain where `keeps`, a mask (n,) of positions (n, d), holds.

        None, as by default, where `a & b` and `a - b` have to reject points; data are selected.
        """
        return None

    def at(self, **values: float) -> Domain:
        """The part where the named coordinates have these values: `(disk * Box(t=(0, 1))).at(t=0)`.

        Only boxes and their products with other domains have such parts; for all others, and for
        coordinates that belong to no box, it raises DomainError.
        """
        raise DomainError(
            f"`at` takes coordinates of a box that are free, and {self!r} has none among "
            f"{', '.join(self.axes)}. Write `domain.boundary`, or `domain & Box(…).at(…)` with a "
            "box around it."
        )

    def times(self, other: Domain) -> Domain | None:
        """The product with a domain with other axes, if it has a form of its own; None if not."""
        return None

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
        return self.holds(x, tolerance)

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
        images, start = [], 0.0
        for piece in self.pieces:
            mine = u[:1]
            if wide:
                share = piece.measure / self.measure
                inside = (u[:, 0] >= start) & (u[:, 0] < start + share)
                mine = u[inside]
                mine = torch.cat([((mine[:, :1] - start) / share).clamp(0, 1), mine[:, 1:]], dim=1)
                start += share
            if len(mine):
                images.append(piece.points(piece.chart(mine[:, : piece.inputs])))
        return Points.concatenate(images)

    @final
    def sample_point(self) -> Points:
        """One point of the first piece: the image of the middle of the unit cube, if it is kept."""
        piece = self.pieces[0]
        middle = torch.full((1, piece.inputs), 0.5, dtype=torch.float64, device="cpu")
        more = sobol(_TRIED if piece.inputs else 0, piece.inputs, seed=0)
        return piece.points(piece.chart(torch.cat([middle, more]))).select(slice(1))

    @final
    def flux_part(self, values: Domain | None, slopes: Sequence[Domain]) -> BoundaryPart:
        """This part of a boundary for `Ansatz(flux=…)`, beside those with values and with fluxes.

        Raises DomainError where no smooth function is known that has slope one on it.
        """
        return boundary_part(self, () if values is None else values.smooth_parts, slopes)

    @final
    def __or__(self, other: Domain) -> Domain:
        return _COMBINATIONS["|"](self, other)

    @final
    def __and__(self, other: Domain) -> Domain:
        return _COMBINATIONS["&"](self, other)

    @final
    def __sub__(self, other: Domain) -> Domain:
        return _COMBINATIONS["-"](self, other)

    @final
    def __mul__(self, other: Domain) -> Domain:
        return _COMBINATIONS["*"](self, other)


class Piece(Domain):
    """A domain with one chart: a map of the unit cube that stretches all of it alike.

    Subclass it for a domain of your own, as a frozen dataclass, marked `final`. It has to give the
    seven members `axes`, `dimension`, `measure`, `bounds`, `boundary`, `chart` and `holds`; then it
    can be solved in and combined by `| & - *`. A boundary piece, whose chart gives outward normals,
    may also give a `boundary_function`; then an `Ansatz` holds values and fluxes on it. All else,
    see `Shape`, makes measures exact that would be estimated.
    """

    @property
    def inputs(self) -> int:
        """How many unit coordinates the chart takes; by default the dimension."""
        return self.dimension

    @property
    def affine(self) -> bool:
        """Whether the chart is affine and keeps every point: product rules keep their order."""
        return False

    @abstractmethod
    def chart(self, u: Tensor) -> Image:
        """The image of unit coordinates u, shape (n, inputs), of their precision and place.

        Equal volumes of them have images of equal measure, those that `Image.kept` rejects left
        out.
        """

    def drawn(
        self, n: int, *, seed: int, dtype: torch.dtype, device: torch.device
    ) -> Points | None:
        """n points of measured data, all of them if they are no more, each with equal weight.

        None, as by default, for a domain whose points are images of unit coordinates.
        """
        return None

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


Combine = Callable[[Domain, Domain], Domain]

_COMBINATIONS: dict[str, Combine] = {}
_TRIED = 64  # points of a piece among which one is looked for that it keeps


def combines(symbol: str) -> Callable[[Combine], Combine]:
    """Registers what `a | b`, `a & b`, `a - b` or `a * b` is, for the function it decorates.

    Unions and products are made of domains and stand in modules above this one, which the package
    `siren_pde.domains` imports: so whoever has a domain has its operators.
    """

    def register(function: Combine) -> Combine:
        _COMBINATIONS[symbol] = function
        return function

    return register


def grouped(domain: Domain) -> str:
    """A domain as an operand reads: in parentheses if operators join it at the outermost level."""
    text, depth = repr(domain), 0
    for letter in text:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == " " and not depth:
            return f"({text})"
    return text
