"""A pulse in a random medium, reflected by walls: cosines in space, two-step differences in time.

u_tt = c Δu at nodes, where Δ acts on the cosine series through the values. In time uⁿ⁺¹ = 2uⁿ −
uⁿ⁻¹ + τ² Lu + τ⁴/12 L²u with L = c Δ, of order four (Dablain, Geophysics 51, 1986). The pulse has a
slope at the walls, which its cosine series has not, and this kink travels: the order is low.
"""

import numpy as np
import wave2d_cg_medium as medium
from scipy.fft import dctn, idctn

FOLDER = "pinnacle"
END, FRAMES = 5.0, 25
TICKS = {
    "x": np.linspace(-1, 1, 33),
    "y": np.linspace(-1, 1, 33),
    "t": np.linspace(0, END, FRAMES + 1),
}
LEVELS = (64, 128, 256)
ORDER = 1.0
QUICK = False
METHOD = "cosine collocation in space, order four in time"


def solve(level):
    """The solution on the grid from level + 1 nodes along each axis."""
    nodes = np.linspace(-1, 1, level + 1)
    x, y = np.meshgrid(nodes, nodes, indexing="ij")
    modes = np.pi / 2 * np.arange(level + 1)
    symbol = -np.add.outer(modes**2, modes**2)
    square = medium.speed_squared(x, y)

    def along(u):
        return square * idctn(symbol * dctn(u, type=1), type=1)

    fastest = np.sqrt(square.max() * -symbol.min())
    each = int(np.ceil(END / FRAMES * fastest / 2.5))  # stable to √12
    tau = END / FRAMES / each
    before = np.exp(-((x + 0.5) ** 2 + y**2) / (2 * 0.3**2))
    stored, stride = [before], level // 32
    once = along(before)
    now = before + tau**2 / 2 * once + tau**4 / 24 * along(once)
    for step in range(2, FRAMES * each + 1):
        once = along(now)
        before, now = now, 2 * now - before + tau**2 * once + tau**4 / 12 * along(once)
        if step % each == 0:
            stored.append(now)
    return {"u": np.stack([u[::stride, ::stride] for u in stored], axis=-1)}
