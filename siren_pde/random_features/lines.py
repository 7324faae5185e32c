"""March by the method of lines: waves in space, Radau's collocation in time."""

from __future__ import annotations

import math
import time as clock
from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Tensor

from siren_pde.collocation.objective import Objective
from siren_pde.errors import ConfigError
from siren_pde.optimisers.base import Architecture, Iterate, Method, Residuals, Spent
from siren_pde.optimisers.outcome import Outcome
from siren_pde.random_features.crossing import Crossing
from siren_pde.random_features.evolution import require_evolution
from siren_pde.random_features.features import require_problem
from siren_pde.random_features.lines_field import field_of
from siren_pde.random_features.lines_start import Discretised, initial_level, suits
from siren_pde.random_features.marching_state import blow_up_time
from siren_pde.random_features.symbol import steady

STRIDE = 0.5
"""Seconds of marching between two reports."""
FIRST, FIRST_OF_TIME = 1e-3, 1e-4
"""The tolerance of the first crossing, and of one in time alone, which is cheap."""
FINER = 1e-2
"""By how much the tolerance falls from one crossing to the next."""
FINEST = 1e-12
"""Tolerances below this ask for less than rounding."""
FEWEST, MOST = 8, 900
"""Waves along an axis that the first crossing begins with, and functions of space at most."""
SPARE = 0.85
"""What share of the seconds left a crossing may be expected to take."""
MORE, SLOWLY = 1.4, 0.6
"""By how much waves become more until they hold initial values, and what more of them should make
of what is left: kinks are resolved when they matter, or have gone.
"""
COARSE = 1e-8
"""A crossing that fails above this tolerance is tried again at a finer one."""
STALLED = 0.5
"""Crossings whose difference falls by less are not limited by their tolerance any more."""


@dataclass(frozen=True, eq=False)
class Complete:
    """A crossing that got through: its difference from the one before, and how long it took."""

    crossing: Crossing
    difference: float
    seconds: float


@dataclass(frozen=True, eq=False)
class State:
    """The crossing under way, for how many seconds it has been, and the last one that got through.
    """

    crossing: Crossing
    seconds: float = 0.0
    best: Complete | None = None


