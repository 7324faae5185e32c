"""Figures as files, in one of three formats."""

from __future__ import annotations

import io
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

from siren_pde.errors import ConfigError
from siren_pde.files.atomic import atomic_write

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 200
FORMATS = ("png", "pdf", "svg")


def require_format(path: str | os.PathLike[str] | None) -> None:
    """Raise ConfigError unless a picture can be written to a file of that name."""
    ending = "" if path is None else Path(path).suffix.lower()
    if path is not None and ending[1:] not in FORMATS:
        raise ConfigError(
            f"pictures are written as {', '.join(FORMATS)}, got `{path}`. "
            f"Write `{Path(path).stem}.png`."
        )


def write_figure(figure: Figure, path: str | os.PathLike[str] | None) -> None:
    """Write a figure, all of it or nothing. Raises StorageError if the file cannot be written."""
    if path is not None:
        buffer = io.BytesIO()
        figure.savefig(buffer, format=Path(path).suffix[1:].lower(), dpi=DPI)
        atomic_write(path, buffer.getvalue())


def power(value: float) -> str:
    """A number as mathematics writes it: 1.2 × 10⁻³, for Matplotlib."""
    if not math.isfinite(value):
        return r"\infty" if math.isinf(value) else r"\mathrm{nan}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return rf"{mantissa}\times 10^{{{int(exponent)}}}"
