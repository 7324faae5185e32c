"""Coordinates that single precision has rounded more coarsely than the points are spaced."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from siren_pde.errors import say

Floats = npt.NDArray[np.float64]

_COMPARED = 20_000
"""Points whose spacings are looked at."""
_COARSE = 0.1
"""Step in median spacings that is worth a word. Rounding is noise, of .3 steps on each axis."""


def say_rounding(positions: Floats) -> None:
    """A warning if coordinates (n, 3) have been rounded by steps that show beside their spacing."""
    from scipy.spatial import cKDTree

    step = rounding_step(positions)
    if step == 0.0:
        return
    sample = positions[:: max(len(positions) // _COMPARED, 1)]
    spacing = float(np.median(cKDTree(positions).query(sample, k=2)[0][:, 1]))
    if step > _COARSE * spacing:
        say(
            f"the coordinates have been in single precision, rounded to {step:.3g}, where points "
            f"are {spacing:.3g} apart: the surface is as uncertain as that. Subtract an offset "
            "before such files are written, or write them in double precision."
        )


def rounding_step(positions: Floats) -> float:
    """The step of single precision where coordinates are largest, if all of an axis have it.

    Zero where they have more digits than single precision holds.
    """
    single = positions.astype(np.float32)
    rounded = (single == positions).all(axis=0)
    steps = np.spacing(np.abs(single).max(axis=0)).astype(np.float64)
    return float(np.max(steps, where=rounded, initial=0.0))
