"""Quadrature rules choose points on a domain, with weights: ∫ f ≈ Σᵢ wᵢ f(xᵢ)."""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self, final

import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.collocation.drawing import BLOCK, Draw, sampled, some_sampled
from siren_pde.collocation.product_rule import gauss_legendre, product_rule
from siren_pde.domains.base import Domain, Piece
from siren_pde.errors import ConfigError, DomainError
from siren_pde.numerics.checked import is_whole
from siren_pde.numerics.sobol import digits, sobol, to_unit

_PER_PIECE = 1_000_003  # keeps the seeds of the pieces of one domain apart


@dataclass(frozen=True)
class Quadrature(ABC):
    """A rule that turns a domain into points: `rule(domain, seed=0)`.

    Subclass `SequenceRule` for a sequence of points in the unit cube, and this class, with
    `points_on`, for everything else. Raises ConfigError unless n is a whole number ≥ 1.
    """

    n: int

    def __post_init__(self) -> None:
        if not is_whole(self.n) or self.n < 1:
            raise ConfigError(
                f"`{type(self).__name__}` needs a whole number n ≥ 1 of points, got {self.n!r}."
            )

    @final
    def with_count(self, n: int) -> Self:
        """The same rule with another n."""
        return replace(self, n=n)

    @final
    def __call__(
        self,
        domain: Domain,
        *,
        seed: int = 0,
        dtype: torch.dtype = torch.float64,
        device: torch.device | str = "cpu",
    ) -> Points:
        """Points on `domain` with weights that sum to its measure; the same seed, the same points.

        Raises DomainError where the domain is empty or the rule does not suit it.
        """
        if not dtype.is_floating_point:
            raise ConfigError(f"points need a floating-point dtype, got {dtype}.")
        like, parts = torch.empty((0,), dtype=dtype, device=device), []
        for i, (piece, count) in enumerate(self.counts(domain)):
            own = seed + _PER_PIECE * i
            data = piece.drawn(count, seed=own, dtype=dtype, device=like.device)
            parts.append(
                self.points_on(piece, count, seed=own, like=like) if data is None else data
            )
        return parts[0] if len(parts) == 1 else Points.concatenate(parts)

    @final
    def part(
        self, domain: Domain, of: Callable[[int], slice], *, seed: int = 0, like: Tensor
    ) -> tuple[Points, int, int]:
        """Those of all n points that the slice of(n) chooses, the number of their first, and n.

        They are of the dtype and on the device of `like`. Where the rule is a `sequence`, no more
        points than these are held, and blocks of others while they are drawn; of another rule all
        are drawn, and the rest is let go.
        """
        pieces, given = self.counts(domain), list[tuple[Draw | Points, int]]()
        for i, (piece, count) in enumerate(pieces):
            own = seed + _PER_PIECE * i
            known = piece.drawn(count, seed=own, dtype=like.dtype, device=like.device)
            source = self.sequence(piece, seed=own, like=like) if known is None else known
            if source is None:
                source = self.points_on(piece, count, seed=own, like=like)
            given.append((source, len(source) if isinstance(source, Points) else count))
        ends = list(itertools.accumulate(size for _, size in given))
        some, parts = of(ends[-1]), list[Points]()
        for (piece, count), (source, size), end in zip(pieces, given, ends, strict=True):
            first, last = (min(max(k - end + size, 0), size) for k in (some.start, some.stop))
            if first == last and (parts or end < ends[-1]):
                continue  # none at all are an empty part of the last piece
            if isinstance(source, Points):
                parts.append(source.select(torch.arange(first, last, device=like.device)))
            else:
                parts.append(some_sampled(piece, count, source, slice(first, last)))
        return Points.concatenate(parts), some.start, ends[-1]

    def sequence(self, piece: Piece, *, seed: int, like: Tensor) -> Draw | None:
        """Points number skip … skip + n − 1, by (n, skip), of a sequence in the unit cube whose
        images are the points of a piece; None, as by default, where a rule is more than that.

        Later ones are asked for after earlier ones, and no number twice.
        """
        return None

    def counts(self, domain: Domain) -> list[tuple[Piece, int]]:
        """The pieces of a domain, and how many points each may have.

        By default n is shared in proportion to their measures, at least one each.
        """
        return _in_proportion(domain, self.n)

    @abstractmethod
    def points_on(self, piece: Piece, count: int, *, seed: int, like: Tensor) -> Points:
        """Points on one piece, of the dtype and on the device of `like`.

        They are images under its `chart`, and their weights sum to its measure.
        """


@dataclass(frozen=True)
class SequenceRule(Quadrature):
    """A rule made of a sequence of points in the unit cube, all of equal weight.

    Subclass it for a rule of your own, as a frozen dataclass, marked `final`; it has to give
    `unit_points`. A domain shares n among its pieces; what falls outside it is rejected, and the
    sequence goes on.
    """

    @abstractmethod
    def unit_points(self, n: int, inputs: int, *, seed: int, skip: int) -> Tensor:
        """Points number skip … skip + n − 1 of a sequence in the unit cube, shape (n, inputs).

        The seed decides which sequence. Any precision and device will do: they are converted.
        """

    @final
    def points_on(self, piece: Piece, count: int, *, seed: int, like: Tensor) -> Points:
        """The images of the first `count` points of the sequence that lie in the piece."""
        return sampled(piece, count, self.sequence(piece, seed=seed, like=like))

    @final
    def sequence(self, piece: Piece, *, seed: int, like: Tensor) -> Draw:
        """The sequence, of the dtype and on the device of `like`."""

        def draw(n: int, skip: int) -> Tensor:
            if not piece.inputs:  # a single point
                return like.new_empty((n, 0))
            u = self.unit_points(n, piece.inputs, seed=seed, skip=skip)
            if u.shape != (n, piece.inputs):
                raise ConfigError(
                    f"`{type(self).__name__}.unit_points` was asked for {n} points with "
                    f"{piece.inputs} coordinates and gave the shape {tuple(u.shape)}. Return one "
                    "row for each point."
                )
            return u.to(like)

        return draw