@final
@dataclass(frozen=True)
class MethodOfLines(Method[State]):
    """Cross all of time with waves in space and Radau's collocation, again and again, ever finer.

    The first crossing is coarse and fast. Each has a hundredth of the tolerance of the one before,
    until two differ so little that the last one's relative error is about `tolerance`, or time
    runs out: then the last complete one is the answer. Slabs are as long as the error in time
    allows, waves as many as the solution needs.

    *Other*: `most` functions of space.

    Source: Radau IIA collocation (Hairer and Wanner, 1996), on Fourier extensions in space.
    """

    tolerance: float = 1e-8
    most: int = MOST
    name: str = "method of lines"
    dtype: torch.dtype = torch.float64
    architecture: Architecture = Architecture(1, 1)

    def __post_init__(self) -> None:
        if not (self.tolerance > 0 and self.most >= 1):
            raise ConfigError(
                f"`MethodOfLines` needs a tolerance > 0 and functions, got {self.tolerance} and "
                f"{self.most}."
            )

    def points(self, parameters: int) -> int:
        """The places that residuals are planned at."""
        return 64

    def start(self, objective: Residuals) -> Iterate[State]:
        """Before the first slab: the initial values. Raises ConfigError for what is no evolution."""
        whole = require_problem(objective, "MethodOfLines")
        time = require_evolution(whole, "MethodOfLines")
        if not suits(whole, time):
            raise ConfigError(
                "`MethodOfLines` needs equations that are affine in the highest derivatives in "
                "time, unknowns at the points themselves, and plain sine networks. Write "
                "`Marching()` for other evolutions."
            )
        crossing = self._crossing(whole, None)
        theta = whole.parameters
        return Iterate(whole, theta, whole.loss(theta), State(crossing))

    def step(self, at: Iterate[State], spent: Spent) -> Iterate[State]:
        """As many slabs as a stride takes."""
        state, began = at.state, clock.monotonic()
        crossing = state.crossing
        while not crossing.done and not crossing.failed and clock.monotonic() < began + STRIDE:
            crossing = crossing.advanced()
            if crossing.collocation.tolerance > COARSE and _blow_up(crossing) is not None:
                crossing = replace(crossing, failed=True)
        seconds = clock.monotonic() - began
        state = replace(state, crossing=crossing, seconds=state.seconds + seconds)
        left = spent.left - seconds
        if crossing.done:
            return self._crossed(at, state, left)
        if crossing.failed:
            return self._failed(at, state)
        note = f"t = {crossing.level.time:.4g} at tolerance {crossing.collocation.tolerance:.0e}"
        if state.best is not None:
            if self._expected(state) > left:
                return self._ended(at, state)
            return replace(at, state=state, note=note)
        return _shown(at, state, note, f"t = {crossing.level.time:.4g}")

    def _crossing(self, whole: Objective, before: Crossing | None) -> Crossing:
        """A crossing at its start, finer than the one before."""
        time = require_evolution(whole, "MethodOfLines")
        space = len(whole.collocated.problem.axes) > 1
        first = FIRST if space else FIRST_OF_TIME
        tolerance = FINER * before.collocation.tolerance if before else first
        stages = 7 if not space else (3 if tolerance > 1e-4 and time.order < 2 else 5)
        top, best, left = FEWEST if space else 0, None, math.inf
        while True:
            lines = Discretised.of(whole, time, top, tolerance)
            begun = initial_level(lines)
            if begun is None or begun[1] > SLOWLY * left:
                break
            best, left = (lines, begun[0]), begun[1]
            if left < tolerance or not space or MORE * lines.basis.size > self.most:
                break
            top = int(MORE * top) + 1
        if best is None:
            raise ConfigError("initial values cannot be met")
        is_steady = whole.collocated.affine and steady(whole, time)
        return Crossing.starting(
            *best, tolerance, stages, steady=is_steady, most=self.most
        )

    def _crossed(self, at: Iterate[State], state: State, left: float) -> Iterate[State]:
        crossing, best = state.crossing, state.best
        tolerance = crossing.collocation.tolerance
        difference = math.inf if best is None else _difference(best.crossing, crossing)
        complete = Complete(crossing, difference, state.seconds)
        shown = _shown(at, replace(state, best=complete), "", "")
        expected = difference * FINER
        slabs = f"{len(crossing.pieces)} slabs at tolerance {tolerance:.0e}"
        reason = f"{slabs}, which differ from coarser ones by {difference:.1e}"
        if expected <= self.tolerance:
            return replace(shown, finished=reason, note=reason)
        stalled = best is not None and difference > STALLED * best.difference
        if tolerance * FINER < FINEST or (stalled and difference < 1e-5):
            out = Outcome.converged if difference < 1e-3 else Outcome.stagnated
            return replace(shown, finished=reason, outcome=out)
        growth = FINER ** (-1 / (crossing.collocation.radau.stages + 1))
        if growth * state.seconds > SPARE * left:
            return replace(shown, finished=f"the budget is used up: {reason}", outcome=Outcome.budget)
        following = self._crossing(crossing.at.whole, crossing)
        return replace(shown, state=State(following, 0.0, complete), note=reason)

    def _expected(self, state: State) -> float:
        """The seconds that the crossing under way will still take."""
        assert state.best is not None
        now = state.crossing.level.time
        before = [piece.end for piece in state.best.crossing.pieces]
        share = sum(end <= now for end in before) / len(before)
        return state.seconds * (1 - share) / share if share > 0.02 else 0.0

    def _ended(self, at: Iterate[State], state: State) -> Iterate[State]:
        best = state.best
        assert best is not None
        reason = (
            f"the budget is used up: {len(best.crossing.pieces)} slabs at tolerance "
            f"{best.crossing.collocation.tolerance:.0e}"
        )
        return replace(at, state=state, finished=reason, outcome=Outcome.budget)

    def _failed(self, at: Iterate[State], state: State) -> Iterate[State]:
        crossing = state.crossing
        if state.best is not None:
            return self._ended(at, state)
        if crossing.collocation.tolerance > COARSE:  # small errors may grow where solutions do not
            following = self._crossing(crossing.at.whole, crossing)
            note = f"t = {crossing.level.time:.4g}: failed"
            return replace(at, state=State(following, 0.0, None), note=note)
        end = _blow_up(crossing)
        shown = _shown(at, state, "", f"t = {crossing.level.time:.4g}")
        if end is not None:
            reason = f"the solution grows without bound near t = {end:.4g}"
            return replace(shown, finished=reason, outcome=Outcome.impossible)
        reason = f"the march failed at t = {crossing.level.time:.4g}: no slab is short enough"
        return replace(shown, finished=reason, outcome=Outcome.stagnated)


def _shown(at: Iterate[State], state: State, note: str, reached: str) -> Iterate[State]:
    """The slabs that are solved, joined."""
    crossing = state.crossing
    if not crossing.pieces:
        return replace(at, state=state, note=note, reached=reached)
    disc = crossing.at
    field = field_of(crossing.pieces, disc.time.axis, crossing.collocation.radau)
    objective = replace(disc.whole, field=field)
    theta = objective.parameters
    size = crossing.collocation.tolerance if state.best is None else state.best.difference
    loss = theta.new_tensor(min(size, 1.0) ** 2 / 2)
    return Iterate(objective, theta, loss, state, note, "", reached)


def _blow_up(crossing: Crossing) -> float | None:
    times = [crossing.at.time.low, *(piece.end for piece in crossing.pieces[-3:])]
    return blow_up_time(times[-len(crossing.sizes[-4:]):], (crossing.sizes[0], *crossing.sizes[-3:]))


def _difference(a: Crossing, b: Crossing) -> float:
    """How far apart two crossings are, relative to the second: the worst of the networks."""
    first, second = torch.cat(a.samples), torch.cat(b.samples)
    widths = []
    for name, network in b.at.basis.field.networks().items():
        widths.append(network.outputs * (second.shape[1] // _columns(b)))
    worst, start = 0.0, 0
    for width in widths:
        one, two = first[:, start : start + width], second[:, start : start + width]
        size = float(torch.linalg.vector_norm(two))
        worst = max(worst, float(torch.linalg.vector_norm(one - two)) / max(size, 1e-300))
        start += width
    return worst


def _columns(crossing: Crossing) -> int:
    return sum(network.outputs for network in crossing.at.basis.field.networks().values())
