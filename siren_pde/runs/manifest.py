"""The manifest of a run: what was solved, by which choices, where, how it ended, what it left."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from siren_pde.errors import StorageError
from siren_pde.files.atomic import atomic_write
from siren_pde.files.json_values import JSON, Description, record, text, whole
from siren_pde.runs.lines import strict

NAME = "manifest.json"
FORMAT = 1
RUNNING = "running"
"""The outcome of a run that has not ended, or was killed."""
LARGEST = 64 << 20
"""Bytes that no manifest has."""


@dataclass(frozen=True)
class Manifest:
    """What a run says about itself.

    `kind` is the command, "solve" or "sdf". `problem` has `name`, `file`, `sha256` and `source`,
    the last three null where the problem was made in Python, and the text of its `conditions`.
    `command` holds the arguments of the
    command line, with which `resume` starts again; it is empty in Python. `call` names every choice
    with its `value` and `origin`: user, automatic or default. `progress` is where the last
    checkpoint stands, `result` what came out. Times are ISO 8601.
    """

    kind: str = "solve"
    problem: Description = field(default_factory=dict)
    command: Description = field(default_factory=dict)
    call: Description = field(default_factory=dict)
    why: str = ""
    versions: Description = field(default_factory=dict)
    machine: Description = field(default_factory=dict)
    started: str = ""
    ended: str = ""
    outcome: str = RUNNING
    reason: str = ""
    progress: Description = field(default_factory=dict)
    result: Description = field(default_factory=dict)
    artefacts: Description = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """Whether there is nothing to continue: it has ended, and nobody interrupted it."""
        return self.outcome not in (RUNNING, "interrupted", "failed")

    def written(self, folder: Path) -> None:
        """Write it to a folder, all or nothing."""
        values = strict({"format": FORMAT, **vars(self)})
        atomic_write(folder / NAME, (json.dumps(values, indent=2, ensure_ascii=False)).encode())

    @staticmethod
    def read(folder: Path) -> Manifest:
        """Read it back. Raises StorageError if there is none, or if it is damaged or foreign."""
        path = folder / NAME
        try:
            if path.stat().st_size > LARGEST:
                raise StorageError(f"cannot read `{path}`: it is too large for a manifest.")
            data = path.read_bytes()
        except OSError as cause:
            raise StorageError(
                f"cannot read `{path}`: {cause.strerror or cause}. Give the folder of a run, as "
                "`siren-pde solve` or `solve(…, run=…)` makes it."
            ) from cause
        try:
            values = record(json.loads(data), "manifest")
            known = whole(values, "format")
            if known != FORMAT:
                raise StorageError(f"it has format {known}, and this version reads {FORMAT}.")
            held: dict[str, Any] = {name: text(values, name) for name in _TEXTS}
            held |= {name: record(values[name], name) for name in _RECORDS}
            return Manifest(**held)
        except StorageError as cause:
            raise StorageError(f"cannot read `{path}`: {cause}") from cause.__cause__
        except (ValueError, KeyError, RecursionError) as cause:
            raise StorageError(f"cannot read `{path}`: it is no manifest ({cause}).") from cause

    def with_artefacts(self, folder: Path, names: list[str]) -> Manifest:
        """With the size and SHA-256 of files of the folder, as far as they are there."""
        listed = {name: _fingerprint(folder / name) for name in names if (folder / name).is_file()}
        return replace(self, artefacts=listed)


_TEXTS = ("kind", "why", "started", "ended", "outcome", "reason")
_RECORDS = ("problem", "command", "call", "versions", "machine", "progress", "result", "artefacts")


def now() -> str:
    """The time, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def choice(value: JSON, origin: str) -> Description:
    """A choice and who made it."""
    return {"value": value, "origin": origin}


def problem_file(name: str, file: Path, *, keep: bool = True) -> Description:
    """The problem in a file: its hash, and if `keep` its text. Raises StorageError."""
    try:
        data = file.read_bytes()
    except OSError as cause:
        raise StorageError(f"cannot read `{file}`: {cause.strerror or cause}.") from cause
    return {
        "name": name,
        "file": str(file.resolve()),
        "sha256": hashlib.sha256(data).hexdigest(),
        "source": data.decode(errors="replace") if keep else None,
    }


def _fingerprint(path: Path) -> Mapping[str, JSON]:
    digest, size = hashlib.sha256(), 0
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
            size += len(block)
    return {"sha256": digest.hexdigest(), "bytes": size}
