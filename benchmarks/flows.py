"""Incompressible flow on spectral elements: velocities of degree p, pressures of degree p − 2.

    u_t + (u·∇)u = −∇q + ν Δu + f,   div u = 0,

the pressures free from element to element. On parts of the boundary where a component is free,
ν ∂u/∂n − q n = 0 in its direction. Source: Maday and Patera, in State-of-the-Art Surveys on
Computational Mechanics (ASME, 1989), for the pair of degrees.
"""

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import splu, spsolve

STEPS, DONE = 20, 1e-10
"""Newton's steps at most, and the largest change of a velocity that ends them."""


class Flow:
    """The equations on `elements`; `fixed` are masks (m,) of the nodes where u and v are given."""

    def __init__(self, elements, viscosity, fixed, closed=False):
        self.elements, m = elements, len(elements.x)
        self.pressures = elements.inner()
        self.drag = viscosity * elements.stiffness()
        self.weighted = elements.values.T @ sp.diags(elements.weights)
        divergence = [-self.pressures.T @ sp.diags(elements.weights) @ g for g in elements.along]
        self.divergence = sp.hstack(divergence).tocsr()
        count = self.pressures.shape[1]
        self.free = np.flatnonzero(np.concatenate([~fixed[0], ~fixed[1], np.ones(count, bool)]))
        if closed:  # the flow leaves one pressure open
            self.free = self.free[:-1]
        self.split = [m, 2 * m]

    def matrix(self, of_velocity):
        """The matrix of all unknowns from that of both velocities."""
        return sp.bmat([[of_velocity, self.divergence.T], [self.divergence, None]]).tocsr()

    def convection(self, u, v):
        """∫ (u·∇)u φ for both components."""
        values, along = self.elements.values, self.elements.along
        here = values @ u, values @ v
        sides = [sum(w * (g @ f) for w, g in zip(here, along, strict=True)) for f in (u, v)]
        return np.concatenate([self.weighted @ side for side in sides])

    def linearised(self, u, v):
        """The derivative of `convection`."""
        values, along = self.elements.values, self.elements.along
        here = values @ u, values @ v
        carried = sum(sp.diags(w) @ g for w, g in zip(here, along, strict=True))
        slopes = [[sp.diags(g @ f) @ values for g in along] for f in (u, v)]
        slopes[0][0] = slopes[0][0] + carried
        slopes[1][1] = slopes[1][1] + carried
        return sp.bmat([[self.weighted @ s for s in row] for row in slopes])

    def steady(self, u, v):
        """The steady u, v, q with given values at fixed nodes: Stokes' flow, Newton's steps."""
        state = np.concatenate([u, v, np.zeros(self.pressures.shape[1])])
        drag = sp.block_diag([self.drag, self.drag])
        linear, m = self.matrix(drag), self.split[0]
        moving = False
        for _ in range(STEPS):
            u, v, _ = np.split(state, self.split)
            residual, matrix = linear @ state, linear
            if moving:
                residual[: 2 * m] += self.convection(u, v)
                matrix = self.matrix(drag + self.linearised(u, v))
            chosen = matrix[self.free][:, self.free].tocsc()
            change = spsolve(chosen, -residual[self.free])
            state[self.free] += change
            if moving and np.abs(change[: np.searchsorted(self.free, 2 * m)]).max() < DONE:
                return np.split(state, self.split)
            moving = True
        raise RuntimeError("Newton's method does not settle")

    def march(self, given, force, until, steps, every):
        """States from rest, one each `every` steps: two-step differences, convection extrapolated.

        `given(t)` are u and v (m,) at nodes where they are fixed, `force(t)` is f's values (2, m).
        """
        h, m = until / steps, self.split[0]
        mass = sp.diags(np.tile(self.elements.mass(), 2))
        drag = sp.block_diag([self.drag, self.drag])
        now = before = state = np.zeros(2 * m + self.pressures.shape[1])
        push = last = np.zeros(2 * m)
        found = [state]
        for step in range(1, steps + 1):
            lead = 1.0 if step == 1 else 1.5
            if step <= 2:
                whole = self.matrix(drag + mass * (lead / h))
                solver = splu(whole[self.free][:, self.free].tocsc())
            last, push = push, self.convection(*np.split(now[: 2 * m], 2))
            past = now if step == 1 else 2 * now - before / 2
            carried = push if step == 1 else 2 * push - last
            state = np.zeros_like(now)
            state[: 2 * m] = np.concatenate(given(step * h))
            state[self.free] = 0
            right = -(whole @ state)
            right[: 2 * m] += mass @ (past[: 2 * m] / h + np.concatenate(force(step * h))) - carried
            state[self.free] = solver.solve(right[self.free])
            before, now = now, state
            if step % every == 0:
                found.append(state)
        return [np.split(each, self.split) for each in found]

    def at(self, x, y, u, v, q):
        """Both velocities and the pressure at points (p,), NaN outside, of states by columns."""
        matrix, known = self.elements.at(x, y)
        values = self.elements.values
        each = [matrix @ (values @ u), matrix @ (values @ v), matrix @ (self.pressures @ q)]
        return [np.where(known if f.ndim == 1 else known[:, None], f, np.nan) for f in each]
