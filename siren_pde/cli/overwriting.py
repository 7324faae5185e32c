"""What a command may write over: what it wrote before, and nothing else unless it is told to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from siren_pde.errors import ConfigError, StorageError
from siren_pde.runs.manifest import Manifest

SLACK = 2.0
"""Seconds between the last write of a run and the end that it notes, to the second."""


def require_own(outputs: Sequence[Path], inputs: Sequence[Path], run: Path) -> None:
    """Refuse to write over an input, or over files that the earlier run in `run` did not write.

    Raises ConfigError that names the file, before any work is done.
    """
    for path in outputs:
        for read in inputs:
            if path.exists() and read.exists() and path.samefile(read):
                raise ConfigError(
                    f"`{path}` is to be written, but is also read. Choose another `--out`, or "
                    "write over it by `--force`."
                )
    earlier = Earlier.of(run)
    for path in outputs:
        if path.exists() and not earlier.left(path):
            raise ConfigError(
                f"`{path}` is there already, and no earlier run of this command has left it as it "
                "is. Choose another `--out`, or write over it by `--force`."
            )


def require_printable(paths: Sequence[Path | None]) -> None:
    """Refuse names that are no text, before any work is done: manifest and page hold them."""
    for path in paths:
        name = str(path).encode(errors="surrogateescape")
        if name.decode(errors="replace") != str(path):
            shown = name.decode(errors="backslashreplace")
            raise ConfigError(f"`{shown}` is no name in UTF-8. Rename it.")


@dataclass(frozen=True)
class Earlier:
    """What an earlier run wrote: the paths without their endings, and until when (seconds)."""

    beside: frozenset[Path] = frozenset()
    ended: float = 0.0

    @staticmethod
    def of(run: Path) -> Earlier:
        """The run in a folder; nothing if there is none, or if it has not ended."""
        try:
            said = Manifest.read(run)
            ended = datetime.fromisoformat(said.ended).timestamp() + SLACK
        except (StorageError, ValueError):
            return Earlier()
        named = (said.command.get("out"), said.command.get("volume"))
        paths = (Path(name).with_suffix("") for name in named if isinstance(name, str))
        return Earlier(frozenset(paths if said.kind == "sdf" else ()), ended)

    def left(self, path: Path) -> bool:
        """Whether a file is as the run has left it, by its name and its time."""
        known = path.resolve().with_suffix("") in self.beside
        return known and path.stat().st_mtime <= self.ended
