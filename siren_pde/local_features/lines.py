"""March by the method of lines on boxes: local features in space, Runge-Kutta steps in time."""

from __future__ import annotations

import math
import time as clock
from dataclasses import dataclass, replace
from typing import ClassVar, final

import torch

from siren_pde.collocation.objective import Objective
from siren_pde.errors import ConfigError
from siren_pde.local_features.discretised import Waves
from siren_pde.local_features.lines_ahead import Ahead
from siren_pde.local_features.lines_boxes import SUITED, first_boxes, refined, unsuited_lines
from siren_pde.local_features.lines_crossing import TINY, Crossing
from siren_pde.local_features.lines_space import Space
from siren_pde.local_features.lines_state import (
    COMPARED,
    Complete,
    State,
    made_worse,
    shown,
    values_of,
)
from siren_pde.optimisers.base import Architecture, Iterate, Method, Residuals, Spent
from siren_pde.optimisers.outcome import Outcome
from siren_pde.random_features.evolution import evolution_of
from siren_pde.random_features.symbol import steady

ADAPTED = 2e-2
"""What it may leave in space, relative to its data."""
ROUNDS = 8
"""Rounds that adapt boxes to it at most."""
SHARE = 0.4
"""And this share of the seconds left, at most."""
FIRST, FINER, HURRIED = 2e-4, 0.1, 5e-3
"""The tolerance in time of the first crossing, how it falls from one to the next, and what it is
where the first would take more than its share.
"""
BALANCED = 1e-3
"""But no lower than this share of what is left in space."""
ALIKE = 0.5
"""A tolerance that falls by less than this to the next crossing is the same."""
GROWTH, GROWING = 4.0, 1.2
"""So many times as many boxes in the next crossing at most, and a number that is worth it."""
PART = 0.8
"""The share of the seconds left that a crossing may be expected to take."""
COST = {1: 1.0, 2: 1.3, 3: 2.0}
"""Its seconds grow with this power of the number of boxes."""
LONGER = 1.8
"""So many times as many steps are needed for a tolerance that is `FINER`."""
HOPELESS = {1: 0.3, 2: 3e-4}
"""A crossing that leaves more than this in space is given up for smaller boxes, by its order in
time: waves are not damped, and grow where boxes do not resolve them.
"""
STRIDE, MANY, REPEATED = 1e6, 256, 30
"""A stride is so many products of unknowns with the waves of a box, and so many steps at most: a
second here, and the same steps on every machine, so that equal runs have equal rows. A step of
equations that change takes as long as the third number of others.
"""
FITTED, ENOUGH = 0.1, 1e-5
"""Crossings that differ by less than the first are an answer, as is the only one if it leaves less
in space: what residuals say of it at points next to a sudden start is not what its error is. Those
that differ by less than the second are a good one where no seconds are asked for.
"""


