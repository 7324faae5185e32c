"""What each of 25 blocks is made of: a = 10^U(−2, 3), and f = constant + product sin πξ sin πη.

They are data of the problem and not its answer, drawn with a fixed seed, so the levels are alike.
"""

import numpy as np

FOLDER = "pinnacle"
TICKS = {"x": np.arange(-8.0, 9.0, 4.0), "y": np.arange(-8.0, 9.0, 4.0)}
LEVELS = (1, 2, 3)
ORDER = None
QUICK = True
METHOD = "uniform numbers, and normal ones for the sources"


def solve(_=None):
    """The numbers of each block, by its middle."""
    numbers = np.random.default_rng(0)
    a = 10 ** numbers.uniform(-2, 3, (5, 5))
    constant, product = numbers.standard_normal((2, 5, 5))
    return {"a": a, "constant": constant, "product": product}
