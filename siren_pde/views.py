"""Shaded views of a mesh along the three axes, as a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from siren_pde.errors import StorageError
from siren_pde.surfaces.mesh import Mesh

Floats = npt.NDArray[np.float64]

SIZE = 450
"""Pixels along each side of a view."""
SAMPLES = 3_000_000
_LIGHT = np.array([0.35, 0.45, 0.82])
_VIEWS = {"x–y": (0, 1, 2), "z–y": (2, 1, 0), "x–z": (0, 2, 1)}


def plot_mesh(mesh: Mesh, path: str | Path, *, title: str = "") -> None:
    """Write three shaded views of a mesh as a PNG, all to the same scale.

    Each view looks along one axis; the axes named span the picture. Raises StorageError if the file
    cannot be written.
    """
    from matplotlib.figure import Figure

    points, normals = mesh.sample(SAMPLES)
    low, high = mesh.vertices.min(0), mesh.vertices.max(0)
    centred = (points - (low + high) / 2) / (1.05 * float((high - low).max()))
    figure = Figure(figsize=(10.5, 3.9), dpi=200, layout="constrained")
    for axes, (name, order) in zip(figure.subplots(1, 3), _VIEWS.items(), strict=True):
        axes.imshow(_shaded(centred, normals, order), cmap="gray", vmin=0, vmax=1)
        axes.set_title(name, fontsize=9)
        axes.set_axis_off()
    if title:
        figure.suptitle(title, fontsize=10)
    try:
        figure.savefig(path)
    except OSError as error:
        raise StorageError(f"{path} could not be written: {error}.") from error


def _shaded(points: Floats, normals: Floats, order: tuple[int, int, int]) -> Floats:
    """The nearest sample of every pixel, bright where it faces the light; white elsewhere."""
    right, up, towards = order
    column = ((points[:, right] + 0.5) * SIZE).astype(np.int64).clip(0, SIZE - 1)
    row = ((0.5 - points[:, up]) * SIZE).astype(np.int64).clip(0, SIZE - 1)
    # an odd permutation of axes mirrors the view, unless one looks from the other side
    sign = 1.0 if order == (0, 1, 2) else -1.0
    facing = normals[:, [right, up, towards]] * [1.0, 1.0, sign]
    order_of_depth = np.argsort(sign * points[:, towards])
    nearest_last = order_of_depth[facing[order_of_depth, 2] > 0]
    shade = np.clip(0.12 + 0.88 * (facing @ _LIGHT), 0.05, 1.0)
    image = np.ones(SIZE * SIZE)
    image[(row * SIZE + column)[nearest_last]] = shade[nearest_last]
    return image.reshape(SIZE, SIZE)
