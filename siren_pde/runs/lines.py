"""Files of JSON lines that only grow: a kill leaves half a line at most, which nobody reads."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from siren_pde.errors import StorageError
from siren_pde.files.atomic import atomic_write, unwritten
from siren_pde.files.json_values import JSON, Description


@dataclass(frozen=True)
class Lines:
    """A file with one JSON object a line."""

    path: Path

    def started(self) -> None:
        """Make it anew, empty."""
        atomic_write(self.path, b"")

    def append(self, row: Description) -> None:
        """Add a line, whole or not at all. Raises StorageError if that fails, or if the file is no
        longer there.
        """
        data = line(row)
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_APPEND)
            try:
                before = os.fstat(handle).st_size
                written = os.write(handle, data)
                if written < len(data):  # a full disk takes what it can
                    os.ftruncate(handle, before)
                    raise OSError("No space left on device")
            finally:
                os.close(handle)
        except OSError as cause:
            raise unwritten(self.path, len(data), cause) from cause

    def flush(self) -> None:
        """Have all lines on the disk. Raises StorageError if the file is no longer there."""
        try:
            handle = os.open(self.path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as cause:
            raise StorageError(f"`{self.path}` is gone: {cause.strerror or cause}.") from cause

    def rows(self) -> list[Description]:
        """All whole lines; none where there is no such file. Raises StorageError for lines that
        are no JSON objects.
        """
        return [self._row(text) for text in self._whole()]

    def keep(self, count: int) -> None:
        """Cut off what comes after so many lines, half a line included."""
        kept = self._whole()[:count]
        atomic_write(self.path, b"".join(text + b"\n" for text in kept))

    def _whole(self) -> list[bytes]:
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as cause:
            raise StorageError(f"cannot read `{self.path}`: {cause.strerror or cause}.") from cause
        return data.split(b"\n")[:-1]  # what follows the last line's end is half a line

    def _row(self, text: bytes) -> Description:
        try:
            row = json.loads(text)
        except (ValueError, RecursionError) as cause:
            raise StorageError(f"`{self.path}` has a line that is no JSON: {cause}.") from cause
        if not isinstance(row, Mapping):
            raise StorageError(f"`{self.path}` has a line that is no JSON object: {text[:80]!r}.")
        return row


def line(row: Description) -> bytes:
    """A row as a line of strict JSON; NaN and infinity, which JSON does not have, become null."""
    return json.dumps(strict(row), allow_nan=False, ensure_ascii=False).encode() + b"\n"


def strict(value: JSON) -> JSON:
    """The same without NaN and infinity: null in their place."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {name: strict(each) for name, each in value.items()}
    return [strict(each) for each in value] if isinstance(value, list | tuple) else value
