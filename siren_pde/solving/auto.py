"""The method that chooses the method: by measuring whether the problem is affine, and its size."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import Any, final

import torch

from siren_pde.collocation.objective import Objective
from siren_pde.local_features.lines import LocalLines
from siren_pde.local_features.lines_boxes import unsuited_lines
from siren_pde.local_features.reentrant import hollow
from siren_pde.optimisers.adam import Adam
from siren_pde.optimisers.base import Architecture, Iterate, Method, Residuals, Spent
from siren_pde.optimisers.gauss_newton import GaussNewton
from siren_pde.optimisers.outcome import Outcome
from siren_pde.random_features.evolution import Evolution, evolution_of
from siren_pde.random_features.features import half_lengths
from siren_pde.random_features.lines_start import suits
from siren_pde.random_features.marching import Marching
from siren_pde.random_features.propagator import Propagator
from siren_pde.random_features.propagator_state import FEATURES_PER_DEGREE, freedom
from siren_pde.random_features.symbol import wavenumbers
from siren_pde.solving.candidates import STEPS, escalation_after, gauss_newton_seconds
from siren_pde.solving.escalation import SHARE, Escalated
from siren_pde.solving.features import Features
from siren_pde.solving.marches import Marches

LATE = 0.8
"""Nothing new begins after this share of the budget."""
AXES = 3
"""Up to so many coordinates, functions that enter non-linearly are solved for by random features.
"""
LITTLE = 10.0
"""Waves in time of less than so many radians per half of it gain nothing from slabs."""


@dataclass(frozen=True)
class Chosen:
    """The method that was chosen, its own state, and the objective that it began with.

    `settled` says that it may go on to its end: its answer is one, or nothing interrupts it.
    """

    method: Method[Any]
    state: Any
    origin: Residuals
    settled: bool = False


@final
@dataclass(frozen=True)
class Auto(Method[Any]):
    """Least squares where residuals are affine in the field, else a march where time has a start:
    by the method of lines, or in time slabs where that is not possible.

    An affine evolution marches too if it is long: if the waves in its data, and what its equation
    makes of them until the end, have more degrees of freedom than `largest` features hold: in
    equal slabs, or by the method of lines where it is of first order in two dimensions. Least
    squares at every Newton step for other functions in up to three coordinates, with their measured
    data and unknown constants; otherwise Gauss-Newton where parameters are few, and Adam where they
    are many, or where few of Gauss-Newton's steps fit into the budget.

    Where the first method ends without a solution and the budget has seconds left, others follow:
    see `Escalation`.

    Affinity is measured, not declared: residuals at the midpoint of random field values are
    compared with the mean of the residuals. Gauss-Newton is given `most_parameters` at most.
    """

    most_parameters: int = 6000
    largest: int = 800
    name: str = "automatic choice"
    dtype: torch.dtype = torch.float64
    architecture: Architecture = Architecture(16, 4)
    first: Method[Any] | None = None

    def suited(
        self, objective: Residuals, parameters: int | None, left: float = math.inf
    ) -> tuple[Method[Any], str]:
        """The method and why; `parameters` is the size of the user's field, None if it is ours.

        It is the first of several where others may follow.
        """
        method, why = self._first(objective, parameters, left)
        if not (isinstance(objective, Objective) and objective.field.has_default_layers):
            return method, why
        shown = {name: getattr(method, name) for name in ("name", "dtype", "architecture")}
        return replace(self, first=method, **shown), why

    def _first(
        self, objective: Residuals, parameters: int | None, left: float
    ) -> tuple[Method[Any], str]:
        if not isinstance(objective, Objective):
            return GaussNewton(), "Gauss-Newton, since these residuals are no problem's for a field"
        problem, curvature = objective.collocated.problem, objective.collocated.curvature
        affine, free = objective.collocated.affine, objective.field.has_default_layers
        evolution, few_axes = evolution_of(objective), len(problem.axes) <= AXES
        measured = f"(measured curvature {curvature:.0e})"
        if free and evolution is not None and _on_boxes(objective):
            along = problem.axes[evolution.axis]
            return LocalLines(), (
                f"the method of lines on boxes, since {along} has initial values only, and space "
                "has holes or corners that point inward"
            )
        if affine and free:
            return self._affine(objective, evolution, measured)
        reason = f"the residuals are not affine in the field {measured}"
        if evolution is not None and free and few_axes:
            reason = f"{reason} and {problem.axes[evolution.axis]} has initial values only"
            if suits(objective, evolution):
                return Marches(), f"the method of lines, since {reason}"
            return Marching(), f"time slabs, since {reason}"
        if free and few_axes:
            return Features(), f"least squares at every Newton step, since {reason}"
        if affine:
            reason = "the layers of the network were given, and least squares would replace them"
        if parameters is None:
            return GaussNewton(), f"Gauss-Newton, since {reason} and the default network is small"
        if parameters > self._most(objective):
            why = f"Adam, since {reason} and {parameters} parameters are too many for JᵀJ"
            return Adam(), why
        seconds = gauss_newton_seconds(objective)
        if STEPS * seconds > left:
            return Adam(), (
                f"Adam, since {reason} and a step of Gauss-Newton with {parameters} parameters "
                f"would take {seconds:.2g} s"
            )
        return GaussNewton(), f"Gauss-Newton, since {reason} and has {parameters} parameters"

    def start(self, objective: Residuals) -> Iterate[Any]:
        """Where the method that suits the objective starts."""
        method = self.first or self._first(objective, len(objective.parameters), math.inf)[0]
        at = method.start(objective)
        alone = isinstance(method, LocalLines | Marches)  # refines its answer until time is over
        return replace(at, state=Chosen(method, at.state, objective, settled=alone))

    def step(self, at: Iterate[Any], spent: Spent) -> Iterate[Any]:
        """A step of the method that was chosen, or of those that follow it."""
        if isinstance(at.state, Escalated):
            return escalation_after(at.state.first).step(at, spent)
        began = time.monotonic()
        state: Chosen = at.state
        own: Iterate[Any] = state.method.step(replace(at, state=state.state), spent)
        spent = spent.after(time.monotonic() - began)
        if self.first is not None and math.isfinite(spent.left):
            failed = own.finished and own.outcome is not Outcome.converged
            overdrawn = not (own.finished or own.going_on or state.settled) and spent.share > SHARE
            if (failed or overdrawn) and spent.share <= LATE:
                if (others := escalation_after(self.first)).wanted(own, spent.left):
                    return others.after(own, state.origin, spent)
                state = replace(state, settled=True)
        return replace(own, state=replace(state, state=own.state))

    def interval(self, at: Iterate[Any]) -> int:
        """As many steps as the method under way says."""
        method, own = self._under_way(at)
        return method.interval(own)

    def by_loss(self, at: Iterate[Any]) -> bool:
        """What the method under way says."""
        method, own = self._under_way(at)
        return method.by_loss(own)

    def gauges(self, at: Iterate[Any]) -> dict[str, float]:
        """What the method under way says."""
        method, own = self._under_way(at)
        return method.gauges(own)

    def _under_way(self, at: Iterate[Any]) -> tuple[Method[Any], Iterate[Any]]:
        if isinstance(at.state, Escalated):
            return escalation_after(at.state.first).method(at.state.number), at.state.own
        return at.state.method, replace(at, state=at.state.state)

    def points(self, parameters: int) -> int:
        """As many as the first method takes."""
        return (self.first or GaussNewton()).points(parameters)

    def ran(self, at: Iterate[Any]) -> str:
        """The method whose answer it is."""
        if isinstance(at.state, Escalated):
            return escalation_after(at.state.first).ran(at)
        chosen: Chosen = at.state
        return chosen.method.ran(replace(at, state=chosen.state))

    def _affine(
        self, objective: Objective, evolution: Evolution | None, measured: str
    ) -> tuple[Method[Any], str]:
        """Least squares at once, or slab by slab where the waves would need too many features."""
        reason = f"since the residuals are affine in the field {measured}"
        if evolution is not None and (needed := _needed(objective, evolution)) > self.largest:
            reason = (
                f"{reason}, and its waves until the end would need about {needed:.0f} features at "
                "once"
            )
            several = len(objective.collocated.problem.axes) == AXES and evolution.order == 1
            if several and suits(objective, evolution):
                return Marches(), f"the method of lines, {reason}"
            return Propagator(), f"time slabs of one matrix, {reason}"
        return Features(), (
            f"least squares, {reason}, so that its output layer is a linear least-squares problem"
        )

    def _most(self, objective: Objective) -> int:
        """As many parameters as wanted, and as three copies of JᵀJ leave room for."""
        memory = objective.limits.memory
        if memory is None:
            return self.most_parameters
        return min(self.most_parameters, math.isqrt(int(memory) // (3 * 8)))


def _on_boxes(objective: Objective) -> bool:
    """Whether an evolution is in a domain where waves all over space fall behind those in boxes."""
    if len(objective.collocated.problem.axes) < AXES or unsuited_lines(objective):
        return False
    return hollow(objective.collocated)


def _needed(objective: Objective, evolution: Evolution) -> float:
    """How many features hold the waves in all space and time, as `Propagator` estimates them; 0
    where slabs of time would need hardly fewer.
    """
    waves = zip(wavenumbers(objective, evolution), half_lengths(objective), strict=True)
    band = [k * half for k, half in waves]
    if band[evolution.axis] < LITTLE:
        return 0.0
    return FEATURES_PER_DEGREE * math.prod(map(freedom, band))
