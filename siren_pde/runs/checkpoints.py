"""Checkpoints of a run: the last two and the best, a new one whole before an old one goes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from siren_pde.errors import CheckpointError, StorageError
from siren_pde.files.atomic import atomic_write
from siren_pde.files.json_values import Description
from siren_pde.files.sealed import Groups, pack, unpack

KEPT = 2
"""How many are kept: the one before the last is there should the last be damaged."""
BEST = "best.h5"
_KIND = "checkpoint"
_NAME = re.compile(r"step-(\d{1,18})\.h5")


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint holds, and the file it was read from."""

    path: Path
    step: int
    about: Description
    groups: Groups


@dataclass(frozen=True)
class Checkpoints:
    """The folder of the checkpoints of a run."""

    folder: Path

    def made(self) -> None:
        """Make the folder, or empty it. Raises StorageError."""
        try:
            self.folder.mkdir(exist_ok=True)
            for path in [*self._steps().values(), self.folder / BEST]:
                path.unlink(missing_ok=True)
        except OSError as cause:
            raise StorageError(
                f"cannot make the folder `{self.folder}`: {cause.strerror or cause}."
            ) from cause

    def save(self, step: int, about: Description, groups: Groups) -> None:
        """Write the checkpoint of a step, then remove all but the last two. Raises StorageError,
        with the others untouched.
        """
        self._write(f"step-{step}.h5", about, groups)
        steps = self._steps()
        for old in sorted(steps)[:-KEPT]:
            steps[old].unlink(missing_ok=True)

    def save_best(self, about: Description, groups: Groups) -> None:
        """Write the best iterate in place of the one before it."""
        self._write(BEST, about, groups)

    def latest(self) -> tuple[Checkpoint, tuple[str, ...]]:
        """The last one that is whole, and why those after it are not.

        Raises CheckpointError if there is none.
        """
        damaged: list[str] = []
        for step, path in sorted(self._steps().items(), reverse=True):
            try:
                return self.read(path, step), tuple(damaged)
            except StorageError as error:
                damaged.append(str(error))
        why = "; ".join(damaged) or "there is none"
        raise CheckpointError(f"no checkpoint in `{self.folder}` can be continued: {why}")

    def drop_after(self, step: int) -> None:
        """Remove the checkpoints of later steps, which are not continued."""
        for later, path in self._steps().items():
            if later > step:
                path.unlink(missing_ok=True)

    @property
    def names(self) -> list[str]:
        """The files that there are, beginning with the last."""
        best = [BEST] if (self.folder / BEST).is_file() else []
        return [path.name for _, path in sorted(self._steps().items(), reverse=True)] + best

    @staticmethod
    def read(path: Path, step: int) -> Checkpoint:
        """What a file holds. Raises StorageError if it is damaged, foreign or cannot be read."""
        try:
            about, groups = unpack(path.read_bytes(), _KIND)
        except StorageError as cause:
            raise StorageError(f"cannot read `{path}`: {cause}") from cause.__cause__
        except OSError as cause:
            raise StorageError(f"cannot read `{path}`: {cause.strerror or cause}.") from cause
        except Exception as cause:  # the file is foreign data: h5py and JSON fail in many ways
            raise StorageError(
                f"cannot read `{path}`: its content is no checkpoint's "
                f"({type(cause).__name__}: {cause})."
            ) from cause
        return Checkpoint(path, step, about, groups)

    def _write(self, name: str, about: Description, groups: Groups) -> None:
        path = self.folder / name
        try:
            data = pack(about, groups, _KIND)
        except StorageError as cause:
            raise StorageError(f"cannot write `{path}`: {cause}") from cause.__cause__
        atomic_write(path, data)

    def _steps(self) -> dict[int, Path]:
        if not self.folder.is_dir():
            return {}
        named = ((_NAME.fullmatch(path.name), path) for path in self.folder.iterdir())
        return {int(name[1]): path for name, path in named if name}
