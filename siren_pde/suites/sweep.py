"""The course of a sweep: what is left to be done, doing it, and telling how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from siren_pde.suites.members import Member
from siren_pde.suites.outcomes import FAILED, Row, Statement
from siren_pde.suites.places import CHILDREN, Command, Place, Task, solved

LOG = "log.txt"
"""What a member's command has said, in its folder."""
OFTEN = 0.1
"""Seconds between two looks at what has ended."""
SHOWN = 300
"""Letters of a failed member's last line that are shown."""

Words = Callable[[Member, Path], tuple[str, ...]]
Say = Callable[[str], None]


@final
@dataclass(frozen=True)
class Sweep:
    """Members, their folder, and the commands that begin one and go on with one."""

    members: Sequence[Member]
    root: Path
    statement: Statement
    begin: Words
    go_on: Words
    threads: int
    force: bool = False

    def run(self, place: Place, jobs: int, say: Say) -> list[Row]:
        """Do what is left to be done, so many at once; a row for each member, in their order.

        Members that have ended are not done again, unless `force`; those that were interrupted go
        on. Ctrl-C ends all that are under way, which keep what they reached, and is raised.
        """
        CHILDREN.stopped.clear()
        rows: dict[Member, Row] = {}
        left: list[Member] = []
        for member in self.members:
            said = None if self.force else self.statement.ended(member, member.folder(self.root))
            if said is None:
                left.append(member)
            else:
                rows[member] = Row.of(member, member.folder(self.root), said)
        if rows:
            say(f"{len(rows)} of {len(self.members)} members have ended before")
        progress = Progress(len(left), jobs, say)
        tasks: dict[Member, Task] = {}
        try:
            for member in left:
                tasks[member] = place.submit(solved, self._command(member))
            waiting = dict(tasks)
            while waiting:
                for member in [each for each, task in waiting.items() if task.done()]:
                    rows[member] = self._row(member, waiting.pop(member))
                    progress.told(rows[member])
                time.sleep(OFTEN if waiting else 0)
        except BaseException:
            for task in tasks.values():
                task.cancel()
            CHILDREN.stop()
            raise
        return [rows[member] for member in self.members]

    def _command(self, member: Member) -> Command:
        folder = member.folder(self.root)
        begin = self.begin(member, folder)
        goes_on = not self.force and self.statement.begun(member, folder)
        words, otherwise = (self.go_on(member, folder), begin) if goes_on else (begin, ())
        return Command(words, otherwise, folder / LOG, self.threads)

    def _row(self, member: Member, task: Task) -> Row:
        """What came of a member that has ended."""
        folder = member.folder(self.root)
        try:
            code = task.result()
            why = f"exit code {code}"
        except Exception as error:  # of the place: a job that was killed, or could not be sent
            why = f"{type(error).__name__}: {error}"
        said = self.statement.ended(member, folder)
        if said is not None:
            return Row.of(member, folder, said)
        return Row(member, folder, FAILED, reason=f"{why}; {_last_line(folder / LOG)}")


@dataclass
class Progress:
    """How many members have ended, and about how long the others will take."""

    count: int
    jobs: int
    say: Say
    started: float = field(default_factory=time.monotonic)
    ended: int = 0

    def told(self, row: Row) -> None:
        """Say that a member has ended."""
        self.ended += 1
        passed = time.monotonic() - self.started
        left = passed / self.ended * (self.count - self.ended)
        about = f", about {_duration(left)} left" if self.ended < self.count else ""
        error = "" if row.error != row.error else f", error {row.error:.1e}"
        label = row.member.label
        self.say(f"{self.ended}/{self.count}  {label}: {row.outcome}{error}{about}")


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _last_line(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except OSError:
        return "it has said nothing"
    return lines[-1][:SHOWN] if lines else "it has said nothing"
