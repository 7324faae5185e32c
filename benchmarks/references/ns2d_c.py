"""The flow under a lid of speed 4x (1 − x) at Re = 100: spectral elements and Newton's method.

The elements shrink towards both ends of the lid, where the pressure grows like a logarithm and is
left out; from level to level no more than a fall by four is claimed. The pressure is 0 at the
origin.
"""

import numpy as np
from flows import Flow
from spectral_elements import Elements, rectangles

FOLDER = "pinnacle"
TICKS = {"x": np.linspace(0, 1, 41), "y": np.linspace(0, 1, 41)}
LEVELS = (6, 8, 10)  # the degree
ORDER = 2.0
QUICK = True
METHOD = "spectral elements, Newton's method"
XS, YS = [0, 0.02, 0.1, 0.3, 0.7, 0.9, 0.98, 1], [0, 0.2, 0.6, 0.9, 0.98, 1]


def solve(degree):
    square = Elements(rectangles(XS, YS), degree)
    walls = square.boundary(lambda x, y: np.isin(x, (0, 1)) | np.isin(y, (0, 1))) > 0
    flow = Flow(square, 0.01, (walls, walls), closed=True)
    speed = np.where(square.y == 1, 4 * square.x * (1 - square.x), 0)
    state = flow.steady(speed, np.zeros_like(speed))
    x, y = np.meshgrid(*TICKS.values(), indexing="ij")
    u, v, q = (f.reshape(x.shape) for f in flow.at(x.ravel(), y.ravel(), *state))
    q -= q[0, 0]
    q[[0, -1], -1] = np.nan
    return {"v": np.stack([u, v], axis=-1), "q": q}
