"""The folder of a run: made or opened by one writer, read by anybody."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, final

from siren_pde.errors import StorageError
from siren_pde.files.atomic import sweep
from siren_pde.files.json_values import Description
from siren_pde.runs import manifest
from siren_pde.runs.checkpoints import Checkpoints
from siren_pde.runs.lines import Lines
from siren_pde.runs.lock import Lock
from siren_pde.runs.manifest import Manifest

RESULTS = "results.h5"
METRICS, CLOCK = "metrics.jsonl", "clock.jsonl"
LEFT = (RESULTS, "field.png", "history.png", "report.html")
"""What a run leaves besides its manifest, its course and its checkpoints."""


def checkpoints_in(folder: Path) -> Checkpoints:
    """Those of the run in a folder, for whoever reads them."""
    return Checkpoints(folder / "checkpoints")


@final
@dataclass(frozen=True, eq=False)
class Run:
    """A folder that this process writes a run to, until it is closed.

    `metrics` has a line per so many steps, the same for equal runs, and `clock` the seconds of
    each. `extra` names further artefacts of this run, relative to the folder.
    """

    path: Path
    lock: Lock
    extra: tuple[str, ...] = ()

    @staticmethod
    def made(path: str | os.PathLike[str]) -> Run:
        """A new run in a folder, which is made if need be; an earlier run there is removed.

        Raises RunLockedError while somebody else writes there, StorageError if it cannot be made.
        """
        folder = Path(path)
        run = Run._locked(folder, Lock.made(folder))
        try:
            for name in (manifest.NAME, *LEFT):
                (folder / name).unlink(missing_ok=True)
            run.checkpoints.made()
            run.metrics.started()
            run.clock.started()
        except OSError as cause:
            run.close()
            if isinstance(cause, StorageError):
                raise
            raise StorageError(
                f"cannot write to the folder `{folder}`: {cause.strerror or cause}. Choose another."
            ) from cause
        return run

    @staticmethod
    def opened(path: str | os.PathLike[str]) -> Run:
        """An earlier run, to continue it. Raises RunLockedError, or StorageError if it is none."""
        folder = Path(path)
        Manifest.read(folder)  # lest a lock be left in a folder that is no run's
        return Run._locked(folder, Lock.taken(folder))

    @staticmethod
    def _locked(folder: Path, lock: Lock) -> Run:
        run = Run(folder, lock)
        for place in (folder, run.checkpoints.folder):
            if place.is_dir():
                sweep(place)
        return run

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let others write."""
        self.lock.release()

    @property
    def metrics(self) -> Lines:
        """One line per so many steps: step, loss, terms, note, and what else is known."""
        return Lines(self.path / METRICS)

    @property
    def clock(self) -> Lines:
        """The seconds of the same steps."""
        return Lines(self.path / CLOCK)

    @property
    def checkpoints(self) -> Checkpoints:
        """The last two checkpoints, and the best."""
        return checkpoints_in(self.path)

    @property
    def manifest(self) -> Manifest:
        """What the run says about itself. Raises StorageError if it says nothing yet."""
        return Manifest.read(self.path)

    def describe(self, said: Manifest) -> None:
        """Write the manifest, with the artefacts that there are."""
        checkpoints = [f"{self.checkpoints.folder.name}/{n}" for n in self.checkpoints.names]
        # the course of a run that goes on is another one a moment later
        course = [METRICS, CLOCK] if said.ended else []
        names = [*course, *checkpoints, *LEFT, *self.extra]
        said.with_artefacts(self.path, names).written(self.path)

    def record(self, row: Description, seconds: float) -> None:
        """Add a row of the course, and its time."""
        self.metrics.append(row)
        self.clock.append({"step": row["step"], "seconds": round(seconds, 3)})

    def flush(self) -> None:
        """Have the course on the disk before a checkpoint that counts its rows."""
        self.metrics.flush()
        self.clock.flush()
