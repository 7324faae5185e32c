"""−Δu + 64 u = f on a square with four round holes: a particular solution, and fitted waves.

f = 10 (17 + x² + y²) sin πx sin 4πy has a particular solution in closed form. What it lacks on the
boundary is fitted in the least-squares sense by solutions of −Δv + 64 v = 0: Bessel functions K
about the centres of the holes, I about that of the square, and K₀ and K₁ about points that approach
each corner from outside (Gopal and Trefethen, SIAM J. Numer. Anal. 57, 2019). What is left there
bounds the error inside, by the maximum principle.
"""

import numpy as np
from scipy.special import ive, kve

FOLDER = "pinnacle"
TICKS = {"x": np.linspace(-1, 1, 101), "y": np.linspace(-1, 1, 101)}
LEVELS = (6, 10, 14)
ORDER = None
QUICK = True
METHOD = "a particular solution and Bessel functions fitted to the boundary values"

K, SCALE, A, B = 8.0, 10.0, np.pi, 4 * np.pi
HOLES = ((0.5 + 0.5j, 0.2), (0.4 - 0.4j, 0.4), (-0.2 - 0.7j, 0.1), (-0.6 + 0.5j, 0.3))
CORNERS = np.array([1 + 1j, -1 + 1j, -1 - 1j, 1 - 1j])
EDGE, RIM = 0.2, 1.0


def solve(level):
    """The solution on the grid."""
    z, values = boundary()
    coefficients, *_ = np.linalg.lstsq(basis(z, level), values - particular(z), rcond=1e-14)
    x, y = np.meshgrid(*TICKS.values(), indexing="ij")
    grid = x + 1j * y
    inside = np.all([np.abs(grid - c) >= r - 1e-12 for c, r in HOLES], axis=0)
    u = np.full(x.shape, np.nan)
    u[inside] = basis(grid[inside], level) @ coefficients + particular(grid[inside])
    return {"u": u}


def boundary():
    """Points of the boundary, denser towards the corners, and the values there."""
    nodes = np.tanh(np.linspace(-12, 12, 500))
    sides = np.concatenate([(1 + 1j * nodes) * 1j**k for k in range(4)])
    turns = np.exp(2j * np.pi * np.arange(240) / 240)
    circles = np.concatenate([c + r * turns for c, r in HOLES])
    return np.concatenate([sides, circles]), np.repeat([EDGE, RIM], [len(sides), len(circles)])


def particular(z):
    """A solution of −Δu + K² u = f in the whole plane: s, and s times or beside powers of x, y."""
    x, y = z.real, z.imag
    eigenvalue = A**2 + B**2 + K**2
    square = SCALE / eigenvalue
    first, second = 4 * A * square / eigenvalue, 4 * B * square / eigenvalue
    level = (17 * SCALE + 4 * square - 2 * A * first - 2 * B * second) / eigenvalue
    s = np.sin(A * x) * np.sin(B * y)
    beside = first * x * np.cos(A * x) * np.sin(B * y) + second * y * np.sin(A * x) * np.cos(B * y)
    return (level + square * (x**2 + y**2)) * s + beside


def basis(z, level):
    """Solutions of −Δv + K² v = 0 at points z (n,), each of size one at most: (n, m)."""
    columns = [waves(ive, z, 0, 2**0.5, n, 1) for n in range(3 * level + 1)]
    columns += [waves(kve, z, c, r, n, -1) for c, r in HOLES for n in range(2 * level + 1)]
    for corner in CORNERS:
        for k in range(1, 2 * level + 1):
            distance = np.exp(4 * (k**0.5 - (2 * level) ** 0.5))
            pole = corner * (1 + distance / 2**0.5)
            columns += [waves(kve, z, pole, distance, n, -1) for n in (0, 1)]
    return np.concatenate(columns, axis=1)


def waves(bessel, z, centre, radius, n, sign):
    """I or K of order n about a centre, 1 at the radius, times cos nφ and sin nφ: (n, 1 or 2)."""
    w = z - centre
    r = np.abs(w)
    radial = bessel(n, K * r) / bessel(n, K * radius) * np.exp(sign * K * (r - radius))
    angle = np.angle(w)
    turning = [np.cos(n * angle)] + ([np.sin(n * angle)] if n else [])
    return radial[:, None] * np.stack(turning, axis=1)
