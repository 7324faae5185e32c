"""Least squares on frozen sine features: a linear problem solved to rounding, no iteration in θ."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace
from typing import final

import torch
from torch import Tensor

from siren_pde.collocation.objective import Objective
from siren_pde.errors import ConfigError
from siren_pde.fields.parameters import fill
from siren_pde.optimisers.base import Architecture, Iterate, Method, Residuals, Spent
from siren_pde.optimisers.outcome import Outcome
from siren_pde.random_features.features import (
    half_lengths,
    output_coefficients,
    require_problem,
    suggested_frequencies,
    with_features,
)
from siren_pde.random_features.mirrors import between_mirrors
from siren_pde.random_features.pace import Pace
from siren_pde.random_features.search import AXIS_BY_AXIS, HELD, RESOLVED, Search, Trial
from siren_pde.random_features.starts import STUCK, first_finite
from siren_pde.random_features.trial_fit import Ground, Start, fitted

FEW, SLOW_BAND = 60, 2.0
"""Features, and their radians per half-length, of what is known where the zero field is no start.
"""
FITTED = 0.1
"""Features that were asked for and leave more than this of the residual are too few."""
BLIND_AXES = 4
"""No band is at first less than this share of the widest: data may be blind along an axis."""
MANY = 1500
"""Features of the first trial at most, where the data's own waves need so many: half a second."""
BANDS = 0.2
"""The share of the seconds given that the search for a band may take."""
JUDGED = 1000
"""Features that resolve nothing of a solution say that such features will not."""
FINE, ENOUGH = 1e-7, 4000
"""Below this relative residual, more than so many columns gain less than they cost."""
NO_LOWER = "more features no longer lower the residual"


@dataclass(frozen=True)
class State:
    """The best objective so far, the search, the half-lengths of the box, the columns of a feature,
    and the ground of the current size, if any. `weights` make the conditions comparable, from the
    first trial of a climb on. Newton's method begins as `start` says. `pace` says
    how long trials take, `left` how many seconds there were for the first.
    """

    objective: Objective
    search: Search
    half: tuple[float, ...]
    columns: int = 1
    weights: dict[str, float] = field(default_factory=dict)
    ground: Ground | None = None
    features: int = 0
    start: Start = field(default_factory=Start)
    pace: Pace = field(default_factory=Pace)
    left: float = math.nan


