"""A channel that breathes, until t = 5: spectral elements, two-step differences in time.

Where it leaves, the flow is straight, v = 0, and ν u_x = q, which is 0 since u_x = −v_y is.
Pressures jump at t = 0, where they are left out.
"""

import numpy as np
from flows import Flow
from spectral_elements import Elements, rectangles

FOLDER = "pinnacle"
TICKS = {"x": np.linspace(0, 2, 17), "y": np.linspace(0, 1, 17), "t": np.linspace(0, 5, 21)}
LEVELS = ((6, 1000), (8, 2000), (8, 4000))  # the degree, and steps
ORDER = 2.0
QUICK = False  # a minute
METHOD = "spectral elements, two-step differences in time"
XS, YS = [0, 0.25, 0.6, 1, 1.5, 2], [0, 0.12, 0.36, 0.64, 0.88, 1]


def solve(level):
    degree, steps = level
    channel = Elements(rectangles(XS, YS), degree)
    inlet, outlet = channel.x == 0, channel.x == 2
    walls = (channel.y == 0) | (channel.y == 1)
    flow = Flow(channel, 0.01, (walls | inlet, walls | inlet | outlet))
    still, shape = np.zeros_like(channel.x), np.where(inlet, np.sin(np.pi * channel.y), 0)
    body = -np.sin(np.pi * channel.x) * np.sin(np.pi * channel.y)

    def given(t):
        return shape * sum(np.sin(k * np.pi * t) for k in (1, 3, 5)), still

    def force(t):
        return [np.sin(np.pi * t) * body] * 2

    states = flow.march(given, force, 5, steps, steps // 20)
    x, y = np.meshgrid(TICKS["x"], TICKS["y"], indexing="ij")
    columns = [np.stack(f, axis=-1) for f in zip(*states, strict=True)]
    u, v, q = (f.reshape(*x.shape, -1) for f in flow.at(x.ravel(), y.ravel(), *columns))
    q[..., 0] = np.nan
    return {"v": np.stack([u, v], axis=-1), "q": q}
