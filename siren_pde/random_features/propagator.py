"""March through an affine evolution in equal slabs of time: one matrix for all, factorised once."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, replace
from typing import ClassVar, final

import torch

from siren_pde.collocation.objective import Objective
from siren_pde.errors import ConfigError
from siren_pde.fields.base import Field, Network
from siren_pde.fields.derived.shifted import Shifted
from siren_pde.fields.parameters import fill, parameters_of
from siren_pde.numerics.checked import require_numbers
from siren_pde.optimisers.base import Architecture, Iterate, Method, Residuals, Spent
from siren_pde.random_features.evolution import Slab, Slabs, evolution_of
from siren_pde.random_features.features import (
    columns_of,
    half_lengths,
    output_coefficients,
    require_problem,
    with_features,
    with_output,
    without_output,
)
from siren_pde.random_features.output_layer import fit_output, weighted_size
from siren_pde.random_features.propagator_state import (
    FEATURES_PER_DEGREE,
    Fit,
    State,
    freedom,
    reached,
)
from siren_pde.random_features.search import Search, Trial
from siren_pde.random_features.stepper import Stepper
from siren_pde.random_features.symbol import steady, wavenumbers

TIME_BAND = 3.0
"""Radians per half-length that a slab holds at least: shorter ones would waste features."""
MARGIN = 1.3
"""How far the first band tried reaches beyond the waves that were measured."""
FEWEST = 100
"""Features are tried at least."""
HELPED = 0.2
"""Half a slab should lower the residual to this share; else length does not set it."""
CLOSE = 100.0
"""A band with at most this many times the residual asked for is good: then slabs are too long."""
NEAR = 10.0
"""Above this many times the residual asked for, more features are tried where length does not help.
"""
WORSE = 30.0
"""A slab with this many times the residual of the one searched for needs a search of its own."""
AMPLIFIED, DENSER, TIMES = 100.0, 1.6, 3
"""By how much noise may grow until the end; where it grows more, points are made denser: how much,
and how often.
"""
TINY = 1e-300
STRIDE = {True: 8, False: 1}
"""Slabs between two reports, where they are two products with a matrix and where they are a
least-squares problem each: a tenth of a second or so, and the same on every machine.
"""


@final
@dataclass(frozen=True)
class Propagator(Method[State]):
    """Solve an affine evolution in equal slabs of time by least squares on frozen sine features.

    All slabs have the same features. Where coefficients do not depend on time, they have the same
    matrix too: it is factorised once, and a slab costs two products with it. Every slab starts from
    the initial conditions' own values at the end of the one before. Band, number of features and
    length are searched for on the first slab, until its relative residual at fresh points is below
    `tolerance`; a slab where it is much larger starts a search of its own.

    *Other*: at most `most` features, of which `features` are tried before slabs are shortened; of
    a function of k values k times fewer, as each then has k columns; `oversampling`, the rows per
    feature; a `frequency` (radians per unit length, per axis) in place of the search.

    Source: time slabs of the random feature method (Chen, E, Luo, 2023), here with one factor.
    """

    tolerance: float = 1e-11
    features: int = 700
    most: int = 3000
    oversampling: float = 4.0
    frequency: tuple[float, ...] | None = None
    name: str = "time slabs of one matrix"
    dtype: torch.dtype = torch.float64
    architecture: Architecture = Architecture(1, 1)
    descends: ClassVar[bool] = False

    def __post_init__(self) -> None:
        require_numbers(self)
        if self.most < self.features:
            raise ConfigError(
                f"`Propagator` needs most ≥ features, got {self.most} and {self.features}."
            )

    def points(self, parameters: int) -> int:
        """The rows of a slab."""
        return int(self.oversampling * self.features)

    def start(self, objective: Residuals) -> Iterate[State]:
        """Before the first slab. Raises ConfigError if the problem is no affine evolution."""
        whole = require_problem(objective, "Propagator")
        time, half = evolution_of(whole), half_lengths(whole)
        if time is None or not whole.collocated.affine:
            raise ConfigError(
                "`Propagator` needs an affine evolution: initial conditions such as "
                "`@on(box.at(t=0))`, conditions for all times elsewhere, no measured data, and "
                "residuals that are affine in the field. Write `Marching()` if they are not, "
                "`LeastSquares()` if it is no evolution."
            )
        waves = self.frequency or [MARGIN * k for k in wavenumbers(whole, time)]
        if len(waves) != len(half):
            raise ConfigError(
                f"`Propagator` needs a frequency for each of {len(half)} coordinates, got "
                f"{self.frequency}."
            )
        features = max(self.features // columns_of(whole), 1)
        band = [max(k * s, 2.0) for k, s in zip(waves, half, strict=True)]
        space = math.prod(freedom(k) for i, k in enumerate(band) if i != time.axis)
        held = math.pi / 2 * (features / (FEATURES_PER_DEGREE * space) - freedom(0.0))
        slabs = max(math.ceil(band[time.axis] / max(held, TIME_BAND)), 1)
        length = (time.high - time.low) / slabs
        band[time.axis] = max(band[time.axis] / slabs, 2.0)
        count = int(FEATURES_PER_DEGREE * math.prod(map(freedom, band)))
        trial = Trial(tuple(band), min(max(count, FEWEST), features))
        fixed = self.frequency is not None
        search = Search.starting(trial, fixed=fixed)
        zero = with_features(whole, 1, whole.parameters.new_ones((len(half),)))
        theta = torch.zeros_like(zero.parameters)
        state = State(Slabs.of(whole, time), half, time.low, length, search, features)
        state = replace(state, fixed=fixed, steady=steady(whole, time))
        nothing = time.until(whole.collocated.problem, time.low, going=False)
        return Iterate(zero, theta, zero.loss(theta), state, reached=nothing)

    def step(self, at: Iterate[State], spent: Spent) -> Iterate[State]:
        """Try a band on the next slab, or march on."""
        best = at.state.best
        if best is None or at.state.search.trial is not None:
            return self._tried(at)
        return self._marched(at, best)

    # ── the search on one slab ────────────────────────────────────────────────────────────────

    def _tried(self, at: Iterate[State]) -> Iterate[State]:
        """The search, after one more trial."""
        state, trial = at.state, at.state.search.trial
        assert trial is not None
        fit = self._fitted(state, trial)
        search = state.search.after(fit.residual, self.tolerance, state.most)
        best = fit if state.best is None or search.best is trial else state.best
        state = replace(state, search=search, weights=state.weights or fit.weights, best=best)
        note = (
            f"{trial.features} features in a slab of {state.length:.3g}, bandwidth "
            f"{'×'.join(f'{k:.3g}' for k in trial.bandwidth)}: residual {fit.residual:.1e}"
        )
        if search.trial is not None and not best.residual < CLOSE * self.tolerance:
            return replace(at, state=state, note=note)
        state = replace(state, search=replace(search, trial=None))
        return self._settled(replace(at, note=note), state, best)

    def _settled(self, at: Iterate[State], state: State, best: Fit) -> Iterate[State]:
        """The first slab, if it is good enough or nothing helps; else shorter slabs, or more."""
        trial, residual = best.trial, best.residual
        columns = max(len(best.c) // trial.features, 1)
        axis, many = state.slabs.evolution.axis, min(2 * state.most, self.most // columns)
        if residual > self.tolerance and residual < HELPED * state.refused:
            state = replace(state, length=state.length / 2, refused=residual)
            return replace(at, state=state.searching(trial.stretched(axis, 0.5)))
        if residual > NEAR * self.tolerance and many > state.most:
            state = replace(state, most=many)
            return replace(at, state=state.searching(replace(trial, features=many)))
        return reached(at, state.advanced(best))

    def _fitted(self, state: State, trial: Trial) -> Fit:
        """The next slab, solved by itself."""
        slab, field = self._slab(state, trial, state.before), _features(state, trial)
        tried = replace(slab, field=field)
        fresh = tried.redrawn(slab.seed + 1)
        zero = without_output(field, tried.parameters)
        theta, balance = fit_output(tried, zero, affine=True)
        weights = state.weights or balance
        size = float(weighted_size(fresh, zero, weights))
        residual = float(weighted_size(fresh, theta, weights)) / max(size, state.size, TINY)
        c = output_coefficients(field, theta)
        return Fit(trial, fill(field, theta), c, residual, size, weights)

    def _slab(self, state: State, trial: Trial, before: Field | None) -> Objective:
        """The residuals of the next slab, which starts from a field, or as the problem does."""
        slabs, points = state.slabs, int(self.oversampling * trial.features)
        slab = Slab(slabs.evolution, state.start, state.start + state.length)
        return slabs.slab(slab, before, count=points, seed=slabs.whole.seed)

    # ── the march ─────────────────────────────────────────────────────────────────────────────

    def _marched(self, at: Iterate[State], best: Fit) -> Iterate[State]:
        """As many slabs as a stride takes; a search where one of them is not good enough."""
        state, high = at.state, at.state.slabs.evolution.high
        if state.stepper is None and state.steady:
            state = replace(state, stepper=self._stepper(replace(state, index=0), best))
        limit = WORSE * max(best.residual, self.tolerance)
        for _ in range(STRIDE[state.steady]):
            if state.start + state.length / 2 >= high:
                break
            fit = self._next(state, best)
            if not fit.residual <= limit:
                length = (high - state.start) / round((high - state.start) / state.length)
                state = replace(state, origin=state.start, length=length, index=0, stepper=None)
                return reached(at, state.searching(best.trial))
            state = state.advanced(fit)
        return reached(at, state)

    def _stepper(self, state: State, best: Fit) -> Stepper:
        """The stepper for all slabs to come, from so many points that it does not amplify noise."""
        time = state.slabs.evolution
        count, rows = round((time.high - state.start) / state.length), self.oversampling
        calmest, least = None, math.inf
        for _ in range(TIMES):
            dense = replace(self, oversampling=rows)._slab(state, best.trial, None)
            stepper = Stepper(replace(dense, field=best.field), time, state.length)
            amplified = stepper.amplification(count)
            if amplified < least:
                calmest, least = stepper, amplified
            if amplified < AMPLIFIED:
                break
            rows *= DENSER
        return calmest or stepper

    def _next(self, state: State, best: Fit) -> Fit:
        """The next slab, by the stepper if there is one."""
        if state.stepper is None or state.c is None:
            return self._fitted(replace(state, weights=best.weights), best.trial)
        by = state.index * state.length
        c, left, size = state.stepper.next(state.c, by)
        field = _shifted(best.field, state.slabs.evolution.axis, by)
        field = fill(field, with_output(field, parameters_of(field), c))
        residual = left / max(size, state.size, TINY)
        return replace(best, field=field, c=c, residual=residual, size=size)


def _features(state: State, trial: Trial) -> Field:
    """Frozen features, centred in the next slab."""
    whole, time, half = state.slabs.whole, state.slabs.evolution, list(state.half)
    half[time.axis] = state.length / 2
    frequency = [k / s for k, s in zip(trial.bandwidth, half, strict=True)]
    given = whole.parameters.new_tensor(frequency)
    field = with_features(whole, trial.features, given, whole.seed, trial.order).field
    return _shifted(field, time.axis, state.start + state.length / 2 - (time.low + time.high) / 2)


def _shifted(field: Field, axis: int, by: float) -> Field:
    """A copy of a field, shifted along an axis."""

    def change(network: Network) -> Network:
        if isinstance(network, Shifted):
            return Shifted(copy.deepcopy(network.network), axis, network.by + by)
        return Shifted(network, axis, by)

    return field.rebuilt(change)
