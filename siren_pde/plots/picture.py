"""A figure that shows itself: as a picture in a notebook, in words anywhere else."""

from __future__ import annotations

import io
from typing import final

from matplotlib import rc_context
from matplotlib.figure import Figure

from siren_pde.plots.style import STYLE

SHOWN = 110
"""Pixels per inch in a notebook, which are fewer than in a file."""


@final
class Picture(Figure):
    """What `plot` returns: Matplotlib's figure, to be changed and written as any other."""

    def png(self, dpi: float = SHOWN) -> bytes:
        """The picture as a PNG."""
        buffer = io.BytesIO()
        with rc_context(STYLE):
            self.savefig(buffer, format="png", dpi=dpi)
        return buffer.getvalue()

    def _repr_png_(self) -> bytes:
        """The picture, for notebooks."""
        return self.png()

    @property
    def words(self) -> str:
        """What it shows, in words."""
        title = self.get_suptitle().replace("$", "")
        return f"picture of {title}" if title else "picture"

    def __repr__(self) -> str:
        width, height = self.get_size_inches()
        size = f"{width:.3g} × {height:.3g} inches"
        return f'{self.words.capitalize()}, {size}: `.savefig("a.png")` writes it'
