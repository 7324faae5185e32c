"""Quadrature rules choose points on a domain, with weights: ∫ f ≈ Σᵢ wᵢ f(xᵢ)."""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Self, final

import numpy as np
import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.domains.base import Domain, Piece
from siren_pde.errors import ConfigError, DomainError
from siren_pde.numerics.checked import is_whole
from siren_pde.numerics.sobol import digits, sobol, to_unit

_MOST_DRAWN = 2**22  # points drawn on one piece before rejection is given up
_BATCH = 2**18  # points drawn at once while most are rejected
_MOST_NODES = 2**24  # nodes of one product rule
_PER_PIECE = 1_000_003  # keeps the seeds of the pieces of one domain apart

Draw = Callable[[int, int], Tensor]


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
        parts = []
        for i, (piece, count) in enumerate(self.counts(domain)):
            own, place = seed + _PER_PIECE * i, torch.device(device)
            data = piece.drawn(count, seed=own, dtype=dtype, device=place)
            where = torch.empty((0,), dtype=dtype, device=place)
            on_piece = self.points_on(piece, count, seed=own, like=where) if data is None else data
            parts.append(on_piece)
        return parts[0] if len(parts) == 1 else Points.concatenate(parts)

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

        return _sampled(piece, count, draw)


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

        def draw(n: int, skip: int) -> Tensor:
            return sobol(
                n, piece.inputs, seed=seed, skip=skip, dtype=like.dtype, device=like.device
            )

        return _sampled(piece, count, draw)


@final
@dataclass(frozen=True)
class MonteCarlo(Quadrature):
    """n independent random points: the error falls like 1/√n for every square-integrable function.

    n is shared among pieces and clouds as by `Sobol`.
    """

    def points_on(self, piece: Piece, count: int, *, seed: int, like: Tensor) -> Points:
        """`count` independent points of the piece."""
        generator = torch.Generator(device=like.device).manual_seed(seed)
        bits = digits(like.dtype)

        def draw(n: int, skip: int) -> Tensor:
            integers = torch.randint(
                2**bits,
                (n, piece.inputs),
                generator=generator,
                dtype=torch.int64,
                device=like.device,
            )
            return to_unit(integers, bits, like.dtype)

        return _sampled(piece, count, draw)


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
        return _product_rule(piece, *_gauss(self.n), like)


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
        return _product_rule(piece, middles, (1 / self.n,) * self.n, like)


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


def _sampled(piece: Piece, count: int, draw: Draw) -> Points:
    """`count` points of a piece, in the order drawn, those that fall outside rejected."""
    image = piece.chart(draw(count, 0))
    if image.kept is None:
        return piece.points(image)
    parts, drawn = [piece.points(image)], count
    inside = len(parts[0])
    limit = _MOST_DRAWN + 64 * count
    while inside < count:
        if drawn >= limit:
            raise DomainError(
                f"only {inside} of {drawn} points drawn fell into {piece!r}, of {count} asked for. "
                "It is empty or too thin for sampling: check its parts."
            )
        more = math.ceil(1.1 * (count - inside) * drawn / max(inside, 1)) + 16
        more = min(more, limit - drawn, max(count, _BATCH))
        parts.append(piece.points(piece.chart(draw(more, drawn))))
        drawn, inside = drawn + more, inside + len(parts[-1])
    points = Points.concatenate(parts).select(slice(count))
    return replace(points, weights=torch.full_like(points.weights, piece.measure / count))


def _product_rule(
    piece: Piece, nodes: tuple[float, ...], weights: tuple[float, ...], like: Tensor
) -> Points:
    """The product of a rule on (0, 1) along every unit coordinate, carried over by the chart."""
    if len(nodes) ** piece.inputs > _MOST_NODES:
        raise DomainError(
            f"{len(nodes)} nodes along each of {piece.inputs} axes are too many points. "
            "Write `Sobol` with as many points as you can afford."
        )
    line, shares = (torch.tensor(v, dtype=like.dtype, device=like.device) for v in (nodes, weights))
    image = piece.chart(_grid(line, piece.inputs))
    points = piece.points(image)
    if len(points) == 0:
        raise DomainError(
            f"none of the {len(image.positions)} nodes lies in {piece!r}. Take more, or `Sobol`."
        )
    if image.kept is not None:
        return points
    return replace(points, weights=piece.measure * _grid(shares, piece.inputs).prod(1))


def _grid(line: Tensor, axes: int) -> Tensor:
    """All combinations of `axes` numbers from a line (n,), shape (nᵏ, k)."""
    if axes == 0:
        return line.new_empty((1, 0))
    return torch.cartesian_prod(*[line] * axes).reshape(-1, axes)


@lru_cache(maxsize=64)
def _gauss(n: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The nodes and weights of the Gauss-Legendre rule on (0, 1)."""
    nodes, weights = np.polynomial.legendre.leggauss(n)
    return tuple(((nodes + 1) / 2).tolist()), tuple((weights / 2).tolist())
