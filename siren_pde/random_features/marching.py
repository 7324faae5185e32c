"""March through time, slab by slab: each a small problem, solved to a tolerance before the next."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, final

import torch
from torch import Tensor

from siren_pde.errors import ConfigError
from siren_pde.fields.base import Field, Network
from siren_pde.fields.derived.piecewise import joined
from siren_pde.fields.derived.stretched import GridStretching, Stretched
from siren_pde.fields.engine.periodic import count
from siren_pde.fields.parameters import fill
from siren_pde.numerics.checked import require_numbers
from siren_pde.optimisers.base import Architecture, Iterate, Method, Residuals, Spent
from siren_pde.optimisers.outcome import Outcome
from siren_pde.random_features.evolution import Slab, Slabs, require_evolution
from siren_pde.random_features.features import (
    half_lengths,
    require_problem,
    suggested_frequencies,
    with_features,
    without_output,
)
from siren_pde.random_features.marching_state import Attempt, State, largest
from siren_pde.random_features.output_layer import fit_output
from siren_pde.random_features.slab_fit import fitted, relative_residual
from siren_pde.random_features.starts import is_finite
from siren_pde.random_features.stretching import grid_stretching, incompatible_ends

TIME_BAND = 3.0
"""Radians per half-length of a slab: enough for what is smooth in it, few features for time."""
WHOLE, CALM, TURNS = 20.0, 0.4, 6
"""Along periodic axes, a band of six whole waves or more, lest a step wider be the same waves. Each
has so many features, which with this band along time are as good as polynomials.
"""
WIDER, SHORTER = 1.25, 0.6
GUESS = 1e-7
"""Singular values below this are left out of the guess, to which Newton's steps are added."""
CLIMBING = 0.5
"""A step wider or narrower that lowers the residual to this share is worth another."""
HELPED = 0.2
"""A shorter slab should lower the residual to this share; else length does not set it."""
SLABS, SHORTEST = 20, 1e-6
"""The first slab tried is one of so many, and none becomes a smaller part of the whole time."""
WEAKER = 2.0
"""By how much the limit of a slab rises where neither length nor features help."""
MUCH_SHORTER = 0.3
"""Slabs are shortened by this where the limit may not rise any more."""
FEATURES, FEATURES_OF_TIME = 800, 48
"""Features of a slab, and of one in time alone: the band along time has some twenty freedoms."""


