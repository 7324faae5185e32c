"""Travel times from a point source: fast marching, started where the medium is still uniform.

The first 0.2 around the source are uniform to 1e-7, so that the circle of that radius is where the
front stands after 0.2: no singularity is left for the differences to resolve.
"""

import numpy as np
import skfmm

TICKS = {"x": np.linspace(-1, 1, 101), "z": np.linspace(0, 2, 101)}
LEVELS = (800, 1600, 3200)
ORDER = 0.9
QUICK = True
METHOD = "fast marching of second order (Sethian) on a uniform grid"
RADIUS = 0.2


def speed(z):
    """The velocity at depth z: 1 at the top, faster below two smooth steps."""
    return 1.25 + 0.1 * np.tanh((z - 0.8) / 0.1) + 0.15 * np.tanh((z - 1.4) / 0.1)


def solve(level):
    """Times with `level` cells along each axis."""
    x, z = np.meshgrid(np.linspace(-1, 1, level + 1), np.linspace(0, 2, level + 1), indexing="ij")
    r = np.hypot(x, z)
    later = skfmm.travel_time(r - RADIUS, speed(z), dx=2 / level, order=2)
    step = level // 100
    return {"u": np.where(r < RADIUS, r, RADIUS + later)[::step, ::step]}
