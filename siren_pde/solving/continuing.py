"""What of a solve a checkpoint holds, and whether a solve may go on from it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import torch

from siren_pde.collocation.evaluation import Rows
from siren_pde.collocation.objective import Objective, at_few
from siren_pde.collocation.rows import Drawn
from siren_pde.errors import CheckpointError
from siren_pde.files.json_values import Description, record, text
from siren_pde.files.sealed import Groups
from siren_pde.optimisers.base import Method
from siren_pde.runs.checkpoints import Checkpoint
from siren_pde.runs.machine import machine, versions
from siren_pde.runs.state import packed, unpacked
from siren_pde.runs.values.roots import Roots
from siren_pde.solving.loop import Standing
from siren_pde.solving.prepare import Call, Prepared
from siren_pde.solving.report import Budget

ALIKE = 1e-6
"""The loss at the start of the same problem differs by less than this from machine to machine."""
_DECISIVE = ("siren_pde", "torch")
_HARMLESS = ("numpy", "scipy", "python", "cpu")
_DTYPES = {"float32": torch.float32, "float64": torch.float64}
_GIVEN = ("field", "method", "quadrature")
"""What a caller gives as objects, which are stored unless they are made of functions."""


@dataclass(frozen=True)
class Continued:
    """A checkpoint, read for a call: the call in full, the method that was chosen, and why.

    `remarks` say what differs from then without harm.
    """

    checkpoint: Checkpoint
    call: Call
    method: Method[Any]
    why: str
    remarks: tuple[str, ...]

    @property
    def chosen(self) -> tuple[Method[Any], str]:
        """What `prepared` takes."""
        return self.method, self.why

    def standing(self, ready: Prepared) -> Standing:
        """Where the solve stood. Raises CheckpointError if it was another problem's."""
        about, groups = self.checkpoint.about, self.checkpoint.groups
        then, now = float(str(about["loss"])), _first_loss(ready.objective)
        same = then == now or (bool(self.remarks) and math.isclose(then, now, rel_tol=ALIKE))
        if not same and not (math.isnan(then) and math.isnan(now)):
            raise CheckpointError(
                f"`{self.checkpoint.path}` is of another problem: before its first step the loss "
                f"was {then:.17g}, and here it is {now:.17g}. Resume it with the problem, field "
                "and quadrature that it began with, or begin a new run."
            )
        drawn = about.get("drawn") is True
        ready = replace(ready, objective=as_written(ready.objective, drawn=drawn))
        roots = _all_roots(self.call, ready)
        where = unpacked(record(about["standing"], "standing"), groups["standing"], roots)
        if not isinstance(where, Standing):
            raise CheckpointError(f"`{self.checkpoint.path}` holds no standing of a solve.")
        return where


@final
@dataclass(frozen=True)
class Stored:
    """What the checkpoints of a solve hold in common: what it was asked for, by which method, and
    what the numbers depend on.
    """

    about: Mapping[str, Any]
    groups: Groups
    roots: Roots

    @staticmethod
    def of(call: Call, ready: Prepared) -> Stored:
        """That of a solve about to begin. Raises CheckpointError for a method that cannot be
        stored.
        """
        method, arrays = packed(ready.method, _roots(call))
        groups = {"chosen": arrays}
        about: dict[str, Any] = {
            "chosen": method,
            "why": ready.why,
            "drawn": isinstance(ready.objective.collocated.rows, Drawn),
            "given": {name: getattr(call, name) is not None for name in _GIVEN},
            "plain": _plain(call),
            "loss": repr(_first_loss(ready.objective)),
            "dtype": str(next(ready.objective.field.parameters()).dtype),
            "circumstances": circumstances(),
        }
        for name in _GIVEN:
            try:
                about[name], groups[name] = packed(getattr(call, name), {"problem": call.problem})
            except CheckpointError:
                about[name] = None  # made of functions: whoever resumes gives it again
        return Stored(about, groups, Roots.of(_all_roots(call, ready)))

    def contents(self, where: Standing) -> tuple[dict[str, Any], Groups]:
        """A checkpoint of where the solve stands, for `Checkpoints.save`.

        Raises CheckpointError for a state that cannot be stored.
        """
        standing, arrays = packed(where, self.roots)
        return {**self.about, "standing": standing}, {**self.groups, "standing": arrays}


def continued(checkpoint: Checkpoint, call: Call) -> Continued:
    """A checkpoint for a call that may leave out what was given then.

    Raises CheckpointError where the call contradicts it, or where other versions or threads would
    make other numbers of it.
    """
    about = checkpoint.about
    remarks = _compared(checkpoint, record(about["circumstances"], "circumstances"))
    full = _completed(checkpoint, call)
    method = unpacked(record(about["chosen"], "chosen"), checkpoint.groups["chosen"], _roots(full))
    if not isinstance(method, Method):
        raise CheckpointError(f"`{checkpoint.path}` holds no method.")
    dtype = text(about, "dtype")
    if call.dtype is not None and str(call.dtype) != dtype:
        raise _refused(checkpoint, "dtype", dtype, call.dtype)
    return Continued(checkpoint, full, method, text(about, "why"), remarks)


