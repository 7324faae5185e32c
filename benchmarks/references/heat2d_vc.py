"""Heat in a medium with a random smooth diffusivity: one spectral element, and its modes in time.

u_t = a Δu + f sin πt is  ∫ u_t v / a = −∫ ∇u·∇v + ∫ f v / a sin πt  in weak form, whose modes, by
both symmetric matrices, follow one ordinary differential equation each, which is solved exactly.
"""

import numpy as np
from spectral_elements import Elements, modes, rectangle

FOLDER = "pinnacle"
TICKS = {"x": np.linspace(0, 1, 29), "y": np.linspace(0, 1, 29), "t": np.linspace(0, 5, 26)}
LEVELS = (24, 32, 40)  # the degree
ORDER = None
QUICK = True
METHOD = "one spectral element, each mode exactly in time"
WAVES = [(j, k) for j in range(4) for k in range(-3, 4) if (j, k) > (0, 0) and j * j + k * k < 10]


def diffusivity(x, y):
    field = sum(
        np.cos(2 * np.pi * (j * x + k * y) + 12 * j + 5 * k + j * k) / (j * j + k * k)
        for j, k in WAVES
    )
    return np.exp(field / np.sqrt(sum(0.5 / (j * j + k * k) ** 2 for j, k in WAVES)))


def solve(degree):
    square = Elements([rectangle((0, 1), (0, 1))], degree)
    inner = square.boundary(lambda x, y: np.isin(x, (0, 1)) | np.isin(y, (0, 1))) == 0
    density = 1 / diffusivity(*square.xy.reshape(-1, 2).T)
    mass = square.mass(density)[inner]
    rates, vectors = modes(mass, square.stiffness().toarray()[inner][:, inner])
    source = 200 * np.sin(np.pi * square.x) * np.sin(5 * np.pi * square.y)
    strength = vectors.T @ (mass * source[inner])
    t, rates = TICKS["t"], rates[:, None]
    motion = rates * np.sin(np.pi * t) - np.pi * np.cos(np.pi * t) + np.pi * np.exp(-rates * t)
    u = np.zeros((len(square.x), len(t)))
    u[inner] = vectors @ (strength[:, None] / (rates**2 + np.pi**2) * motion)
    x, y = np.meshgrid(TICKS["x"], TICKS["y"], indexing="ij")
    values = square.at(x.ravel(), y.ravel())[0] @ (square.values @ u)
    return {"u": values.reshape(*x.shape, len(t))}
