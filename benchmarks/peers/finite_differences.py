"""Finite differences: the plainest classical method, with the fast solver that each problem has.

Stationary problems by the compact nine-point formula of order 4 (Collatz, 1960), sine transforms;
the wave equation by the leapfrog scheme whose time step is the one in which waves cross a cell,
which has no error at its nodes; Burgers' equation by central differences
of order 2 on points that cluster around its front, and Radau's method of order 5 in time.
"""

import numpy as np
from protocol import Run
from refinement import refined
from scipy.fft import dstn
from scipy.integrate import solve_ivp
from scipy.interpolate import RectBivariateSpline
from scipy.sparse import diags

LEVELS = {
    "poisson_scales": [2**k for k in range(4, 13)],
    "helmholtz": [2**k for k in range(4, 13)],
    "wave": [2**k for k in range(4, 11)],
    "burgers": [2**k for k in range(5, 15)],
}
"""Cells along x."""
SHIFTS = {"poisson_scales": 0.0, "helmholtz": 1.0}
"""The multiple of u that stands beside Δu."""
CLUSTER = 5.0
"""x = sinh(c s) / sinh c: fifteen times as many points in the middle as at the ends."""
INSTANTS = 200


def spline(x, y, u):
    """The function of points (m, 2) between values u on a grid, of order 6: no error of its own."""
    made = RectBivariateSpline(x, y, u, kx=5, ky=5)
    return lambda points: made.ev(points[:, 0], points[:, 1])


def stationary(problem, n):
    """Δu + shift · u = f on n × n cells, u = 0 on the boundary."""
    (low, high), _ = problem.box
    h, shift = (high - low) / n, SHIFTS[problem.name]
    x = np.linspace(low, high, n + 1)
    f = problem.source(np, *np.meshgrid(x[1:-1], x[1:-1], indexing="ij"))
    symbol = -((2 / h * np.sin(np.pi * np.arange(1, n) / (2 * n))) ** 2)
    both = symbol[:, None] + symbol
    mean = 1 + h**2 / 12 * both
    u = np.zeros((n + 1, n + 1))
    system = both + h**2 / 6 * symbol[:, None] * symbol + shift * mean
    # the transform is its own inverse
    u[1:-1, 1:-1] = dstn(mean * dstn(f, 1, norm="ortho") / system, 1, norm="ortho")
    return spline(x, x, u), (n - 1) ** 2


def wave(problem, n):
    """2 n steps in time on n cells: in each, waves of speed 2 cross one cell."""
    x, t = np.linspace(0, 1, n + 1), np.linspace(0, 1, 2 * n + 1)
    u = np.zeros((2 * n + 1, n + 1))
    u[0, 1:-1] = problem.lift(np, x, 0 * x)[1:-1]
    u[1, 1:-1] = (u[0, 2:] + u[0, :-2]) / 2
    for k in range(1, 2 * n):
        u[k + 1, 1:-1] = u[k, 2:] + u[k, :-2] - u[k - 1, 1:-1]
    return spline(x, t, u.T), n - 1


def burgers(problem, n):
    """u_t = (ν u_x − u²/2)_x on 2 n cells, by fluxes between points."""
    s = np.linspace(-1, 1, 2 * n + 1)
    x = np.sinh(CLUSTER * s) / np.sinh(CLUSTER)
    nu, gaps = 0.01 / np.pi, np.diff(x)
    width = (x[2:] - x[:-2]) / 2

    def change(t, inner):
        u = np.concatenate([[0.0], inner, [0.0]])
        flux = nu * np.diff(u) / gaps - (u[1:] ** 2 + u[:-1] ** 2) / 4
        return np.diff(flux) / width

    def jacobian(t, inner):
        left, right = 1 / gaps[:-1], 1 / gaps[1:]
        middle = -nu * (left + right) / width
        above = (nu * right[:-1] - inner[1:] / 2) / width[:-1]
        below = (nu * left[1:] + inner[:-1] / 2) / width[1:]
        return diags([below, middle, above], [-1, 0, 1], format="csc")

    t = np.linspace(*problem.box[1], INSTANTS + 1)
    start = problem.lift(np, x, 0 * x)[1:-1]
    options = {"method": "Radau", "jac": jacobian, "rtol": 1e-8, "atol": 1e-9}
    run = solve_ivp(change, problem.box[1], start, t_eval=t, **options)
    u = np.zeros((len(x), len(t)))
    u[1:-1] = run.y
    made = spline(s, t, u)

    def values(points):
        places = np.arcsinh(points[:, 0] * np.sinh(CLUSTER)) / CLUSTER
        return made(np.stack([places, points[:, 1]], 1))

    return values, len(start)


if __name__ == "__main__":
    asked = Run.asked()
    name = asked.problem.name
    solved = {"wave": wave, "burgers": burgers}.get(name, stationary)
    refined(asked, LEVELS[name], solved, "finite differences", ["numpy", "scipy"])
