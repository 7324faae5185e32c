"""Winding numbers of many dipoles at many points: what is inside, without a closed surface."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

Floats = npt.NDArray[np.float64]

_PAIRS = 2**26
"""Of points and dipoles whose distances are held at once."""


def dipole_winding(x: Floats, centres: Floats, moments: Floats) -> Floats:
    """w(x) = Σ mᵢ·(cᵢ − x) / 4π|cᵢ − x|³ at x (n, 3): about 1 inside, 0 outside, shape (n,).

    Each piece of surface is a dipole at its centre cᵢ with its area times its outward normal as
    moment mᵢ, both (m, 3); that is accurate from a few widths of the pieces on (Barill et al., Fast
    winding numbers for soups and clouds, 2018, eq. 10). In single precision, about the centres'
    mean.
    """
    origin, scale = centres.mean(0), float(np.ptp(centres, axis=0).max()) or 1.0
    c = torch.as_tensor((centres - origin) / scale, dtype=torch.float32, device="cpu")
    m = torch.as_tensor(moments / scale**2, dtype=torch.float32, device="cpu")
    flux_there = (m * c).sum(1)
    parts, at_once = [], max(_PAIRS // len(c), 1)
    for start in range(0, len(x), at_once):
        part = (x[start : start + at_once] - origin) / scale
        q = torch.as_tensor(part, dtype=torch.float32, device="cpu")
        apart = torch.cdist(q, c).clamp_min_(1e-6)
        parts.append(((flux_there - q @ m.T) / apart.pow_(3)).sum(1))
    return torch.cat(parts).double().numpy() / (4 * np.pi) if parts else np.zeros(0)
