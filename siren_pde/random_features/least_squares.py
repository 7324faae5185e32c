"""Least squares on frozen sine features: a linear problem solved to rounding, no iteration in θ."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Tensor

from siren_pde.collocation.collocated import Collocated
from siren_pde.collocation.objective import Objective
from siren_pde.errors import ConfigError
from siren_pde.fields.base import Field
from siren_pde.fields.parameters import fill
from siren_pde.optimisers.base import Architecture, Iterate, Method, Residuals, Spent
from siren_pde.optimisers.outcome import Outcome
from siren_pde.random_features.features import (
    half_lengths,
    output_coefficients,
    require_problem,
    suggested_frequencies,
    with_features,
    without_output,
)
from siren_pde.random_features.output_layer import (
    fit_output,
    relative_residuals,
    term_sizes,
    weighted_size,
    weighted_terms,
)
from siren_pde.random_features.search import Search, Trial
from siren_pde.random_features.starts import (
    STUCK,
    descended,
    first_finite,
    like_field,
    other_starts,
)

BOLDNESS = 1
"""How careful the first of Newton's steps is, that far from the solution (see `fit_output`)."""
GUESS = 1e-6
"""The relative residual to which measured data alone are fitted."""
RESTARTS = 2
"""So many trials begin elsewhere too where Newton's method is stuck; features are missing then."""
FEW, SLOW_BAND = 60, 2.0
"""Features, and their radians per half-length, of what is known where the zero field is no start.
"""
FITTED = 0.1
"""Features that were asked for and leave more than this of the residual are too few."""
EACH = 1e-6
"""Every condition by itself is met to this share of its terms, lest a large one hide a small."""
SMALL = 1e-6
"""Data this small beside the terms of the solution are no measure of a residual: its terms are."""


@dataclass(frozen=True)
class Ground:
    """Where trials with one number of features are compared: rows to fit, fresh rows to judge.

    `zero` is the size of the fresh rows of the zero field, weighted, or where that is nothing of
    the terms of the solution.
    """

    rows: Collocated
    fresh: Collocated
    zero: Tensor


@dataclass(frozen=True)
class State:
    """The best objective so far, the search, the half-lengths of the box, and the ground of the
    current size, if any. `weights` make the conditions comparable. Newton's method starts near the
    field `near`, if there is one, and `restarts` trials began elsewhere too.
    """

    objective: Objective
    search: Search
    half: tuple[float, ...]
    weights: dict[str, float]
    ground: Ground | None = None
    features: int = 0
    near: Field | None = None
    restarts: int = 0


@final
@dataclass(frozen=True)
class LeastSquares(Method[State]):
    """Determine the output layer of one layer of sines with frozen, uniformly spread frequencies.

    For a problem that is affine in the field, r = A c + b in the output coefficients c. Else
    Newton's method takes damped steps of this kind, from functions fitted to any measured data, and
    where those lead nowhere from boundary values and simple functions; unknown constants are
    coefficients too. How far the frequencies reach and how many there are is
    found by the residual at fresh points: from what the problem's data suggest, the band is
    stretched along all axes together and then along each, and features are added until the residual
    no longer falls. `features` and `frequency` (radians per unit length, per axis) fix either.

    *Other*: `oversampling`, the rows per feature; `most` features; `tolerance` of the relative
    residual.

    Source: random feature method (Chen, Chi, E, Yang, 2022), here with uniform Sobol frequencies,
    rows scaled across conditions, columns to unit length, and QR.
    """

    features: int | None = None
    frequency: tuple[float, ...] | None = None
    oversampling: float = 1.6
    most: int = 4000
    tolerance: float = 3e-11
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
        if self.frequency is not None and len(self.frequency) != len(half):
            raise ConfigError(
                f"`LeastSquares` needs a frequency for each of {len(half)} coordinates, got "
                f"{self.frequency}."
            )
        wanted = self.frequency or suggested_frequencies(whole)
        band = tuple(w * s for w, s in zip(wanted, half, strict=True))
        if self.frequency is None:  # the suggestion is a mean, and blind along some axes
            band = tuple(1.5 * max(k, max(band) / 4) for k in band)
        trial = Trial(band, self.features or _suited(band, self._most(whole)))
        search = Search.starting(trial, fixed=self.frequency is not None)
        zero = with_features(whole, 1, whole.parameters.new_ones((len(half),)))
        theta = zero.parameters
        if not bool(torch.isfinite(zero.residual(theta)).all()):
            slow = theta.new_tensor([SLOW_BAND / s for s in half])
            zero = with_features(whole, FEW, slow, whole.seed)
            theta = first_finite(zero, zero.parameters)
        return Iterate(zero, theta, zero.loss(theta), State(zero, search, half, {}))

    def step(self, at: Iterate[State], spent: Spent) -> Iterate[State]:
        """Solve for the next trial, and keep it if its residual at fresh points is lower."""
        state, trial, whole = at.state, at.state.search.trial, at.state.objective
        assert trial is not None
        frequency = at.theta.new_tensor(
            [k / s for k, s in zip(trial.bandwidth, state.half, strict=True)]
        )
        known = state.ground if state.features == trial.features else None
        count = int(self.oversampling * trial.features)
        rows = known.rows if known else whole.collocated.with_count(count)
        sized = replace(whole, collocated=rows)
        tried = with_features(sized, trial.features, frequency, whole.seed, trial.order)
        judged = known.fresh if known else rows.redrawn(rows.seed + 1)
        fresh = replace(tried, collocated=judged)
        theta, balance, number, starts = _fitted(tried, fresh, state)
        weights = state.weights or balance
        ground = known or _ground(tried, fresh, theta, weights)
        residual = _judged(fresh, theta, weights, ground, self.tolerance)
        most = trial.features if self.features else self._most(whole)
        search = state.search.after(residual, self.tolerance, most)
        text = _written(frequency.tolist())
        note = f"{trial.features} features, bandwidth {text}: residual {residual:.1e}"
        state = replace(
            state,
            search=search,
            weights=weights,
            ground=ground,
            features=trial.features,
            near=fill(tried.field, theta) if number else state.near,
            restarts=state.restarts + (starts > 1),
        )
        best = replace(at, state=state, note=note)
        if search.best is trial and math.isfinite(residual):
            state = replace(state, objective=tried)
            best = Iterate(tried, theta, tried.loss(theta), state, note)
        if search.trial is None:
            done = f"{self._reason(search)}, {_coefficients(best)}"
            return replace(best, finished=done, outcome=self._outcome(search))
        return best

    def _most(self, objective: Objective) -> int:
        """As many features as wanted, and as three copies of their rows leave room for."""
        if objective.limits.memory is None:
            return self.most
        numbers = objective.limits.memory / objective.parameters.element_size()
        return min(self.most, int(math.sqrt(numbers / (3 * self.oversampling))))

    def _outcome(self, s: Search) -> Outcome:
        if s.residual < self.tolerance:
            return Outcome.converged
        if not (self.features and self.frequency) or not s.residual < STUCK:
            return Outcome.stagnated
        return Outcome.converged if s.residual < FITTED else Outcome.unresolved

    def _reason(self, s: Search) -> str:
        if s.residual < self.tolerance:
            return f"the residual is below {self.tolerance:g} ({s.residual:.1e} at fresh points)"
        if not s.residual < STUCK:
            return f"not solved: the relative residual is {s.residual:.1e} at fresh points"
        if self.features and self.frequency:
            return f"the features asked for are fitted (residual {s.residual:.1e} at fresh points)"
        return f"more features no longer lower the residual ({s.residual:.1e} at fresh points)"


