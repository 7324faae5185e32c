"""A solve that several processes share: which methods can be, and what the first one tells."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from siren_pde.collocation.objective import Objective, alone
from siren_pde.errors import ConfigError
from siren_pde.fields.base import Field
from siren_pde.optimisers.adam import Adam
from siren_pde.optimisers.base import Iterate, Method
from siren_pde.optimisers.gauss_newton import GaussNewton
from siren_pde.processes.processes import Processes
from siren_pde.runs.state import MEMORY, packed, unpacked
from siren_pde.solving.auto import Auto
from siren_pde.solving.candidates import STEPS, gauss_newton_seconds
from siren_pde.solving.features import Features
from siren_pde.solving.report import of_problem
from siren_pde.solving.solution import Solution

TOLD = ("outcome", "stop_reason", "seconds", "loss", "estimate", "residuals", "part")
"""What the first process says of an answer: it looks at a clock, and others have other ones."""
SHARED = (
    "`Adam()`, `GaussNewton()`, `LBFGS()`, `Broyden()`, `ConjugateGradients()`, `LeastSquares()` "
    "and `LocalFeatures()`"
)


def require_shared(method: Method[Any], processes: Processes) -> None:
    """Raise ConfigError where the processes cannot share a method yet."""
    if not (method.shared or isinstance(method, Auto)):
        raise ConfigError(
            f"`{type(method).__name__}` works in one process, and torchrun has started "
            f"{processes.count}. Several processes share {SHARED}; take one of these, or start one "
            "process."
        )


def chosen_among(
    probe: Objective, parameters: int | None, left: float, processes: Processes
) -> tuple[Method[Any], str]:
    """The method that several processes share, and why, where it is left open: as `Auto` chooses,
    among those that can be shared.

    `probe` are the residuals at few points, the same ones in all processes, and each evaluates all;
    `parameters` is the size of the user's field, None if it is ours; `left` are the seconds there
    are. What a step takes is measured by the first.
    """
    curvature, affine = probe.collocated.curvature, probe.collocated.affine
    number = f"{processes.count} processes share it and"
    measured = f"(measured curvature {curvature:.0e})"
    if affine and probe.field.has_default_layers:
        return Features(), (
            f"least squares, since {number} the residuals are affine in the field {measured}"
        )
    reason = f"the residuals are not affine in the field {measured}"
    if affine:
        reason = "the layers of the network were given"
    if parameters is None:
        why = f"Gauss-Newton, since {number} {reason}, and the default network is small"
        return GaussNewton(), why
    if parameters > Auto().most_parameters:
        why = f"Adam, since {number} {reason}, and {parameters} parameters are too many for JᵀJ"
        return Adam(), why
    seconds = processes.agreed(gauss_newton_seconds(probe)) / processes.count
    if STEPS * seconds > left:
        slow = f"a step of Gauss-Newton would take {seconds:.2g} s"
        return Adam(), f"Adam, since {number} {reason}, and {slow}"
    return GaussNewton(), f"Gauss-Newton, since {number} {reason}, with {parameters} parameters"


def with_equal_values(field: Field, processes: Processes) -> Field:
    """The field with the parameters and buffers of the first process, written into it: layers may
    have been drawn without a seed.
    """
    with torch.no_grad():
        for values in field.state_dict().values():
            values.copy_(processes.broadcast(values))
    return field


def require_same_problem(probe: Objective, processes: Processes) -> None:
    """Raise ConfigError unless points and data are the same in all processes, as the script that
    each of them runs has made them.
    """
    points = [rows.points for rows in probe.collocated.rows]
    drawn = [x for p in points for x in (p.positions, p.weights, *p.data.values())]
    own = torch.stack([torch.nan_to_num(x).sum().double() for x in drawn])
    each = processes.gathered(own.sum()[None])
    if bool((each != each[0]).any()):
        raise ConfigError(
            f"the {processes.count} processes that share this solve have different problems: their "
            "points or data differ. Have the script make the same in each of them: seed what is "
            "drawn, and read the same files."
        )


def for_callbacks(at: Iterate[Any]) -> Iterate[Any]:
    """An iterate for whoever looks at it in one process alone, which may evaluate what it likes."""
    return replace(at, objective=alone(of_problem(at)))


def judged_by_first(
    processes: Processes, judge: Callable[[], Solution], as_it_is: Callable[[], Solution]
) -> Solution:
    """The answer as the first process judges it; others wait for what it says."""
    kept: list[Solution] = []

    def said() -> str:
        kept.append(judge())
        values = tuple(getattr(kept[0], name) for name in TOLD)
        told, arrays = packed(values, {"problem": kept[0].problem})
        return json.dumps([told, arrays[MEMORY].tobytes().hex()])

    text = processes.told(said)
    if kept:
        return kept[0]
    solution = as_it_is()
    told, memory = json.loads(text)
    arrays = {MEMORY: np.frombuffer(bytes.fromhex(memory), dtype=np.uint8)}
    values = unpacked(told, arrays, {"problem": solution.problem})
    return replace(solution, **dict(zip(TOLD, values, strict=True)))
