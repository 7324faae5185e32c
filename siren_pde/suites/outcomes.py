"""What became of each member of a sweep, as its run's manifest tells, and of all seeds together."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from siren_pde.errors import StorageError
from siren_pde.files.json_values import JSON, text
from siren_pde.runs.manifest import Manifest, problem_file
from siren_pde.suites.members import Member

FAILED = "failed"
"""The outcome of a member that has no result."""


@final
@dataclass(frozen=True)
class Row:
    """A member and its result; numbers that are not known are NaN."""

    member: Member
    folder: Path
    outcome: str
    error: float = math.nan
    estimate: float = math.nan
    seconds: float = math.nan
    steps: int = 0
    reason: str = ""

    @staticmethod
    def of(member: Member, folder: Path, said: Manifest) -> Row:
        """What a manifest says of a member that has ended."""
        result: Mapping[str, Any] = said.result
        estimate = result.get("estimate")
        total = estimate.get("total") if isinstance(estimate, Mapping) else None
        return Row(
            member=member,
            folder=folder,
            outcome=said.outcome,
            error=_number(result.get("error")),
            estimate=_number(total),
            seconds=_number(result.get("seconds")),
            steps=int(_number(result.get("steps"), 0)),
            reason=said.reason,
        )


@final
@dataclass(frozen=True)
class Group:
    """Members with the same values: the worst and the median over their seeds."""

    name: str
    rows: tuple[Row, ...]

    @property
    def worst(self) -> float:
        """The largest error; NaN unless all are known."""
        errors = [row.error for row in self.rows]
        return math.nan if any(map(math.isnan, errors)) else max(errors)

    @property
    def median(self) -> float:
        """The median of the errors; NaN unless all are known."""
        errors = [row.error for row in self.rows]
        return math.nan if any(map(math.isnan, errors)) else statistics.median(errors)

    @property
    def seconds(self) -> float:
        """The median time."""
        known = [row.seconds for row in self.rows if not math.isnan(row.seconds)]
        return statistics.median(known) if known else math.nan


def groups(rows: Sequence[Row]) -> list[Group]:
    """The rows by their values, in order."""
    names = dict.fromkeys(row.member.group for row in rows)
    return [Group(n, tuple(row for row in rows if row.member.group == n)) for n in names]


@final
@dataclass(frozen=True)
class Statement:
    """The problem and the options of all members: what a run has to have solved to be one.

    `options` are entries of the manifest's `command`, `assigned` those of each member besides.
    """

    sha256: str
    options: Mapping[str, JSON]

    @staticmethod
    def of(file: Path, options: Mapping[str, JSON]) -> Statement:
        """Of a file as it is now. Raises StorageError if it cannot be read."""
        return Statement(text(problem_file(file.stem, file, keep=False), "sha256"), options)

    def ended(self, member: Member, folder: Path) -> Manifest | None:
        """The manifest of a member that has ended; None if it has not, or was another one's."""
        said = self._said(member, folder)
        done = said is not None and said.finished and bool(said.ended) and bool(said.result)
        return said if done else None

    def begun(self, member: Member, folder: Path) -> bool:
        """Whether a member was interrupted or killed, and can go on from a checkpoint."""
        said = self._said(member, folder)
        return said is not None and not said.finished and "step" in said.progress

    def _said(self, member: Member, folder: Path) -> Manifest | None:
        """The manifest in a folder, if it is of the same problem, options and values."""
        try:
            said = Manifest.read(folder)
        except StorageError:
            return None
        wanted = {**self.options, "assigned": dict(member.values)}
        plain: Mapping[str, JSON] = json.loads(json.dumps(wanted))  # lists for tuples
        same = said.problem.get("sha256") == self.sha256
        return said if same and all(said.command.get(n) == v for n, v in plain.items()) else None


def _number(value: object, missing: float = math.nan) -> float:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if known else missing  # type: ignore[arg-type]
