"""Spectral elements on a line, of which products solve separable equations in boxes.

Lagrange's polynomials at the points of Lobatto's rule, which also integrates, so that the mass
matrix is diagonal. A product of lines is solved by the eigenvectors of each (Lynch, Rice and
Thomas, Numer. Math. 6, 1964). Source: Deville, Fischer and Mund, High-Order Methods for
Incompressible Fluid Flow (Cambridge, 2002), chapters 2 and 4.
"""

from functools import reduce

import numpy as np
import scipy.linalg
from numpy.polynomial import legendre


class Line:
    """Elements of one degree between `breaks`: m points, of which neighbours share their ends.

    `split` are the points of all elements one after the other, shared ones twice, so that data may
    jump there, and `weights` those of the rule; `scatter` (m, split) adds what belongs together.
    """

    def __init__(self, breaks, degree):
        self.breaks, self.degree = np.asarray(breaks, dtype=float), degree
        self.unit, weights = lobatto(degree)
        self.signs = (-1.0) ** np.arange(degree + 1) * np.sqrt(weights)
        half = np.diff(self.breaks)[:, None] / 2
        self.split = (self.breaks[:-1, None] + half * (self.unit + 1)).ravel()
        self.weights = (half * weights).ravel()
        count = len(half)
        places = (np.arange(count)[:, None] * degree + np.arange(degree + 1)).ravel()
        self.scatter = np.zeros((count * degree + 1, len(places)))
        self.scatter[places, np.arange(len(places))] = 1
        self.mass = self.scatter @ self.weights
        slopes = scipy.linalg.block_diag(*[self.derivative / h for h in half.ravel()])
        self.stiffness = self.scatter @ (slopes.T * self.weights) @ slopes @ self.scatter.T

    @property
    def derivative(self):
        """d/dx at the points of the rule on (−1, 1)."""
        apart = self.unit[:, None] - self.unit + np.eye(self.degree + 1)
        slopes = self.signs / self.signs[:, None] / apart
        return slopes - np.diag(slopes.sum(1))

    def modes(self, extra=0.0):
        """Eigenvalues, and eigenvectors of unit mass, of the stiffness and an `extra` matrix."""
        root = np.sqrt(self.mass)
        values, vectors = np.linalg.eigh((self.stiffness + extra) / root / root[:, None])
        return values, vectors / root[:, None]

    def interpolation(self, x, slopes=False):
        """The matrix (len(x), m) from values at the points to values, or slopes, at x."""
        element = np.clip(np.searchsorted(self.breaks, x, "right") - 1, 0, len(self.breaks) - 2)
        low, high = self.breaks[element], self.breaks[element + 1]
        apart = (2 * (x - low) / (high - low) - 1)[:, None] - self.unit
        near = np.abs(apart) < 1e-14
        found = self.signs / np.where(near, 1.0, apart)
        found /= found.sum(1, keepdims=True)
        found[near.any(1)] = near[near.any(1)]
        if slopes:
            found = 2 / (high - low)[:, None] * (found @ self.derivative)
        whole = np.zeros((len(x), len(self.mass)))
        for row, (start, values) in enumerate(zip(element * self.degree, found, strict=True)):
            whole[row, start : start + self.degree + 1] = values
        return whole


def lobatto(degree):
    """Points and weights of Lobatto's rule on (−1, 1), the ends included."""
    polynomial = np.eye(degree + 1)[degree]
    inner = legendre.legroots(legendre.legder(polynomial))
    x = np.concatenate([[-1.0], inner, [1.0]])
    return x, 2 / (degree * (degree + 1) * legendre.legval(x, polynomial) ** 2)


def applied(matrices, values):
    """One matrix along each axis of an array."""
    for axis, matrix in enumerate(matrices):
        values = np.moveaxis(np.tensordot(matrix, values, axes=(1, axis)), 0, axis)
    return values


def solved(modes, load):
    """u with Σ (matrix of an axis, mass of the others) u = load, by the modes of each axis."""
    inner = applied([vectors.T for _, vectors in modes], load)
    inner /= reduce(np.add.outer, [values for values, _ in modes])
    return applied([vectors for _, vectors in modes], inner)
