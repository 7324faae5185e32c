"""The error of a march, slab by slab: each starts from the error at the end of the one before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from torch import Tensor

from siren_pde.collocation.evaluation import Rows
from siren_pde.collocation.objective import Objective
from siren_pde.estimates.companions import Companions
from siren_pde.estimates.defect import FRESH, JUDGED, Carried, best_correction, points_for
from siren_pde.estimates.linearised import linearised
from siren_pde.estimates.sizes import POINTS, Size, sizes
from siren_pde.fields.base import Field, Network
from siren_pde.fields.derived.composed import Composed
from siren_pde.fields.derived.piecewise import Piecewise
from siren_pde.fields.derived.stretched import GridStretching, Stretched
from siren_pde.random_features.evolution import Evolution, Slab, Slabs

FEWEST = 128
"""Points of a slab at which sizes are taken, at least."""


@dataclass(frozen=True)
class March:
    """The pieces of an answer that a march has found, in their order, and the ends of their slabs.

    `times` are the ends, one more than pieces.
    """

    evolution: Evolution
    pieces: tuple[Field, ...]
    times: tuple[float, ...]

    @staticmethod
    def of(field: Field, evolution: Evolution) -> March | None:
        """The march that a field is made of, None for any other field."""
        networks = list(field.networks().values())
        first = networks[0]
        if not all(isinstance(network, Piecewise) for network in networks):
            return None
        assert isinstance(first, Piecewise)
        times = (evolution.low, *first.breaks, evolution.high)
        pieces = tuple(field.rebuilt(_Piece(k)) for k in range(len(times) - 1))
        return March(evolution, pieces, times)


@dataclass(frozen=True)
class _Piece:
    number: int

    def __call__(self, network: Network) -> Network:
        assert isinstance(network, Piecewise)
        return network.networks_in_order[self.number]


def stretching(field: Field) -> tuple[GridStretching, ...]:
    """How the axes of a piece are stretched."""
    network, each = next(iter(field.networks().values())), []
    while isinstance(network, Composed):
        if isinstance(network, Stretched):
            each.append(network.stretch)
        network = network.network
    return tuple(each)


@dataclass(frozen=True)
class SlabError:
    """The sizes of the error in a slab, how far it can be believed (see `Correction`), and the
    error itself where it is kept.
    """

    sizes: dict[str, Size]
    beta: float
    fresh: float
    error: Field | None = None


def slab_errors(answer: Objective, march: March, companions: Companions) -> Iterator[SlabError]:
    """The error of slab after slab."""
    slabs, problem = Slabs.of(answer, march.evolution), answer.collocated.problem
    before: tuple[Field, Field] | None = None
    whole = march.times[-1] - march.times[0]
    n = max(POINTS // len(march.pieces), FEWEST)
    for k, piece in enumerate(march.pieces):
        slab = Slab(march.evolution, march.times[k], march.times[k + 1], stretching(piece))
        start = None if before is None else before[0]
        features = companions.of(replace(answer, field=piece))
        count = points_for(answer, features)
        carried = None if before is None else _handover(slabs, slab, before)
        seed = answer.seed + FRESH + 2 * k
        fitted = slabs.slab(slab, start, count=count, seed=seed)
        judged = slabs.slab(slab, start, count=int(JUDGED * count), seed=seed + 1)
        correction = best_correction(
            replace(fitted, field=piece), replace(judged, field=piece), features, carried=carried
        )
        share = (slab.end - slab.start) / whole
        parts = sizes(problem, piece, correction.error, n=n, move=slab, rows=answer.collocated.rows)
        shared = {name: Size(share * s.error, share * s.unknown) for name, s in parts.items()}
        yield SlabError(shared, correction.beta, correction.fresh, correction.error)
        before = (piece, correction.error)


def _handover(slabs: Slabs, slab: Slab, before: tuple[Field, Field]) -> Carried:
    """What the error before hands over: less of it is left to be made good."""

    def carried(rows: Rows) -> Tensor | None:
        if rows.condition.name != slabs.handover:
            return None
        positions = rows.points.positions.clone()
        positions[:, slabs.evolution.axis] = slab.start
        points = replace(rows.points, positions=positions)
        _, moved = linearised(slabs.state, *before, points)
        return -(rows.scale[:, None] * moved).flatten()

    return carried
