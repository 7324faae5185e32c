"""Least squares on frozen sine features: a linear problem solved to rounding, no iteration in θ."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Tensor

from siren_pde.collocation.collocated import Collocated
from siren_pde.collocation.objective import Objective
from siren_pde.errors import ConfigError
from siren_pde.optimisers.base import Architecture, Iterate, Method, Residuals
from siren_pde.optimisers.outcome import Outcome
from siren_pde.random_features.features import (
    half_lengths,
    output_coefficients,
    require_problem,
    suggested_frequencies,
    with_features,
    without_output,
)
from siren_pde.random_features.output_layer import fit_output, weighted_size
from siren_pde.random_features.search import Search, Trial

BOLDNESS = 1
"""How careful the first of Newton's steps is, that far from the solution (see `fit_output`)."""
GUESS = 1e-6
"""The relative residual to which measured data alone are fitted."""


@dataclass(frozen=True)
class Ground:
    """Where trials with one number of features are compared: rows to fit, fresh rows to judge.

    `zero` is the size of the fresh rows of the zero field, weighted.
    """

    rows: Collocated
    fresh: Collocated
    zero: Tensor


@dataclass(frozen=True)
class State:
    """The best objective so far, the search, the half-lengths of the box, and the ground of the
    current size, if any. `weights` make the conditions comparable.
    """

    objective: Objective
    search: Search
    half: tuple[float, ...]
    weights: dict[str, float]
    ground: Ground | None = None
    features: int = 0


@final
@dataclass(frozen=True)
class LeastSquares(Method[State]):
    """Determine the output layer of one layer of sines with frozen, uniformly spread frequencies.

    For a problem that is affine in the field, r = A c + b in the output coefficients c. Else
    Newton's method takes damped steps of this kind, from functions fitted to any measured data;
    unknown constants are coefficients too. How far the frequencies reach and how many there are is
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
        """The zero field; the first trial has the bandwidth that the problem's data suggest."""
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
        return Iterate(zero, theta, zero.loss(theta), State(zero, search, half, {}))

    def step(self, at: Iterate[State], used: float) -> Iterate[State]:
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
        affine = rows.affine
        start = tried.parameters if affine else _first(tried)
        theta, balance = fit_output(tried, start, affine=affine, boldness=BOLDNESS)
        weights = state.weights or balance
        ground = known or _ground(tried, theta, weights)
        fresh = replace(tried, collocated=ground.fresh)
        residual = float(weighted_size(fresh, theta, weights) / ground.zero)
        most = trial.features if self.features else self._most(whole)
        search = state.search.after(residual, self.tolerance, most)
        text = _written(frequency.tolist())
        note = f"{trial.features} features, bandwidth {text}: residual {residual:.1e}"
        state = State(whole, search, state.half, weights, ground, trial.features)
        best = replace(at, state=state, note=note)
        if search.best is trial:
            state = replace(state, objective=tried)
            best = Iterate(tried, theta, tried.loss(theta), state, note)
        if search.trial is None:
            done = f"{self._reason(search)}, {_coefficients(best)}"
            fixed = self.features and self.frequency
            converged = search.residual < self.tolerance or fixed
            ended = Outcome.converged if converged else Outcome.stagnated
            return replace(best, finished=done, outcome=ended)
        return best

    def _most(self, objective: Objective) -> int:
        """As many features as wanted, and as three copies of their rows leave room for."""
        if objective.limits.memory is None:
            return self.most
        numbers = objective.limits.memory / objective.parameters.element_size()
        return min(self.most, int(math.sqrt(numbers / (3 * self.oversampling))))

    def _reason(self, s: Search) -> str:
        if s.residual < self.tolerance:
            return f"the residual is below {self.tolerance:g} ({s.residual:.1e} at fresh points)"
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


def _ground(tried: Objective, theta: Tensor, weights: dict[str, float]) -> Ground:
    rows = tried.collocated
    fresh = rows.redrawn(rows.seed + 1)
    zero = without_output(tried.field, theta)
    size = weighted_size(replace(tried, collocated=fresh), zero, weights)
    return Ground(rows, fresh, size.clamp_min(torch.finfo(size.dtype).tiny))
