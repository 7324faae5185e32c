"""The course of one call of `solve`: prepared or continued, stepped, judged, and written down."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import final

from siren_pde.errors import SirenPDEError, StorageError
from siren_pde.optimisers.outcome import Outcome
from siren_pde.runs.folder import Run, checkpoints_in
from siren_pde.runs.manifest import Manifest
from siren_pde.solving.answer import as_it_is, judged
from siren_pde.solving.continuing import continued
from siren_pde.solving.history import History
from siren_pde.solving.loop import End, Loop, Standing, best_of
from siren_pde.solving.non_finite import finite_start
from siren_pde.solving.prepare import Call, Prepared, prepared
from siren_pde.solving.recording import Recording
from siren_pde.solving.report import Callback, Every
from siren_pde.solving.shared import judged_by_first
from siren_pde.solving.solution import Solution


@final
class Course:
    """One call under way, written to a folder if there is one.

    `ends` says that the run ends with the answer: else whoever opened the folder goes on with it.
    Of several processes the first writes; the others read its last checkpoint at the path `source`.
    """

    def __init__(
        self,
        call: Call,
        folder: Run | None,
        *,
        every: Every,
        callbacks: Sequence[Callback],
        say: Callable[[str], None],
        ends: bool,
        source: Path | None = None,
    ) -> None:
        self._call, self._folder, self._every, self._ends = call, folder, every, ends
        self._source, self._processes = source, call.processes
        self._callbacks, self._say = callbacks, say
        self._started = time.monotonic()
        self._recording: Recording | None = None

    def begun(self) -> Solution:
        """Solve from the start."""
        ready = prepared(self._call)
        self._say(ready.why)
        if self._folder is not None:
            self._recording = self._recorded(self._folder, ready)
            self._recording.started(_known(self._folder))
        at = finite_start(ready.method, ready.objective)
        if self._recording is not None:  # what was given is in a checkpoint, to be resumed with
            self._recording.checkpoint(Standing(at, at))
        return self._solved(ready, Standing(at, at), History())

    def resumed(self) -> Solution:
        """Solve on from the last checkpoint of the folder, or from the start if there is none."""
        folder, source = self._folder, self._source
        assert source is not None
        checkpoints = checkpoints_in(source)
        if not self._processes.agreed(len(checkpoints.names)):
            self._say("the run has no checkpoint yet, and starts again")
            if folder is not None:
                folder.metrics.started()
                folder.clock.started()
            return self.begun()
        checkpoint, damaged = checkpoints.latest()
        on = continued(checkpoint, self._call)
        for remark in (*damaged, *on.remarks):
            self._say(remark)
        self._call = on.call
        ready = prepared(on.call, on.chosen)
        where = on.standing(ready)
        self._say(f"{ready.why}; it goes on from step {where.step}")
        self._processes.all(True)  # all have read what the first one now writes to
        history = History()
        if folder is not None:
            checkpoints.drop_after(where.step)
            history = _history(folder, where.rows)
            self._recording = self._recorded(folder, ready, where)
            self._recording.started(folder.manifest)
        self._started = time.monotonic() - where.seconds
        return self._solved(ready, where, history)

    def _recorded(self, folder: Run, ready: Prepared, where: Standing | None = None) -> Recording:
        return Recording(folder, self._call, ready, every=self._every, say=self._say, where=where)

    def _solved(self, ready: Prepared, where: Standing, history: History) -> Solution:
        """Step until the end, and make the answer of it."""
        loop = Loop(
            ready.method,
            where,
            budget=self._call.limits,
            callbacks=self._callbacks,
            history=history,
            started=self._started,
            recorder=self._recording,
        )
        try:
            end = loop.run()
        except BaseException as error:
            self._failed(ready, loop, error)
            raise
        if self._recording is not None:
            self._recording.checkpoint(loop.good)
        solution = self._judged(ready, best_of(end, loop.good, ready.method), history)
        if self._recording is not None:
            self._recording.ended(solution, ends=self._ends)
        return solution

    def _judged(self, ready: Prepared, end: End, history: History) -> Solution:
        """What the answer is worth, as the first process finds, which also writes and says it."""

        def judge() -> Solution:
            return judged(
                ready,
                end,
                history,
                effort=self._call.estimate,
                started=self._started,
                asked=self._call.limits.seconds,
                say=self._say,
            )

        def plain() -> Solution:
            return as_it_is(ready, end, history)

        if not self._processes.several:
            return judge()
        if end.hurried:  # others may have left already
            return judge() if self._processes.first else plain()
        return judged_by_first(self._processes, judge, plain)

    def _failed(self, ready: Prepared, loop: Loop, error: BaseException) -> None:
        """Keep what was reached, and let the error say where it is."""
        if self._recording is None:
            return
        reason = f"{type(error).__name__}: {error}"
        end = End(loop.good.at, reason, Outcome.interrupted, hurried=True)
        try:
            self._recording.checkpoint(loop.good)
            self._recording.failed(as_it_is(ready, end, loop.history), reason)
        except SirenPDEError as second:
            error.add_note(f"What was reached could not be written either: {second}")
        path = self._recording.run.path
        error.add_note(f"The run is kept in `{path}`: mend the cause, and resume it.")


def _known(folder: Run) -> Manifest:
    """What the folder says already, as the command line has written it."""
    try:
        return folder.manifest
    except StorageError:
        return Manifest()


def _history(folder: Run, rows: int) -> History:
    """The course until a checkpoint; what was written after it is cut off."""
    folder.metrics.keep(rows)
    folder.clock.keep(rows)
    history = History()
    for row, clock in zip(folder.metrics.rows(), folder.clock.rows(), strict=False):
        terms = row.get("terms")
        known = terms if isinstance(terms, dict) else {}
        history.append(
            int(_number(row.get("step"), 0)),
            _number(clock.get("seconds")),
            _number(row.get("loss")),
            note=str(row.get("note", "")),
            terms={name: _number(value) for name, value in known.items()},
        )
    return history


def _number(value: object, otherwise: float = math.nan) -> float:
    return float(value) if isinstance(value, int | float) else otherwise
