"""Shaded views of a mesh along the three axes, as a picture."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from siren_pde.meshes.mesh import Mesh, unit
from siren_pde.plots.figures import DPI, require_format, write_figure
from siren_pde.plots.raster import in_front

if TYPE_CHECKING:
    from siren_pde.plots.picture import Picture

Floats = npt.NDArray[np.float64]

SIZE = 450
"""Pixels along each side of a view."""
SHARPER = 2
"""Pixels are the mean of this many along each side."""
_LIGHT = np.array([0.35, 0.45, 0.82])
_VIEWS = {"x–y": (0, 1, 2), "z–y": (2, 1, 0), "x–z": (0, 2, 1)}


def plot_mesh(
    mesh: Mesh,
    path: str | os.PathLike[str] | None = None,
    *,
    title: str = "",
    size: tuple[float, float] | None = None,
) -> Picture:
    """Draw three shaded views of a mesh, all to the same scale.

    Each view looks along one axis; the axes named span the picture. Surfaces that are not closed
    are seen from both sides. `path` ends in .png, .pdf or .svg; left out, nothing is written.
    `size` is (width, height) in inches. Returns the figure. Raises ConfigError for other files,
    StorageError if the file cannot be written.
    """
    from siren_pde.plots.picture import Picture

    require_format(path)
    low, high = mesh.vertices.min(0), mesh.vertices.max(0)
    centred = (mesh.vertices - (low + high) / 2) / (1.05 * float((high - low).max()))
    corners = centred[mesh.faces]
    figure = Picture(size or (10.5, 3.9), dpi=DPI, layout="constrained")
    for axes, (name, order) in zip(figure.subplots(1, 3), _VIEWS.items(), strict=True):
        shaded = _shaded(corners, order, both_sides=not mesh.is_watertight)
        axes.imshow(shaded, cmap="gray", vmin=0, vmax=1)
        axes.set_title(name, fontsize=9)
        axes.set_axis_off()
    if title:
        figure.suptitle(title, fontsize=10, parse_math=False)  # names of files may have `$`
    write_figure(figure, path)
    return figure


def _shaded(corners: Floats, order: tuple[int, int, int], *, both_sides: bool = False) -> Floats:
    """Triangles (f, 3, 3), bright where they face the light; white where there are none.

    Of a closed surface one side is seen, of others both, whichever way they face.
    """
    fine = SHARPER * SIZE
    # an odd permutation of axes mirrors the view, unless one looks from the other side
    sign = 1.0 if order == (0, 1, 2) else -1.0
    seen = corners[:, :, list(order)] * [1.0, 1.0, sign]
    facing = unit(np.cross(seen[:, 1] - seen[:, 0], seen[:, 2] - seen[:, 0]))
    if both_sides:
        facing = np.where(facing[:, 2:] < 0, -facing, facing)
    front = facing[:, 2] > 0
    facing, seen = facing[front], seen[front]
    seen[:, :, 0], seen[:, :, 1] = (seen[:, :, 0] + 0.5) * fine, (0.5 - seen[:, :, 1]) * fine
    nearest = in_front(seen, fine, fine)
    light = 0.16 + 0.32 * facing[:, 2] + 0.5 * np.clip(facing @ _LIGHT, 0.0, 1.0)
    image = np.append(light, 1.0)[nearest]
    return np.asarray(image.reshape(SIZE, SHARPER, SIZE, SHARPER).mean(axis=(1, 3)))
