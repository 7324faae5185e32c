"""Chebyshev collocation: classical solutions to compare with, none of it by networks.

Source: Trefethen, Spectral Methods in MATLAB (SIAM, 2000); Berrut and Trefethen, Barycentric
Lagrange interpolation, SIAM Review 46 (2004).
"""

import numpy as np
from scipy.integrate import solve_ivp


def differentiation(n, low=-1.0, high=1.0):
    """Chebyshev points x (n + 1,) from high to low, and d/dx at them (n + 1, n + 1)."""
    x = np.cos(np.pi * np.arange(n + 1) / n)
    c = np.ones(n + 1)
    c[[0, -1]] = 2
    c *= (-1.0) ** np.arange(n + 1)
    d = np.outer(c, 1 / c) / (x[:, None] - x[None] + np.eye(n + 1))
    d -= np.diag(d.sum(1))
    half = (high - low) / 2
    return low + half * (x + 1), d / half


def interpolation(x, z):
    """The matrix (m, n + 1) from values at Chebyshev points x to values at z (m,)."""
    w = (-1.0) ** np.arange(len(x))
    w[[0, -1]] /= 2
    gap = z[:, None] - x[None]
    hit = gap == 0
    with np.errstate(divide="ignore", invalid="ignore"):
        k = w / gap
        out = k / k.sum(1, keepdims=True)
    rows = hit.any(1)
    out[rows] = hit[rows]
    return out


def dirichlet(box, shift, data, exact, n):
    """Δu + shift · u = data(*x) in a box, u = exact(*x) on its boundary, n + 1 points per axis.

    Returns the points of each axis and the values on their grid. The eigenvectors of d²/dx² on
    inner points make the system diagonal, whatever the dimension (Lynch, Rice and Thomas, 1964).
    """
    axes, values, vectors = [], [], []
    seconds = []
    for low, high in box:
        x, d = differentiation(n, low, high)
        second = d @ d
        w, v = np.linalg.eig(second[1:-1, 1:-1])
        axes.append(x)
        values.append(w.real)
        vectors.append(v.real)
        seconds.append(second)
    grid = np.meshgrid(*axes, indexing="ij")
    u = exact(*grid)
    inner = tuple([slice(1, -1)] * len(box))
    u[inner] = 0
    right = (data(*grid) - sum(_along(m, u, i) for i, m in enumerate(seconds)))[inner]
    for i, v in enumerate(vectors):
        right = _along(np.linalg.inv(v), right, i)
    denominator = sum(np.meshgrid(*values, indexing="ij")) + shift
    right = right / denominator
    for i, v in enumerate(vectors):
        right = _along(v, right, i)
    u[inner] = right
    return axes, u


def _along(matrix, values, axis):
    return np.moveaxis(np.tensordot(matrix, values, axes=(1, axis)), 0, axis)


def evaluated(axes, u, points):
    """Values (m,) of the interpolant at scattered points (m, d)."""
    matrices = [interpolation(x, points[:, i]) for i, x in enumerate(axes)]
    letters = "abcdef"[: len(axes)]
    rows = ",".join(f"m{k}" for k in letters)
    return np.einsum(f"{letters},{rows}->m", u, *matrices, optimize=True)


def allen_cahn(n, tolerance, times):
    """u_t = 10⁻⁴ u_xx + 5 (u − u³) on 0 ≤ x ≤ 1, u = x² cos πx at t = 0, u_x = 0 at both ends.

    Even and of period 2, it is the benchmark on −1 ≤ x ≤ 1. Radau's method of order 5. Returns x
    (n + 1,) and u (n + 1, times).
    """
    x, d = differentiation(n, 0, 1)
    inner = np.arange(1, n)
    ends = -np.linalg.solve(d[[0, -1]][:, [0, -1]], d[[0, -1]][:, inner])
    whole = np.zeros((n + 1, n - 1))
    whole[inner] = np.eye(n - 1)
    whole[0], whole[-1] = ends
    diffusion = 1e-4 * (d @ d @ whole)[inner]
    start = (x**2 * np.cos(np.pi * x))[inner]
    run = solve_ivp(
        lambda t, u: diffusion @ u + 5 * (u - u**3),
        (0, 1),
        start,
        method="Radau",
        jac=lambda t, u: diffusion + np.diag(5 - 15 * u**2),
        rtol=tolerance,
        atol=tolerance / 100,
        t_eval=times,
    )
    return x, whole @ run.y


def cavity(n, reynolds=100.0, steps=20):
    """The steady flow in the unit square under a lid moving at 16 x² (1 − x)²: x, stream function.

    ψ_y Δψ_x − ψ_x Δψ_y = Δ²ψ / Re by Newton's method; the equation at inner points and both
    conditions on walls are met in the least-squares sense. Returns x (n + 1,), d/dx, and ψ
    (n + 1, n + 1), by x and then y.
    """
    x, d = differentiation(n, 0, 1)
    one = np.eye(n + 1)
    dx, dy = np.kron(d, one), np.kron(one, d)
    laplacian = dx @ dx + dy @ dy
    rounds = laplacian @ laplacian / reynolds
    by_x, by_y = laplacian @ dx, laplacian @ dy
    px, py = (g.ravel() for g in np.meshgrid(x, x, indexing="ij"))
    edge = (px == x[0]) | (px == x[-1]) | (py == x[0]) | (py == x[-1])
    side, lid = (px == x[0]) | (px == x[-1]), py == x[0]
    level = (py == x[0]) | (py == x[-1])
    speed = np.where(lid, 16 * px**2 * (1 - px) ** 2, 0.0)
    psi = np.zeros((n + 1) ** 2)
    weight = 1e-4  # fourth derivatives are large: their rows would outweigh the walls
    walls = np.concatenate([np.eye(len(psi))[edge], dx[side], dy[level]])
    wanted = np.concatenate([np.zeros(edge.sum() + side.sum()), speed[level]])
    for _ in range(steps):
        u, v = dy @ psi, dx @ psi
        convection = u * (by_x @ psi) - v * (by_y @ psi)
        slope = (
            u[:, None] * by_x
            + (by_x @ psi)[:, None] * dy
            - v[:, None] * by_y
            - (by_y @ psi)[:, None] * dx
            - rounds
        )
        residual = np.concatenate(
            [weight * (convection - rounds @ psi)[~edge], walls @ psi - wanted]
        )
        step = np.linalg.lstsq(
            np.concatenate([weight * slope[~edge], walls]), -residual, rcond=None
        )
        psi = psi + step[0]
        if np.linalg.norm(step[0]) < 1e-12 * np.linalg.norm(psi):
            break
    return x, d, psi.reshape(n + 1, n + 1)
