"""What became of each solve of many, as its run's manifest tells, and of all seeds together."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, final

from siren_pde.errors import StorageError
from siren_pde.files.json_values import Description, text
from siren_pde.runs.manifest import Manifest, problem_file
from siren_pde.suites.members import Member

FAILED = "failed"
"""The outcome of a member that has no result."""
M = TypeVar("M")


@final
@dataclass(frozen=True)
class Row(Generic[M]):
    """A member and its result; numbers that are not known are NaN."""

    member: M
    folder: Path
    outcome: str
    error: float = math.nan
    estimate: float = math.nan
    seconds: float = math.nan
    steps: int = 0
    reason: str = ""

    @staticmethod
    def of(member: M, folder: Path, said: Manifest) -> Row[M]:
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
    rows: tuple[Row[Member], ...]

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


def groups(rows: Sequence[Row[Member]]) -> list[Group]:
    """The rows by their values, in order."""
    names = dict.fromkeys(row.member.group for row in rows)
    return [Group(n, tuple(row for row in rows if row.member.group == n)) for n in names]


@final
@dataclass(frozen=True)
class Statement:
    """What a run has to have solved to be the one that is meant: its file, and its options, which
    are entries of the manifest's `command`.
    """

    sha256: str
    options: Description

    @staticmethod
    def of(file: Path, options: Description) -> Statement:
        """Of a file as it is now. Raises StorageError if it cannot be read."""
        plain: Description = json.loads(json.dumps(options))  # lists for tuples
        return Statement(text(problem_file(file.stem, file, keep=False), "sha256"), plain)

    def ended(self, folder: Path) -> Manifest | None:
        """The manifest of a run that has ended; None if it has not, or was another one."""
        said = self._said(folder)
        done = said is not None and said.finished and bool(said.ended) and bool(said.result)
        return said if done else None

    def begun(self, folder: Path) -> bool:
        """Whether a run was interrupted or killed, and can go on from a checkpoint."""
        said = self._said(folder)
        return said is not None and not said.finished and "step" in said.progress

    def _said(self, folder: Path) -> Manifest | None:
        """The manifest in a folder, if it is of the same file and options."""
        try:
            said = Manifest.read(folder)
        except StorageError:
            return None
        same = said.problem.get("sha256") == self.sha256
        kept = all(said.command.get(name) == value for name, value in self.options.items())
        return said if same and kept else None


def _number(value: object, missing: float = math.nan) -> float:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if known else missing  # type: ignore[arg-type]