def circumstances() -> Description:
    """What the bits of a result depend on besides the problem."""
    known: dict[str, Any] = {**versions(), **machine()}
    return {name: known[name] for name in (*_DECISIVE, *_HARMLESS, "threads")}


def _roots(call: Call) -> dict[str, object]:
    given = {name: value for name in _GIVEN if (value := getattr(call, name)) is not None}
    return {"problem": call.problem, **{f"given {name}": each for name, each in given.items()}}


def _all_roots(call: Call, ready: Prepared) -> dict[str, object]:
    return {**_roots(call), "objective": ready.objective, "method": ready.method}


def _plain(call: Call) -> dict[str, Any]:
    """The rest of a call as JSON."""
    return {
        "budget": dict(vars(call.limits)),
        "device": None if call.device is None else str(call.device),
        "dtype": None if call.dtype is None else str(call.dtype).removeprefix("torch."),
        "seed": call.seed,
        "estimate": call.estimate,
    }


def as_written(objective: Objective, *, drawn: bool) -> Objective:
    """The same residuals as those who wrote a state had them: several processes had rows that are
    `drawn` once one asks, and one had them all.
    """
    whole = objective.collocated
    if isinstance(whole.rows, Drawn) == drawn:
        return objective
    rows: Sequence[Rows] = tuple(whole.rows)
    if drawn:
        rows = Drawn(whole.sampling, whole.bound, whole.like.new_empty(0), whole.measured, {})
    return replace(objective, collocated=replace(whole, rows=rows))


def _first_loss(objective: Objective) -> float:
    """The loss at the start, by one process: it is the same for any number of them."""
    return float(at_few(objective).loss(objective.parameters))


def _compared(checkpoint: Checkpoint, then: Mapping[str, Any]) -> tuple[str, ...]:
    """What differs from then without harm. Raises CheckpointError for what does harm."""
    now = circumstances()
    for name in (*_DECISIVE, "threads"):
        if then.get(name) != now[name]:
            raise _refused(checkpoint, name, then.get(name), now[name])
    return tuple(
        f"{name} is {now[name]}, and was {then.get(name)}: last digits may differ"
        for name in _HARMLESS
        if then.get(name) != now[name]
    )


def _refused(checkpoint: Checkpoint, name: str, then: object, now: object) -> CheckpointError:
    remedy = {
        "threads": f"Write `torch.set_num_threads({then})`, or `--threads {then}`",
        "dtype": "Leave out the precision",
        "seed": "Leave out the seed",
        "device": "Leave out the device",
        "method": "Leave out the method",
    }.get(name, f"Install {name} {then}, or begin a new run")
    return CheckpointError(
        f"`{checkpoint.path}` cannot be continued with {name} {now}, as it was made with {then}: "
        f"other numbers would come of it. {remedy}."
    )


def _completed(checkpoint: Checkpoint, call: Call) -> Call:
    """The call with what it leaves out and the run was given."""
    about = checkpoint.about
    plain = record(about["plain"], "plain")
    given = record(about["given"], "given")
    if call.seed and call.seed != plain["seed"]:
        raise _refused(checkpoint, "seed", plain["seed"], call.seed)
    if call.device is not None and str(call.device) != (plain["device"] or "cpu"):
        raise _refused(checkpoint, "device", plain["device"] or "cpu", call.device)
    changes: dict[str, Any] = {"seed": plain["seed"], "device": plain["device"]}
    if plain["dtype"] is not None:
        changes["dtype"] = _DTYPES[text(plain, "dtype")]
    if call.estimate == "quick":
        changes["estimate"] = plain["estimate"]
    if call.budget is None:
        limits: dict[str, Any] = dict(record(plain["budget"], "budget"))
        changes["budget"] = Budget(**limits)
    for name in _GIVEN:
        if getattr(call, name) is None and given[name]:
            changes[name] = _stored(checkpoint, call, name)
        elif getattr(call, name) is not None and not given[name]:
            raise CheckpointError(
                f"`{checkpoint.path}` began without a {name}, and cannot go on with another one. "
                f"Leave out the {name}."
            )
    _require_same_method(checkpoint, call)
    return replace(call, **changes)


def _require_same_method(checkpoint: Checkpoint, call: Call) -> None:
    """Raise CheckpointError where a call names another method than its run did, or other options
    of it; another field or quadrature shows in the first loss.
    """
    then = checkpoint.about["method"]
    if call.method is None or then is None:
        return
    now, _ = packed(call.method, {"problem": call.problem})
    if json.loads(json.dumps(now)) != then:
        stored = _stored(checkpoint, call, "method")
        raise _refused(checkpoint, "method", repr(stored), repr(call.method))


def _stored(checkpoint: Checkpoint, call: Call, name: str) -> object:
    about = checkpoint.about
    if about[name] is None:
        raise CheckpointError(
            f"the run was given a {name} made of functions, which no file holds: give the same "
            f"one to `solve(…, {name}=…, resume=…)`."
        )
    roots = {"problem": call.problem}
    return unpacked(record(about[name], name), checkpoint.groups[name], roots)
