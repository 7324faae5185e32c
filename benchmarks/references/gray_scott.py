"""Gray and Scott's reaction on a square of period 2: Fourier series, exponential differences in t.

u_t = ε Δu + b (1 − u) − u v²,  v_t = ε/2 Δv − d v + u v²,  until t = 200, by the method of
`exponential`. Modes decide: with 128, 256 and 512 of them along each axis and steps of a half, the
differences are 4e-3 and 9e-6, and halving the steps of 128 changes 4e-6.
"""

import numpy as np
from exponential import Steps

FOLDER = "pinnacle"
TICKS = {"x": np.linspace(-1, 1, 33), "y": np.linspace(-1, 1, 33), "t": np.linspace(0, 200, 11)}
LEVELS = ((128, 200), (256, 400), (384, 400))  # modes along each axis, and steps in time
ORDER = None
QUICK = False  # half a minute
METHOD = "Fourier series, exponential time differences of order four"
EPSILON, FEED, DECAY = 1e-5, 0.04, 0.1


def solve(level):
    n, steps = level
    x = np.linspace(-1, 1, n, endpoint=False)
    x, y = np.meshgrid(x, x, indexing="ij")
    k = np.meshgrid(np.pi * np.fft.fftfreq(n, 1 / n), np.pi * np.arange(n // 2 + 1), indexing="ij")
    square = k[0] ** 2 + k[1] ** 2
    linear = np.stack([-EPSILON * square - FEED, -EPSILON / 2 * square - DECAY])

    def reaction(v):
        u, v = np.fft.irfft2(v, (n, n))
        return np.fft.rfft2(np.stack([FEED - u * v**2, u * v**2]))

    def spot(a, b):
        return np.exp(-80 * ((x - a) ** 2 + (y - b) ** 2))

    step = Steps(linear, 200 / steps)
    v = np.fft.rfft2(np.stack([1 - spot(-0.05, -0.02), spot(0.05, 0.02)]))
    found = [v]
    for _ in range(10):
        for _ in range(steps // 10):
            v = step(v, reaction)
        found.append(v)
    values = np.stack([np.fft.irfft2(v, (n, n)) for v in found], axis=-1)
    around = np.pad(values[:, :: n // 32, :: n // 32], [(0, 0), (0, 1), (0, 1), (0, 0)], "wrap")
    return {"u": around[0], "v": around[1]}
