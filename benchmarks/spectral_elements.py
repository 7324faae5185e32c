"""Spectral elements on quadrilaterals: classical solutions to compare with, none of it by networks.

In each element functions are polynomials of degree p along both sides, given by their values at
Lobatto's points, which are the quadrature too. Sides may be curved. Source: Deville, Fischer and
Mund, High-Order Methods for Incompressible Fluid Flow (Cambridge, 2002).
"""

from itertools import pairwise

import numpy as np
import scipy.linalg
import scipy.sparse as sp
from elements import Line
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

SAME = 1e-9
"""Nodes of two elements that are closer than this are one."""


def lagrange(nodes, at):
    """The matrix (m, n) from values at nodes (n,) to values of their polynomial at (m,)."""
    apart = nodes[:, None] - nodes + np.eye(len(nodes))
    gaps = at[:, None, None] - nodes + np.zeros((len(nodes), 1))
    gaps[:, np.arange(len(nodes)), np.arange(len(nodes))] = 1
    return gaps.prod(-1) / apart.prod(-1)


class Elements:
    """Functions on elements given by charts (a, b) → (x, y) of the square [−1, 1]².

    `x` and `y` (m,) are the m nodes, and functions are their values there. `values` (k, m) is the
    sparse matrix to the values at the k nodes of all elements, each on its own, `along` the two to
    their derivatives in x and y, and `weights` (k,) are the quadrature's.
    """

    def __init__(self, charts, degree):
        line = Line([-1, 1], degree)
        self.nodes, weights, d = line.unit, line.weights, line.derivative
        self.n, self.count = degree + 1, len(charts)
        a, b = np.meshgrid(self.nodes, self.nodes, indexing="ij")
        self.xy = np.stack([np.stack(chart(a, b), -1) for chart in charts])  # (e, n, n, 2)
        by_a = np.einsum("ij,ejkc->eikc", d, self.xy)
        by_b = np.einsum("kj,eijc->eikc", d, self.xy)
        self._slopes, self._sides = d, (by_a, by_b, weights)
        area = by_a[..., 0] * by_b[..., 1] - by_a[..., 1] * by_b[..., 0]
        if area.min() <= 0:
            raise ValueError("a chart turns over")
        self.weights = (np.outer(weights, weights) * area).ravel()
        one, each = np.eye(self.n), sp.identity(self.count)
        along_a, along_b = (sp.kron(each, np.kron(*f)) for f in ((d, one), (one, d)))
        self.labels = self._joined()
        rows = np.arange(len(self.labels))
        self.values = sp.csr_matrix((np.ones(len(rows)), (rows, self.labels)))
        (self.x, self.y) = (self.values.T @ self.xy.reshape(-1, 2) / self._shared()).T
        scaled = [sp.diags((g / area).ravel()) for g in (by_b[..., 1], by_a[..., 1])]
        self.along = [(scaled[0] @ along_a - scaled[1] @ along_b) @ self.values]
        scaled = [sp.diags((g / area).ravel()) for g in (by_b[..., 0], by_a[..., 0])]
        self.along += [(scaled[1] @ along_b - scaled[0] @ along_a) @ self.values]

    def _joined(self):
        """The number of the node that each element's node is."""
        positions = self.xy.reshape(-1, 2)
        pairs = cKDTree(positions).query_pairs(SAME, output_type="ndarray")
        graph = sp.csr_matrix(
            (np.ones(len(pairs)), pairs.T), shape=(len(positions), len(positions))
        )
        return connected_components(graph, directed=False)[1]

    def _shared(self):
        return np.bincount(self.labels)[:, None]

    def mass(self, density=1.0):
        """The diagonal (m,) of ∫ ρ u v."""
        return self.values.T @ (self.weights * density)

    def stiffness(self):
        """∫ ∇u · ∇v."""
        return sum(g.T @ sp.diags(self.weights) @ g for g in self.along)

    def boundary(self, where):
        """The diagonal (m,) of ∫ u v over those sides of elements whose nodes all are `where`."""
        by_a, by_b, weights = self._sides
        total = np.zeros(len(self.x))
        labels = self.labels.reshape(self.count, self.n, self.n)
        for end in (0, -1):
            for way, cut in ((by_b, (slice(None), end)), (by_a, (slice(None), slice(None), end))):
                chosen = where(*np.moveaxis(self.xy[cut], -1, 0)).all(1)
                lengths = weights * np.linalg.norm(way[cut], axis=-1)
                np.add.at(total, labels[cut][chosen], lengths[chosen])
        return total

    def inner(self):
        """The matrix from values at each element's inner nodes to those at all of its nodes."""
        one = lagrange(self.nodes[1:-1], self.nodes)
        return sp.kron(sp.identity(self.count), np.kron(one, one)).tocsr()

    def at(self, x, y):
        """The matrix (p, k) to values at points (p,), and which of these are inside, not 0."""
        rows, columns, entries = [], [], []
        known = np.zeros(len(x), dtype=bool)
        for e, corners in enumerate(self.xy):
            low, high = corners.min((0, 1)) - SAME, corners.max((0, 1)) + SAME
            near = ~known & (x >= low[0]) & (x <= high[0]) & (y >= low[1]) & (y <= high[1])
            if near.any():
                near = np.flatnonzero(near)
                a, b = self._chart_back(corners, x[near], y[near])
                held = np.maximum(np.abs(a), np.abs(b)) <= 1 + 1e-7
                near = near[held]
                left, right = (lagrange(self.nodes, f[held]) for f in (a, b))
                known[near] = True
                block = np.einsum("pi,pj->pij", left, right).reshape(len(near), -1)
                rows.append(np.repeat(near, block.shape[1]))
                columns.append(np.tile(e * self.n**2 + np.arange(self.n**2), len(near)))
                entries.append(block.ravel())
        where = np.concatenate(rows), np.concatenate(columns)
        shape = len(x), len(self.labels)
        return sp.csr_matrix((np.concatenate(entries), where), shape=shape), known

    def _chart_back(self, corners, x, y):
        """Where in [−1, 1]² points lie, by Newton's method; far outside for what is not there."""
        d = self._slopes
        tables = [
            corners,
            np.einsum("ij,jkc->ikc", d, corners),
            np.einsum("kj,ijc->ikc", d, corners),
        ]
        a, b = np.zeros_like(x), np.zeros_like(x)
        for _ in range(12):
            left, right = lagrange(self.nodes, a), lagrange(self.nodes, b)
            found, by_a, by_b = (np.einsum("pi,pj,ijc->cp", left, right, f) for f in tables)
            off = x - found[0], y - found[1]
            area = by_a[0] * by_b[1] - by_a[1] * by_b[0]
            a = np.clip(a + (by_b[1] * off[0] - by_b[0] * off[1]) / area, -2, 2)
            b = np.clip(b + (by_a[0] * off[1] - by_a[1] * off[0]) / area, -2, 2)
        return a, b


