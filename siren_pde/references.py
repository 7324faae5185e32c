"""A reference: a solution known on a regular grid, from a method that is not ours, as a truth."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import numpy.typing as npt

from siren_pde.errors import ConfigError, DataFileError, StorageError
from siren_pde.files.atomic import atomic_write
from siren_pde.files.json_values import entry, real, row, text
from siren_pde.files.sealed import pack, unpack

Floats = npt.NDArray[np.float64]

FOLDER = "references"
"""Where references lie, beside the file that reads them."""
_KIND = "reference"


@final
@dataclass(frozen=True, eq=False)
class Reference:
    """Unknowns on the grid of `ticks`, one ascending row of coordinates for each axis, in order.

    `values` hold, by the unknown's name ("u" for the only one), arrays of shape (n, m, …) for
    scalars and (n, m, …, k) for vectors, NaN where the grid leaves the domain. `method` says in
    words where they come from, `accuracy` is their own relative L² error, as estimated by whoever
    made them. With `affine`, solutions are compared after the best a u + b: for problems that leave
    scale and offset open.

    Raises ConfigError if shapes do not fit, or if an unknown has no finite value.
    """

    ticks: Mapping[str, Floats]
    values: Mapping[str, Floats]
    method: str
    accuracy: float
    affine: bool = False

    def __post_init__(self) -> None:
        shape = tuple(len(row) for row in self.ticks.values())
        for name, values in self.values.items():
            if values.shape[: len(shape)] != shape or values.ndim > len(shape) + 1:
                raise ConfigError(
                    f"`{name}` of a reference on a grid of {shape} has shape {values.shape}. "
                    f"Values have shape {shape}, or {(*shape, 'k')} for a vector."
                )
            if not np.isfinite(values).any():
                raise ConfigError(f"`{name}` of a reference is not finite anywhere on its grid.")
        if not self.values or any(np.any(np.diff(row) <= 0) for row in self.ticks.values()):
            raise ConfigError("a reference needs values, on ticks in ascending order.")

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of the coordinates, in order."""
        return tuple(self.ticks)

    @property
    def positions(self) -> Floats:
        """All points of the grid (n·m·…, d), the last axis varying fastest."""
        grid = np.meshgrid(*self.ticks.values(), indexing="ij")
        return np.stack([g.ravel() for g in grid], axis=1)

    def rows(self, name: str) -> Floats:
        """The values of an unknown at `positions`, (n·m·…, k), NaN outside the domain."""
        return self.values[name].reshape(int(np.prod([len(r) for r in self.ticks.values()])), -1)

    def slice(self, name: str, free: tuple[str, ...], fixed: Mapping[str, float]) -> Floats:
        """The values of an unknown along the axes `free`, in that order: (n, m, …, k).

        The other coordinates are at the ticks nearest to `fixed`.
        """
        shape = tuple(len(row) for row in self.ticks.values())
        values = self.values[name].reshape(*shape, -1)
        for axis in reversed(range(len(shape))):
            if self.axes[axis] in fixed:
                tick = self.nearest(self.axes[axis], fixed[self.axes[axis]])
                values = np.asarray(values.take(tick, axis))
        kept = [axis for axis in self.axes if axis not in fixed]
        return np.moveaxis(values, [kept.index(axis) for axis in free], range(len(free)))

    def nearest(self, axis: str, value: float) -> int:
        """The number of the tick that is nearest to a value."""
        return int(np.abs(self.ticks[axis] - value).argmin())

    def aligned(self, values: Floats, truth: Floats) -> Floats:
        """What is compared with the truth: `values`, or, if `affine`, their best a · values + b."""
        if not self.affine:
            return values
        design = np.stack([values.ravel(), np.ones(values.size)], axis=1)
        (a, b), *_ = np.linalg.lstsq(design, truth.ravel(), rcond=None)
        return np.asarray(a * values + b)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write an HDF5 file. Raises StorageError if that fails."""
        about = {
            "axes": list(self.axes),
            "method": self.method,
            "accuracy": self.accuracy,
            "affine": self.affine,
        }
        groups = {"ticks": self.ticks, "values": self.values}
        atomic_write(path, pack(about, groups, _KIND))


def reference(name: str) -> Reference:
    """The reference `references/NAME.h5` in the folder of the file that calls this function.

    Raises DataFileError if there is none, or it is damaged.
    """
    frame = inspect.currentframe()
    caller = frame.f_back if frame is not None else None
    here = caller.f_globals.get("__file__") if caller is not None else None
    folder = Path(here).parent if here else Path()
    return read_reference(folder / FOLDER / f"{name}.h5")


def read_reference(path: str | os.PathLike[str]) -> Reference:
    """A reference from its file. Raises DataFileError if it is missing, damaged or no reference."""
    try:
        about, groups = unpack(Path(path).read_bytes(), _KIND)
        axes = [str(axis) for axis in row(entry(about, "axes"), "axes")]
        ticks = {axis: np.asarray(groups["ticks"][axis], dtype=np.float64) for axis in axes}
        values = {n: np.asarray(v, dtype=np.float64) for n, v in groups["values"].items()}
        method, accuracy = text(about, "method"), real(about, "accuracy")
        return Reference(ticks, values, method, accuracy, affine=entry(about, "affine") is True)
    except OSError as cause:
        reason = str(cause) if isinstance(cause, StorageError) else (cause.strerror or str(cause))
        raise _unreadable(path, reason) from cause
    except (ConfigError, KeyError, TypeError, ValueError) as cause:  # it is foreign data
        raise _unreadable(path, f"it holds none ({type(cause).__name__}: {cause})") from cause


def _unreadable(path: str | os.PathLike[str], reason: str) -> DataFileError:
    return DataFileError(
        f"cannot read the reference `{path}`: {reason.rstrip('.')}. `make references` "
        "computes those of the problems that come with siren_pde."
    )
