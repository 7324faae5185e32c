"""Solutions as arrays with their coordinates: NumPy's .npz, netCDF, xarray."""

from __future__ import annotations

import io
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from siren_pde.errors import ConfigError
from siren_pde.files.atomic import atomic_write
from siren_pde.io.exports.quantities import constants
from siren_pde.io.exports.sampling import Sampling

if TYPE_CHECKING:
    from xarray import Dataset

Floats = npt.NDArray[np.floating[Any]]

LETTERS = {"x": "X", "y": "Y", "z": "Z", "t": "T"}
"""The `axis` attribute of the CF conventions, by coordinate."""


@dataclass(frozen=True, eq=False)
class Arrays:
    """Coordinates by name, and values over them with the names of their dimensions."""

    ticks: dict[str, Floats]
    values: dict[str, tuple[tuple[str, ...], Floats]]


def arrays_of(sampling: Sampling) -> Arrays:
    """All instants of a solution: time is the last coordinate, then come components.

    Raises ConfigError where an unknown has the name of a coordinate.
    """
    ticks = dict(zip(sampling.space, sampling.ticks, strict=True))
    grid, shape = sampling.grid, tuple(map(len, ticks.values()))
    if sampling.times is None:
        each = sampling.values(grid, None)
        stacked = {
            name: values.reshape((*shape, *values.shape[1:])) for name, values in each.items()
        }
    else:
        every = [sampling.values(grid, time) for time in sampling.times.tolist()]
        ticks["t"] = sampling.times
        stacked = {
            name: np.stack([one[name].reshape((*shape, *one[name].shape[1:])) for one in every])
            for name in every[0]
        }
        stacked = {name: np.moveaxis(whole, 0, len(shape)) for name, whole in stacked.items()}
    values = {
        name: ((*ticks, f"{name}_component")[: whole.ndim], whole)
        for name, whole in stacked.items()
    }
    for name, number in constants(sampling.solution.field).items():
        values[name] = ((), np.array(number))
    both = {*ticks} & {*values}
    if both:
        raise ConfigError(
            f"`{both.pop()}` names a coordinate and an unknown, and a file has one of that name. "
            "Write a .vtu file, or rename the unknown."
        )
    return Arrays(ticks, values)


def write_npz(sampling: Sampling, path: Path) -> list[Path]:
    """Write the ticks of each coordinate and the values (n, m, …) over them, for `numpy.load`."""
    arrays, buffer = arrays_of(sampling), io.BytesIO()
    named: dict[str, Any] = {**arrays.ticks}
    named |= {name: whole for name, (_, whole) in arrays.values.items()}
    np.savez_compressed(buffer, **named)
    atomic_write(path, buffer.getvalue())
    return [path]


def write_netcdf(sampling: Sampling, path: Path) -> list[Path]:
    """Write a classic netCDF file, coordinates as the CF conventions have them.

    Raises ConfigError where the coordinates of the values exceed what the format holds.
    """
    from scipy.io import netcdf_file

    arrays, buffer = arrays_of(sampling), io.BytesIO()
    file = netcdf_file(buffer, "w", version=2)
    file.Conventions, file.source = "CF-1.8", f"siren-pde {version('siren-pde')}"
    for name, ticks in arrays.ticks.items():
        file.createDimension(name, len(ticks))
        variable = file.createVariable(name, "f8", (name,))
        variable[:] = ticks
        variable.long_name = name
        if name in LETTERS:
            variable.axis = LETTERS[name]
    for name, (dimensions, values) in arrays.values.items():
        for dimension, size in zip(dimensions, values.shape, strict=True):
            if dimension not in file.dimensions:
                file.createDimension(dimension, size)
        kind = values.dtype.newbyteorder(">")
        variable = file.createVariable(name, kind, dimensions)
        variable[...] = values
        variable.long_name = name
        variable._FillValue = np.array(np.nan, dtype=kind)
    file.flush()
    atomic_write(path, buffer.getvalue())
    file.close()
    return [path]


def dataset_of(sampling: Sampling) -> Dataset:
    """An `xarray.Dataset` of the same. Raises ConfigError where xarray is not installed."""
    try:
        from xarray import Dataset
    except ImportError as cause:
        raise ConfigError(
            "`to_xarray` makes an `xarray.Dataset`, and xarray is not installed. Write "
            '`pip install "siren-pde[arrays]"`, or export to .npz or .nc.'
        ) from cause
    arrays = arrays_of(sampling)
    return Dataset(arrays.values, coords=arrays.ticks)
