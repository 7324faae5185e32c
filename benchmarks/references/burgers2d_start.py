"""The start of Burgers2d: u = Σ aᵢⱼ sin 2π(ix + jy) + bᵢⱼ cos 2π(ix + jy), i and j from −4 to 4.

The numbers are normal, of standard deviation 0.05, and the means 1: data of the problem and not its
answer, drawn with a fixed seed, so the three levels are alike.
"""

import numpy as np

FOLDER = "pinnacle"
TICKS = {"i": np.arange(-4.0, 5.0), "j": np.arange(-4.0, 5.0)}
LEVELS = (1, 2, 3)
ORDER = None
QUICK = True
METHOD = "normal numbers"


def solve(_=None):
    """The coefficients of both velocities."""
    numbers = np.random.default_rng(0)
    a, b = 0.05 * numbers.standard_normal((2, 9, 9, 2))
    b[4, 4] = numbers.standard_normal(2)
    return {"a": a, "b": b}
