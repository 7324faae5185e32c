"""Chebyshev collocation: what a classical method makes of smooth solutions in a box.

Along each axis of a stationary problem, and along x of the wave equation, the eigenvectors of
d²/dx² make the equations diagonal (Lynch, Rice and Thomas, 1964); for the wave equation a system in
time is left for each of them. Burgers' equation is odd in x: on half the interval points cluster
where its front is, and Radau's method of order 5 takes it through time.

Source: Trefethen, Spectral Methods in MATLAB (SIAM, 2000).
"""

import sys
from pathlib import Path

import numpy as np
from protocol import Run
from refinement import refined
from scipy.integrate import solve_ivp

sys.path.append(str(Path(__file__).resolve().parents[1]))
from spectral import differentiation, dirichlet, evaluated, interpolation

LEVELS = {
    "poisson_scales": range(8, 45, 4),
    "helmholtz": range(8, 37, 4),
    "wave": range(8, 41, 4),
    "burgers": range(32, 129, 16),
}
"""Points of each axis, less one; the last are those where rounding takes over."""
SHIFTS = {"poisson_scales": 0.0, "helmholtz": 1.0}
"""The multiple of u that stands beside Δu."""
INSTANTS = 60


def stationary(problem, n):
    """Δu + shift · u = f, u = 0 on the boundary."""

    def source(x, y):
        return problem.source(np, x, y)

    def zero(x, y):
        return 0 * x

    axes, u = dirichlet(problem.box, SHIFTS[problem.name], source, zero, n)
    return lambda points: evaluated(axes, u, points), (n - 1) ** 2


def wave(problem, n):
    """v″ = 4 λ v in time, for each eigenvalue λ of d²/dx² with fixed ends."""
    (x, dx), (t, dt) = (differentiation(n, *side) for side in problem.box)
    eigenvalues, vectors = np.linalg.eig((dx @ dx)[1:-1, 1:-1])
    order = np.argsort(-eigenvalues.real)
    eigenvalues, vectors = eigenvalues.real[order], vectors.real[:, order]
    start = np.linalg.solve(vectors, problem.lift(np, x, 0 * x)[1:-1])
    modes = np.zeros((n - 1, n + 1))
    for i, value in enumerate(eigenvalues):
        system = dt @ dt - 4 * value * np.eye(n + 1)
        system[-1], system[-2] = np.eye(n + 1)[-1], dt[-1]
        right = np.zeros(n + 1)
        right[-1] = start[i]
        modes[i] = np.linalg.solve(system, right)
    u = np.zeros((n + 1, n + 1))
    u[1:-1] = vectors @ modes
    return lambda points: evaluated([x, t], u, points), (n - 1) * (n + 1)


def burgers(problem, n):
    """u_t = ν u_xx − u u_x on 0 ≤ x ≤ 1, zero at both ends; its values at Chebyshev times."""
    x, d = differentiation(n, 0, 1)
    first, second = d[1:-1, 1:-1], (d @ d)[1:-1, 1:-1]
    nu = 0.01 / np.pi
    instants, _ = differentiation(INSTANTS, *problem.box[1])
    tolerance = max(10.0 ** (-2 - n / 9), 1e-12)
    run = solve_ivp(
        lambda t, u: nu * (second @ u) - u * (first @ u),
        problem.box[1],
        problem.lift(np, x, 0 * x)[1:-1],
        method="Radau",
        jac=lambda t, u: nu * second - np.diag(first @ u) - u[:, None] * first,
        t_eval=instants[::-1],
        rtol=tolerance,
        atol=tolerance / 10,
    )
    if not run.success:
        raise FloatingPointError(run.message)
    u = np.zeros((n + 1, INSTANTS + 1))
    u[1:-1] = run.y[:, ::-1]

    def values(points):
        sides = np.abs(points[:, 0]), points[:, 1]
        a, b = interpolation(x, sides[0]), interpolation(instants, sides[1])
        return np.sign(points[:, 0]) * np.sum((a @ u) * b, 1)

    return values, n - 1


if __name__ == "__main__":
    asked = Run.asked()
    name = asked.problem.name
    solved = {"wave": wave, "burgers": burgers}.get(name, stationary)
    refined(asked, LEVELS[name], solved, "Chebyshev collocation", ["numpy", "scipy"])
