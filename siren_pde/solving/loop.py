"""The loop: step until the method, the budget, a callback or the user ends it."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, final

import torch

from siren_pde.collocation.objective import alone, require_finite
from siren_pde.errors import ConfigError, NonFiniteError
from siren_pde.fields.storage import described
from siren_pde.optimisers.base import Iterate, Method, Spent
from siren_pde.optimisers.outcome import Outcome
from siren_pde.runs import signals
from siren_pde.solving.history import History
from siren_pde.solving.non_finite import finite_step
from siren_pde.solving.report import Budget, Callback, Report, Scheduled, Stop, of_problem
from siren_pde.solving.shared import for_callbacks


@dataclass(frozen=True)
class Best:
    """An iterate, the step it was reached in, and its loss."""

    at: Iterate[Any]
    step: int
    loss: float


@dataclass(frozen=True)
class Standing:
    """Where a solve stands: its iterate, after so many steps and seconds.

    The history has `rows` until then, the last of them at the step `shown`. `best` has the least
    loss of those whose objective is that of the iterate. `start` is where the solve began.
    """

    at: Iterate[Any]
    start: Iterate[Any]
    step: int = 0
    seconds: float = 0.0
    rows: int = 0
    shown: int = -1
    best: Best | None = None


@dataclass(frozen=True)
class End:
    """Where a solve ended, why in words, and as which kind of end; `hurried` if the user waits."""

    at: Iterate[Any]
    reason: str
    outcome: Outcome
    hurried: bool = False


class Recorder(Protocol):
    """Who writes down a solve while it is under way."""

    def row(self, report: Report, terms: dict[str, float], last: bool) -> None:
        """Write a row of the history; the last one if it ends here."""

    def standing(self, where: Standing) -> None:
        """Look at where it stands, and write that down if it is time."""

    def rescue(self, where: Standing) -> None:
        """Write that down now, in another thread than the one that steps."""


@final
class Loop:
    """One solve under way; what it has reached may be looked at from elsewhere at any time."""

    def __init__(
        self,
        method: Method[Any],
        where: Standing,
        *,
        budget: Budget,
        callbacks: Sequence[Callback],
        history: History,
        started: float,
        recorder: Recorder | None = None,
    ) -> None:
        self.method, self.where, self.history = method, where, history
        self._budget, self._started, self._recorder = budget, started, recorder
        self._callbacks = [Scheduled.of(callback) for callback in callbacks]
        self._called: list[tuple[int, float] | None] = [None] * len(callbacks)
        self.good = where
        self._terms: tuple[object, object, dict[str, float]] = (None, None, {})
        self._processes = of_problem(where.at).collocated.processes

    def run(self) -> End:
        """Step until something ends it. Whatever a method, a residual or a callback raises passes
        through, but for values that are not finite and the user's wish to stop.
        """
        with signals.rescuing(self._rescued):
            try:
                while True:
                    if (end := self._turn()) is not None:
                        return end
            except KeyboardInterrupt:
                at = self.good.at
                if self._processes.several:  # others may be at another step
                    at = for_callbacks(at)
                if self._processes.first and self.good.step > max(self.history.steps, default=-1):
                    used = self._budget.spent(self.good.seconds, self.good.step).share
                    report = Report(
                        self.good.step, self.good.seconds, used, at, math.nan, self.method
                    )
                    self._row(report, regular=False, last=False)
                return End(at, "interrupted by the user", Outcome.interrupted, hurried=True)
            except NonFiniteError as error:
                return self._kept(str(error).rstrip("."))

    def _rescued(self) -> None:
        if self._recorder is not None:
            self._recorder.rescue(self.good)

    def _turn(self) -> End | None:
        """Look at an iterate, and make the next one unless something ends the solve."""
        signals.check()
        at, step = self.where.at, self.where.step
        elapsed = self._processes.agreed(time.monotonic() - self._started)
        spent = self._budget.spent(elapsed, step)
        end = _ended(at, spent) if at.finished or step else None
        shown, loss = self.where.shown, math.nan
        due = shown < 0 or step - shown >= self.method.interval(at)
        if due or end or at.theta.device.type == "cpu":  # elsewhere it waits for the device
            loss = float(at.loss)
            if not (math.isfinite(loss) and bool(torch.isfinite(at.theta).all())):
                return self._kept(_why(at, loss))
            end = _on_target(at, loss, self._budget.target) or end
        report = Report(step, elapsed, spent.share, at, loss, self.method)
        if due or (end and step > shown):
            self._row(report, regular=due, last=end is not None)
        self.good = self.where = replace(self.where, seconds=elapsed)
        stop = self._agreed(report, last=end is not None)
        if end or stop:
            if stop and not (end or due):
                self._row(report, regular=False, last=True)
            return end or End(at, stop.reason if stop else "", Outcome.interrupted)
        if self._recorder is not None and step:
            self._recorder.standing(self.where)
        following = _stepped(self.method, at, spent)
        self.where = replace(self.where, at=following, step=step + 1)
        return None

    def _row(self, report: Report, *, regular: bool, last: bool) -> None:
        """Add to the history; rows that only the end makes are none of a solve that goes on."""
        report = _with_loss(report)
        at, best = report.iterate, self.where.best
        objective, theta, terms = self._terms
        if objective is not at.objective or theta is not at.theta:
            terms = report.terms()
            self._terms = (at.objective, at.theta, terms)
        self.history.append(report.step, report.seconds, report.loss, note=at.note, terms=terms)
        if best is None or best.at.objective is not at.objective or report.loss < best.loss:
            best = Best(at, report.step, report.loss)
        self.where = replace(self.where, best=best)
        if regular:
            self.where = replace(self.where, rows=self.where.rows + 1, shown=report.step)
        if self._recorder is not None:
            self._recorder.row(report, terms, last)

    def _agreed(self, report: Report, *, last: bool) -> Stop | None:
        """What the callbacks of the first process say: those of others are not called."""
        if not self._processes.several:
            return self._told(report, last=last)
        report = replace(report, iterate=for_callbacks(report.iterate))
        said = self._told(report, last=last) if self._processes.first else None
        if not self._processes.agreed(float(said is not None)):
            return None
        return Stop(self._processes.told(lambda: said.reason if said else ""))

    def _told(self, report: Report, *, last: bool) -> Stop | None:
        """Call back whoever's time it is, and hear whether one of them stops the solve."""
        answer = None
        for i, callback in enumerate(self._callbacks):
            before = self._called[i]
            if before is not None and not last:
                steps, seconds = report.step - before[0], report.seconds - before[1]
                if not callback.every.due(steps, seconds):
                    continue
            self._called[i] = (report.step, report.seconds)
            said = _called(callback, _with_loss(report))
            answer = answer or said
        return answer

    def _kept(self, why: str) -> End:
        """The end where values are not finite: the last state that was."""
        kept = f"the last finite state, of step {self.good.step}, is kept"
        return End(self.good.at, f"{why}; {kept}", Outcome.non_finite)


