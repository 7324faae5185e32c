"""The medium that problems/helmholtz_inverse.py looks for: m = 1/c², a disk in which c = 2.

The waves recorded in the problem are the disk's own series, so the truth is known and not computed;
the three levels are the same.
"""

import numpy as np

TICKS = {"x": np.linspace(-0.75, 0.75, 121), "y": np.linspace(-0.75, 0.75, 121)}
LEVELS = (1, 2, 3)
ORDER = None
QUICK = True
METHOD = "the disk whose scattered field the data are, in closed form"
RADIUS, SPEED = 0.1, 2.0


def solve(_):
    """The squared slowness on the grid."""
    x, y = np.meshgrid(*TICKS.values(), indexing="ij")
    return {"m": np.where(np.hypot(x, y) < RADIUS, SPEED**-2, 1.0)}
