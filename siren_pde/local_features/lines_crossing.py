"""One crossing of all of time on boxes of space, at one tolerance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from siren_pde.collocation.objective import Objective
from siren_pde.fields.base import Field, Network
from siren_pde.fields.local_sines import LocalSines
from siren_pde.fields.marched_sines import MarchedSines
from siren_pde.local_features.lines_operator import Operator
from siren_pde.local_features.lines_space import Space
from siren_pde.local_features.stage import Stage
from siren_pde.numerics.runge_kutta import DIAGONAL, GOING_ON, STARTING, Scheme

FIRST, SMALLEST = 6, 40
"""Steps are the whole time halved so many times, first and at most."""
COARSEST = 3
"""And so many times at least."""
DOUBLED = 0.04
"""Steps whose error is below this share of the tolerance are doubled: errors grow by 16 then."""
KEPT = 3
"""Matrices of so many lengths of steps are kept."""
HELPED = 0.8
"""A shorter step should have no more than this share of the error of the longer one: else it is not
one in time.
"""
SLOW = 0.2
"""Newton's moves that shrink by less than this want another matrix for the next step."""
LOOKED = 0.3
"""What steps leave is looked at whenever so many more of them were made, beside all."""
CLOSE = 1e-2
"""How much smaller than the tolerance Newton's moves have to become."""
TINY = 1e-300


@dataclass(frozen=True, eq=False)
class Level:
    """Where a step ends: a time, and θ of the unknown and of each of its derivatives there."""

    time: float
    parts: tuple[Tensor, ...]


