"""Allen-Cahn on half a period: Chebyshev collocation in x, Radau's method of order five in t.

Even and of period 2, the solution has no slope at 0 and 1; by `spectral.allen_cahn`.
"""

import numpy as np
import spectral

TICKS = {"x": np.linspace(0, 1, 201), "t": np.linspace(0, 1, 101)}
LEVELS = ((250, 1e-7), (400, 1e-9), (640, 1e-11))  # degree, and tolerance in time
ORDER = None
QUICK = True
METHOD = "Chebyshev collocation, Radau's method of order five"


def solve(level):
    n, tolerance = level
    x, u = spectral.allen_cahn(n, tolerance, TICKS["t"])
    return {"u": spectral.interpolation(x, TICKS["x"]) @ u}
