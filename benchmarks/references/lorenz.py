"""Noisy samples of Lorenz's system: Runge-Kutta steps of order 8, then noise with a fixed seed.

Each component has normal noise of 1 % of its standard deviation. What is stored is the data of the
inverse problem and not its answer, which is known: σ = 10, ρ = 28, β = 8/3.
"""

import numpy as np
from scipy.integrate import solve_ivp

TICKS = {"t": np.linspace(0, 3, 601)}
LEVELS = (1e-6, 1e-9, 1e-12)
ORDER = None
QUICK = True
METHOD = "Dormand and Prince's Runge-Kutta method of order 8, and 1 % noise"
NOISE = 0.01


def velocity(_, v, sigma=10.0, rho=28.0, beta=8 / 3):
    """The right-hand side of Lorenz's system."""
    x, y, z = v
    return [sigma * (y - x), x * (rho - z) - y, x * y - beta * z]


def solve(level):
    """The samples, integrated to a relative tolerance `level`."""
    options = {"method": "DOP853", "rtol": level, "atol": level, "t_eval": TICKS["t"]}
    path = solve_ivp(velocity, (0, 3), [-8, 7, 27], **options).y.T
    noise = np.random.default_rng(0).standard_normal(path.shape)
    return {"v": path + NOISE * path.std(axis=0) * noise}
