"""The results of a suite as JSON lines, one for each cell that has ended: all its page is made of.

A line has the machine and the versions, the suite, the cell, how it ended, errors, seconds, and the
error by seconds. Lines are only added: of a cell that is run again the last one counts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from siren_pde.errors import DataFileError, StorageError
from siren_pde.files.json_values import JSON, Description
from siren_pde.runs.folder import CLOCK, METRICS
from siren_pde.runs.lines import Lines
from siren_pde.runs.machine import machine, versions
from siren_pde.runs.manifest import Manifest
from siren_pde.suites.cells import Cell
from siren_pde.suites.outcomes import FAILED, Row

NAME = "results.jsonl"
FORMAT = 1
SIGNIFICANT = 6
"""Digits of seconds and errors that are kept of a curve."""
_ERROR = re.compile(r"\b(\w*(?:Error|Exception)): (.*)", re.S)
"""The type and the message of an error, in the reason of a failure."""


@final
@dataclass(frozen=True)
class Store:
    """The file of results in the folder of a suite."""

    path: Path

    @staticmethod
    def opened(root: Path) -> Store:
        """To write to: made if need be, and without half a line that a kill has left."""
        store = Store(root / NAME)
        if store.path.exists():
            lines = store._lines
            lines.keep(len(lines.rows()))
        else:
            store._lines.started()
        return store

    @property
    def _lines(self) -> Lines:
        return Lines(self.path)

    def add(self, line: Description) -> None:
        """Add what came of a cell, unless the last line of that cell says the same."""
        if self.latest().get(str(line["label"])) != {**line, "format": FORMAT}:
            self._lines.append({**line, "format": FORMAT})
            self._lines.flush()

    def latest(self) -> dict[str, Description]:
        """The last line of each cell, by the names of their folders. Raises StorageError."""
        rows = self._lines.rows()
        return {str(row.get("label")): row for row in rows if row.get("format") == FORMAT}


def older(path: Path) -> list[Description]:
    """The results of an earlier run: its folder, or the file in it. Raises DataFileError."""
    file = path / NAME if path.is_dir() else path
    if not file.is_file():
        raise DataFileError(
            f"there are no results `{file}`. Give the `--out` folder of an earlier `bench`."
        )
    try:
        rows = [*Store(file).latest().values()]
    except StorageError as cause:
        raise DataFileError(f"`{file}` holds no results of a suite: {cause}") from cause
    if not rows:
        raise DataFileError(f"`{file}` holds no results of a suite that this version reads.")
    return rows


def line_of(suite: str, row: Row[Cell], root: Path) -> Description:
    """What the store says of a cell that has ended, read from its run."""
    cell, folder = row.member, row.folder
    try:
        said = Manifest.read(folder)
    except StorageError:
        said = Manifest()
    result = said.result if row.outcome != FAILED else {}
    return {
        "suite": suite,
        "kind": cell.task.kind,
        "label": cell.label,
        "folder": str(folder.relative_to(root)),
        "cell": cell.names,
        "machine": said.machine or machine(),
        "versions": said.versions or versions(),
        "sha256": said.problem.get("sha256"),
        "started": said.started,
        "ended": said.ended,
        "outcome": row.outcome,
        "reason": row.reason,
        "failure": failure(row.reason) if row.outcome == FAILED else None,
        "ran": result.get("method"),
        "seconds": row.seconds if math.isfinite(row.seconds) else None,
        "steps": row.steps,
        "error": _known(row.error),
        "error_max": result.get("error_max"),
        "estimate": _known(row.estimate),
        "truth": result.get("truth"),
        "truth_accuracy": result.get("truth_accuracy"),
        "parameters": result.get("parameters"),
        "memory": result.get("memory"),
        "curve": [] if row.outcome == FAILED else curve(folder, row),
        "peer": result.get("peer"),
        "measured": measured(cell.task.kind, result),
    }


def failure(reason: str) -> dict[str, JSON]:
    """Type and message of what went wrong; the type is empty where none was named."""
    named = _ERROR.search(reason)
    return {"type": named[1] if named else "", "message": named[2] if named else reason}


def curve(folder: Path, row: Row[Cell]) -> list[list[float]]:
    """Seconds and relative errors as they were measured on the way, the last one the answer's."""
    clock = {each.get("step"): each.get("seconds") for each in Lines(folder / CLOCK).rows()}
    points = [
        [_real(clock.get(each.get("step"))), _real(each.get("error"))]
        for each in Lines(folder / METRICS).rows()
        if "error" in each
    ]
    points.append([row.seconds, row.error])
    return [
        [float(f"{value:.{SIGNIFICANT}g}") for value in point]
        for point in points
        if all(map(math.isfinite, point))
    ]


def measured(kind: str, result: Description) -> dict[str, JSON]:
    """The numbers by name of a script, or of a fit; a solve has none besides its columns."""
    if kind == "solve":
        return {}
    if kind == "sdf":
        return {name: value for name, value in result.items() if not isinstance(value, str)}
    return dict(numbers_in(result.get("measured")))


def numbers_in(value: JSON, name: str = "") -> list[tuple[str, JSON]]:
    """All numbers in a value by their paths; rows are named by the first text that they hold, and
    by their place where they have none, or share it.
    """
    if isinstance(value, Mapping):
        parts = [numbers_in(each, _joined(name, str(key))) for key, each in value.items()]
        return [pair for part in parts for pair in part]
    if isinstance(value, Sequence) and not isinstance(value, str):
        names = _named(value)
        parts = [numbers_in(e, _joined(name, n)) for e, n in zip(value, names, strict=True)]
        return [pair for part in parts for pair in part]
    real = isinstance(value, int | float) and not isinstance(value, bool)
    return [(name, value)] if real else []


def _named(rows: Sequence[JSON]) -> list[str]:
    texts = [_first_text(row) for row in rows]
    places = (f"{text}, {i}" if text else f"{i}" for i, text in enumerate(texts, 1))
    return [
        text if text and texts.count(text) == 1 else place
        for text, place in zip(texts, places, strict=True)
    ]


def _first_text(row: JSON) -> str:
    texts = [v for v in row.values() if isinstance(v, str)] if isinstance(row, Mapping) else []
    return texts[0] if texts else ""


def _joined(name: str, more: str) -> str:
    return more if name in ("", "rows") else f"{name}: {more}"


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _real(value: JSON) -> float:
    real = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if real else math.nan  # type: ignore[arg-type]
