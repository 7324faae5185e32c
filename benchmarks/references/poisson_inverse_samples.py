"""Samples of sin πx sin πy at 50 × 50 points with normal noise of 0.1, with a fixed seed.

What is stored is the data of the inverse problem and not its answer, so the three levels are alike.
"""

import numpy as np

FOLDER = "pinnacle"
TICKS = {"x": np.linspace(0, 1, 50), "y": np.linspace(0, 1, 50)}
LEVELS = (1, 2, 3)
ORDER = None
QUICK = True
METHOD = "sin πx sin πy, and normal noise of standard deviation 0.1"
NOISE = 0.1


def solve(_):
    """The samples."""
    x, y = np.meshgrid(*TICKS.values(), indexing="ij")
    noise = np.random.default_rng(0).standard_normal(x.shape)
    return {"u": np.sin(np.pi * x) * np.sin(np.pi * y) + NOISE * noise}
