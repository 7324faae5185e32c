"""Exponential time differences for  v_t = L v + N(v, t)  with a diagonal L, in time of order four.

Source: Cox and Matthews, J. Comput. Phys. 176 (2002); Kassam and Trefethen, SIAM J. Sci. Comput. 26
(2005), who take the coefficients as means over circles, where no digits cancel.
"""

import numpy as np

CIRCLE = np.exp(1j * np.pi * (np.arange(1, 33) - 0.5) / 32)
"""Half a circle of radius 1, the other half being its mirror image."""


class Steps:
    """Steps of one length h."""

    def __init__(self, linear, h):
        self.h, self.whole, self.half = h, np.exp(linear * h), np.exp(linear * h / 2)
        z = linear[..., None] * h + CIRCLE
        e = np.exp(z)

        def mean(f):
            return h * f.mean(-1).real

        self.middle = mean((np.exp(z / 2) - 1) / z)
        self.first = mean((-4 - z + e * (4 - 3 * z + z**2)) / z**3)
        self.inner = mean((2 + z + e * (z - 2)) / z**3)
        self.last = mean((-4 - 3 * z - z**2 + e * (4 - z)) / z**3)

    def __call__(self, v, rest, t=None):
        """The values one step after t; `rest` is N(v), or N(v, t) if t is given."""

        def at(w, share):
            return rest(w) if t is None else rest(w, t + share * self.h)

        n = at(v, 0)
        a = self.half * v + self.middle * n
        na = at(a, 0.5)
        b = self.half * v + self.middle * na
        nb = at(b, 0.5)
        c = self.half * a + self.middle * (2 * nb - n)
        nc = at(c, 1)
        return self.whole * v + self.first * n + 2 * self.inner * (na + nb) + self.last * nc
