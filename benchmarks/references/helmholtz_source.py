"""The wave of a Gaussian source g in free space, outgoing for exp(+iωt):  Δu + k² u = −g.

A convolution of g with the field −i/4 H₀⁽²⁾(kr) of a point source. By the addition theorem it is

    u(r) = −iπ/2 (H₀⁽²⁾(kr) ∫₀ʳ J₀(ks) g(s) s ds + J₀(kr) ∫ᵣ^∞ H₀⁽²⁾(ks) g(s) s ds),

two integrals by Gauss' rule. Outside the source, it is that of a point times exp(−k²σ²/2).
"""

import numpy as np
from scipy.special import hankel2, j0

K, SIGMA = 20.0, 0.1
REACH = 8.5 * SIGMA
TICKS = {"x": np.linspace(-0.5, 0.5, 81), "y": np.linspace(-0.5, 0.5, 81)}
LEVELS = (16, 32, 64)
ORDER = None
QUICK = True
METHOD = "radial integrals of Bessel functions by Gauss' rule"


def source(s: np.ndarray) -> np.ndarray:
    return np.exp(-((s / SIGMA) ** 2) / 2) / (2 * np.pi * SIGMA**2)


def solve(level: int) -> dict[str, np.ndarray]:
    x, y = np.meshgrid(*TICKS.values(), indexing="ij")
    r = np.maximum(np.hypot(x, y), 1e-12)
    nodes, weights = np.polynomial.legendre.leggauss(level)
    t, w = (nodes + 1) / 2, weights / 2
    inner = outer = 0.0
    for node, weight in zip(t, w, strict=True):
        s = r * node
        inner = inner + weight * r * j0(K * s) * source(s) * s
        s = r + (REACH - r) * node**4  # mild where H₀ is singular
        outer = outer + weight * 4 * node**3 * (REACH - r) * hankel2(0, K * s) * source(s) * s
    u = -0.5j * np.pi * (hankel2(0, K * r) * inner + j0(K * r) * outer)
    return {"u": np.stack([u.real, u.imag], axis=-1)}
