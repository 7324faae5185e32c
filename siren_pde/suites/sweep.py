"""The course of many solves: what is left to be done, doing it, and telling how far it is."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar, final

from siren_pde.suites.outcomes import FAILED, Row, Statement
from siren_pde.suites.places import CHILDREN, Command, Place, Task, solved

LOG = "log.txt"
"""What a job's command has said, in its folder."""
OFTEN = 0.1
"""Seconds between two looks at what has ended."""
SHOWN = 300
"""Letters of what a failed job has said last that are shown."""
_ERROR = re.compile(r"(?:siren-pde failed unexpectedly: )?\w*(?:Error|Exception)\b.*")
"""How lines begin that say what has failed; notes may come after them."""

M = TypeVar("M")
Say = Callable[[str], None]


@final
@dataclass(frozen=True)
class Job(Generic[M]):
    """One solve in a folder of its own: what it has to have solved, and the commands that make it
    anew and go on with it; `go_on` is empty where that cannot be.
    """

    member: M
    label: str
    folder: Path
    statement: Statement
    anew: tuple[str, ...]
    go_on: tuple[str, ...] = ()


@final
@dataclass(frozen=True)
class Sweep(Generic[M]):
    """Jobs, each with so many threads."""

    jobs: Sequence[Job[M]]
    threads: int
    force: bool = False

    def run(
        self, place: Place, at_once: int, say: Say, told: Callable[[Row[M]], None] | None = None
    ) -> list[Row[M]]:
        """Do what is left to be done, so many at once; a row for each job, in their order.

        Jobs that have ended are not done again, unless `force`; those that were interrupted go on.
        Each row is `told` once it is known. Ctrl-C ends all that are under way, which keep what
        they reached, and is raised.
        """
        CHILDREN.stopped.clear()
        tell = told or (lambda row: None)
        rows: dict[int, Row[M]] = {}
        for i, job in enumerate(self.jobs):
            said = None if self.force else job.statement.ended(job.folder)
            if said is not None:
                rows[i] = Row.of(job.member, job.folder, said)
                tell(rows[i])
        left = [i for i in range(len(self.jobs)) if i not in rows]
        if rows:
            say(f"{len(rows)} of {len(self.jobs)} members have ended before")
        progress = Progress(len(left), at_once, say)
        tasks: dict[int, Task] = {}
        try:
            for i in left:
                tasks[i] = place.submit(solved, self._command(self.jobs[i]))
            waiting = dict(tasks)
            while waiting:
                for i in [each for each, task in waiting.items() if task.done()]:
                    rows[i] = _row(self.jobs[i], waiting.pop(i))
                    tell(rows[i])
                    progress.told(self.jobs[i].label, rows[i].outcome, rows[i].error)
                time.sleep(OFTEN if waiting else 0)
        except BaseException:
            for task in tasks.values():
                task.cancel()
            CHILDREN.stop()
            raise
        return [rows[i] for i in range(len(self.jobs))]

    def _command(self, job: Job[M]) -> Command:
        goes_on = bool(job.go_on) and not self.force and job.statement.begun(job.folder)
        words, otherwise = (job.go_on, job.anew) if goes_on else (job.anew, ())
        return Command(words, otherwise, job.folder / LOG, self.threads)


def _row(job: Job[M], task: Task) -> Row[M]:
    """What came of a job that has ended."""
    try:
        code = task.result()
        why = f"exit code {code}" if code >= 0 else f"killed by signal {-code}"
    except Exception as error:  # of the place: a job that was killed, or could not be sent
        why = f"{type(error).__name__}: {error}"
    said = job.statement.ended(job.folder)
    if said is not None:
        return Row.of(job.member, job.folder, said)
    return Row(job.member, job.folder, FAILED, reason=f"{why}; {_last_line(job.folder / LOG)}")


@dataclass
class Progress:
    """How many jobs have ended, and about how long the others will take."""

    count: int
    jobs: int
    say: Say
    started: float = field(default_factory=time.monotonic)
    ended: int = 0

    def told(self, label: str, outcome: str, error: float) -> None:
        """Say that a job has ended."""
        self.ended += 1
        passed = time.monotonic() - self.started
        left = passed / self.ended * (self.count - self.ended)
        about = f", about {_duration(left)} left" if self.ended < self.count else ""
        known = "" if error != error else f", error {error:.1e}"
        self.say(f"{self.ended}/{self.count}  {label}: {outcome}{known}{about}")


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _last_line(log: Path) -> str:
    """The last line that names an error, or else the last of all."""
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except OSError:
        return "it has said nothing"
    failed = [line for line in lines if _ERROR.match(line)]
    return ([*lines[-1:], *failed] or ["it has said nothing"])[-1][:SHOWN]
