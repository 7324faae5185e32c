"""Photographs as data: slopes between pixels to fit, and how well a field reproduces the pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import final

import numpy as np
import numpy.typing as npt
from torch import Tensor

from siren_pde.domains.cloud import PointCloud
from siren_pde.errors import ConfigError, StorageError
from siren_pde.references import Reference

Floats = npt.NDArray[np.float64]
Field = Callable[[Floats], Tensor]
"""Values (n,) or (n, 1) at positions (n, 2), such as a `Solution`."""


@final
@dataclass(frozen=True, eq=False)
class Image:
    """A grey photograph (rows, columns) with values in [0, 1], on the square [−1, 1]².

    Pixel (0, 0) is at the top left: x grows to the right, y upwards.
    """

    values: Floats

    @property
    def pixels(self) -> Floats:
        """The centres of the pixels, row by row, shape (rows · columns, 2)."""
        x, y = self.axes()
        grid = np.meshgrid(x, y, indexing="xy")
        return np.stack([g.ravel() for g in grid], axis=1)

    @property
    def across(self) -> PointCloud:
        """Slopes ∂I/∂x as differences of horizontal neighbours, taken midway between them."""
        return slopes(self, np.diff(self.values, axis=1), 1)

    @property
    def upwards(self) -> PointCloud:
        """Slopes ∂I/∂y as differences of vertical neighbours, taken midway between them."""
        return slopes(self, np.diff(self.values, axis=0), 0)

    @property
    def curvatures(self) -> PointCloud:
        """ΔI at all pixels: five-point differences, beyond the edges the edge's own value."""
        x, y = self.axes()
        step = 2 / self.values.shape[1]
        padded = np.pad(self.values, 1, mode="edge")
        around = padded[1:-1, :-2] + padded[1:-1, 2:] + padded[:-2, 1:-1] + padded[2:, 1:-1]
        return _on_grid(x, y, laplacian=(around - 4 * self.values) / step**2)

    @property
    def truth(self) -> Reference:
        """The photograph as what a field is compared with, after the best a u + b."""
        return self.as_reference("the photograph itself")

    def as_reference(self, method: str) -> Reference:
        """The pixels as a reference that comes from `method`."""
        x, y = self.axes()
        return Reference(
            ticks={"x": x, "y": y[::-1]},
            values={"u": self.values[::-1].T},
            method=method,
            accuracy=0.0,
            affine=True,
        )

    def rendered(self, field: Field) -> Floats:
        """A field's values at the pixels, fitted to the image by the best a u + b.

        Slopes determine an image up to a constant only, and its scale by convention.
        """
        u = np.asarray(field(self.pixels).detach().double().cpu()).reshape(self.values.shape)
        design = np.stack([u.ravel(), np.ones(u.size)], axis=1)
        (a, b), *_ = np.linalg.lstsq(design, self.values.ravel(), rcond=None)
        return np.asarray(a * u + b)

    def psnr(self, field: Field) -> float:
        """Peak signal-to-noise ratio −10 log₁₀ mean (I − Î)² in decibels, after `rendered`."""
        return float(-10 * np.log10(np.mean((self.rendered(field) - self.values) ** 2)))

    def compare(self, field: Field, path: str) -> None:
        """Write the photograph, its reconstruction and their difference side by side as a PNG.

        Raises StorageError if the file cannot be written.
        """
        from matplotlib.figure import Figure

        rendered = self.rendered(field)
        figure = Figure(figsize=(9.6, 3.5), dpi=200, layout="constrained")
        panels = figure.subplots(1, 3)
        shown = [
            ("photograph", self.values, "gray", 0, 1),
            (f"from its slopes, {self.psnr(field):.1f} dB", rendered, "gray", 0, 1),
            ("difference", rendered - self.values, "RdBu_r", -0.25, 0.25),
        ]
        for axes, (title, values, colours, low, high) in zip(panels, shown, strict=True):
            drawn = axes.imshow(values, cmap=colours, vmin=low, vmax=high)
            axes.set_title(title, fontsize=10)
            axes.set_axis_off()
        figure.colorbar(drawn, ax=panels[-1], shrink=0.85)
        try:
            figure.savefig(path)
        except OSError as error:
            raise StorageError(f"{path} could not be written: {error}.") from error

    def axes(self) -> tuple[Floats, Floats]:
        """The columns' x, ascending, and the rows' y, descending."""
        rows, columns = self.values.shape
        return (
            (2 * np.arange(columns) + 1) / columns - 1,
            1 - (2 * np.arange(rows) + 1) / rows,
        )


def photograph(size: int = 128) -> Image:
    """A man with a camera before a sky, 512² pixels, averaged down to `size`².

    By Lav Varshney, who gave it to the public domain (CC0); it comes from scikit-image's
    `data.camera`. Raises ConfigError unless 512 is a multiple of `size`.
    """
    if size < 1 or 512 % size:
        raise ConfigError(
            f"the photograph has 512² pixels, which cannot be averaged to {size}². Give a `size` "
            "that divides 512, such as 128."
        )
    block = 512 // size
    return Image(_grey_levels("camera").reshape(size, block, size, block).mean(axis=(1, 3)))


def coin() -> Image:
    """A Greek coin from Pompeii, 62² pixels.

    From a picture of the Brooklyn Museum without known copyright restrictions, which comes from
    scikit-image's `data.coins`.
    """
    return Image(_grey_levels("coin"))


def _grey_levels(name: str) -> Floats:
    """A picture that comes with the package, bytes scaled to [0, 1], (rows, columns)."""
    with files("siren_pde.images").joinpath("photographs.npz").open("rb") as file:
        return np.asarray(np.load(file)[name], dtype=np.float64) / 255


def slopes(image: Image, differences: Floats, axis: int) -> PointCloud:
    """Differences of neighbouring rows (axis 0) or columns (1) as slopes midway between them."""
    x, y = image.axes()
    if axis:
        return _on_grid((x[1:] + x[:-1]) / 2, y, slope=differences / (x[1] - x[0]))
    return _on_grid(x, (y[1:] + y[:-1]) / 2, slope=differences / (y[1] - y[0]))


def _on_grid(x: Floats, y: Floats, **values: Floats) -> PointCloud:
    """Named values (m, n) at the points of a grid of n columns x and m rows y."""
    positions = np.stack([g.ravel() for g in np.meshgrid(x, y, indexing="xy")], axis=1)
    return PointCloud(positions, axes=("x", "y"), **{n: v.ravel() for n, v in values.items()})
