"""Where a march in equal slabs stands: the slabs solved, and what the next ones start from."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from dataclasses import field as made

from torch import Tensor

from siren_pde.fields.base import Field
from siren_pde.fields.derived.piecewise import joined
from siren_pde.optimisers.base import Iterate
from siren_pde.random_features.evolution import Slabs
from siren_pde.random_features.search import Search, Trial
from siren_pde.random_features.stepper import Stepper

FEATURES_PER_DEGREE = 6
"""Features for each degree of freedom of a band."""


def freedom(wavenumber: float) -> float:
    """Degrees of freedom along an axis on which waves have radians per half-length."""
    return 2 * wavenumber / math.pi + 3


@dataclass(frozen=True)
class Fit:
    """A slab solved by the features of a trial: its field, the coefficients c (q,) of that, and the
    residual at fresh points beside `size`, that of the zero field, for weights of the conditions.
    """

    trial: Trial
    field: Field
    c: Tensor
    residual: float
    size: float
    weights: dict[str, float]


@dataclass(frozen=True)
class State:
    """Where the march stands: the slabs behind it, and how the next ones are solved.

    Slabs are `length` long from `origin` on, and `index` of those are solved. `search` looks for
    the band of the first, unless that is `fixed`, with `weights` that make trials comparable and at
    most `most` features; `best` is the best of them. `refused` is the residual that slabs of twice
    the length had. From the coefficients `c` of the last slab, `stepper` goes on, if those of the
    equations are `steady`. Residuals are relative to the largest `size` so far, so that what has
    died away need not be resolved.
    """

    slabs: Slabs
    half: tuple[float, ...]
    origin: float
    length: float
    search: Search
    most: int
    fixed: bool = False
    steady: bool = False
    index: int = 0
    weights: dict[str, float] = made(default_factory=dict)
    best: Fit | None = None
    refused: float = math.inf
    c: Tensor | None = None
    stepper: Stepper | None = None
    fields: tuple[Field, ...] = ()
    breaks: tuple[float, ...] = ()
    worst: float = 0.0
    size: float = 0.0

    @property
    def before(self) -> Field | None:
        """The field of the slab before the next one, if there is one."""
        return self.fields[-1] if self.fields else None

    @property
    def start(self) -> float:
        """Where the next slab begins."""
        return self.origin + self.index * self.length

    def searching(self, trial: Trial) -> State:
        """At the start of a search on the next slab."""
        search = Search.starting(trial, fixed=self.fixed)
        return replace(self, search=search, weights={}, best=None)

    def advanced(self, fit: Fit) -> State:
        """One slab further."""
        return replace(
            self,
            index=self.index + 1,
            c=fit.c,
            fields=(*self.fields, fit.field),
            breaks=(*self.breaks, self.start + self.length),
            worst=max(self.worst, fit.residual),
            size=max(self.size, fit.size),
        )


def reached(at: Iterate[State], state: State) -> Iterate[State]:
    """The slabs that are solved, joined."""
    if not state.fields:
        return replace(at, state=state)
    time, best = state.slabs.evolution, state.best
    whole = joined(time.axis, state.breaks[:-1], state.fields)
    objective = replace(state.slabs.whole, field=whole)
    theta, end, done = objective.parameters, state.breaks[-1], ""
    arrived = state.search.trial is None and state.start + state.length / 2 > time.high
    if best is not None and arrived:
        done = (
            f"{len(state.fields)} slabs of {best.trial.features} features are solved, their "
            f"residuals ≤ {state.worst:.1e}"
        )
    loss = theta.new_tensor(state.worst**2 / 2)
    note = f"t = {end:.4g}: residuals ≤ {state.worst:.1e} in slabs of {state.length:.3g}"
    until = None if done else time.until(objective.collocated.problem, end)
    return Iterate(objective, theta, loss, state, note, done, until)
