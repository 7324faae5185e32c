"""Heat flowing in through 17 circles in a rectangle: curved spectral elements, and modes in time.

u_t = Δu, ∂u/∂n = g − u with g = 5 on large circles, 1 on small ones and 0.1 on the sides. Both axes
are mirrors, so that a quarter is solved. Its modes decay one by one, exactly.
"""

import itertools

import numpy as np
from spectral_elements import Elements, modes, rectangles, ring

FOLDER = "pinnacle"
TICKS = {"x": np.linspace(-8, 8, 33), "y": np.linspace(-12, 12, 49), "t": np.linspace(0, 3, 13)}
LEVELS = (4, 6, 8)  # the degree
ORDER = None
QUICK = False  # half a minute
METHOD = "spectral elements with curved sides, each mode exactly in time"
LARGE, SMALL = [(0, 0), (4, 3), (0, 6), (4, 9)], [(3.2, 0), (3.2, 6)]
XS, YS = [0, 1.6, 2.4, 3.2, 4, 5.6, 6.8, 8], [0, 1.5, 3, 4.5, 6, 7.5, 9, 10.5, 12]
FRAMES = {  # around each circle, the numbers of the first and last lines
    (0, 0): (0, 1, 0, 1),
    (4, 3): (2, 5, 1, 3),
    (0, 6): (0, 1, 3, 5),
    (4, 9): (2, 5, 5, 7),
    (3.2, 0): (2, 4, 0, 1),
    (3.2, 6): (2, 4, 3, 5),
}


def charts():
    """Rings around the circles, and rectangles between them."""
    frames = {c: (XS[i : j + 1], YS[k : m + 1]) for c, (i, j, k, m) in FRAMES.items()}
    rings = [ring(c, 1 if c in LARGE else 0.4, *lines) for c, lines in frames.items()]

    def between(x, y):
        framed = [xs[0] < x < xs[-1] and ys[0] < y < ys[-1] for xs, ys in frames.values()]
        return not any(framed)

    return [*rectangles(XS, YS, between), *itertools.chain(*rings)]


def solve(degree):
    quarter = Elements(charts(), degree)

    def around(centres, radius):
        def on_one(x, y):
            gaps = [np.abs(np.hypot(x - a, y - b) - radius) for a, b in centres]
            return np.min(gaps, axis=0) < 1e-9

        return quarter.boundary(on_one)

    parts = {5: around(LARGE, 1), 1: around(SMALL, 0.4)}
    parts[0.1] = quarter.boundary(lambda x, y: (x > 8 - 1e-9) | (y > 12 - 1e-9))
    mass, stiffness = quarter.mass(), quarter.stiffness().toarray()
    stiffness[np.diag_indices_from(stiffness)] += sum(parts.values())
    rates, vectors = modes(mass, stiffness)
    strength = vectors.T @ sum(g * each for g, each in parts.items())
    t, rates = TICKS["t"], rates[:, None]
    u = vectors @ (strength[:, None] / rates * -np.expm1(-rates * t))
    x, y = np.meshgrid(TICKS["x"][16:], TICKS["y"][24:], indexing="ij")
    matrix, known = quarter.at(x.ravel(), y.ravel())
    values = np.where(known[:, None], matrix @ (quarter.values @ u), np.nan)
    values = values.reshape(*x.shape, len(t))
    half = np.concatenate([values[:0:-1], values])
    return {"u": np.concatenate([half[:, :0:-1], half], axis=1)}