def _coefficients(best: Iterate[State]) -> str:
    """How large the coefficients are: where they cancel, digits are lost."""
    c = output_coefficients(best.state.objective.field, best.theta)
    return f"coefficients of norm {float(torch.linalg.vector_norm(c)):.2g}"


def _first(tried: Objective) -> Tensor:
    """Where Newton's method starts: functions zero, or near what is measured; constants as given.

    Once functions are near, the equations determine the constants.
    """
    data = tried.collocated.data_residuals()
    if data is None:
        return tried.parameters
    measured = replace(tried, collocated=data)
    return fit_output(measured, tried.parameters, tolerance=GUESS)[0]


def _written(frequency: list[float]) -> str:
    if len(frequency) <= 4:
        return "×".join(f"{w:.3g}" for w in frequency)
    return f"{min(frequency):.3g} to {max(frequency):.3g} along {len(frequency)} axes"


def _suited(band: tuple[float, ...], most: int) -> int:
    """Three features for each degree of freedom of the band, within limits."""
    freedom = math.prod(max(2 * k / math.pi, 1.0) for k in band)
    low, high = (200, 600) if len(band) <= 3 else (600, max(1000, 20 * len(band)))
    low = max(low, min(20 * len(band), high) if len(band) > 3 else 0)
    return min(max(int(3 * freedom), low), high, most)


def _fitted(
    tried: Objective, fresh: Objective, state: State
) -> tuple[Tensor, dict[str, float], int, int]:
    """θ with the features of a trial fitted, at once or by Newton's method from the best start, the
    factors of the conditions, the number of the start, and how many were tried.
    """
    if tried.collocated.affine:
        return *fit_output(tried, tried.parameters, affine=True), 0, 1

    def starts() -> Iterator[Tensor]:
        start = tried.parameters
        yield _first(tried) if state.near is None else like_field(tried, start, state.near)
        if state.restarts < RESTARTS:
            yield from other_starts(tried, start)

    descent = descended(tried, fresh, starts(), boldness=BOLDNESS)
    if descent is None:  # no start is in the residuals' domain of definition
        return tried.parameters, dict.fromkeys(tried.collocated.slices, 1.0), 0, RESTARTS
    return descent.theta, descent.weights, descent.number, descent.tried


def _judged(
    fresh: Objective, theta: Tensor, weights: dict[str, float], ground: Ground, tolerance: float
) -> float:
    """The relative residual at fresh points, no smaller than the tolerance where a condition by
    itself is not met.
    """
    residual = float(weighted_size(fresh, theta, weights) / ground.zero)
    if not math.isfinite(residual):
        return math.inf
    if not residual < tolerance:
        return residual
    each = relative_residuals(fresh, theta, term_sizes(fresh, theta))
    return max(residual, tolerance * max(each.values()) / EACH)


def _ground(tried: Objective, fresh: Objective, theta: Tensor, weights: dict[str, float]) -> Ground:
    zero = weighted_size(fresh, without_output(tried.field, theta), weights)
    tiny = torch.finfo(zero.dtype).tiny
    terms = weighted_terms(fresh, theta, weights)
    if not bool(torch.isfinite(zero)) or float(zero) < SMALL * terms < math.inf:
        zero = zero.new_tensor(terms)
    return Ground(tried.collocated, fresh.collocated, zero.clamp_min(tiny))
