"""Where an edge is cut by a level of a function that is linear on it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

AWAY = 1e-3
"""Cuts keep this fraction of an edge away from its ends, where they would leave slivers, and where
a node exactly on the level would collapse the triangles around it.
"""


def crossings(start: Floats, end: Floats, away: float = AWAY) -> Floats:
    """Which fraction of an edge, from its start, a linear function with these values at its ends,
    of different signs, vanishes at, all of one shape: from `away` to 1 − `away`.
    """
    share = np.abs(start) / np.maximum(np.abs(start - end), 1e-300)
    return np.clip(share, away, 1 - away)