@final
@dataclass(frozen=True)
class Marching(Method[State]):
    """Solve an evolution in slabs of time by Newton's method on frozen sine features.

    Every slab starts from the end of the one before it. Its length follows from `tolerance`, the
    residual at fresh points relative to that of the zero field, and that of the initial values by
    themselves: slabs above it are tried again with other frequencies, shorter, and with more
    features. Where none of these helps, residuals up to `accepted` are, and the reason counts
    them; where a slab's is larger, the march ends there. In one space dimension, coordinates are
    stretched where the solution is steep.

    *Other*: `features` of a slab (800, or 48 in time alone); `oversampling`, the rows per feature.

    Source: time slabs of the random feature method (Chen, E, Luo, 2023), here with sinh maps and
    lengths chosen by the residual.
    """

    tolerance: float = 1e-8
    features: int | None = None
    oversampling: float = 1.6
    name: str = "time slabs"
    dtype: torch.dtype = torch.float64
    architecture: Architecture = Architecture(1, 1)
    descends: ClassVar[bool] = False
    accepted: float = 1e-4

    def __post_init__(self) -> None:
        require_numbers(self, zero=("accepted",))
        if self.accepted >= 1:
            raise ConfigError(
                f"`Marching` accepts relative residuals below one, got accepted={self.accepted}."
            )

    def points(self, parameters: int) -> int:
        """The rows of a slab."""
        return int(self.oversampling * (self.features or FEATURES))

    def start(self, objective: Residuals) -> Iterate[State]:
        """Before the first slab: the zero field, or initial values where that is no start.

        Raises ConfigError if the problem is no evolution.
        """
        whole = require_problem(objective, "Marching")
        time, half = require_evolution(whole, "Marching"), half_lengths(whole)
        wanted = suggested_frequencies(whole)
        band = [max(8.0, 2 * w * s) for w, s in zip(wanted, half, strict=True)]
        periodic = {i for f in whole.field.networks().values() for i in f.periodic}
        band = [max(k, WHOLE) if i in periodic else k for i, k in enumerate(band)]
        band[time.axis] = CALM if periodic else TIME_BAND
        length = (time.high - time.low) / SLABS
        fewest = self.features or (FEATURES if len(half) > 1 else FEATURES_OF_TIME)
        state = State(
            Slabs.of(whole, time),
            half,
            time.low,
            length,
            tuple(band),
            fewest=fewest,
            features=fewest,
            limit=self.tolerance,
            sizes=(),
        )
        frequency = _frequency(state, state.band, length)
        initial = self._constant_in_time(
            state, Slab(time, time.low, time.low + length), frequency, whole.seed
        )
        sizes = (largest(state.slabs, initial, time.low),)
        state = replace(state, sizes=sizes, ends=incompatible_ends(whole, time, initial))
        first = with_features(whole, 1, whole.parameters.new_ones((len(half),)))
        theta = torch.zeros_like(first.parameters)
        if not is_finite(first, theta):
            throughout = Slab(time, time.low, time.high)
            first = replace(
                whole, field=self._constant_in_time(state, throughout, frequency, whole.seed)
            )
            theta = first.parameters
        nothing = time.until(whole.collocated.problem, time.low, going=False)
        return Iterate(first, theta, first.loss(theta), state, reached=nothing)

    def step(self, at: Iterate[State], spent: Spent) -> Iterate[State]:
        """Try the next slab; keep it if its residual is small enough, else try less."""
        state, time = at.state, at.state.slabs.evolution
        length = min(state.length, time.high - state.start)
        if time.high - state.start - length < 0.2 * length:
            length = time.high - state.start
        best, limit = self._climbed(state, length), state.limit
        axis = next(i for i in range(len(state.band)) if i != time.axis or len(state.band) == 1)
        if best.band != state.band:
            state = replace(state, upwards=best.band[axis] > state.band[axis], band=best.band)
        if not best.residual <= limit:
            note = f"t = {state.start:.4g}: residual {best.residual:.1e} in {length:.2g}: too large"
            following = self._after_rejection(state, best, length)
            if following is None:
                return self._failed(replace(at, state=state, note=note), best)
            return replace(at, state=following, note=note)
        return self._accepted(state, best, length)

    def _after_rejection(self, state: State, best: Attempt, length: float) -> State | None:
        """A shorter slab; where that does not help, more features, and then a weaker limit, but no
        weaker one than is accepted; None where there is nothing left to try.
        """
        time = state.slabs.evolution
        long = SHORTER * length > SHORTEST * (time.high - time.low)
        helped = best.residual < HELPED * state.refused and long
        state = replace(state, rejected=state.rejected + 1, refused=best.residual)
        if helped:
            return replace(state, length=SHORTER * length)
        if state.features < 2 * state.fewest:
            return replace(state, features=int(1.25 * state.features) + 1)
        if best.residual <= self.accepted:
            weaker = max(WEAKER * state.limit, WEAKER * best.residual)
            return replace(state, limit=max(min(weaker, self.accepted), self.tolerance))
        if not long or state.blow_up is not None:
            return None
        return replace(state, length=MUCH_SHORTER * length)

    def _failed(self, at: Iterate[State], best: Attempt) -> Iterate[State]:
        """The end where a slab cannot be solved."""
        state, end = at.state, at.state.blow_up
        if end is not None:
            reason = f"the solution grows without bound near t = {end:.4g}"
            return replace(at, finished=reason, outcome=Outcome.impossible)
        solved = "" if state.fields else "not solved: "
        asked = max(self.accepted, self.tolerance)
        reason = (
            f"{solved}the march failed at t = {state.start:.4g}, where the residual is "
            f"{best.residual:.1e} and {asked:.0e} is accepted at most"
        )
        return replace(at, finished=reason, outcome=Outcome.stagnated)

    def _accepted(self, state: State, best: Attempt, length: float) -> Iterate[State]:
        end, time = state.start + length, state.slabs.evolution
        growth = min(max((0.3 * state.limit / max(best.residual, 1e-300)) ** 0.2, 1.0), 2.0)
        state = replace(
            state,
            start=end,
            length=growth * length,
            fields=(*state.fields, best.field),
            breaks=(*state.breaks, end),
            features=max(int(0.95 * state.features), state.fewest),
            sizes=(*state.sizes, largest(state.slabs, best.field, end)),
            above=state.above + (best.residual > self.tolerance),
            limit=max(state.limit / WEAKER**2, self.tolerance),
            rejected=0,
            refused=math.inf,
            worst=max(state.worst, best.residual),
        )
        whole = joined(time.axis, state.breaks[:-1], state.fields)
        objective = replace(state.slabs.whole, field=whole)
        theta = objective.parameters
        done = ""
        if end >= time.high:
            done = f"{len(state.fields)} slabs are solved, their residuals ≤ {state.worst:.1e}"
            if state.above:
                done += f", {state.above} of them above the tolerance of {self.tolerance:.0e}"
        note = f"t = {end:.4g}: residual {best.residual:.1e} in {length:.2g}"
        loss = theta.new_tensor(best.residual**2 / 2)
        reached = None if done else time.until(objective.collocated.problem, end)
        return Iterate(objective, theta, loss, state, note, done, reached)

    def _climbed(self, state: State, length: float) -> Attempt:
        """The band as it is, or while the limit is not met, wider and narrower ones."""
        best = self._attempt(state, length, state.band)
        time, origin = state.slabs.evolution.axis, best
        for up in (state.upwards, not state.upwards) if len(state.band) > 1 else ():
            last, climbing = origin, True
            while climbing and best.residual > state.limit:
                factor = WIDER if up else 1 / WIDER
                band = tuple(k if i == time else k * factor for i, k in enumerate(last.band))
                tried = self._attempt(state, length, band)
                climbing = tried.residual < CLIMBING * last.residual
                last, best = tried, min(best, tried, key=lambda a: a.residual)
        return best

    def _attempt(self, state: State, length: float, band: tuple[float, ...]) -> Attempt:
        slabs, whole, start = state.slabs, state.slabs.whole, state.start
        frequency = _frequency(state, band, length)
        waves = [count(frequency, network.period) for network in whole.field.networks().values()]
        if max(waves) > 1:
            state = replace(state, features=max(state.features, TURNS * max(waves)))
        plain = Slab(slabs.evolution, start, start + length)
        stretch = grid_stretching(whole.collocated.problem, plain, state.before, state.ends)
        slab = replace(plain, stretch=stretch)
        seed = whole.seed + 2 * (len(state.fields) + state.rejected)
        field = self._constant_in_time(state, slab, frequency, seed)
        points = int(self.oversampling * state.features)
        sized = slabs.slab(slab, state.before, count=points, seed=seed)
        tried = replace(sized, field=field)
        fresh = tried.redrawn(seed + 1)
        theta, weights = fitted(tried, fresh, state.before)
        return Attempt(
            fill(field, theta), band, relative_residual(fresh, theta, weights, slabs.evolution)
        )

    def _constant_in_time(self, state: State, slab: Slab, frequency: Tensor, seed: int) -> Field:
        """Features fitted to what a slab starts with, for all its time."""
        slabs, points = state.slabs, int(self.oversampling * state.features)
        field = with_features(slabs.whole, state.features, frequency, seed).field
        for along in slab.stretch:
            field = field.rebuilt(_stretching(along))
        fitted = slabs.constant_in_time(slab, state.before, count=points, seed=seed)
        fitted = replace(fitted, field=field)
        affine = slabs.starts_affinely(state.before)
        zero = without_output(field, fitted.parameters)
        return fill(field, fit_output(fitted, zero, affine=affine, tolerance=GUESS)[0])


def _frequency(state: State, band: tuple[float, ...], length: float) -> Tensor:
    """A band in radians per unit length (d,), for a slab of this length."""
    half, whole = list(state.half), state.slabs.whole
    half[state.slabs.evolution.axis] = length / 2
    return whole.parameters.new_tensor([k / s for k, s in zip(band, half, strict=True)])


def _stretching(stretch: GridStretching) -> Callable[[Network], Network]:
    def change(network: Network) -> Network:
        return Stretched(network, stretch)

    return change
