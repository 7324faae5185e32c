"""What the folder of a run tells, finished or not: read once, for pages about it."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from siren_pde.files.json_values import JSON, Description
from siren_pde.plots.history import Course, draw_course
from siren_pde.plots.pages import chip
from siren_pde.plots.style import plain
from siren_pde.runs.folder import CLOCK, METRICS
from siren_pde.runs.lines import Lines
from siren_pde.runs.lock import writing
from siren_pde.runs.manifest import RUNNING, Manifest

LARGEST = 32 << 20
"""Bytes that no picture of a run has."""
_OWN = re.compile(r", (name='[^']*'|dtype=torch\.\w+|architecture=Architecture\([^()]*\))(?=[,)])")
_STATUS = {"non_finite": "not finite", "ill_posed": "ill-posed"}
_PNG = b"\x89PNG\r\n\x1a\n"


GRADES = {
    "converged": "good",
    "running": "fair",
    "budget": "fair",
    "interrupted": "fair",
    "stagnated": "bad",
    "unresolved": "bad",
    "non_finite": "bad",
    "impossible": "bad",
    "ill_posed": "bad",
    "failed": "bad",
}
"""The colour of an outcome."""


@dataclass(frozen=True, eq=False)
class ToldRun:
    """A run as its folder tells it: what it says about itself, and its course."""

    folder: Path
    said: Manifest
    course: Course
    last: Description

    @staticmethod
    def read(folder: Path) -> ToldRun:
        """Read a folder. Raises StorageError if it is none of a run, or damaged."""
        said = Manifest.read(folder)
        rows, clock = Lines(folder / METRICS).rows(), Lines(folder / CLOCK).rows()
        seconds = {row.get("step"): row.get("seconds") for row in clock}
        terms = [part(row.get("terms")) for row in rows]
        course = Course(
            steps=_column(rows, "step"),
            seconds=[real(seconds.get(row.get("step"))) for row in rows],
            loss=_column(rows, "loss"),
            terms={n: [real(row.get(n)) for row in terms] for n in dict.fromkeys(chain(*terms))},
            error=_column(rows, "error"),
        )
        return ToldRun(folder, said, course, rows[-1] if rows else {})

    @property
    def name(self) -> str:
        """The name of the problem."""
        return words(self.said.problem.get("name")) or self.folder.name

    @property
    def method(self) -> str:
        """What it was solved by, as far as that is known."""
        if ran := words(self.said.result.get("method")):
            return ran
        given = words(part(self.said.call.get("method")).get("value"))
        named = re.search(r"\bname='([^']*)'", given)
        return named[1] if named else given.partition("(")[0] or "–"

    @property
    def outcome(self) -> str:
        """How it ended, `running` if it did not."""
        return self.said.outcome

    @property
    def status(self) -> str:
        """The same in a word for people; `killed` if it did not end and nobody writes to it."""
        dead = self.outcome == RUNNING and not writing(self.folder)
        return "killed" if dead else _STATUS.get(self.outcome, self.outcome)

    @property
    def resume(self) -> str:
        """The command that goes on with it."""
        return f"siren-pde resume {shlex.quote(str(self.folder))}"

    @property
    def unfinished(self) -> str:
        """Why this is not the end of it, in a sentence; empty where it is."""
        what = "Below is what it had reached"
        step = "" if self.steps is None else f" {what} in step {self.steps:,}."
        reason = self.said.reason.rstrip(".")
        if self.outcome == RUNNING and (writer := writing(self.folder)):
            return f"This run is under way in {writer}.{step} Make this page again for the latest."
        on = f" `{self.resume}` continues it."
        if self.outcome == RUNNING:
            return f"This run has not ended: its process was killed, or the machine.{step}{on}"
        if self.outcome == "interrupted":
            return f"This run was stopped before its end: {reason}.{on}"
        if self.outcome == "failed":
            return f"This run failed: {reason}.{step}{on}"
        return ""

    @property
    def error(self) -> float:
        """The relative error that was measured last, NaN if none was."""
        final = real(self.said.result.get("error"))
        known = [value for value in self.course.error if math.isfinite(value)]
        return final if math.isfinite(final) or not known else known[-1]

    @property
    def steps(self) -> int | None:
        """How many steps it has taken."""
        given = self.said.result.get("steps")
        if isinstance(given, int):
            return given
        return int(self.course.steps[-1]) if self.course.steps else None

    @property
    def seconds(self) -> float:
        """How long it has taken."""
        given = real(self.said.result.get("seconds"))
        known = [value for value in self.course.seconds if math.isfinite(value)]
        return given if math.isfinite(given) or not known else known[-1]

    @property
    def parameters(self) -> int | None:
        """How many numbers determine the field, where that is known."""
        given = self.said.result.get("parameters")
        return given if isinstance(given, int) else None

    @property
    def loss(self) -> float:
        """The last loss that is known."""
        given = real(self.said.result.get("loss"))
        return given if math.isfinite(given) or not self.course.loss else self.course.loss[-1]

    @property
    def reached(self) -> float | None:
        """How far a march has come that did not come to its end."""
        value = real((self.said.result or self.last).get("reached"))
        return value if math.isfinite(value) else None

    @property
    def bar(self) -> str:
        """The error bar in words."""
        estimate = part(self.said.result.get("estimate"))
        total, low_high = real(estimate.get("total")), estimate.get("interval")
        if math.isfinite(total):
            both = [real(v) for v in low_high] if isinstance(low_high, list) else []
            between = f" ({both[0]:.1e} to {both[1]:.1e})" if len(both) == 2 else ""
            return f"{total:.1e}{between}"
        why = words(estimate.get("why")) or words(estimate.get("text"))
        why = why.removeprefix("no estimate: ")
        return f"none: {why}" if why else "none"

    @property
    def choices(self) -> dict[str, tuple[str, str]]:
        """Every choice: what it is, and whose it was."""
        return {
            name: (_plainer(_shown(part(value).get("value"))), words(part(value).get("origin")))
            for name, value in self.said.call.items()
        }

    def picture(self, name: str) -> bytes | None:
        """A PNG of the folder, None if there is none."""
        path = self.folder / name
        try:
            if path.is_symlink() or path.stat().st_size > LARGEST:
                return None
            data = path.read_bytes()
        except OSError:
            return None
        return data if data.startswith(_PNG) else None

    def curves(self) -> bytes | None:
        """The curves of the course as a PNG, None before its first row."""
        drawn = self.picture("history.png") if self.said.ended else None
        if drawn is not None or not self.course.steps:
            return drawn
        return draw_course(self.course, plain(f"{self.name} by {self.method}")).png(160)

    @property
    def command(self) -> str:
        """How to run it again from the command line, or from Python."""
        said, machine = self.said.command, part(self.said.command.get("machine"))
        if not said:
            return f'solve(problem, seed={self.choices.get("seed", ("0", ""))[0]}, run="…")'
        if self.said.kind != "solve":
            return f"siren-pde {self.said.kind} {shlex.quote(words(said.get('points')))} …"
        given = {
            "method": said.get("method"),
            **part(said.get("network")),
            **part(said.get("limits")),
            "estimate": said.get("estimate"),
            **machine,
        }
        default = {"estimate": "quick", "seed": 0, "device": "cpu"}
        options = (
            f"--{name} {shlex.quote(_shown(value))}"
            for name, value in given.items()
            if value is not None and default.get(name) != value
        )
        return " ".join(["siren-pde solve", shlex.quote(words(said.get("file"))), *options])


def outcome_chip(run: ToldRun) -> str:
    """How a run ended, in the colour of it."""
    return chip(run.status, "bad" if run.status == "killed" else GRADES.get(run.outcome, ""))


def part(value: JSON) -> Description:
    """A part of a description, empty where there is none."""
    return value if isinstance(value, Mapping) else {}


def words(value: JSON) -> str:
    """A text, empty where there is none."""
    return value if isinstance(value, str) else ""


def real(value: JSON) -> float:
    """A number, NaN where there is none."""
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if known else math.nan  # type: ignore[arg-type]


def _column(rows: list[Description], name: str) -> list[float]:
    return [real(row.get(name)) for row in rows]


def _plainer(text: str) -> str:
    """A method without what is the same for all of its kind."""
    return _OWN.sub("", text)


def _shown(value: JSON) -> str:
    """A value in one line; of several, those that are given."""
    if isinstance(value, Mapping):
        given = (f"{name} {_shown(each)}" for name, each in value.items() if each is not None)
        return ", ".join(given) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
