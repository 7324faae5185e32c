"""The flow in a square under a lid of unit speed, by finite differences in vorticity form.

    ω = −Δψ,   u ω_x + v ω_y = Δω / Re,   u = ψ_y,   v = −ψ_x,

second-order central differences on (n + 1)² nodes, Newton's method on both functions at once, the
vorticity of walls by Jensen's formula of second order. The velocity jumps in two corners.
"""

import numpy as np
import scipy.sparse as sp
from scipy.interpolate import RectBivariateSpline
from scipy.sparse.linalg import spsolve

STEPS, DONE = 25, 1e-11
"""Newton's steps at most, and the largest change of ψ that ends them."""
RISING = (100, 400, 1000, 2000, 3200)
"""Reynolds numbers on the way to larger ones."""


class Grid:
    """Differences at the (n − 1)² inner nodes, x first, and what the walls add to them."""

    def __init__(self, n):
        self.n, self.h = n, 1 / n
        m = n - 1
        one, second = sp.identity(m), sp.diags([1.0, -2.0, 1.0], [-1, 0, 1], shape=(m, m)) * n**2
        first = sp.diags([-1.0, 1.0], [-1, 1], shape=(m, m)) * (n / 2)
        self.laplace = (sp.kron(second, one) + sp.kron(one, second)).tocsr()
        self.dx, self.dy = sp.kron(first, one).tocsr(), sp.kron(one, first).tocsr()
        # derivatives of ω next to a wall, by ψ at the two nodes before it, and by the lid's speed
        self.walls = {"laplace": 0, "dx": 0, "dy": 0}
        self.lid = {"laplace": 0, "dx": 0, "dy": 0}
        for axis in (0, 1):
            for end, sign in ((0, -1), (m - 1, 1)):
                near, next_to = (self._line(axis, k) for k in (end, end - sign))
                wall = near.T @ (next_to - 8 * near) * (n**2 / 2)
                moving = near.T @ np.full(m, -3.0 * n * (axis == 1 and sign == 1))
                own = "dx" if axis == 0 else "dy"
                for name, weight in (("laplace", n**2), (own, sign * n / 2)):
                    self.walls[name] = self.walls[name] + weight * wall
                    self.lid[name] = self.lid[name] + weight * moving

    def _line(self, axis, k):
        """The rows of the identity of the nodes whose index along an axis is k."""
        m = self.n - 1
        nodes = np.arange(m * m).reshape(m, m).take(k, axis=axis)
        return sp.csr_matrix((np.ones(m), (np.arange(m), nodes)), shape=(m, m * m))


def cavity(n, reynolds):
    """x (n + 1,), u and v (n + 1, n + 1) by x and then y."""
    grid, m = Grid(n), n - 1
    psi, omega = np.zeros(m * m), np.zeros(m * m)
    for number in [r for r in RISING if r < reynolds] + [reynolds]:
        psi, omega = _steady(grid, number, psi, omega)
    whole = np.pad(psi.reshape(m, m), 1)
    u, v = np.zeros_like(whole), np.zeros_like(whole)
    u[:, 1:-1] = (whole[:, 2:] - whole[:, :-2]) * (n / 2)
    v[1:-1] = -(whole[2:] - whole[:-2]) * (n / 2)
    u[:, -1] = 1
    return np.linspace(0, 1, n + 1), u, v


def _steady(grid, reynolds, psi, omega):
    """Newton's method from a flow near by."""
    one, count = sp.identity(len(psi)), len(psi)
    for _ in range(STEPS):
        u, v = grid.dy @ psi, -(grid.dx @ psi)
        slopes = {
            name: getattr(grid, name) @ omega + grid.walls[name] @ psi + grid.lid[name]
            for name in grid.walls
        }
        balance = slopes["laplace"] / reynolds - u * slopes["dx"] - v * slopes["dy"]
        by_omega = grid.laplace / reynolds - sp.diags(u) @ grid.dx - sp.diags(v) @ grid.dy
        by_psi = (
            grid.walls["laplace"] / reynolds
            - sp.diags(u) @ grid.walls["dx"]
            - sp.diags(v) @ grid.walls["dy"]
            - sp.diags(slopes["dx"]) @ grid.dy
            + sp.diags(slopes["dy"]) @ grid.dx
        )
        matrix = sp.bmat([[grid.laplace, one], [by_psi, by_omega]]).tocsc()
        move = spsolve(matrix, -np.concatenate([grid.laplace @ psi + omega, balance]))
        psi, omega = psi + move[:count], omega + move[count:]
        if np.abs(move[:count]).max() < DONE:
            return psi, omega
    raise RuntimeError(f"Newton's method does not settle at Re = {reynolds}, n = {grid.n}")


def extrapolated(reynolds, levels):
    """x of the coarsest level, u and v there, and how far the finest ones are from them.

    Levels are multiples of the first; the last two are extrapolated by their order of two.
    """
    first, flows = levels[0], []
    for n in levels:
        _, *velocities = cavity(n, reynolds)
        flows.append([f[:: n // first, :: n // first] for f in velocities])
    ratio = (levels[-1] / levels[-2]) ** 2
    best = [b + (b - a) / (ratio - 1) for a, b in zip(*flows[-2:], strict=True)]
    size = np.linalg.norm
    apart = [size(b - e) / size(e) for b, e in zip(flows[-1], best, strict=True)]
    return np.linspace(0, 1, first + 1), best, apart


def interpolated(ticks, values):
    """Cubic splines through values at the nodes, as a function of positions (n, 2)."""
    spline = RectBivariateSpline(ticks, ticks, values)
    return lambda x: spline.ev(x[:, 0], x[:, 1])
