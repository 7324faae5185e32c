"""a Δu + f = 0 in 5 × 5 blocks, ∂u/∂n + u = 0 around them: spectral elements, one to a block.

Divided by a, it is Poisson's equation with a source that jumps from block to block, so u and its
slopes are continuous. Where four blocks meet it has a weak singularity, r² log r.
"""

import elements
import numpy as np
import poisson2d_ms_blocks

FOLDER = "pinnacle"
TICKS = {"x": np.linspace(-10, 10, 101), "y": np.linspace(-10, 10, 101)}
LEVELS = (8, 16, 32)
ORDER = 4.0
QUICK = True
METHOD = "spectral elements, one to a block"


def solve(degree):
    """The solution on the grid."""
    line = elements.Line(np.arange(-10.0, 11.0, 4.0), degree)
    blocks = poisson2d_ms_blocks.solve()
    place = np.repeat(np.arange(5), degree + 1)
    wave = np.sin(np.pi * (line.split - line.breaks[place]) / 4)
    a, constant, product = (blocks[name][np.ix_(place, place)] for name in blocks)
    source = (constant + product * np.outer(wave, wave)) / a
    load = elements.applied([line.scatter * line.weights] * 2, source)
    ends = np.zeros(len(line.mass))
    ends[[0, -1]] = 1
    u = elements.solved([line.modes(np.diag(ends))] * 2, load)
    return {"u": elements.applied([line.interpolation(t) for t in TICKS.values()], u)}