@dataclass(frozen=True, eq=False)
class Crossing:
    """Where a crossing stands: its levels so far, the first with no slope yet.

    A step is the whole time halved `halved` times. `scale` (order, networks) are the largest sizes
    of unknowns so far, `operators` the matrices by number of halvings, `squares` (K,) what steps
    have left in each box at fresh points, and `residual` the size of it in `looked` of them.
    """

    space: Space
    tolerance: float
    steady: bool
    levels: tuple[Level, ...]
    scale: Tensor
    squares: Tensor
    halved: int = FIRST
    operators: tuple[tuple[int, Operator], ...] = ()
    residual: float = 0.0
    looked: int = 0
    unseen: int = 0
    refused: float = math.inf
    failed: bool = False

    @staticmethod
    def starting(space: Space, tolerance: float, *, steady: bool, scale: Tensor) -> Crossing:
        """At the initial values; unknowns become as large as `scale` (networks,) at least."""
        start = space.initial()
        first = torch.stack([space.sizes(part) for part in start])
        first[0] = torch.maximum(scale, first[0])
        level = Level(space.time.low, tuple(start))
        squares = space.zero.new_zeros((len(space.tree),))
        return Crossing(space, tolerance, steady, (level,), first, squares)

    @property
    def done(self) -> bool:
        """Whether it has got through."""
        return self.levels[-1].time >= self.space.time.high

    @property
    def ended(self) -> bool:
        """Whether it has got through, or will not."""
        return self.done or self.failed

    @property
    def whole(self) -> float:
        """All of time."""
        return self.space.time.high - self.space.time.low

    # ── one step ──────────────────────────────────────────────────────────────────────────────

    def advanced(self) -> Crossing:
        """After one more step, or one more attempt at it."""
        length, level = self.whole / 2**self.halved, self.levels[-1]
        scheme = GOING_ON if len(level.parts) > self.space.time.order else STARTING
        crossing, operator = self._with_operator(length, level)
        solved = crossing._stages(scheme, operator, level, length)
        if solved is None:  # with a matrix of another level, or where a step is too long
            return replace(self, operators=()) if crossing is self else crossing._shorter(2)
        stages, contraction = solved
        error = crossing._error(scheme, stages, length)
        if not (error <= self.tolerance or HELPED * self.refused < error < math.inf):
            halvings = math.ceil(math.log2(max(error / self.tolerance, 1.0)) / 4)
            shorter = crossing._shorter(min(max(halvings, 1), 4) if error < math.inf else 4)
            return replace(shorter, refused=error)
        if contraction > SLOW:
            crossing = replace(crossing, operators=())
        return crossing._accepted(stages, length, error)

    def _with_operator(self, length: float, level: Level) -> tuple[Crossing, Operator]:
        known = {number: operator for number, operator in self.operators}
        if self.halved in known:
            return self, known[self.halved]
        parts = level.parts[: self.space.time.order]
        operator = Operator(
            self.space, 1 / (DIAGONAL * length), level.time + length / 2, parts[0], parts
        )
        kept = (*self.operators[-(KEPT - 1) :], (self.halved, operator))
        return replace(self, operators=kept), operator

    def _stages(
        self, scheme: Scheme, operator: Operator, level: Level, length: float
    ) -> tuple[list[tuple[Tensor, ...]], float] | None:
        """θ of the unknown and its derivatives at each stage, and the share that is left of one of
        Newton's moves by the next.
        """
        order, contraction = self.space.time.order, 0.0
        stages: list[tuple[Tensor, ...]] = [level.parts] if scheme.explicit else []
        for i in scheme.implicit:
            weights = scheme.rows[i][:i]
            known = [
                level.parts[k]
                + length * sum((w * s[k + 1] for w, s in zip(weights, stages, strict=True)), 0.0)
                for k in range(order)
            ]
            at = level.time + scheme.nodes[i] * length
            if self.steady:
                theta = operator.exact(at, known)
            else:
                guess = stages[-1][0] if stages else level.parts[0]
                close = CLOSE * self.tolerance
                solved = operator.newton(at, guess, known, scale=self.scale[0], close=close)
                if solved is None:
                    return None
                theta, contraction = solved.theta, max(contraction, solved.contraction)
            stages.append(tuple(operator.slopes(theta, known)))
        return stages, contraction

    def _error(self, scheme: Scheme, stages: Sequence[tuple[Tensor, ...]], length: float) -> float:
        """The difference of two schemes, beside the sizes of unknowns and of their slopes; those of
        slopes that move unknowns by less than their own size in a step are none.
        """
        space, scale, worst = self.space, self._scale_with(stages[-1]), 0.0
        for k in range(space.time.order):
            e = length * sum((w * s[k + 1] for w, s in zip(scheme.error, stages, strict=True)), 0.0)
            assert isinstance(e, Tensor)
            usual = torch.maximum(scale[k], scale[0] / length**k).clamp_min(TINY)
            worst = max(worst, float((space.sizes(e) / usual)[space.counted].max()))
        return worst if math.isfinite(worst) else math.inf

    def _scale_with(self, parts: Sequence[Tensor]) -> Tensor:
        """The largest sizes so far, and those of a level."""
        sizes = torch.stack([self.space.sizes(part) for part in parts[: self.space.time.order]])
        return torch.maximum(self.scale, sizes)

    def _shorter(self, halvings: int) -> Crossing:
        halved = self.halved + halvings
        operators = self.operators if self.steady else ()
        return replace(self, halved=halved, operators=operators, failed=halved > SMALLEST)

    def _accepted(
        self, stages: Sequence[tuple[Tensor, ...]], length: float, error: float
    ) -> Crossing:
        space, level = self.space, self.levels[-1]
        levels = self.levels
        if len(level.parts) <= space.time.order:
            levels = (*levels[:-1], _with_slope(level, stages[-1], length))
        count = round((level.time - space.time.low) / length) + 1
        end = space.time.low + count * length
        end = space.time.high if count == 2**self.halved else end
        following = replace(
            self,
            levels=(*levels, Level(end, stages[-1])),
            scale=self._scale_with(stages[-1]),
            unseen=self.unseen + 1,
            refused=math.inf,
        )
        quiet = error < DOUBLED * self.tolerance
        doubled = quiet and count % 2 == 0 and self.halved > COARSEST
        due = doubled or following.done or following.unseen >= LOOKED * len(levels)
        if due:
            following = following._looked(length)
        return replace(following, halved=self.halved - 1) if doubled else following

    def _looked(self, length: float) -> Crossing:
        """With what the last step leaves at fresh points, for all steps since it was looked at."""
        space, last = self.space.judging, self.levels[-1]
        rate = 1 / (DIAGONAL * length)
        order, split = space.time.order, space.columns.split
        known = [split(last.parts[k] - last.parts[k + 1] / rate) for k in range(order)]
        stage = Stage.implicit(space.time.axis, rate, known)
        squares, data = space.squares(stage, last.time, last.parts)
        squares = squares / max(data, TINY)
        return replace(
            self,
            squares=self.squares + self.unseen * squares,
            residual=self.residual + self.unseen * float(squares.sum()),
            looked=self.looked + self.unseen,
            unseen=0,
        )

    @property
    def left(self) -> float:
        """What steps leave in space, relative to their data."""
        return math.sqrt(self.residual / self.looked) if self.looked else math.inf

    # ── what it has found ─────────────────────────────────────────────────────────────────────

    def field(self) -> Field:
        """The solution so far."""
        levels, columns, data = self.levels, self.space.columns, self.space.time.order + 1
        if len(levels) == 1:
            first, order = levels[0], self.space.time.order
            zero = torch.zeros_like(first.parts[0])
            still = (first.parts[0], *[zero] * order)
            levels = (replace(first, parts=still), Level(self.space.time.high, still))
        times = [level.time for level in levels]
        names = iter(columns.local)
        split = [[columns.split(part) for part in level.parts] for level in levels]

        def change(network: Network) -> Network:
            if not isinstance(network, LocalSines):
                return network
            name = next(names)
            outputs = network.outputs * data * len(levels)
            inner = LocalSines(
                network.tree,
                outputs,
                features=network.features,
                band=network.band,
                owner=network.owner,
                period=network.period,
                of=network.of,
                constant=network.constant,
                seed=network.seed,
            )
            each = [network.by_box(part[name]) for level in split for part in level]
            inner.coefficients.data.copy_(torch.cat(each, 1))
            return MarchedSines(inner, times, data)

        return self.space.local.field.rebuilt(change)

    def objective(self) -> Objective:
        """The whole problem, with the solution so far."""
        return replace(self.space.whole, field=self.field())


def _with_slope(first: Level, end: tuple[Tensor, ...], length: float) -> Level:
    """The first level with the highest derivative that its polynomial has, of one degree less."""
    *known, below = first.parts
    # the parabola of the last derivative that is known: its value here, and value and slope there
    slope = 2 * (end[len(known)] - below) / length - end[-1]
    return Level(first.time, (*known, below, slope))