def rectangle(x, y):
    """The chart of the rectangle between two x and two y."""
    return lambda a, b: (
        (x[0] * (1 - a) + x[1] * (1 + a)) / 2,
        (y[0] * (1 - b) + y[1] * (1 + b)) / 2,
    )


def rectangles(xs, ys, keep=lambda x, y: True):
    """Charts of the cells between lines, of those whose centre `keep` says to."""
    cells = [(x, y) for x in pairwise(xs) for y in pairwise(ys)]
    return [rectangle(x, y) for x, y in cells if keep(sum(x) / 2, sum(y) / 2)]


def ring(centre, radius, xs, ys):
    """Charts between a circle and the rectangle of lines around it, one for each piece of a side.

    Sides that the centre lies on are left out: there the circle is a half or a quarter.
    """
    centre = np.array(centre, dtype=float)
    corners = [(xs[0], ys[0]), (xs[-1], ys[0]), (xs[-1], ys[-1]), (xs[0], ys[-1])]
    points = [(x, ys[0]) for x in xs[:-1]] + [(xs[-1], y) for y in ys[:-1]]
    points += [(x, ys[-1]) for x in xs[:0:-1]] + [(xs[0], y) for y in ys[:0:-1]]
    points = np.array([*points, corners[0]], dtype=float) - centre
    pieces = pairwise(points)
    return [
        _sector(centre, radius, p, q) for p, q in pieces if abs(p[0] * q[1] - p[1] * q[0]) > SAME
    ]


def _sector(centre, radius, start, end):
    """The chart between an arc, at a = −1, and a piece of a straight side, at a = 1."""
    first = np.arctan2(start[1], start[0])
    turn = np.arctan2(start[0] * end[1] - start[1] * end[0], start @ end)

    def chart(a, b):
        share = (1 + b) / 2
        angle = first + turn * share
        arc = radius * np.stack([np.cos(angle), np.sin(angle)])
        side = start[:, None, None] * (1 - share) + end[:, None, None] * share
        return tuple(centre[:, None, None] + arc * (1 - a) / 2 + side * (1 + a) / 2)

    return chart


def modes(mass, stiffness):
    """Rates and modes of  m u' = −K u,  for the diagonal m of a mass matrix."""
    root = np.sqrt(mass)
    rates, vectors = scipy.linalg.eigh(stiffness / np.outer(root, root))
    return rates, vectors / root[:, None]
