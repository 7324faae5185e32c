"""Temperatures of PINNacle's HInv with noise: e^−t sin πx sin πy plus normal noise of 0.1.

The published points are 2500 drawn in the room, with noise drawn anew in each run. Here they are
the centres of 10 × 10 × 25 equal boxes, and the seed is fixed; the three levels are alike.
"""

import numpy as np

FOLDER = "pinnacle"
TICKS = {
    "x": np.linspace(-0.9, 0.9, 10),
    "y": np.linspace(-0.9, 0.9, 10),
    "t": np.linspace(0.02, 0.98, 25),
}
LEVELS = (1, 2, 3)
ORDER = None
QUICK = True
METHOD = "the formula, and noise of 0.1"
NOISE = 0.1


def solve(_):
    """The samples."""
    x, y, t = np.meshgrid(*TICKS.values(), indexing="ij")
    u = np.exp(-t) * np.sin(np.pi * x) * np.sin(np.pi * y)
    return {"u": u + NOISE * np.random.default_rng(0).standard_normal(u.shape)}
