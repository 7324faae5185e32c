"""Writing a solve to the folder of its run: its choices, its course, where it stands, its end."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import final

import torch

from siren_pde.errors import CheckpointError, StorageError
from siren_pde.fields.base import Field
from siren_pde.fields.parameters import with_parameters
from siren_pde.files.json_values import JSON, Description
from siren_pde.runs import signals
from siren_pde.runs.folder import RESULTS, Run
from siren_pde.runs.machine import machine, versions
from siren_pde.runs.manifest import RUNNING, Manifest, choice, now
from siren_pde.solving.auto import Auto
from siren_pde.solving.continuing import Stored
from siren_pde.solving.loop import Best, Standing
from siren_pde.solving.prepare import Call, Prepared
from siren_pde.solving.report import Every, Report, of_problem
from siren_pde.solving.solution import Solution
from siren_pde.solving.stated import stated
from siren_pde.solving.truths import Beside

USUALLY = Every(seconds=30.0)
"""How often a checkpoint is written: one of a second, if it is large, is a thirtieth of that."""
COMPARED = 1000
"""Points at which the error is measured on the way, where the exact solution is known."""
_WAIT = 1.0
"""Seconds that a rescue waits for a checkpoint that is being written."""
_STOPPED = "interrupted by a signal in the middle of a step"


@final
class Recording:
    """A solve being written down; whoever made it closes its run."""

    def __init__(
        self,
        run: Run,
        call: Call,
        prepared: Prepared,
        *,
        every: Every,
        say: Callable[[str], None],
        where: Standing | None = None,
    ) -> None:
        self.run, self._call, self._prepared, self._every = run, call, prepared, every
        self._writing = threading.Lock()
        self._rows = 0 if where is None else where.rows
        self._saved = (0, 0.0) if where is None else (where.step, where.seconds)
        self._best = -1
        self._stored: Stored | None = None
        self._say, self._unstorable = say, ""
        if call.processes.several and prepared.method.keeps_rows:
            self._refused(
                f"`{type(prepared.method).__name__}` keeps rows of residuals, of which each of "
                f"{call.processes.count} processes has its own"
            )

    def started(self, said: Manifest) -> None:
        """Write the manifest of a run that begins, or goes on: what is known before a step."""
        said = replace(
            said,
            problem={"file": None, "sha256": None, "source": None, **said.problem}
            | {"name": self._call.problem.name, "conditions": stated(self._call.problem)},
            call=said.call or choices(self._call, self._prepared),
            why=self._prepared.why,
            versions=versions(),
            machine=machine(),
            started=said.started or now(),
            ended="",
            outcome=RUNNING,
            reason="",
        )
        self.run.describe(said)

    def row(self, report: Report, terms: dict[str, float], last: bool) -> None:
        """Write a row of the history, with what the method sets itself, and the error if the exact
        solution is known: at rows 1, 2, 4, 8 … and the last, so that it costs little.
        """
        self._rows += 1
        values: dict[str, JSON] = {"step": report.step, "loss": report.loss, "terms": terms}
        values |= report.method.gauges(report.iterate)
        if last or self._rows & (self._rows - 1) == 0:
            error = self._error(report)
            values |= {} if error is None else {"error": error}
        if report.iterate.reached is not None:
            values["reached"] = report.iterate.reached.value
        if report.iterate.note:
            values["note"] = report.iterate.note
        with signals.deferred():
            self.run.record(values, report.seconds)

    def standing(self, where: Standing) -> None:
        """Write a checkpoint if it is time."""
        step, seconds = self._saved
        if self._every.due(where.step - step, where.seconds - seconds):
            self.checkpoint(where)

    def checkpoint(self, where: Standing) -> None:
        """Write a checkpoint now, and in the manifest that it is there."""
        with signals.deferred(), self._writing:
            self._save(where)

    def rescue(self, where: Standing) -> None:
        """The same in a hurry, from another thread: nothing, if one is being written."""
        if not self._writing.acquire(timeout=_WAIT):
            return
        try:
            if where.step > self._saved[0]:
                self._save(where)
            self.run.describe(
                replace(self.run.manifest, outcome="interrupted", reason=_STOPPED, ended=now())
            )
        except StorageError:
            pass  # the checkpoint before it is intact, and nobody listens any more
        finally:
            self._writing.release()

    def ended(self, solution: Solution, *, ends: bool) -> None:
        """Write the answer, and in the manifest how it ended; `ends` if nothing comes after."""
        with signals.deferred(), self._writing:
            solution.save(self.run.path / RESULTS)
            self.run.describe(
                replace(
                    self.run.manifest,
                    outcome=solution.outcome.name,
                    reason=solution.stop_reason,
                    result=result(solution),
                    ended=now() if ends else "",
                )
            )

    def failed(self, solution: Solution, reason: str) -> None:
        """Write what was reached before something failed, and why it did."""
        with signals.deferred(), self._writing:
            solution.save(self.run.path / RESULTS)
            said = replace(self.run.manifest, outcome="failed", reason=reason, ended=now())
            self.run.describe(replace(said, result=result(solution)))

    def _save(self, where: Standing) -> None:
        if self._unstorable:
            return
        at, best = where.at, where.best
        now = Best(at, where.step, float(at.loss))
        if best is None or best.at.objective is not at.objective or now.loss < best.loss:
            best = now
        whole = replace(where, at=best.at, step=best.step, best=None)
        try:
            self._stored = self._stored or Stored.of(self._call, self._prepared)
            last = self._stored.contents(where)
            least = None if best.step == self._best else self._stored.contents(whole)
        except CheckpointError as error:  # no reason to lose the solve, too
            self._refused(str(error))
            self.run.describe(replace(self.run.manifest, progress={"unstorable": str(error)}))
            return
        self.run.flush()
        self.run.checkpoints.save(where.step, *last)
        if least is not None:
            self._best = best.step
            self.run.checkpoints.save_best(*least)
        self._saved = (where.step, where.seconds)
        progress: dict[str, JSON] = {
            "step": where.step,
            "seconds": where.seconds,
            "loss": now.loss,
            "reached": None if at.reached is None else at.reached.value,
        }
        self.run.describe(replace(self.run.manifest, progress=progress))

    def _refused(self, why: str) -> None:
        self._unstorable = why
        self._say(f"this solve cannot be continued should it be stopped: {why}")

    def _error(self, report: Report) -> float | None:
        """The relative L² error now, None where the exact solution is not known or fails."""
        problem, at = self._call.problem, report.iterate
        if problem.exact is None:
            return None
        try:
            field = with_parameters(of_problem(at).field, at.theta)
            error = Beside(field, problem, at.reached).error(COMPARED, 0)
        except Exception:  # a function of the user's; `Solution.error` says what is wrong with it
            return None
        return error if math.isfinite(error) else None


def choices(call: Call, prepared: Prepared) -> Description:
    """Every choice, its value, and who made it: the user, a measurement, or nobody."""
    field = prepared.objective.field
    method = prepared.method
    threads = torch.get_num_threads()
    left = call.method is None or isinstance(call.method, Auto)
    dtype = next(field.parameters()).dtype
    rule = prepared.objective.collocated.sampling.rule
    return {
        "field": choice(_named(call.field or field), _origin(call.field is None)),
        "method": choice(_named(method), _origin(left)),
        "quadrature": choice(repr(rule), _origin(call.quadrature is None)),
        "budget": choice(dict(vars(call.limits)), "default" if call.budget is None else "user"),
        "device": choice(
            str(next(field.parameters()).device),
            "default" if call.device in (None, "cpu") else "user",
        ),
        "dtype": choice(str(dtype), _origin(call.dtype is None)),
        "seed": choice(call.seed, "user" if call.seed else "default"),
        "threads": choice(threads, "default"),
        **({"processes": choice(call.processes.count, "user")} if call.processes.several else {}),
        "estimate": choice(call.estimate, "default" if call.estimate == "quick" else "user"),
    }


def _origin(left: bool) -> str:
    return "automatic" if left else "user"


def _named(value: object) -> str:
    """A field or a method in one line; of a field, its class and sizes."""
    about = value.describe() if isinstance(value, Field) else None
    if about is None:
        return " ".join(repr(value).split())
    sizes = ", ".join(f"{name}={each}" for name, each in about.items())
    return f"{type(value).__name__}({sizes})"


def result(solution: Solution) -> Description:
    """What came out, for a manifest."""
    bar = solution.estimate
    return {
        "method": solution.method,
        "loss": solution.loss,
        "seconds": solution.seconds,
        "steps": solution.history.steps[-1] if solution.history.steps else 0,
        "parameters": solution.parameters,
        "complete": solution.complete,
        "reached": solution.reached,
        "estimate": {"total": bar.total if bar.reliable else None, "text": str(bar)},
        "residuals": dict(solution.residuals),
    }