@final
@dataclass(frozen=True)
class LocalLines(Method[State]):
    """Cross all of time with local features in space, again and again, ever finer.

    Space is cut into boxes with sines of their own; in time there are implicit Runge-Kutta steps of
    order four, whose equations on boxes are sparse least-squares problems with one matrix for all
    stages of all steps of a length. Boxes are adapted to one long step first. Each crossing has
    smaller boxes where the one before left most, and a lower tolerance in time, until two differ by
    less than `tolerance`, or time runs out: then the last complete one is the answer.

    *Other*: `most` unknowns in space; `waves` of a box.

    Source: the method of lines, with the least-squares matching of `LocalFeatures`.
    """

    tolerance: float = 1e-8
    most: int = 100_000
    waves: Waves | None = None
    name: str = "method of lines on boxes"
    dtype: torch.dtype = torch.float64
    architecture: Architecture = Architecture(1, 1)
    descends: ClassVar[bool] = False

    def points(self, parameters: int) -> int:
        """Points at which crossings are compared."""
        return COMPARED

    def start(self, objective: Residuals) -> Iterate[State]:
        """The initial values, on a few boxes. Raises ConfigError for no such evolution."""
        if why := unsuited_lines(objective):
            raise ConfigError(f"`LocalLines` {why}. Take `MethodOfLines()` or `LeastSquares()`.")
        assert isinstance(objective, Objective)
        time = evolution_of(objective)
        assert time is not None
        shared = objective.collocated.affine and steady(objective, time)
        tree = first_boxes(objective, time)
        waves = self.waves or SUITED[len(objective.collocated.problem.axes) - 1]
        scale = objective.parameters.new_zeros(len(objective.field.networks()))
        space = Space.of(objective, time, tree, waves)
        crossing = Crossing.starting(space, FIRST, steady=shared, scale=scale)
        state = State(objective, time, shared, tree, waves, FIRST, crossing.scale[0])
        return shown(state, crossing, "")

    def step(self, at: Iterate[State], spent: Spent) -> Iterate[State]:
        """A round of adaptation, or as many steps as a stride takes."""
        state, began = at.state, clock.monotonic()
        if state.crossing is None:
            return self._adapted(at, spent)
        crossing = state.crossing
        over = began + spent.left
        for count in range(_stride(crossing)):
            if crossing.ended or (count and clock.monotonic() > over):
                break
            crossing = crossing.advanced()
        seconds = clock.monotonic() - began
        state = replace(state, crossing=crossing, seconds=state.seconds + seconds)
        left = spent.left - seconds
        if crossing.done:
            return self._crossed(at, state, left, asked=spent.asked)
        if crossing.left > HOPELESS[min(state.time.order, 2)] and crossing.looked:
            return self._given_up(at, state, left)
        time = crossing.levels[-1].time
        note = f"t = {time:.4g} with {crossing.space.assembly.unknowns} unknowns in boxes"
        if crossing.failed:
            why = f"the march failed at t = {time:.4g}: no step is short enough"
            return self._ended(at, state, why, Outcome.stagnated)
        if state.best is None:
            return shown(state, crossing, note)
        if left <= 0 or state.expected > left:
            return self._ended(at, state, "a finer one takes too long", Outcome.budget)
        return replace(at, state=state, note=note)

    def _adapted(self, at: Iterate[State], spent: Spent) -> Iterate[State]:
        """Smaller boxes where one long step leaves most; if it leaves little, the first crossing
        on them.
        """
        state, began = at.state, clock.monotonic()
        space = Space.of(state.whole, state.time, state.tree, state.waves)
        ahead = Ahead.of(space, steady=state.steady)
        seconds, residual, scale = clock.monotonic() - began, ahead.residual, ahead.scale
        state = replace(state, scale=scale, rounds=state.rounds + 1)
        note = f"{space.assembly.unknowns} unknowns in boxes: residual {residual:.1e} ahead"
        left = max(spent.left - seconds, 0.0)
        room = self._room(state, space, GROWTH, SHARE * left / ahead.crossing)
        if residual < ADAPTED or state.rounds >= ROUNDS or room < 1:
            hurried = ahead.crossing > SHARE * left
            tolerance = HURRIED if hurried else state.tolerance
            crossing = Crossing.starting(space, tolerance, steady=state.steady, scale=scale)
            state = replace(state, crossing=crossing, tolerance=tolerance, seconds=seconds)
            return replace(at, state=state, note=note)
        tree = refined(space, ahead.squares, ahead.theta, room)
        return replace(at, state=replace(state, tree=tree), note=note)

    def _given_up(self, at: Iterate[State], state: State, left: float) -> Iterate[State]:
        """A crossing on smaller boxes, where the present ones cannot hold the solution."""
        crossing = state.crossing
        assert crossing is not None
        space, theta = crossing.space, crossing.levels[-1].parts[0]
        room = self._room(state, space, GROWTH, math.inf)
        if room < 1:
            return self._ended(at, state, "boxes do not hold the solution", Outcome.unresolved)
        tree = refined(space, crossing.squares, theta, room)
        space = Space.of(state.whole, state.time, tree, state.waves)
        following = Crossing.starting(
            space, state.tolerance, steady=state.steady, scale=state.scale
        )
        note = f"boxes leave {crossing.left:.1e}: too large"
        return replace(at, state=replace(state, tree=tree, crossing=following), note=note)

    def _room(self, state: State, space: Space, growth: float, slower: float) -> int:
        """How many boxes may be halved, where a crossing may take so many times as long."""
        d = len(state.tree.low[0]) - 1
        most = min(growth, self.most / space.assembly.unknowns, slower ** (1 / COST[d]))
        if not most > GROWING:
            return 0
        return max(int((most - 1) * int(space.assembly.used.sum()) / (2**d - 1)), 1)

    def _crossed(
        self, at: Iterate[State], state: State, left: float, *, asked: bool
    ) -> Iterate[State]:
        """What follows a crossing that got through: a finer one, if there is time for it."""
        crossing, before, seconds = state.crossing, state.best, state.seconds
        assert crossing is not None
        values, difference = values_of(state.whole, crossing.field()), math.inf
        if before is not None:
            difference = float((values - before.values).norm() / values.norm().clamp_min(TINY))
        best = Complete(crossing, values, difference, seconds)
        state = replace(state, scale=crossing.scale[0], seconds=0.0)
        if before is not None and made_worse(crossing, before.crossing):
            best, state = before, replace(state, tree=before.crossing.space.tree, helps=False)
            at = replace(at, state=state)
        else:
            state = replace(state, best=best)
            at = shown(state, crossing, best.text)
            if difference < self.tolerance or (not asked and difference < ENOUGH):
                return self._ended(at, state, "", Outcome.converged)
        crossing = best.crossing
        tolerance = max(FINER * state.tolerance, min(BALANCED * crossing.left, state.tolerance))
        if tolerance > ALIKE * state.tolerance:
            tolerance = state.tolerance
        longer = (state.tolerance / tolerance) ** (math.log(LONGER) / -math.log(FINER))
        slower = PART * max(left, 0.0) / (seconds * longer)
        # in shorter steps, what boxes leave is less beside derivatives in time
        may = state.helps and crossing.left / longer**state.time.order > tolerance
        room = self._room(state, crossing.space, GROWTH, slower) if may else 0
        if may and room < 1 and slower < 1:  # then smaller boxes with the same steps
            tolerance, slower = state.tolerance, slower * longer
            room = self._room(state, crossing.space, GROWTH, slower)
        if room < 1 and (slower < 1 or tolerance == state.tolerance):
            return self._ended(at, state, "a finer one takes too long", Outcome.budget)
        tree = state.tree
        if room:
            space, theta = crossing.space, crossing.levels[-1].parts[0]
            tree = refined(space, crossing.squares, theta, room)
        space = Space.of(state.whole, state.time, tree, state.waves)
        following = Crossing.starting(space, tolerance, steady=state.steady, scale=state.scale)
        state = replace(state, tree=tree, tolerance=tolerance, crossing=following)
        return replace(at, state=state)

    def _ended(
        self, at: Iterate[State], state: State, why: str, outcome: Outcome
    ) -> Iterate[State]:
        """The end, with the last crossing that got through."""
        if state.best is None:
            assert state.crossing is not None
            at = shown(state, state.crossing, "")
            return replace(at, finished=why, outcome=outcome)
        text = state.best.text
        difference, left = state.best.difference, state.best.crossing.left
        solved = (left if math.isinf(difference) else difference) < FITTED
        return replace(
            at,
            state=state,
            finished=f"{text}; {why}" if why else text,
            outcome=Outcome.converged if solved else outcome,
            reached=None,
        )


def _stride(crossing: Crossing) -> int:
    """How many steps a stride is."""
    space = crossing.space
    work = space.assembly.unknowns * space.waves.features * (1 if crossing.steady else REPEATED)
    return min(max(int(STRIDE / work), 1), MANY)
