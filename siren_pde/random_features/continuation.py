"""Nonlinear problems by way of their linearisation, at few features first and then at more."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar, final

import torch
from torch import Tensor

from siren_pde.collocation.objective import Objective
from siren_pde.errors import ConfigError
from siren_pde.fields.base import Field
from siren_pde.fields.parameters import with_parameters
from siren_pde.optimisers.base import Architecture, Iterate, Method, Residuals, Spent
from siren_pde.optimisers.outcome import Outcome
from siren_pde.random_features.features import (
    half_lengths,
    require_problem,
    with_features,
)
from siren_pde.random_features.homotopy import OutputHomotopy, followed
from siren_pde.random_features.output_layer import (
    fit_output,
    null_conditions,
    relative_residuals,
    term_sizes,
)
from siren_pde.random_features.starts import is_finite, like_field

PER_DEGREE = 4.5
"""Features for each degree of freedom of a band, Π 2 k h / π: at 300 and at 700 features per
unknown of a driven cavity, fewer and more are both worse.
"""
GROWTH = 1.7
"""By how much features grow from level to level."""
COST = 3.0
"""The power of their number that a level's time grows with."""
ELONGATED = 1.5
"""Boxes longer than wide by this much may have bands of two shapes."""
STEPS = 6
"""Newton steps from an answer that is nearly right: more only follow the noise of few points."""
LOST = 3.0
"""Where so many times the residual before is left, Newton's method has gone elsewhere."""
FINER = 0.9
"""A level that leaves more than this share of what the one before left is no better."""


@dataclass(frozen=True)
class State:
    """What continuation has reached: the problem at hand, the features of the next level, and the
    bands for one degree of freedom (radians per unit length) that it tries.

    `best` is the field that leaves the least `residual`, `s` how far on the path it is; `worse`
    levels in a row were no better. `left` is what was left of the budget before the last level.
    """

    whole: Objective
    features: int
    shapes: tuple[Tensor, ...]
    best: Field | None = None
    s: float = 0.0
    residual: float = math.inf
    worse: int = 0
    left: float = math.inf


