"""The method that chooses the method: by measuring whether the problem is affine, and its size."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, final

from siren_pde.optimisers.adam import Adam
from siren_pde.optimisers.base import Method
from siren_pde.optimisers.gauss_newton import GaussNewton
from siren_pde.random_features.least_squares import LeastSquares
from siren_pde.random_features.marching import Marching
from siren_pde.random_features.propagator import Propagator
from siren_pde.random_features.propagator_state import EACH, freedom


@final
@dataclass(frozen=True)
class Auto:
    """Least squares where residuals are affine in the field, else a march where time has a start.

    An affine evolution marches too if it is long: if the waves in its data, and what its equation
    makes of them until the end, have more degrees of freedom than `largest` features hold. Least
    squares at every Newton step for other functions without measured data in up to three
    coordinates; otherwise Gauss-Newton where parameters are few, and Adam where they are many.

    Affinity is measured, not declared: residuals at the midpoint of random field values are
    compared with the mean of the residuals. `few` is the most parameters Gauss-Newton is given.
    """

    few: int = 6000
    largest: int = 800

    def choose(self, objective: Any, parameters: int | None) -> tuple[Method, str]:
        """The method and why; `parameters` is the size of the user's field, None if it is ours."""
        bend = objective.curvature()
        if objective.affine and objective.has_default_layers():
            if objective.evolution is not None and (needed := _needed(objective)) > self.largest:
                return Propagator(), (
                    f"time slabs of one matrix, since the residuals are affine in the field "
                    f"(measured curvature {bend:.0e}), and its waves until the end would need "
                    f"about {needed:.0f} features at once"
                )
            return LeastSquares(), (
                f"least squares, since the residuals are affine in the field (measured curvature "
                f"{bend:.0e}), so that its output layer is a linear least-squares problem"
            )
        reason = f"the residuals are not affine in the field (measured curvature {bend:.0e})"
        time = objective.evolution
        if time is not None and objective.has_default_layers() and len(objective.problem.axes) <= 3:
            axis = objective.problem.axes[time.axis]
            return Marching(), f"time slabs, since {reason} and {axis} has initial values only"
        few_axes = objective.has_default_layers() and len(objective.problem.axes) <= 3
        if few_axes and _functions_alone(objective):
            return LeastSquares(), f"least squares at every Newton step, since {reason}"
        if objective.affine:
            reason = "the layers of the network were given, and least squares would replace them"
        if parameters is None or parameters <= self._few(objective):
            size = "the default network is small" if parameters is None else f"{parameters} are few"
            return (
                GaussNewton(),
                f"Gauss-Newton, since {reason} and {size if parameters is None else 'its ' + size}",
            )
        return Adam(), f"Adam, since {reason} and {parameters} parameters are too many for JᵀJ"

    def _few(self, objective: Any) -> int:
        """As many as asked for, and as three copies of JᵀJ leave room for."""
        if objective.memory is None:
            return self.few
        return min(self.few, math.isqrt(int(objective.memory) // (3 * 8)))


def _needed(objective: Any) -> float:
    """How many features hold the waves in all space and time, as `Propagator` estimates them."""
    low, high = objective.problem.bounds
    sides = zip(objective.waves(), low, high, strict=True)
    return EACH * math.prod(freedom(k * (b - a) / 2) for k, a, b in sides)


def _functions_alone(objective: Any) -> bool:
    """Whether all unknowns are functions, and none is held to measured data."""
    functions = all(network.inputs for network in objective.field.networks().values())
    return functions and not any(s.points.data for s in objective.samples)
