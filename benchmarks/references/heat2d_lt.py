"""Heat that feeds on itself in pulses, until t = 100: sines in space, exponential differences in t.

u_t = Δu/1000 + 5 sin(u²) (1 + 2 sin(πt/4)) sin 4πx sin 2πy. About the walls and about x = 1/4, 1/2,
3/4 the solution is odd, so that sines of 4πjx and πky hold it; by the method of `exponential`. Its
order of four shows as 3.6 at these steps.
"""

import numpy as np
from exponential import Steps
from scipy.fft import dstn, idstn

FOLDER = "pinnacle"
TICKS = {"x": np.linspace(0, 1, 33), "y": np.linspace(0, 1, 33), "t": np.linspace(0, 100, 26)}
LEVELS = ((48, 5000), (64, 10000), (64, 20000))  # sines along x, a quarter of those along y; steps
ORDER = 3.5
QUICK = False  # two minutes
METHOD = "sine series, exponential time differences of order four"


def solve(level):
    n, steps = level
    x, y = np.meshgrid(np.arange(1, n) / (4 * n), np.arange(1, 4 * n) / (4 * n), indexing="ij")
    j, k = np.meshgrid(4 * np.arange(1, n), np.arange(1, 4 * n), indexing="ij")
    shape = 5 * np.sin(4 * np.pi * x) * np.sin(2 * np.pi * y)

    def feeding(v, t):
        pulse = (1 + 2 * np.sin(np.pi * t / 4)) * shape
        return dstn(np.sin(idstn(v, type=1) ** 2) * pulse, type=1)

    h = 100 / steps
    step = Steps(-(np.pi**2) * (j**2 + k**2) / 1000, h)
    v = dstn(np.sin(4 * np.pi * x) * np.sin(3 * np.pi * y), type=1)
    found = [v]
    for i in range(25):
        for m in range(steps // 25):
            v = step(v, feeding, (i * (steps // 25) + m) * h)
        found.append(v)
    quarter = np.stack([np.pad(idstn(v, type=1), 1) for v in found], axis=-1)[:: n // 8, :: n // 8]
    half = np.concatenate([quarter, -quarter[-2::-1]])
    return {"u": np.concatenate([half, half[1:]])}