@final
@dataclass(frozen=True)
class LeastSquares(Method[State]):
    """Determine the output layer of one layer of sines with frozen, uniformly spread frequencies.

    For a problem that is affine in the field, r = A c + b in the output coefficients c. Else
    Newton's method takes damped steps of this kind, from functions fitted to any measured data, and
    where those lead nowhere from boundary values and simple functions; unknown constants are
    coefficients too. How far the frequencies reach and how many there are is found by the residual
    at fresh points: from what the problem's data suggest, the band is stretched or narrowed along
    all axes together and then along each, and features are added until the residual no longer
    falls. `features` and `frequency` (radians per unit length, per axis) fix either. Nothing is
    begun that would end after the seconds given, and a fifth of them at most goes to the band.

    *Other*: `oversampling`, the rows per feature; `most` columns, features times functions;
    `tolerance` of the relative residual; `patience`, how many times `most` columns the tolerance
    may be away, as the residual falls, before it ends as stagnated: infinite, unless another method
    is at hand.

    Source: random feature method (Chen, Chi, E, Yang, 2022), here with uniform Sobol frequencies,
    rows scaled across conditions, columns to unit length, and QR.
    """

    features: int | None = None
    frequency: tuple[float, ...] | None = None
    oversampling: float = 1.6
    most: int = 7000
    tolerance: float = 3e-11
    patience: float = math.inf
    name: str = "least squares"
    dtype: torch.dtype = torch.float64
    architecture: Architecture = Architecture(1, 1)

    def __post_init__(self) -> None:
        if self.features is not None and self.features < 1:
            raise ConfigError(f"`LeastSquares` needs at least one feature, got {self.features}.")
        if self.frequency is not None and not all(w > 0 for w in self.frequency):
            raise ConfigError(f"`LeastSquares` frequencies are positive, got {self.frequency}.")

    def points(self, parameters: int) -> int:
        """The rows of the first trial."""
        return int(self.oversampling * (self.features or 250))

    def start(self, objective: Residuals) -> Iterate[State]:
        """The zero field, or what is known of the solution where that leaves residuals' domain of
        definition; the first trial has the bandwidth that the problem's data suggest.
        """
        whole = require_problem(objective, "LeastSquares")
        half = half_lengths(whole)
        if len(half) > AXIS_BY_AXIS and self.frequency is None:
            whole = between_mirrors(whole)
        if self.frequency is not None and len(self.frequency) != len(half):
            raise ConfigError(
                f"`LeastSquares` needs a frequency for each of {len(half)} coordinates, got "
                f"{self.frequency}."
            )
        wanted = self.frequency or suggested_frequencies(whole)
        band = tuple(w * s for w, s in zip(wanted, half, strict=True))
        zero = with_features(whole, 1, whole.parameters.new_ones((len(half),)))
        columns = _columns(whole)
        trial = Trial(band, self.features or 0)
        if self.frequency is None:
            trial = _reaching(band, self.features, self._most(whole) // columns)
        elif self.features is None:
            trial = _suited(band, self._most(whole) // columns)
        search = Search.starting(trial, fixed=self.frequency is not None)
        theta = zero.parameters
        if not bool(torch.isfinite(zero.residual(theta)).all()):
            slow = theta.new_tensor([SLOW_BAND / s for s in half])
            zero = with_features(whole, FEW, slow, whole.seed)
            theta = first_finite(zero, zero.parameters)
        return Iterate(zero, theta, zero.loss(theta), State(zero, search, half, columns))

    def step(self, at: Iterate[State], spent: Spent) -> Iterate[State]:
        """Solve for the next trial, and keep it if its residual at fresh points is lower."""
        began, trial, state = time.monotonic(), at.state.search.trial, at.state
        assert trial is not None
        start = replace(state.start, deadline=began + spent.left)
        left = spent.left if math.isnan(state.left) else state.left
        tried, theta, residual, state = self._tried(replace(state, start=start, left=left), trial)
        seconds = time.monotonic() - began
        state = replace(state, pace=state.pace.after(trial.features * state.columns, seconds))
        search, ended, outcome = self._searched(state, trial, residual, spent.left - seconds)
        state = replace(state, search=search)
        if search.trial is search.best:  # a climb anew, whose bands weigh conditions anew
            state = replace(state, weights={}, ground=None, features=0)
        text = _written([k / s for k, s in zip(trial.bandwidth, state.half, strict=True)])
        note = f"{trial.features} features, bandwidth {text}: residual {residual:.1e}"
        best = replace(at, state=state, note=note)
        if search.answer is trial:
            state = replace(state, objective=tried)
            best = Iterate(tried, theta, tried.loss(theta), state, note)
        if search.trial is None:
            ended, outcome = (ended, outcome) if ended else self._ended(search)
            done = f"{ended} ({search.lowest:.1e} at fresh points), {_coefficients(best)}"
            return replace(best, finished=done, outcome=outcome)
        return best

    def _tried(self, state: State, trial: Trial) -> tuple[Objective, Tensor, float, State]:
        """The features of a trial, fitted; its residual; and what is known after it."""
        whole, known = state.objective, state.ground
        if state.features != trial.features:
            known = None
        count = int(self.oversampling * trial.features)
        rows = known.rows if known else whole.collocated.with_count(count)
        frequency = [k / s for k, s in zip(trial.bandwidth, state.half, strict=True)]
        tried = with_features(
            replace(whole, collocated=rows),
            trial.features,
            whole.parameters.new_tensor(frequency),
            whole.seed,
            trial.order,
        )
        fresh = replace(tried, collocated=known.fresh if known else rows.redrawn(rows.seed + 1))
        fit = fitted(tried, fresh, state.start)
        weights = state.weights or fit.weights
        ground = known or Ground.of(tried, fresh, fit.theta, weights)
        residual = ground.judged(fresh, fit.theta, weights, self.tolerance)
        near = fill(tried.field, fit.theta) if fit.number else state.start.near
        start = replace(state.start, near=near, restarts=state.start.restarts + (fit.starts > 1))
        state = replace(state, weights=weights, ground=ground, features=trial.features, start=start)
        return tried, fit.theta, residual, state

    def _searched(
        self, state: State, trial: Trial, residual: float, left: float
    ) -> tuple[Search, str, Outcome]:
        """The search after a trial, and how it ends if that is for want of time or patience."""
        wanted = self._most(state.objective)
        if residual < FINE:
            wanted = min(wanted, ENOUGH)
        most = trial.features if self.features else wanted // state.columns
        affordable = state.pace.most(left) / state.columns
        hurried = left < (1 - BANDS) * state.left
        search = state.search.after(
            residual, self.tolerance, int(min(most, affordable)), hurried=hurried
        )
        if search.trial is not None:
            why = self._hopeless(search, state.columns)
            return replace(search, trial=None if why else search.trial), why, Outcome.stagnated
        if residual < self.tolerance or affordable >= most:
            return search, "", Outcome.converged
        if state.search.after(residual, self.tolerance, most, hurried=hurried).trial is None:
            return search, "", Outcome.converged
        return search, "the seconds left allow no larger trial", Outcome.budget

    def _hopeless(self, s: Search, columns: int) -> str:
        """Why more features than there is patience for are needed; nothing if they are not."""
        if math.isinf(self.patience):
            return ""
        if not s.growing:
            few = s.lowest > RESOLVED and s.best.features > JUDGED
            return f"{s.best.features} features resolve next to nothing" if few else ""
        if s.strikes > 1:
            return NO_LOWER
        needed = columns * s.needed(self.tolerance)
        far = s.rate > 0 and needed > self.patience * self.most
        return f"about {needed:.0e} columns would be needed, as the residual falls" if far else ""

    def _most(self, objective: Objective) -> int:
        """As many columns as wanted, and as three copies of their rows leave room for."""
        if objective.limits.memory is None:
            return self.most
        numbers = objective.limits.memory / objective.parameters.element_size()
        return min(self.most, int(math.sqrt(numbers / (3 * self.oversampling))))

    def _ended(self, s: Search) -> tuple[str, Outcome]:
        """Why a search has ended, and as what."""
        if s.lowest < self.tolerance:
            return f"the residual is below {self.tolerance:g}", Outcome.converged
        if not s.lowest < STUCK:
            return "not solved: the relative residual stays large", Outcome.stagnated
        if self.features and self.frequency:
            fits = s.lowest < FITTED
            outcome = Outcome.converged if fits else Outcome.unresolved
            return "the features asked for are fitted", outcome
        return NO_LOWER, Outcome.stagnated


def _coefficients(best: Iterate[State]) -> str:
    """How large the coefficients are: where they cancel, digits are lost."""
    c = output_coefficients(best.state.objective.field, best.theta)
    return f"coefficients of norm {float(torch.linalg.vector_norm(c)):.2g}"


def _written(frequency: list[float]) -> str:
    if len(frequency) <= 4:
        return "×".join(f"{w:.3g}" for w in frequency)
    return f"{min(frequency):.3g} to {max(frequency):.3g} along {len(frequency)} axes"


def _reaching(wanted: tuple[float, ...], features: int | None, most: int) -> Trial:
    """The first trial: what the data suggest (radians per half-length), and more.

    Data are blind along some axes, so that no band is much narrower than the widest, unless the
    features cannot hold that.
    """
    bands = [tuple(1.5 * max(k, max(wanted) / BLIND_AXES) for k in wanted)]
    bands += [tuple(1.5 * k for k in wanted)]
    for band in bands:
        trial = _suited(band, most) if features is None else Trial(band, features)
        if trial.held:
            return trial
    excess = (HELD * trial.freedom / trial.features) ** (1 / len(wanted))
    return trial.stretched(None, 1 / excess)


def _suited(band: tuple[float, ...], most: int) -> Trial:
    """Three features for each degree of freedom of the band, within limits: up to `MANY` to hold
    it at all.
    """
    freedom = Trial(band, 0).freedom
    low, high = (200, 600) if len(band) <= 3 else (600, max(1000, 20 * len(band)))
    low = max(low, min(20 * len(band), high) if len(band) > 3 else 0)
    if HELD * freedom > high:
        high = min(int(1.5 * HELD * freedom), MANY)
    return Trial(band, min(max(int(3 * freedom), low), high, most))


def _columns(objective: Objective) -> int:
    """How many columns a feature adds: one for each output of each network."""
    ones = objective.parameters.new_ones((len(half_lengths(objective)),))
    few, more = (with_features(objective, n, ones) for n in (1, 2))
    sizes = [len(output_coefficients(each.field, each.parameters)) for each in (few, more)]
    return max(sizes[1] - sizes[0], 1)