@final
@dataclass(frozen=True)
class Continuation(Method[State]):
    """Newton's method led from the linearised problem to the problem itself, on frozen features.

    The first level has few features: there the path is followed (`homotopy`), in a band alike along
    all axes and in one alike for all half-lengths, of which the better is kept. Later levels have
    more features in a wider band; Newton's method starts from the answer before, and follows the
    path again where that leads elsewhere. It ends where the next level would take longer than is
    left, where levels are no better, or at `most` features.

    *Other*: `features` of the first level, and `oversampling`, the points per feature.

    Source: natural-parameter continuation (Allgower and Georg, Introduction to Numerical
    Continuation Methods, 2003), with grid sequencing.
    """

    features: int = 200
    most: int = 2000
    oversampling: float = 5.0
    tolerance: float = 1e-9
    name: str = "continuation"
    dtype: torch.dtype = torch.float64
    architecture: Architecture = Architecture(1, 1)
    descends: ClassVar[bool] = False

    def points(self, parameters: int) -> int:
        """The rows of the first level."""
        return int(self.oversampling * self.features)

    def start(self, objective: Residuals) -> Iterate[State]:
        """The zero field. Raises ConfigError where there is no path: residuals are affine, or there
        is nothing to linearise at the zero field.
        """
        whole = require_problem(objective, "Continuation")
        if whole.collocated.affine:
            raise ConfigError(
                "`Continuation` leads from a linearised problem to the problem itself, and these "
                "residuals are affine in the field already. Solve with `LeastSquares()`."
            )
        half = whole.parameters.new_tensor(half_lengths(whole))
        zero = with_features(whole, 1, 1 / half)
        if not is_finite(zero, zero.parameters) or null_conditions(zero, zero.parameters):
            raise ConfigError(
                "`Continuation` begins with the problem linearised at the zero field, where these "
                "residuals have no derivatives or do not depend on the field. Solve with "
                "`LeastSquares()` or `GaussNewton()`."
            )
        state = State(whole, self.features, _shapes(half))
        return Iterate(zero, zero.parameters, zero.loss(zero.parameters), state)

    def step(self, at: Iterate[State], spent: Spent) -> Iterate[State]:
        """One level."""
        state, n = at.state, at.state.features
        took = state.left - spent.left  # NaN where the budget has no seconds
        if state.best is not None and took * GROWTH**COST > spent.left:
            return self._ended(at, f"{n} features would take longer than what is left")
        level = min((self._level(state, shape) for shape in state.shapes), key=_rank)
        note = f"{n} features: {level.s:.0%} of the path, residual {level.residual:.1e}"
        fine = level.residual < FINER * state.residual or level.s < 1
        worse = 0 if fine else state.worse + 1
        better = state.best is None or _rank(level) <= (-state.s, state.residual)
        state = replace(
            state,
            features=int(GROWTH * n),
            shapes=(level.shape,),
            worse=worse,
            left=spent.left,
        )
        if better:
            best = with_parameters(level.objective.field, level.theta)
            state = replace(state, best=best, s=level.s, residual=level.residual)
            loss = level.objective.loss(level.theta)
            at = replace(at, objective=level.objective, theta=level.theta, loss=loss)
        at = replace(at, state=state, note=note)
        if state.s == 1 and state.residual < self.tolerance:
            done = f"the residual is below {self.tolerance:g} ({state.residual:.1e})"
            return replace(self._ended(at, done), outcome=Outcome.converged)
        if worse > 1:
            return self._ended(at, "more features no longer lower the residual")
        if state.features > self.most:
            return self._ended(at, f"{n} features are the most")
        return at

    def _level(self, state: State, shape: Tensor) -> Level:
        """The solution at the features of this level, in a band of the shape given."""
        n, whole = state.features, state.whole
        band = (n / PER_DEGREE) ** (1 / len(shape)) * shape
        rows = whole.collocated.with_count(int(self.oversampling * n))
        tried = with_features(replace(whole, collocated=rows), n, band, whole.seed)
        if state.best is not None and state.s == 1:
            near = like_field(tried, tried.parameters, state.best)
            theta = fit_output(tried, near, most=STEPS)[0] if is_finite(tried, near) else near
            if (residual := _left_over(tried, theta)) < LOST * state.residual:
                return Level(tried, theta, 1.0, residual, shape)
        path = OutputHomotopy(tried)
        place = followed(path.newton, tried.parameters)
        theta = place.theta
        if place.s == 1:
            theta = fit_output(tried, theta, weights=path.weights, most=STEPS)[0]
        return Level(tried, theta, place.s, _left_over(tried, theta), shape)

    def _ended(self, at: Iterate[State], why: str) -> Iterate[State]:
        state = at.state
        text = f"{why}; the residual is {state.residual:.1e} at fresh points"
        if state.s < 1:
            text = f"{why}; the path from the linearised problem was followed to {state.s:.1%}"
        return replace(at, finished=text, outcome=Outcome.stagnated)


@dataclass(frozen=True)
class Level:
    """What one level gave: θ of its objective, how far on the path, and the residual it leaves."""

    objective: Objective
    theta: Tensor
    s: float
    residual: float
    shape: Tensor


def _rank(level: Level) -> tuple[float, float]:
    """The least is the best: farther on the path, and then with less residual."""
    return -level.s, level.residual


def _shapes(half: Tensor) -> tuple[Tensor, ...]:
    """Bands of one degree of freedom: alike for all half-lengths, and alike along all axes."""
    per_half = math.pi / 2 / half
    alike = torch.full_like(half, math.pi / 2 / float(half.log().mean().exp()))
    far = float(half.max() / half.min()) > ELONGATED
    return (per_half, alike) if far else (per_half,)


def _left_over(objective: Objective, theta: Tensor) -> float:
    """The residual of the worst condition beside its terms, at fresh points."""
    rows = objective.collocated
    fresh = replace(objective, collocated=rows.redrawn(rows.seed + 1))
    sizes = relative_residuals(fresh, theta, term_sizes(fresh, theta)).values()
    worst = max(sizes)
    return worst if math.isfinite(worst) else math.inf
