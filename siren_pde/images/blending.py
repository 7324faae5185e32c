"""Two photographs as one: slopes of one pasted into the slopes of the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from siren_pde.domains.cloud import PointCloud
from siren_pde.errors import ConfigError
from siren_pde.images.photographs import Floats, Image, slopes
from siren_pde.references import Reference


@final
@dataclass(frozen=True, eq=False)
class Blend:
    """`patch` in `ground`, its top left pixel at (`row`, `column`): seamless, as only slopes are
    pasted, in the disc that fits into the patch.

    Source: Pérez, Gangnet and Blake, Poisson Image Editing, ACM Trans. Graph. 22 (2003).
    Raises ConfigError unless the patch is square and lies within the ground.
    """

    ground: Image
    patch: Image
    row: int
    column: int

    def __post_init__(self) -> None:
        (n, m), (rows, columns) = self.patch.values.shape, self.ground.values.shape
        if n != m or not (0 <= self.row <= rows - n and 0 <= self.column <= columns - n):
            raise ConfigError(
                f"a patch of {n} × {m} pixels at row {self.row}, column {self.column} does not fit "
                f"into {rows} × {columns} pixels. It is square, and lies within."
            )

    @property
    def across(self) -> PointCloud:
        """The slopes ∂/∂x wanted, midway between horizontal neighbours."""
        return slopes(self.ground, self._differences(1), 1)

    @property
    def upwards(self) -> PointCloud:
        """The slopes ∂/∂y wanted, midway between vertical neighbours."""
        return slopes(self.ground, self._differences(0), 0)

    @property
    def truth(self) -> Reference:
        """The pixels whose differences are nearest to those wanted, by cosine transforms."""
        from scipy.fft import dctn, idctn

        down, right = self._differences(0), self._differences(1)
        source = np.diff(down, axis=0, prepend=0, append=0)
        source += np.diff(right, axis=1, prepend=0, append=0)
        rows, columns = source.shape
        eigen = 2 * np.cos(np.pi * np.arange(rows) / rows)[:, None] - 4
        eigen = eigen + 2 * np.cos(np.pi * np.arange(columns) / columns)[None]
        eigen[0, 0] = 1.0  # the mean is free
        spectrum = dctn(source, norm="ortho") / eigen
        spectrum[0, 0] = self.ground.values.mean() * (rows * columns) ** 0.5
        return Image(idctn(spectrum, norm="ortho")).as_reference("five-point Poisson solve by DCT")

    def _differences(self, axis: int) -> Floats:
        """Differences of neighbours along an axis: the patch's in its disc, else the ground's."""
        n = len(self.patch.values)
        wanted = np.diff(self.ground.values, axis=axis)
        mine = np.diff(self.patch.values, axis=axis)
        i, j = np.indices(mine.shape) + 0.5
        disc = np.hypot(i - n / 2, j - n / 2) < n / 2 - 1
        place = (slice(self.row, self.row + len(i)), slice(self.column, self.column + len(i[0])))
        wanted[place] = np.where(disc, mine, wanted[place])
        return wanted
