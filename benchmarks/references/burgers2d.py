"""Burgers' equation in two dimensions with period 1: Fourier series in space, Runge-Kutta in time.

The viscosity is integrated exactly, what is left by the classical method of order four; products
are free of aliases by the rule of two thirds. Fronts are one or two points wide at these levels, so
that the order is low.
"""

import burgers2d_start
import numpy as np
from scipy.fft import irfft2, rfft2

FOLDER = "pinnacle"
NU, FRAMES = 0.001, 20
TICKS = {
    "x": np.linspace(0, 1, 25),
    "y": np.linspace(0, 1, 25),
    "t": np.linspace(0, 1, FRAMES + 1),
}
LEVELS = ((72, 180), (96, 240), (120, 300))  # modes of each axis, and steps in time
ORDER = 0.75
QUICK = False
METHOD = "Fourier series with integrating factors, Runge-Kutta of order four"


def solve(level):
    """Both velocities on the grid."""
    n, steps = level
    kx = np.fft.fftfreq(n, 1 / n)[:, None]
    ky = np.fft.rfftfreq(n, 1 / n)
    slopes = 2j * np.pi * np.stack(np.broadcast_arrays(kx, ky))
    keep = (np.abs(kx) < n / 3) & (ky < n / 3)
    tau = 1 / steps
    half = np.exp(-NU * 4 * np.pi**2 * (kx**2 + ky**2) * tau / 2)
    whole = half**2

    def change(v):
        u = irfft2(v, (n, n))
        products = [(u * irfft2(slopes * each, (n, n))).sum(0) for each in v]
        return -tau * keep * rfft2(np.stack(products))

    v = keep * rfft2(start(n))
    found, stride = [], n // 24
    for step in range(steps + 1):
        if step % (steps // FRAMES) == 0:
            found.append(irfft2(v, (n, n))[:, ::stride, ::stride])
        a = change(v)
        b = change(half * (v + a / 2))
        c = change(half * v + b / 2)
        e = change(whole * v + half * c)
        v = whole * v + (whole * a + 2 * half * (b + c) + e) / 6
    u = np.moveaxis(np.array(found), (0, 1), (2, 3))
    return {"u": np.pad(u, [(0, 1), (0, 1), (0, 0), (0, 0)], mode="wrap")}


def start(n):
    """The velocities at t = 0 on n × n points, (2, n, n)."""
    waves = np.exp(2j * np.pi * np.outer(np.arange(n) / n, burgers2d_start.TICKS["i"]))
    numbers = burgers2d_start.solve()
    series = np.moveaxis(numbers["b"] - 1j * numbers["a"], -1, 0)
    return (waves @ series @ waves.T).real