@final
@dataclass(frozen=True)
class Sobol(Quadrature):
    """n scrambled Sobol points: the error falls almost like 1/n for smooth functions.

    A domain of several pieces shares n among them in proportion to their measures, at least one
    point each; single points count in full, as do clouds of at most n points, while larger clouds
    are sampled. n = 2ᵏ is best.
    Sources: Sobol' (1967); Owen (1998), scrambling; Joe & Kuo (2008), direction numbers.
    """

    def points_on(self, piece: Piece, count: int, *, seed: int, like: Tensor) -> Points:
        """The first `count` Sobol points that lie in the piece."""
        return sampled(piece, count, self.sequence(piece, seed=seed, like=like))

    def sequence(self, piece: Piece, *, seed: int, like: Tensor) -> Draw:
        """Sobol points, any of them as fast as the first."""

        def draw(n: int, skip: int) -> Tensor:
            return sobol(
                n, piece.inputs, seed=seed, skip=skip, dtype=like.dtype, device=like.device
            )

        return draw


@final
@dataclass(frozen=True)
class MonteCarlo(Quadrature):
    """n independent random points: the error falls like 1/√n for every square-integrable function.

    n is shared among pieces and clouds as by `Sobol`.
    """

    def points_on(self, piece: Piece, count: int, *, seed: int, like: Tensor) -> Points:
        """`count` independent points of the piece."""
        return sampled(piece, count, self._drawn(piece, seed, like))

    def sequence(self, piece: Piece, *, seed: int, like: Tensor) -> Draw | None:
        """The points one after the other, on a processor; generators of other devices make other
        numbers where they are asked for fewer at once.
        """
        return self._drawn(piece, seed, like) if like.device.type == "cpu" else None

    def _drawn(self, piece: Piece, seed: int, like: Tensor) -> Draw:
        generator = torch.Generator(device=like.device).manual_seed(seed)
        bits, passed = digits(like.dtype), 0

        def draw(n: int, skip: int) -> Tensor:
            nonlocal passed
            while passed < skip:
                passed += len(integer(min(BLOCK, skip - passed)))
            passed += n
            return to_unit(integer(n), bits, like.dtype)

        def integer(n: int) -> Tensor:
            size, kind = (n, piece.inputs), torch.int64
            return torch.randint(2**bits, size, generator=generator, dtype=kind, device=like.device)

        return draw


@final
@dataclass(frozen=True)
class GaussLegendre(Quadrature):
    """n Gauss-Legendre nodes along every axis: exact for polynomials of degree 2n − 1 in each.

    For boxes, faces and what is made of them. Raises DomainError for curved or sifted domains.
    """

    def counts(self, domain: Domain) -> list[tuple[Piece, int]]:
        """n along every axis of every piece, and every point of a cloud."""
        return [(piece, _all_of(piece, self.n)) for piece in domain.pieces]

    def points_on(self, piece: Piece, count: int, *, seed: int, like: Tensor) -> Points:
        """The product of the rule along the axes of the piece."""
        if not piece.affine:
            raise DomainError(
                f"`GaussLegendre` is exact on boxes and their faces only, not on {piece!r}. "
                f"Write `Sobol({self.n**piece.inputs})`."
            )
        return product_rule(piece, *gauss_legendre(self.n), like)


@final
@dataclass(frozen=True)
class Grid(Quadrature):
    """The midpoints of n equal intervals along every axis: the error falls like 1/n².

    On curved domains the grid is one of their parameters. Where points outside the domain have to
    be rejected, the error falls like 1/n only.
    """

    def counts(self, domain: Domain) -> list[tuple[Piece, int]]:
        """n along every axis of every piece, and every point of a cloud."""
        return [(piece, _all_of(piece, self.n)) for piece in domain.pieces]

    def points_on(self, piece: Piece, count: int, *, seed: int, like: Tensor) -> Points:
        """The midpoints along the axes of the piece."""
        middles = tuple((i + 0.5) / self.n for i in range(self.n))
        return product_rule(piece, middles, (1 / self.n,) * self.n, like)


def _all_of(piece: Piece, n: int) -> int:
    return n if piece.count is None else piece.count


def _in_proportion(domain: Domain, n: int) -> list[tuple[Piece, int]]:
    """n points shared among the pieces in proportion to their measures, at least one each."""
    pieces = domain.pieces
    wide = [piece for piece in pieces if piece.inputs]
    total = math.fsum(piece.measure for piece in wide)
    edges = list(itertools.accumulate((piece.measure / total for piece in wide), initial=0.0))
    ends = [round(n * edge) for edge in edges]
    counts = iter(max(1, b - a) for a, b in itertools.pairwise(ends))
    return [(piece, next(counts) if piece.inputs else 1) for piece in pieces]
