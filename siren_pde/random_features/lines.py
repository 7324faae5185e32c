"""March by the method of lines: waves in space, Radau's collocation in time."""

from __future__ import annotations

import math
import time as clock
from dataclasses import dataclass, replace
from typing import Any, ClassVar, final

import torch

from siren_pde.collocation.objective import Objective
from siren_pde.errors import ConfigError
from siren_pde.optimisers.base import Architecture, Iterate, Method, Residuals, Spent
from siren_pde.optimisers.outcome import Outcome
from siren_pde.random_features.crossing import COARSE, Crossing
from siren_pde.random_features.evolution import require_evolution
from siren_pde.random_features.features import require_problem
from siren_pde.random_features.lines_field import field_of
from siren_pde.random_features.lines_start import Discretised, first_waves, initial_level, suits
from siren_pde.random_features.lines_state import Complete, State, shown
from siren_pde.random_features.marching import Marching
from siren_pde.random_features.symbol import steady

STRIDE, MANY = 1e10, 256
"""A step is so many operations, the cube of what each slab solves for, and so many slabs at most:
half a second here, and the same slabs on every machine, so that equal runs have equal rows.
"""
FIRST, FIRST_OF_TIME = 1e-3, 1e-4
"""The tolerance of the first crossing, and of one in time alone, which is cheap."""
FINER = 1e-2
"""By how much the tolerance falls from one crossing to the next."""
FINEST = 1e-12
"""Tolerances below this ask for less than rounding."""
MOST = 900
"""Functions of space at most."""
FINE_OF_TIME, COARSEST = 1e-9, 1e-4
"""Below the first, slabs in time alone have nine stages in place of seven; above the second, those
in space and time three in place of five.
"""
FITTING, SECONDS = 0.1, 10.0
"""What share of the seconds left, of so many at most, more waves are fitted to initial values."""
SPARE = 0.85
"""What share of the seconds left a crossing may be expected to take."""
MORE, SLOWLY = 1.4, 0.8
"""By how much waves become more until they hold initial values, and what more of them should make
of what is left: kinks are resolved when they matter, or have gone.
"""
STALLED, FINE, RIGHT = 0.5, 1e-5, 1e-3
"""Crossings whose difference falls by less than the first, once it is below the second, are not
limited by their tolerance any more; below the third they are an answer.
"""


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
    descends: ClassVar[bool] = False

    def points(self, parameters: int) -> int:
        """The places that residuals are planned at."""
        return 64

    def start(self, objective: Residuals) -> Iterate[State]:
        """Before the first slab: the initial values. Raises ConfigError for no such evolution."""
        whole = require_problem(objective, "MethodOfLines")
        time = require_evolution(whole, "MethodOfLines")
        if not suits(whole, time):
            raise ConfigError(
                "`MethodOfLines` needs equations that are affine in the highest derivatives in "
                "time, unknowns at the points themselves, and plain sine networks. Write "
                "`Marching()` for other evolutions."
            )
        crossing = self._crossing(whole, None)
        radau = crossing.collocation.radau
        first = replace(whole, field=field_of([crossing.unmoved], crossing.at.time.axis, radau))
        theta = first.parameters
        nothing = time.until(whole.collocated.problem, time.low, going=False)
        return Iterate(first, theta, first.loss(theta), State(crossing), reached=nothing)

    def step(self, at: Iterate[State], spent: Spent) -> Iterate[State]:
        """As many slabs as a stride takes."""
        state, began = at.state, clock.monotonic()
        if state.steep is not None:
            return self._stretched(at, state.steep, spent)
        crossing, over, work = state.crossing, began + spent.left, 0.0
        for count in range(MANY):
            late = work >= STRIDE or clock.monotonic() > over
            if crossing.ended or (count and late):
                break
            crossing = crossing.advanced()
            work += float(crossing.collocation.radau.stages * crossing.at.basis.size) ** 3
        seconds = clock.monotonic() - began
        state = replace(state, crossing=crossing, seconds=state.seconds + seconds)
        if state.best is None and crossing.at.steep and not state.marched:
            inner = Marching().start(crossing.at.whole)
            return replace(at, state=replace(state, steep=inner, marched=True))
        left = spent.left - seconds
        if crossing.done:
            return self._crossed(at, state, left)
        if crossing.ended:
            return self._failed(at, state)
        note = f"t = {crossing.level.time:.4g} at tolerance {crossing.collocation.tolerance:.0e}"
        if state.best is None:
            return shown(at, state, note)
        if state.expected > left:
            return self._with_best(at, state, Outcome.budget, "a finer one takes too long")
        return replace(at, state=state, note=note)

    def _crossing(
        self, whole: Objective, before: Crossing | None, left: float = math.inf
    ) -> Crossing:
        """A crossing at its start, finer than the one before; raises ConfigError where no waves
        meet the initial values.
        """
        time, began = require_evolution(whole, "MethodOfLines"), clock.monotonic()
        alone = len(whole.collocated.problem.axes) == 1
        first = FIRST_OF_TIME if alone else FIRST
        tolerance = FINER * before.collocation.tolerance if before else first
        lines = Discretised.of(whole, time, *first_waves(whole, time), tolerance)
        allowed, best, missed = FITTING * min(left, SECONDS), None, math.inf
        while (begun := initial_level(lines)) is not None and begun[1] <= SLOWLY * missed:
            best, missed = (lines, begun[0]), begun[1]
            if missed < tolerance or alone or MORE * lines.basis.size > self.most:
                break
            if clock.monotonic() - began > allowed:
                break
            lines = lines.wider(MORE, tolerance)
        if best is None:
            raise ConfigError(
                "`MethodOfLines` needs initial values that are finite, as are the residuals "
                "there, and found none that meet the conditions. Write `Marching()`."
            )
        shared = whole.collocated.affine and steady(whole, time)
        stages = _stages(tolerance, alone=alone, oscillating=time.order > 1)
        crossing = Crossing.starting(*best, tolerance, stages, steady=shared, most=self.most)
        return replace(crossing, missed=missed)

    def _crossed(self, at: Iterate[State], state: State, left: float) -> Iterate[State]:
        """What follows a crossing that got through: a finer one, if it is worth its time."""
        crossing, best = state.crossing, state.best
        tolerance = crossing.collocation.tolerance
        difference = math.inf if best is None else crossing.difference(best.crossing)
        share = 0.0 if best is None else difference / best.difference
        complete = Complete(crossing, difference, state.seconds, share)
        state = replace(state, best=complete)
        at = shown(at, state, complete.text)
        falling = min(FINER, max(share, FINER**2)) if share > 0 else FINER
        if difference * falling <= self.tolerance:
            return self._with_best(at, state, Outcome.converged, "")
        if tolerance * FINER < FINEST or (share > STALLED and difference < FINE):
            outcome = Outcome.converged if difference < RIGHT else Outcome.stagnated
            return self._with_best(at, state, outcome, "finer ones do not come closer")
        growth = FINER ** (-1 / (crossing.collocation.radau.stages + 1))
        if growth * state.seconds > SPARE * left:
            return self._with_best(at, state, Outcome.budget, "a finer one takes too long")
        following = self._crossing(crossing.at.whole, crossing, left)
        return replace(at, state=State(following, 0.0, complete))

    def _failed(self, at: Iterate[State], state: State) -> Iterate[State]:
        """A finer crossing where one fails, as small errors may grow where solutions do not; else
        the end.
        """
        crossing = state.crossing
        if crossing.collocation.tolerance > COARSE:
            following = self._crossing(crossing.at.whole, crossing)
            note = f"a crossing failed at t = {crossing.level.time:.4g}"
            return replace(at, state=replace(state, crossing=following, seconds=0.0), note=note)
        end = crossing.blow_up
        if state.best is not None and end is None:
            why = f"a finer one failed at t = {crossing.level.time:.4g}"
            return self._with_best(at, state, Outcome.stagnated, why)
        at = shown(at, replace(state, best=None), "")
        if end is not None:
            reason = f"the solution grows without bound near t = {end:.4g}"
            return replace(at, finished=reason, outcome=Outcome.impossible)
        reason = f"the march failed at t = {crossing.level.time:.4g}: no slab is short enough"
        return replace(at, finished=reason, outcome=Outcome.stagnated)

    def _with_best(
        self, at: Iterate[State], state: State, outcome: Outcome, why: str
    ) -> Iterate[State]:
        """The end, with the last crossing that got through."""
        assert state.best is not None
        reason = f"{state.best.text}; {why}" if why else state.best.text
        return replace(at, state=state, finished=reason, outcome=outcome, reached=None)

    def _stretched(self, at: Iterate[State], inner: Iterate[Any], spent: Spent) -> Iterate[State]:
        """Time slabs in stretched coordinates, for solutions that are steep; the crossing goes on
        if they fail.
        """
        inner = Marching().step(inner, spent)
        state = replace(at.state, steep=inner)
        note, done = f"time slabs, {inner.note}", f"time slabs: {inner.finished}"
        if inner.finished and inner.outcome is not Outcome.converged:
            return shown(at, replace(state, steep=None), f"{note}: {inner.finished}")
        return Iterate(
            inner.objective,
            inner.theta,
            inner.loss,
            state,
            note,
            done if inner.finished else "",
            inner.reached,
        )


def _stages(tolerance: float, *, alone: bool, oscillating: bool) -> int:
    """More for finer tolerances: slabs become longer by more than their stages cost."""
    if alone:
        return 7 if tolerance > FINE_OF_TIME else 9
    return 3 if tolerance > COARSEST and not oscillating else 5
