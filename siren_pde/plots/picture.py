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

    def _repr_png_(self) -> bytes:
        """The picture, for notebooks."""
        buffer = io.BytesIO()
        with rc_context(STYLE):
            self.savefig(buffer, format="png", dpi=SHOWN)
        return buffer.getvalue()

    def __repr__(self) -> str:
        width, height = self.get_size_inches()
        title = self.get_suptitle().replace("$", "")
        shown = f" of {title}" if title else ""
        return f'Picture{shown}, {width:.3g} × {height:.3g} inches: `.savefig("a.png")` writes it'
