"""The flow past a step at ν = 1/100: spectral elements and Newton's method.

The elements shrink towards the step's edge, where pressures are infinite and left out; from level
to level no more than a fall by four is claimed. Where it leaves, the flow is straight, v = 0, and
ν u_x = q, which is 0 since u_x = −v_y is.
"""

import numpy as np
from flows import Flow
from spectral_elements import Elements, rectangles

FOLDER = "pinnacle"
TICKS = {"x": np.linspace(0, 4, 81), "y": np.linspace(0, 2, 41)}
LEVELS = (3, 5, 7)  # the degree
ORDER = 2.0
QUICK = False  # a minute
METHOD = "spectral elements, Newton's method"
XS = [0, 0.8, 1.5, 1.82, 1.95, 1.99, 2, 2.01, 2.05, 2.18, 2.45, 2.8, 3.2, 3.6, 3.9, 4]
YS = [0, 0.3, 0.65, 0.88, 0.97, 0.995, 1, 1.005, 1.03, 1.12, 1.4, 1.7, 2]


def solve(degree):
    channel = Elements(rectangles(XS, YS, lambda x, y: x > 2 or y < 1), degree)
    walls = channel.boundary(_on_walls) > 0
    inlet, outlet = channel.x == 0, channel.x == 4
    flow = Flow(channel, 0.01, (walls | inlet, walls | inlet | outlet))
    y = channel.y
    state = flow.steady(np.where(inlet, 4 * y * (1 - y), 0), np.zeros_like(y))
    x, y = np.meshgrid(*TICKS.values(), indexing="ij")
    u, v, q = (f.reshape(x.shape) for f in flow.at(x.ravel(), y.ravel(), *state))
    q[40, 20] = np.nan
    return {"v": np.stack([u, v], axis=-1), "q": q}


def _on_walls(x, y):
    return (y == 0) | (y == 2) | ((x == 2) & (y >= 1)) | ((x <= 2) & (y == 1))
