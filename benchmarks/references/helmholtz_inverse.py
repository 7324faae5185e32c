"""The medium that is heard in problems/helmholtz_inverse.py: m = 1/c², a disk in which c = 2.

The echoes of the problem are the disk's own series, so the truth is known and not computed; the
three levels are the same.
"""

import numpy as np

TICKS = {"x": np.linspace(-0.75, 0.75, 121), "y": np.linspace(-0.75, 0.75, 121)}
LEVELS = (1, 2, 3)
ORDER = None
QUICK = True
METHOD = "the disk that the echoes are a series for, in closed form"
RADIUS, SPEED = 0.1, 2.0


def solve(_):
    """The squared slowness on the grid."""
    x, y = np.meshgrid(*TICKS.values(), indexing="ij")
    return {"m": np.where(np.hypot(x, y) < RADIUS, SPEED**-2, 1.0)}