def best_of(end: End, where: Standing, method: Method[Any]) -> End:
    """The end with the best iterate known, by the loss of the objective that it ended with, where
    the method goes by that.

    Others than the last are the `best` of the standing, and where the solve started, as far as they
    are θ of the same field.
    """
    if not method.by_loss(end.at):
        return end
    objective, at = of_problem(end.at), end.at
    apart = end.hurried or end.outcome is Outcome.non_finite  # others may be at another step
    measured = alone(objective) if apart else objective
    others = [where.best.at] if where.best and where.best.at.objective is at.objective else []
    shape = described(objective.field)
    if where.start.theta.shape == at.theta.shape and (
        described(of_problem(where.start).field) == shape
    ):
        others.append(where.start)
    others = [other for other in others if other.theta is not at.theta]
    if not others:
        return end
    reached, chosen = float(measured.loss(at.theta)), at
    for other in others:
        loss = float(measured.loss(other.theta))
        if loss < reached or not math.isfinite(reached):
            reached = loss
            chosen = replace(at, theta=other.theta, loss=measured.loss(other.theta))
    if chosen is at:
        return end
    start = chosen.theta is where.start.theta
    which = "where the solve started" if start else "an earlier step"
    return replace(end, at=chosen, reason=f"{end.reason}; the answer is that of {which}")


def _with_loss(report: Report) -> Report:
    """The report with its loss, which is read only where it is needed."""
    if not math.isnan(report.loss):
        return report
    return replace(report, loss=float(report.iterate.loss))


def _on_target(at: Iterate[Any], loss: float, target: float | None) -> End | None:
    """The end of a solve that reached the loss it was asked for; that of a slab is none of it."""
    if target is None or loss > target or at.reached:
        return None
    return End(at, f"the loss reached the target {target:g}", Outcome.converged)


def _ended(at: Iterate[Any], spent: Spent) -> End | None:
    """The end that the method or the budget makes, if either does."""
    if at.finished:
        return End(at, at.finished, at.outcome)
    if spent.share < 1:
        return None
    where = f" at {at.reached}" if at.reached else ""
    return End(at, f"the budget is used up{where}", Outcome.budget)


def _stepped(method: Method[Any], at: Iterate[Any], spent: Spent) -> Iterate[Any]:
    """The next iterate. Raises ConfigError if the method changed θ in place."""
    version = at.theta._version
    following = finite_step(method, at, spent)
    _require_unchanged(at, version, f"the method `{method.name}`")
    return following


def _called(callback: Callback, report: Report) -> Stop | None:
    """Call back. Raises ConfigError if the callback changed θ in place."""
    version = report.iterate.theta._version
    answer = callback(report)
    _require_unchanged(report.iterate, version, "a callback")
    return answer if isinstance(answer, Stop) else None


def _require_unchanged(at: Iterate[Any], version: int, who: str) -> None:
    if at.theta._version != version:
        raise ConfigError(
            f"{who} has changed the parameters θ of an iterate in place, on which others rely. "
            "Make a new tensor: `theta = at.theta - step` in place of `at.theta.sub_(step)`."
        )


def _why(at: Iterate[Any], loss: float) -> str:
    """Where a loss that is not finite comes from."""
    try:
        require_finite(of_problem(at), at.theta)
    except NonFiniteError as error:
        return str(error).rstrip(".")
    return f"the loss became {loss}"
