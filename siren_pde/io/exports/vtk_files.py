"""Solutions as VTK files: cells of the domain, or grids over it; a file for each instant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from siren_pde.domains.base import Domain
from siren_pde.domains.box import Box
from siren_pde.domains.polygon import Polygon
from siren_pde.domains.product import Product
from siren_pde.domains.triangulation import triangles
from siren_pde.errors import ConfigError
from siren_pde.files.atomic import atomic_write
from siren_pde.io import vtk
from siren_pde.io.exports.cut_cells import Cells, cut_cells, triangle_cells
from siren_pde.io.exports.quantities import constants
from siren_pde.io.exports.sampling import Sampling

Floats = npt.NDArray[np.floating[Any]]


def write_vtk(sampling: Sampling, path: Path) -> list[Path]:
    """Write a solution as .vtu, .vti or .vts; the paths of the files, those of a series last.

    A solution in time is a .pvd file, which ParaView opens, and beside it one file per instant,
    `NAME_0000.vtu` …. Raises ConfigError for a solution without a space coordinate.
    """
    if not sampling.space:
        raise ConfigError(
            f"`{path.name}` needs a space coordinate, and this solution has the time alone. Write "
            "an .npz or .nc file."
        )
    pack = PACKS[".vtu" if path.suffix.lower() == ".pvd" else path.suffix.lower()](sampling)
    if sampling.times is None:
        atomic_write(path, pack(None))
        return [path]
    suffix = ".vtu" if path.suffix.lower() == ".pvd" else path.suffix
    files = []
    for i, time in enumerate(sampling.times.tolist()):
        files.append((time, path.with_name(f"{path.stem}_{i:04d}{suffix}")))
        atomic_write(files[-1][1], pack(time))
    # last, so that what it names is there
    atomic_write(path.with_suffix(".pvd"), vtk.collection([(t, file.name) for t, file in files]))
    return [path.with_suffix(".pvd"), *(file for _, file in files)]


def _unstructured(sampling: Sampling) -> Callable[[float | None], bytes]:
    """Cells of the domain itself, which are made anew only where it moves."""
    triangulated = _polygon_cells(sampling)
    still = _still(sampling.domain)
    last: list[Cells] = []

    def cells(time: float | None) -> Cells:
        if triangulated is not None:
            return triangulated
        if not last or not still:
            last[:] = [cut_cells(sampling.ticks, sampling.inside(time))]
        return last[0]

    def pack(time: float | None) -> bytes:
        mesh = cells(time)
        if not mesh.blocks:
            raise ConfigError(
                f"no cell of the grid lies in {sampling.domain!r} at {time}. Take a finer "
                "`resolution`, or another `at`."
            )
        arrays = _arrays(sampling.values(mesh.points, time))
        return vtk.unstructured(_in_space(mesh.points), mesh.blocks, arrays, _numbers(sampling))

    return pack


def _still(domain: Domain) -> bool:
    """Whether a domain is known to be the same at every instant."""
    cylinder = isinstance(domain, Product) and domain.second.axes == ("t",)
    return isinstance(domain, Box) or cylinder


def _polygon_cells(sampling: Sampling) -> Cells | None:
    """The triangles of a domain that is a polygon at every instant; None for all others."""
    outline: Domain = sampling.domain
    if isinstance(outline, Product) and outline.second.axes == ("t",):
        outline = outline.first
    if not isinstance(outline, Polygon) or outline.axes != sampling.space:
        return None
    longest = max(float(ticks[1] - ticks[0]) for ticks in sampling.ticks)
    return triangle_cells(triangles(outline.vertices), longest)


def _image(sampling: Sampling) -> Callable[[float | None], bytes]:
    low = [float(ticks[0]) for ticks in sampling.ticks]
    spacing = [float(ticks[-1] - ticks[0]) / (len(ticks) - 1) for ticks in sampling.ticks]
    missing = 3 - len(low)

    def pack(time: float | None) -> bytes:
        return vtk.image(
            [*low, *[0.0] * missing],
            [*spacing, *[1.0] * missing],
            _counts(sampling),
            _on_grid(sampling, time),
            _numbers(sampling),
        )

    return pack


def _structured(sampling: Sampling) -> Callable[[float | None], bytes]:
    points = _in_space(_columnwise(sampling, sampling.grid))

    def pack(time: float | None) -> bytes:
        arrays = _on_grid(sampling, time)
        return vtk.structured(points, _counts(sampling), arrays, _numbers(sampling))

    return pack


PACKS = {".vtu": _unstructured, ".vti": _image, ".vts": _structured}
"""What makes the bytes of one instant, by suffix."""


def _counts(sampling: Sampling) -> tuple[int, ...]:
    counts = [len(ticks) for ticks in sampling.ticks]
    return (*counts, *[1] * (3 - len(counts)))


def _on_grid(sampling: Sampling, time: float | None) -> dict[str, Floats]:
    values = _arrays(sampling.values(sampling.grid, time))
    return {name: _columnwise(sampling, each) for name, each in values.items()}


def _columnwise(sampling: Sampling, values: Floats) -> Floats:
    """Values (n, …) of a grid whose last coordinate varies fastest, in VTK's order: the first."""
    shape = tuple(len(ticks) for ticks in sampling.ticks)
    tail = values.shape[1:]
    whole = values.reshape(*shape, *tail)
    order = (*reversed(range(len(shape))), *range(len(shape), whole.ndim))
    return whole.transpose(order).reshape(-1, *tail)


def _arrays(values: dict[str, Floats]) -> dict[str, Floats]:
    """Vectors with two components as VTK has them, with three."""
    return {
        name: _in_space(each) if each.ndim == 2 and each.shape[1] == 2 else each
        for name, each in values.items()
    }


def _in_space(points: Floats) -> Floats:
    """Columns (n, k) as (n, 3), filled up with zeros."""
    return np.pad(points, ((0, 0), (0, 3 - points.shape[1])))


def _numbers(sampling: Sampling) -> dict[str, Floats]:
    """The constants among the unknowns, (1,) each."""
    return {n: np.array([value]) for n, value in constants(sampling.solution.field).items()}
