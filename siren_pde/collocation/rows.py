"""The rows of a problem's conditions: at points that are there, or that are drawn once one asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import final, overload

import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.collocation.evaluation import Rows
from siren_pde.collocation.residual import BoundResidual
from siren_pde.collocation.sampling import Part, Sampling
from siren_pde.problem import Condition
from siren_pde.processes.processes import Processes

COINS = 2**18
"""Points whose random signs are drawn at once, by every process, which keeps those of its own."""


@dataclass(frozen=True, eq=False)
class Share:
    """What one of several processes has of a condition: its rows, which of all points they are at,
    by `numbers` (n,), and how many those of all are.
    """

    rows: Rows
    numbers: Tensor
    count: int


@dataclass(frozen=True, eq=False)
class Chosen:
    """Points of equal weights, chosen among the candidates of a sampling by `index` (n,), with
    repetitions.
    """

    candidates: Sampling
    index: Tensor

    def part(self, condition: Condition, processes: Processes, like: Tensor) -> Part:
        """Those whose candidates are this process's."""
        own = self.candidates.part(condition, processes.part, like)
        first = own.numbers[:1].sum()
        mine = (self.index >= first) & (self.index < first + len(own.points))
        points = equally_weighted(own.points.select(self.index[mine] - first))
        numbers = mine.nonzero()[:, 0]
        return Part(points, numbers, len(self.index), points.weights.sum())


@final
@dataclass(frozen=True, eq=False)
class Drawn(Sequence[Rows]):
    """The rows of conditions at the points of a sampling, of the dtype and on the device of `like`.

    They are drawn, all of them, as soon as one is asked for. What several processes share is drawn
    by each without the others' part, and is the same whoever draws it. `measured` are the names of
    conditions whose points hold data, `chosen` those that are some of many candidates.
    """

    sampling: Sampling
    bound: tuple[tuple[Condition, BoundResidual], ...]
    like: Tensor
    measured: frozenset[str]
    chosen: Mapping[str, Chosen]

    @cached_property
    def _all(self) -> tuple[Rows, ...]:
        points = self.sampling.draw(self.like)
        for condition, _ in self.bound:
            if (chosen := self.chosen.get(condition.name)) is not None:
                candidates = chosen.candidates.draw(self.like)[condition.name]
                points[condition.name] = equally_weighted(candidates.select(chosen.index))
        return tuple(
            Rows(c, residual, points[c.name], self.sampling.scale(c, points[c.name]))
            for c, residual in self.bound
        )

    def __len__(self) -> int:
        return len(self.bound)

    @overload
    def __getitem__(self, index: int) -> Rows: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Rows]: ...

    def __getitem__(self, index: int | slice) -> Rows | Sequence[Rows]:
        return self._all[index]

    def shares(self, processes: Processes) -> list[Share]:
        """This process's part of each condition; all processes call for theirs."""
        parts = []
        for c, _ in self.bound:
            if c.name in self.chosen:
                parts.append(self.chosen[c.name].part(c, processes, self.like))
            else:
                parts.append(self.sampling.part(c, processes.part, self.like))
        sums = (torch.stack([part.total, part.points.weights.sum()]) for part in parts)
        shares = []
        for (c, residual), part, each in zip(
            self.bound, parts, processes.summed(*sums), strict=True
        ):
            total, weights = each
            points = replace(part.points, weights=part.points.weights * (total / weights))
            rows = Rows(c, residual, points, self.sampling.scale(c, points, total))
            shares.append(Share(rows, part.numbers, part.count))
        return shares


def equally_weighted(points: Points) -> Points:
    """The points with weights of one."""
    return replace(points, weights=torch.ones_like(points.weights))


def shares_of(rows: Sequence[Rows], processes: Processes) -> list[Share]:
    """A process's part of each condition: as many points as the others', or one more, with the
    scales that they have among all.
    """
    if isinstance(rows, Drawn):
        return rows.shares(processes)
    shares = []
    for each in rows:
        count = len(each.points)
        piece = processes.part(count)
        numbers = torch.arange(piece.start, piece.stop, device=each.scale.device)
        shares.append(Share(each.select(piece), numbers, count))
    return shares


def signs_of(shares: Sequence[Share], generator: torch.Generator, like: Tensor) -> Tensor:
    """Random signs (N,) for rows of a process, the same ones whoever has them."""
    signs = []
    for share in shares:
        m = share.rows.residual.components
        own = like.new_empty((len(share.numbers), m))
        for start in range(0, share.count, COINS):
            size = (min(COINS, share.count - start), m)
            coins = torch.randint(0, 2, size, generator=generator, device=like.device)
            mine = (share.numbers >= start) & (share.numbers < start + len(coins))
            own[mine] = (2 * coins[share.numbers[mine] - start] - 1).to(like)
        signs.append(own.flatten())
    return torch.cat(signs)
