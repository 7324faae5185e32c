"""The medium of Wave2d-CG: log c = Σ aᵢⱼ cos(iπ(x + 1)/2) cos(jπ(y + 1)/2), of variance one.

The aᵢⱼ are normal numbers times 1/(i² + j²), as in the published Gaussian random fields. They are
data of the problem and not its answer, drawn with a fixed seed, so the three levels are alike.
"""

import numpy as np

FOLDER = "pinnacle"
TICKS = {"i": np.arange(5.0), "j": np.arange(5.0)}
LEVELS = (1, 2, 3)
ORDER = None
QUICK = True
METHOD = "normal numbers that fall with the square of the frequency"


def solve(_=None):
    """The coefficients aᵢⱼ."""
    i, j = np.meshgrid(*TICKS.values(), indexing="ij")
    a = np.random.default_rng(0).standard_normal(i.shape) / np.maximum(i**2 + j**2, 1)
    a[0, 0] = 0
    shares = np.where(i > 0, 0.5, 1) * np.where(j > 0, 0.5, 1)  # the mean squares of the cosines
    return {"a": a / np.sqrt((shares * a**2).sum())}


def speed_squared(x, y):
    """The values c at points of any shape."""
    powers = np.arange(5) * np.pi / 2
    rows, columns = (np.cos((s + 1)[..., None] * powers) for s in (x, y))
    return np.exp(((rows @ solve()["a"]) * columns).sum(-1))
