"""Least squares on frozen sine features: a linear problem solved to rounding, no iteration in θ."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace
from typing import ClassVar, final

import torch
from torch import Tensor

from siren_pde.collocation.collocated import Collocated
from siren_pde.collocation.objective import Objective
from siren_pde.fields.base import Field
from siren_pde.fields.parameters import fill
from siren_pde.optimisers.base import Architecture, Iterate, Method, Residuals, Spent
from siren_pde.optimisers.outcome import Outcome
from siren_pde.random_features.features import (
    Pace,
    coefficients_text,
    columns_allowed,
    columns_of,
    first_trial,
    half_lengths,
    require_problem,
    trial_text,
    with_features,
    without_output,
)
from siren_pde.random_features.mirrors import between_mirrors
from siren_pde.random_features.output_layer import (
    fit_output,
    relative_residuals,
    term_sizes,
    weighted_size,
    weighted_terms,
)
from siren_pde.random_features.search import AXIS_BY_AXIS, RESOLVED, Search, Trial
from siren_pde.random_features.starts import STUCK, first_finite
from siren_pde.random_features.trial_fit import newton_fitted

FEW, SLOW_BAND = 60, 2.0
"""Features, and their radians per half-length, of what is known where the zero field is no start.
"""
FITTED = 0.1
"""Features that were asked for and leave more than this of the residual are too few."""
EACH = 1e-6
"""Every condition by itself is met to this share of its terms, lest a large one hide a small."""
SMALL = 1e-6
"""Data so small beside the solution's terms, each condition's too, are no measure: terms are."""
BANDS = 0.2
"""The share of the seconds given that the search for a band may take."""
JUDGED = 1000
"""Features that resolve nothing of a solution say that such features will not."""
FINE, ENOUGH = 1e-7, 4000
"""Below this relative residual, more than so many columns gain less than they cost."""
UNBOUNDED = 10**9
"""More features than any trial has."""
NO_LOWER = "more features no longer lower the residual"


@dataclass(frozen=True)
class Ground:
    """Where trials with one number of features are compared: rows to fit, fresh rows to judge.

    `zero` is the size of the fresh rows of the zero field, weighted, or where that is nothing of
    the terms of the solution.
    """

    rows: Collocated
    fresh: Collocated
    zero: Tensor

    @staticmethod
    def of(tried: Objective, fresh: Objective, theta: Tensor, weights: dict[str, float]) -> Ground:
        """The ground of a trial that was fitted by θ."""
        nothing = without_output(tried.field, theta)
        zero, terms = weighted_size(fresh, nothing, weights), weighted_terms(fresh, theta, weights)
        small = not bool(torch.isfinite(zero))
        if float(zero) < SMALL * terms < math.inf:  # and so each by itself, beside its own terms
            small = (
                max(relative_residuals(fresh, nothing, term_sizes(fresh, theta)).values()) < SMALL
            )
        zero = zero.new_tensor(terms) if small else zero
        tiny = torch.finfo(zero.dtype).tiny
        return Ground(tried.collocated, fresh.collocated, zero.clamp_min(tiny))

    def judged(
        self, fresh: Objective, theta: Tensor, weights: dict[str, float], tolerance: float
    ) -> float:
        """The relative residual at fresh points, no smaller than the tolerance where a condition by
        itself is not met.
        """
        residual = float(weighted_size(fresh, theta, weights) / self.zero)
        if not math.isfinite(residual):
            return math.inf
        if not residual < tolerance:
            return residual
        each = relative_residuals(fresh, theta, term_sizes(fresh, theta))
        return max(residual, tolerance * max(each.values()) / EACH)


@dataclass(frozen=True)
class State:
    """The best objective so far, the search, the half-lengths of the box, the columns of a feature,
    and the ground of the current size, if any. `weights` make the conditions comparable, from the
    first trial of a climb on. Newton's method starts near
    the field `near`, if there is one, and `restarts` trials began elsewhere too. `pace` says
    how long trials take, `left` how many seconds there were for the first.
    """

    objective: Objective
    search: Search
    half: tuple[float, ...]
    columns: int = 1
    weights: dict[str, float] = field(default_factory=dict)
    ground: Ground | None = None
    features: int = 0
    near: Field | None = None
    restarts: int = 0
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
    shared: ClassVar[bool] = True
    descends: ClassVar[bool] = False

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
        zero = with_features(whole, 1, whole.parameters.new_ones((len(half),)))
        columns = columns_of(whole)
        most = self._most(whole) // columns
        trial = first_trial(whole, features=self.features, frequency=self.frequency, most=most)
        search = Search.starting(trial, fixed=self.frequency is not None)
        theta = zero.parameters
        if not zero.collocated.processes.all(bool(torch.isfinite(zero.residual(theta)).all())):
            slow = theta.new_tensor([SLOW_BAND / s for s in half])
            zero = with_features(whole, FEW, slow, whole.seed)
            theta = first_finite(zero, zero.parameters)
        return Iterate(zero, theta, zero.loss(theta), State(zero, search, half, columns))

    def step(self, at: Iterate[State], spent: Spent) -> Iterate[State]:
        """Solve for the next trial, and keep it if its residual at fresh points is lower."""
        began, trial, state = time.monotonic(), at.state.search.trial, at.state
        assert trial is not None
        left = spent.left if math.isnan(state.left) else state.left
        tried, theta, residual, state = self._tried(
            replace(state, left=left), trial, deadline=began + spent.left
        )
        processes = state.objective.collocated.processes
        seconds = processes.agreed(time.monotonic() - began)
        state = replace(state, pace=state.pace.after(trial.features * state.columns, seconds))
        search, ended, outcome = self._searched(state, trial, residual, spent.left - seconds)
        state = replace(state, search=search)
        if search.trial is search.best:  # a climb anew, whose bands weigh conditions anew
            state = replace(state, weights={}, ground=None, features=0)
        note = f"{trial_text(trial, state.half)}: residual {residual:.1e}"
        best = replace(at, state=state, note=note)
        if search.answer is trial:
            state = replace(state, objective=tried)
            best = Iterate(tried, theta, tried.loss(theta), state, note)
        if search.trial is None:
            ended, outcome = (ended, outcome) if ended else self._ended(search)
            size = coefficients_text(best.state.objective.field, best.theta)
            done = f"{ended} ({search.lowest:.1e} at fresh points), {size}"
            return replace(best, finished=done, outcome=outcome)
        return best

    def _tried(
        self, state: State, trial: Trial, *, deadline: float
    ) -> tuple[Objective, Tensor, float, State]:
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
        if tried.collocated.affine:
            theta, balance = fit_output(tried, tried.parameters, affine=True)
        else:
            start = (state.near, state.restarts, deadline)
            theta, balance, number, starts = newton_fitted(tried, fresh, start)
            near = fill(tried.field, theta) if number else state.near
            state = replace(state, near=near, restarts=state.restarts + (starts > 1))
        weights = state.weights or balance
        ground = known or Ground.of(tried, fresh, theta, weights)
        residual = ground.judged(fresh, theta, weights, self.tolerance)
        state = replace(state, weights=weights, ground=ground, features=trial.features)
        return tried, theta, residual, state

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
        allowed = int(min(most, affordable))
        search = state.search.after(residual, self.tolerance, allowed, hurried=hurried)
        if search.trial is not None:
            why = self._hopeless(search, state.columns)
            return replace(search, trial=None if why else search.trial), why, Outcome.stagnated
        if residual < self.tolerance:
            return search, "", Outcome.converged
        slow, large = (
            state.search.after(residual, self.tolerance, enough, hurried=hurried).trial
            for enough in (most, UNBOUNDED)
        )
        if slow:
            return search, "the seconds left allow no larger trial", Outcome.budget
        # Newton's steps may be what fails, not the columns, unless one is exact
        short = large and state.objective.collocated.affine and not search.lowest < RESOLVED
        why = f"{most * state.columns} columns are too few" if short else ""
        return search, why, Outcome.unresolved

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
        return columns_allowed(objective, self.most, self.oversampling)

    def _ended(self, s: Search) -> tuple[str, Outcome]:
        """Why a search has ended, and as what."""
        if s.lowest < self.tolerance:
            return f"the residual is below {self.tolerance:g}", Outcome.converged
        if not s.lowest < STUCK:
            return "not solved: the relative residual stays large", Outcome.stagnated
        if self.features and self.frequency:
            kind = Outcome.converged if s.lowest < FITTED else Outcome.unresolved
            return "the features asked for are fitted", kind
        return NO_LOWER, Outcome.stagnated
