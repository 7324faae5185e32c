"""Least squares on frozen sine features: a linear problem solved to rounding, no iteration in θ."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, final

import torch
from torch import Tensor

from siren_pde.linear import least_squares
from siren_pde.methods.base import Iterate, Method, Network


@dataclass(frozen=True)
class Trial:
    """A bandwidth per axis (radians per half-length of the box) and a number of features."""

    bandwidth: tuple[float, ...]
    features: int


@dataclass(frozen=True)
class Search:
    """What has been tried, by its relative residual at fresh points, and what comes next.

    `weights` make the conditions comparable, and stay the same throughout the search.
    """

    best: Trial
    residual: float
    queue: tuple[Trial, ...]
    weights: dict[str, float]
    phase: str = "scan"
    axis: int = 0
    strikes: int = 0


@final
@dataclass(frozen=True)
class LeastSquares(Method):
    """Determine the output layer of one layer of sines with frozen, uniformly spread frequencies.

    For a problem that is affine in the field, r = A c + b in the output coefficients c. How far
    the frequencies reach and how many there are is found by the residual at fresh points: a scan
    over one bandwidth for all axes, then each axis by itself, then more features until the residual
    no longer falls. `features` and `frequency` (radians per unit length, per axis) fix either.

    *Other*: `rows` per feature; `most` features; `tolerance` of the relative residual.

    Source: random feature method (Chen, Chi, E, Yang, 2022), here with uniform Sobol frequencies,
    rows scaled across conditions, columns to unit length, and rank-revealing QR.
    """

    features: int | None = None
    frequency: tuple[float, ...] | None = None
    rows: float = 2.5
    most: int = 2000
    tolerance: float = 1e-12
    name: str = "least squares"
    dtype: torch.dtype = torch.float64
    network: Network = Network(1, 1)

    def points(self, parameters: int) -> int:
        """The rows of the first trial."""
        return int(self.rows * (self.features or 250))

    def start(self, objective: Any) -> Iterate:
        """The zero field, and the first trial: the bandwidth the problem's data suggest."""
        low, high = objective.problem.bounds
        half = [(b - a) / 2 or 1.0 for a, b in zip(low, high, strict=True)]
        first = self.features or (250 if len(low) <= 3 else 600)
        if self.frequency is not None:
            width = tuple(f * s for f, s in zip(self.frequency, half, strict=True))
            phase, queue = "grow", (Trial(width, first),)
        else:
            phase, queue = "scan", (Trial((4.0,) * len(low), first),)
        zero = objective.featured(1, torch.ones_like(objective.parameters[: len(low)]))
        theta = torch.zeros_like(zero.parameters)
        state = Search(queue[0], math.inf, queue, {}, phase)
        return Iterate(objective, theta, zero.loss(theta), (state, half))

    def step(self, at: Iterate, used: float) -> Iterate:
        """Solve for the next trial, and keep it if its residual at fresh points is lower."""
        state, half = at.state
        trial, *rest = state.queue
        tried, theta, residual, weights = self._solve(at.objective, trial, half, state.weights)
        note = f"{trial.features} features, bandwidth {_text(trial, half)}: residual {residual:.1e}"
        better = residual < state.residual
        following = replace(state, queue=tuple(rest), weights=weights)
        following = self._next(following, trial, residual)
        done = "" if following.queue else self._reason(following)
        if not better:
            return replace(at, state=(following, half), note=note, finished=done)
        return Iterate(tried, theta, tried.loss(theta), (following, half), note, done)

    def _solve(
        self, objective: Any, trial: Trial, half: list[float], weights: dict[str, float]
    ) -> tuple[Any, Tensor, float, dict[str, float]]:
        like = objective.parameters
        frequency = like.new_tensor([k / s for k, s in zip(trial.bandwidth, half, strict=True)])
        sized = objective.sized(int(self.rows * trial.features))
        tried = sized.featured(trial.features, frequency)
        given = tried.parameters
        theta = tried.with_output(given, torch.zeros_like(given))
        b, a = tried.residual_and_output_rows(theta)
        balance = {}
        for name, rows in tried.rows().items():
            size = a[rows].square().mean().sqrt() * math.sqrt(a[rows].shape[0])
            balance[name] = 1 / max(float(size), 1e-300)
            a[rows] *= balance[name]
            b[rows] *= balance[name]
        theta = tried.with_output(theta, least_squares(a, -b).x)
        weights = weights or balance
        return tried, theta, self._fresh_residual(tried, theta, weights), weights

    def _fresh_residual(self, tried: Any, theta: Tensor, weights: dict[str, float]) -> float:
        fresh = tried.redrawn(tried.seed + 1)
        rows, zero = fresh.rows(), tried.with_output(theta, torch.zeros_like(theta))
        scale = torch.ones_like(fresh.residual(theta))
        for name, part in rows.items():
            scale[part] = weights[name]
        sizes = [torch.linalg.vector_norm(scale * fresh.residual(t)) for t in (theta, zero)]
        return float(sizes[0] / sizes[1].clamp_min(1e-300))

    def _next(self, s: Search, trial: Trial, residual: float) -> Search:
        """What to try after `trial` gave `residual`."""
        better = residual < s.residual
        gain = s.residual / max(residual, 1e-300)
        if better:
            s = replace(s, best=trial, residual=residual)
        if residual < self.tolerance:
            return replace(s, queue=())
        if s.phase == "scan":
            strikes = 0 if better else s.strikes + 1
            if strikes < 2 and max(trial.bandwidth) < 500:
                return replace(s, strikes=strikes, queue=(_stretched(trial, None, 1.7),))
            if len(trial.bandwidth) == 1:
                return self._grow(replace(s, phase="grow", strikes=0))
            s = replace(s, phase="wider", axis=0, strikes=0)
            return replace(s, queue=(_stretched(s.best, 0, 1.6),))
        if s.phase in ("wider", "narrower"):
            return self._shape(s, better)
        strikes = 0 if gain > 3 else s.strikes + 1
        return self._grow(replace(s, strikes=strikes))

    def _shape(self, s: Search, better: bool) -> Search:
        """Stretch one axis after the other while that helps."""
        factor = 1.6 if s.phase == "wider" else 1 / 1.6
        if better:
            return replace(s, strikes=1, queue=(_stretched(s.best, s.axis, factor),))
        if s.phase == "wider" and not s.strikes:
            s = replace(s, phase="narrower")
            return replace(s, queue=(_stretched(s.best, s.axis, 1 / 1.6),))
        if s.axis + 1 < len(s.best.bandwidth):
            s = replace(s, phase="wider", axis=s.axis + 1, strikes=0)
            return replace(s, queue=(_stretched(s.best, s.axis, 1.6),))
        return self._grow(replace(s, phase="grow", strikes=0))

    def _grow(self, s: Search) -> Search:
        """More features, and as they allow it a wider band."""
        features = int(1.6 * s.best.features) if s.strikes == 0 else int(2.2 * s.best.features)
        if self.features or s.strikes > 1 or features > self.most:
            return replace(s, queue=())
        return replace(s, queue=(_stretched(replace(s.best, features=features), None, 1.15),))

    def _reason(self, s: Search) -> str:
        if s.residual < self.tolerance:
            return f"the residual has reached rounding ({s.residual:.1e} at fresh points)"
        if self.features and self.frequency:
            return f"the features asked for are fitted (residual {s.residual:.1e} at fresh points)"
        return f"more features no longer lower the residual ({s.residual:.1e} at fresh points)"


def _stretched(trial: Trial, axis: int | None, factor: float) -> Trial:
    band = (k * factor if axis in (None, i) else k for i, k in enumerate(trial.bandwidth))
    return replace(trial, bandwidth=tuple(band))


def _text(trial: Trial, half: list[float]) -> str:
    return "×".join(f"{k / s:.3g}" for k, s in zip(trial.bandwidth, half, strict=True))
