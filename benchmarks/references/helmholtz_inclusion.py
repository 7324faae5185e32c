"""Waves of a Gaussian source past a fast disk:  Δ̃u + (k/c)² u = −g,  outgoing,  k = 20.

Δ̃ is the Laplacian in coordinates stretched into the complex plane, e = 1 − i a (s/w)² at depth s in
a layer of width w along the sides. Multiplied by both factors the equation has divergence form, and
is solved in its weak form by finite elements of order six on squares, whose sides follow the layer.
"""

import numpy as np
import scipy.sparse.linalg
import skfem
from skfem.helpers import grad

K, SIGMA, STRENGTH, WIDTH = 20.0, 0.1, 2.0, 0.5
SOURCE, RADIUS, EDGE, FASTEST = (-0.25, -0.3), 0.25, 0.06, 2.0
TICKS = {"x": np.linspace(-0.5, 0.5, 81), "y": np.linspace(-0.5, 0.5, 81)}
LEVELS = (8, 16, 32)
ORDER = 5.0
QUICK = True
METHOD = "finite elements of order 6 on squares, with the same absorbing layer"


def stretch(x: np.ndarray) -> np.ndarray:
    return 1 - 1j * STRENGTH * (np.clip(np.abs(x) - 1 + WIDTH, 0, None) / WIDTH) ** 2


def speed(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    inside = (1 + np.tanh((RADIUS - np.hypot(x, y)) / EDGE)) / 2
    return 1 + (FASTEST - 1) * inside


@skfem.BilinearForm(dtype=np.complex128)
def operator(u, v, w):
    x, y = w.x
    ex, ey = stretch(x), stretch(y)
    (ux, uy), (vx, vy) = grad(u), grad(v)
    return ey / ex * ux * vx + ex / ey * uy * vy - ex * ey * (K / speed(x, y)) ** 2 * u * v


@skfem.LinearForm(dtype=np.complex128)
def load(v, w):
    x, y = w.x
    square = (x - SOURCE[0]) ** 2 + (y - SOURCE[1]) ** 2
    g = 16 * np.exp(-square / (2 * SIGMA**2))
    return stretch(x) * stretch(y) * g * v


def solve(level: int) -> dict[str, np.ndarray]:
    nodes = np.linspace(-1, 1, level + 1)
    mesh = skfem.MeshQuad.init_tensor(nodes, nodes)
    basis = skfem.Basis(mesh, skfem.ElementQuadP(6), intorder=14)
    matrix, right = operator.assemble(basis), load.assemble(basis)
    inner = basis.complement_dofs(basis.get_dofs())
    u = np.zeros(len(right), dtype=np.complex128)
    u[inner] = scipy.sparse.linalg.spsolve(matrix[inner][:, inner].tocsc(), right[inner])
    x, y = np.meshgrid(*TICKS.values(), indexing="ij")
    probes = basis.probes(np.stack([x.ravel(), y.ravel()]))
    values = (probes @ u).reshape(x.shape)
    return {"u": np.stack([values.real, values.imag], axis=-1)}
