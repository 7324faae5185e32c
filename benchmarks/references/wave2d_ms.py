"""u_tt = u_xx + 2 u_yy on (0, 1)² × (0, 100) with walls that follow cos πt: sums of sines.

The walls drive v(x, y) cos πt with v_xx + 2 v_yy + π² v = 0, and two products solve this: one is
linear in y, one a hyperbolic sine in x. What the start has besides swings freely, and the
coefficients of its sine series are known; those of sin πx sin nπy and of sin mπx sin 2πy fall like
n⁻³, so that the tail after M of them is of order M^−2.5.
"""

import numpy as np

FOLDER = "pinnacle"
TICKS = {
    "x": np.linspace(0, 1, 17),
    "y": np.linspace(0, 1, 17),
    "t": np.linspace(0, 100, 81),
}
LEVELS = (2000, 4000, 8000)
ORDER = 2.25
QUICK = True
METHOD = "sine series with coefficients in closed form"


def solve(level):
    """The solution on the grid with `level` sines each way."""
    x, y, t = TICKS.values()
    n = np.arange(1, level + 1)
    sign = 2 / np.pi * (-1.0) ** n
    along = sign * np.sinh(np.pi) / (n * (1 + n**2))
    across = 2 * sign * np.sinh(3 * np.pi) * n / ((7 + n**2) * (9 + n**2))
    first = free(y, t, n, along, np.sqrt(1 + 2 * n**2))
    second = free(x, t, n, across, np.sqrt(8 + n**2))
    driven = np.cos(np.pi * t)
    root = np.sqrt(7) * np.pi
    first += np.sinh(np.pi) * y[:, None] * driven
    second += np.sinh(3 * np.pi) * (np.sinh(root * x) / np.sinh(root))[:, None] * driven
    u = np.sin(np.pi * x)[:, None, None] * first[None]
    return {"u": u + np.sin(2 * np.pi * y)[None, :, None] * second[:, None]}


def free(s, t, n, coefficients, frequency):
    """Standing waves of sines in s that start at rest, (len(s), len(t))."""
    return np.sin(np.pi * np.outer(s, n)) * coefficients @ np.cos(np.pi * np.outer(frequency, t))
