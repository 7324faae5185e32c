"""Laplace's equation on a square with four round holes, by harmonic functions and collocation.

u is a sum of harmonic functions with the symmetries of the square - powers of z, and logarithms and
poles about the centres of a hole and of its mirror images in the sides - whose coefficients fit the
boundary values in the least-squares sense. What is left of them on the boundary bounds the error
inside, by the maximum principle (method of particular solutions; Trefethen, "Series solution of
Laplace problems", ANZIAM J. 60, 2018).
"""

import numpy as np

TICKS = {"x": np.linspace(-0.5, 0.5, 101), "y": np.linspace(-0.5, 0.5, 101)}
LEVELS = (8, 12, 16)  # poles about each centre; twice as many powers of z⁴
ORDER = None
QUICK = True
METHOD = "harmonic functions fitted to the boundary values"

CENTRE, RADIUS = 0.3 + 0.3j, 0.1
CENTRES = (CENTRE, 0.7 + 0.3j, 0.7 + 0.7j)


def solve(level):
    """The solution on the grid."""
    points, values = boundary()
    matrix = basis(points, level)
    coefficients, *_ = np.linalg.lstsq(matrix, values, rcond=1e-15)
    x, y = np.meshgrid(*TICKS.values(), indexing="ij")
    z = x + 1j * y
    holes = [np.abs(np.abs(x) + 1j * np.abs(y) - CENTRE) < RADIUS - 1e-12]
    u = np.where(holes[0], np.nan, 0.0)
    u[~holes[0]] = basis(z[~holes[0]], level) @ coefficients
    return {"u": u}


def boundary():
    """Points on half a side of the square and on a circle, and the values there."""
    nodes = np.sin(np.linspace(0, np.pi / 2, 400)) / 2  # denser towards the corner
    circle = CENTRE + RADIUS * np.exp(2j * np.pi * np.arange(400) / 400)
    return np.concatenate([0.5 + 1j * nodes, circle]), np.repeat([1.0, 0.0], 400)


def basis(z, level):
    """Harmonic functions at points z (n,), summed over the symmetries of the square: (n, m)."""
    columns = [np.ones_like(z.real)]
    columns += [((z / 0.75) ** (4 * k)).real for k in range(1, 2 * level + 1)]
    for centre in CENTRES:
        turned = [w * 1j**k - centre for w in (z, z.conj()) for k in range(4)]
        columns.append(sum(np.log(np.abs(w)) for w in turned))
        for k in range(1, level + 1):
            power = sum((RADIUS / w) ** k for w in turned)
            columns += [power.real, power.imag]
    return np.stack(columns, axis=1)
