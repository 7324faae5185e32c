"""Steps that meet values that are not finite end as such, whatever the method makes of them."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from siren_pde.collocation.finite import require_finite_derivatives
from siren_pde.collocation.objective import Objective, alone, require_finite
from siren_pde.errors import ConfigError, NonFiniteError, SirenPDEError
from siren_pde.optimisers.base import Iterate, Method, Spent
from siren_pde.optimisers.finite import NOT_FINITE
from siren_pde.optimisers.outcome import Outcome
from siren_pde.solving.report import of_problem

LONG = 0.1
"""Seconds of a step that moved nothing after which the residuals are looked at: that is shorter."""
_WORDS = re.compile(r"\bnan\b|\binf\b|infinit|finite|converge|INTERNAL ASSERT", re.I)
"""What linear algebra says of matrices that hold NaN."""


def finite_start(method: Method[Any], objective: Objective) -> Iterate[Any]:
    """The iterate that a method starts from. Raises NonFiniteError as `finite_step` does."""
    try:
        at = method.start(objective)
    except Exception as cause:
        explained = _explained(cause, method, objective, objective.parameters)
        if explained is None:
            raise
        raise explained from cause
    require_finite(of_problem(at), at.theta)
    return at


def finite_step(method: Method[Any], at: Iterate[Any], spent: Spent) -> Iterate[Any]:
    """The next iterate of a method.

    Raises NonFiniteError, naming the condition and the first bad point, where residuals have
    become NaN or infinite and the method fails of it, or ends for a reason that this has made up:
    linear algebra fails in its own words, and comparisons with NaN are all false.
    """
    began = time.monotonic()
    try:
        following = method.step(at, spent)
    except Exception as cause:
        explained = _explained(cause, method, of_problem(at), at.theta)
        if explained is None:
            raise
        raise explained from cause
    if following.finished and following.outcome is Outcome.non_finite:
        # where it came from, at the points that it came to
        why = _place(of_problem(following), at.theta)
        return replace(following, finished=f"{why or NOT_FINITE}; {following.finished}")
    stuck = following.theta is at.theta or following.outcome is not Outcome.converged
    if not stuck:
        return following
    took = of_problem(at).collocated.processes.agreed(time.monotonic() - began)
    if following.finished or took > LONG:
        require_finite(of_problem(following), following.theta)
    return following


def _explained(
    cause: Exception, method: Method[Any], objective: Objective, theta: Tensor
) -> NonFiniteError | None:
    """That values are not finite, and where, if that is what made a step fail."""
    if isinstance(cause, ConfigError):
        return None
    why = _place(objective, theta)
    if why:
        return NonFiniteError(f"{why}.")
    failures = (np.linalg.LinAlgError, torch.linalg.LinAlgError)  # type: ignore[attr-defined]
    linear = isinstance(cause, failures)
    library = isinstance(cause, RuntimeError | ValueError) and _WORDS.search(str(cause))
    if isinstance(cause, SirenPDEError) or not (linear or library):
        return None
    said = str(cause).splitlines()[0][:200].rstrip(".")
    return NonFiniteError(f"`{method.name}` met numbers that are not finite ({said}).")


def _place(objective: Objective, theta: Tensor) -> str:
    """The condition and point that are not finite at θ, at these points or at fresh ones, in words;
    nothing if there are none. One of several processes looks at all points by itself.
    """
    objective = alone(objective)
    try:
        require_finite_derivatives(objective, theta)
        require_finite_derivatives(objective.redrawn(objective.seed + 1), theta)
    except NonFiniteError as error:
        return str(error).rstrip(".")
    except Exception:  # whatever else fails is for the one who looks to say
        return ""
    return ""
