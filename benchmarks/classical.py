"""The linear problems by Chebyshev collocation and by finite differences, next to `solve`.

    python benchmarks/classical.py [--ours]

prints a Markdown table, two threads, and one JSON line; seconds are medians of 5 solves, errors
relative L² at 2,000 random points. With --ours, `solve(problem)` is timed in the same run.
"""

import harness
import numpy as np
import spectral
from cases import CASES
from scipy.sparse import diags, identity, kron
from scipy.sparse.linalg import spsolve

from siren_pde import solve

PI, REPEATS = np.pi, 5
COLUMNS = {
    "problem": lambda row: row["problem"],
    "method": lambda row: row["method"],
    "unknowns": lambda row: str(row["unknowns"]),
    "seconds": lambda row: f"{row['seconds']:.4f}",
    "error": lambda row: f"{row['error']:.1e}",
}


def helmholtz(k, a, b):
    def exact(x, y):
        return np.sin(a * PI * x) * np.sin(b * PI * y)

    return [(-1, 1)] * 2, k**2, lambda x, y: (k**2 - (a**2 + b**2) * PI**2) * exact(x, y), exact


def poisson(dimension, modes):
    def term(x, w):
        return np.prod([np.sin(w * y) for y in x], axis=0)

    def exact(*x):
        return sum(c * term(x, w) for c, w in modes)

    def data(*x):
        return sum(-c * dimension * w**2 * term(x, w) for c, w in modes)

    return [(0, 1)] * dimension, 0.0, data, exact


PROBLEMS = {
    "Helmholtz (1, 4), k = 1": (helmholtz(1, 1, 4), 32),
    "Poisson, modes 2 and 10": (poisson(2, [(1.0, 2 * PI), (0.1, 10 * PI)]), 44),
    "Helmholtz (6, 6), k = 10": (helmholtz(10, 6, 6), 44),
    "Poisson, modes 4 to 16": (poisson(2, [(0.25, w * PI) for w in (4, 8, 12, 16)]), 56),
    "Poisson in 3-D": (poisson(3, [(1.0, PI)]), 20),
}


def differences(box, shift, data, exact, n):
    """Five-point differences on n × n inner points, sparse LU: x, y, u with the boundary."""
    (a, b), (c, e) = box
    x, y = np.linspace(a, b, n + 2), np.linspace(c, e, n + 2)
    u = exact(*np.meshgrid(x, y, indexing="ij"))
    u[1:-1, 1:-1] = 0
    h = (x[1] - x[0], y[1] - y[0])
    line = diags([1.0, -2.0, 1.0], [-1, 0, 1], shape=(n, n))
    one = identity(n)
    matrix = kron(line, one) / h[0] ** 2 + kron(one, line) / h[1] ** 2 + shift * identity(n * n)
    right = data(*np.meshgrid(x, y, indexing="ij"))[1:-1, 1:-1]
    right = right - (u[2:, 1:-1] + u[:-2, 1:-1]) / h[0] ** 2
    right = right - (u[1:-1, 2:] + u[1:-1, :-2]) / h[1] ** 2
    u[1:-1, 1:-1] = spsolve(matrix.tocsc(), right.ravel()).reshape(n, n)
    return x, y, u


def at_nodes(x, y, u, exact):
    """The relative error at the nodes: what differences determine."""
    truth = exact(*np.meshgrid(x, y, indexing="ij"))
    return np.linalg.norm(u - truth) / np.linalg.norm(truth)


def classical(name):
    problem, n = PROBLEMS[name]
    box, _, _, exact = problem
    low, high = np.array(box).T
    points = low + (high - low) * np.random.default_rng(0).random((2000, len(box)))
    seconds, (axes, u) = harness.median_time(lambda: spectral.dirichlet(*problem, n), REPEATS)
    truth = exact(*points.T)
    error = np.linalg.norm(spectral.evaluated(axes, u, points) - truth) / np.linalg.norm(truth)
    rows = [("Chebyshev", (n - 1) ** len(box), seconds, error)]
    if len(box) == 2:
        seconds, nodes = harness.median_time(lambda: differences(*problem, 255), REPEATS)
        rows.append(("differences", 255**2, seconds, at_nodes(*nodes, exact)))
    return rows


def main():
    parser = harness.parser(__doc__)
    parser.add_argument("--ours", action="store_true", help="time `solve` too")
    options = parser.parse_args()
    harness.prepare()
    table = []
    for name in PROBLEMS:
        rows = classical(name)
        if options.ours:
            problem = CASES[name].problem
            seconds, s = harness.median_time(lambda p=problem: solve(p, quiet=True), REPEATS)
            rows.append(("siren_pde", s.parameters, seconds, s.error()))
        table += [
            {"problem": name, "method": m, "unknowns": n, "seconds": t, "error": float(e)}
            for m, n, t, e in rows
        ]
    harness.table(table, COLUMNS)
    harness.as_json(table)


if __name__ == "__main__":
    main()
