"""How much a normal can be trusted: by its neighbours, and by the winding number there."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from siren_pde.scans.patches import Patches
from siren_pde.scans.sheets import Links

Floats = npt.NDArray[np.float64]

NEAR, CLOSED = 0.12, 0.85
"""A surface is closed where the winding number is ½ ± the first on that share of it."""
_WIDTH = 0.2
"""Further error of the winding number along a closed surface, that leaves 60 % of the trust."""


def closed(patches: Patches, winding: npt.NDArray[np.float32]) -> bool:
    """Whether winding numbers (k,) are ½ on most of the surface."""
    half = np.abs(winding - 0.5) < NEAR
    return bool(patches.areas[half].sum() > CLOSED * patches.areas.sum())


def trust(links: Links, patches: Patches, signs: Floats) -> Floats:
    """The confidence (n,) in 0…1 of normals whose `links` agree as they do, times `signs` (k,).

    That is how much more of the agreement with neighbours is for a normal than against it, and, on
    a closed surface, a Gaussian of how far the winding number of its patch is below ½ − `NEAR`.
    """
    votes = np.clip(links.votes(len(patches.label)), 0.0, 1.0)
    winding = patches.winding @ signs.astype(np.float32)
    if not closed(patches, winding):
        return np.asarray(votes)
    below = np.minimum(winding - 0.5 + NEAR, 0.0)[patches.label]
    return np.asarray(votes * np.exp(-(below**2) / (2 * _WIDTH**2)))
