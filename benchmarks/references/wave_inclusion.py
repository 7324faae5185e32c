"""A wave across a slow disc: cosines in space (Neumann walls), two-step differences in time.

u_tt = c² Δu at the nodes (x_i, y_j), where Δ acts on the cosine series through the values. In time
uⁿ⁺¹ = 2uⁿ − uⁿ⁻¹ + τ² Lu + τ⁴/12 L²u with L = c² Δ, of order four (Dablain, Geophysics 51, 1986).
"""

import numpy as np
from scipy.fft import dctn, idctn

END, STEPS = 2.0, 8
TICKS = {
    "x": np.linspace(-1, 1, 65),
    "y": np.linspace(0, 1, 33),
    "t": np.linspace(0, END, STEPS + 1),
}
LEVELS = (64, 128, 256)
ORDER = 4.0
QUICK = True
METHOD = "cosine collocation in space, order four in time"


def speed(x, y):
    return 1 - 0.4 / (1 + np.exp((x**2 + y**2 - 0.12) / 0.035))


def pulse(x, y):
    return np.exp(-((x + 1) ** 2 + y**2) / (2 * 0.2**2))


def solve(level):
    x, y = np.meshgrid(
        np.linspace(-1, 1, level + 1), np.linspace(0, 1, level // 2 + 1), indexing="ij"
    )
    modes = np.meshgrid(np.arange(level + 1) / 2, np.arange(level // 2 + 1), indexing="ij")
    symbol = -(np.pi**2) * (modes[0] ** 2 + modes[1] ** 2)
    square = speed(x, y) ** 2

    def along(u):
        return square * idctn(symbol * dctn(u, type=1), type=1)

    each = 2 * level // STEPS
    tau = END / (STEPS * each)
    before = pulse(x, y)
    once = along(before)
    twice = along(once)
    now = before + tau**2 / 2 * once + tau**4 / 24 * twice + tau**6 / 720 * along(twice)
    stored, stride = [before], level // 64
    for step in range(2, STEPS * each + 1):
        once = along(now)
        before, now = now, 2 * now - before + tau**2 * once + tau**4 / 12 * along(once)
        if step % each == 0:
            stored.append(now)
    return {"u": np.stack([u[::stride, ::stride] for u in stored], axis=-1)}
