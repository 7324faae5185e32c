"""−Δu + k² u = f in a cube around four spheres, ∂u/∂n = 0, k² = 64 below z = ½ and 100 above.

u is the solution in the cube without spheres, by spectral elements, and of each sphere a sum of
φ + v. φ is a multipole, a spherical Bessel function k_l(κr) times a spherical harmonic, where κ is
the k at the centre; v is the solution in the cube for what φ lacks: (κ² − k²) φ as a source in the
other layer, and −∂φ/∂n on the walls. Inside its own sphere, where there is no equation, φ is
replaced in this source by a smooth continuation. Coefficients make ∂u/∂n vanish on the spheres in
the least-squares sense. Where the layers meet a sphere u has a weak singularity, r² log r, which
keeps the convergence algebraic.
"""

from math import factorial

import elements
import numpy as np

FOLDER = "pinnacle"
TICKS = {axis: np.linspace(0, 1, 31) for axis in "xyz"}
LEVELS = (3, 6, 12)  # the largest l; the degree of elements grows with it
ORDER = 2.0
QUICK = False
METHOD = "multipoles about the spheres, and spectral elements in the cube"

MIDDLE, BELOW, ABOVE = 0.5, 8.0, 10.0
BALLS = (
    ((0.4, 0.3, 0.6), 0.2),
    ((0.6, 0.7, 0.6), 0.2),
    ((0.2, 0.8, 0.7), 0.1),
    ((0.6, 0.2, 0.3), 0.1),
)
TAYLOR = 5
"""The order to which a continuation meets its multipole."""


def solve(level):
    """The solution on the grid."""
    cube = Cube(level)
    balls = [Multipoles(np.array(c), r, level) for c, r in BALLS]
    spots = [sphere(2 * (level + 1) ** 2) for _ in balls]
    points = np.concatenate([b.centre + b.radius * n for b, n in zip(balls, spots, strict=True)])
    normals = np.concatenate(spots)
    source = forcing(*np.moveaxis(cube.grid, -1, 0))
    still = [np.zeros((2, *np.delete(source.shape, axis))) for axis in range(3)]
    alone = cube.modes(source, still)
    slopes = cube.slopes_at(points, normals)
    columns = []
    for ball in balls:
        lacking = [cube.lacking(ball, each) for each in np.eye(ball.count)]
        local = ball.slopes(points, normals)
        columns += [local[:, i] + slopes(cube.modes(*v)) for i, v in enumerate(lacking)]
    found, *_ = np.linalg.lstsq(np.stack(columns, 1), -slopes(alone), rcond=1e-12)
    parts = np.split(found, len(balls))
    total = alone + sum(
        cube.modes(*cube.lacking(ball, part)) for ball, part in zip(balls, parts, strict=True)
    )
    u = cube.values(total)
    where = np.stack(np.meshgrid(*TICKS.values(), indexing="ij"), -1)
    outside = np.all([ball.distance(where) >= ball.radius - 1e-12 for ball in balls], axis=0)
    for ball, part in zip(balls, parts, strict=True):
        u[outside] += ball.values(where[outside]) @ part
    return {"u": np.where(outside, u, np.nan)}


def forcing(x, y, z):
    square = x**2 + y**2 + z**2
    a, b, c = np.sin(np.pi * x), np.sin(10 * np.pi * y), np.sin(5 * np.pi * z)
    return 20 * np.exp(a + b + c) * (square - 1) / (square + 1) + 100 * a * b * c


def sphere(count):
    """Points on the unit sphere, nearly evenly spread along a spiral, (count, 3)."""
    z = 1 - (2 * np.arange(count) + 1) / count
    turn = np.pi * (1 + 5**0.5) * np.arange(count)
    flat = np.sqrt(1 - z**2)
    return np.stack([flat * np.cos(turn), flat * np.sin(turn), z], 1)


class Cube:
    """−Δv + k² v = source in the cube with given slopes at its walls, by products of elements."""

    def __init__(self, level):
        degrees = ((2, 12 + level), (4, 6 + level), (2, 16 + level))
        self.lines = [elements.Line(np.linspace(0, 1, n + 1), degree) for n, degree in degrees]
        z = self.lines[2]
        self.lower = np.arange(len(z.split)) <= z.degree
        self.square = np.where(self.lower, BELOW**2, ABOVE**2)
        layers = z.scatter * (z.weights * self.square) @ z.scatter.T
        modes = [line.modes(extra) for line, extra in zip(self.lines, (0, 0, layers), strict=True)]
        self.vectors = [vectors for _, vectors in modes]
        self.eigenvalues = np.add.outer(np.add.outer(modes[0][0], modes[1][0]), modes[2][0])
        self.loads = [
            v.T @ (line.scatter * line.weights)
            for v, line in zip(self.vectors, self.lines, strict=True)
        ]
        self.grid = np.stack(np.meshgrid(*[n.split for n in self.lines], indexing="ij"), -1)
        self.harmonics = {}

    def modes(self, source, flux):
        """The modes of the solution: source at the grid, and slopes on both walls of each axis."""
        load = elements.applied(self.loads, source)
        for axis, walls in enumerate(flux):
            others = [each for i, each in enumerate(self.loads) if i != axis]
            for end, wall in zip((0, -1), walls, strict=True):
                face = np.expand_dims(elements.applied(others, wall), axis)
                shape = [-1 if i == axis else 1 for i in range(3)]
                load += face * self.vectors[axis][end].reshape(shape)
        return load / self.eigenvalues

    def lacking(self, ball, coefficients):
        """Source and slopes at the walls of the solution that belongs to a sum of multipoles."""
        if ball not in self.harmonics:
            self.harmonics[ball] = self._lacking(ball)
        rows, volume, walls = self.harmonics[ball]
        source = np.zeros(self.grid.shape[:3])
        source[:, :, rows] = volume @ coefficients
        return source, [wall @ coefficients for wall in walls]

    def _lacking(self, ball):
        rows = np.flatnonzero(self.square != ball.kappa**2)
        factor = (ball.kappa**2 - self.square[rows])[:, None]
        volume = factor * ball.values(self.grid[:, :, rows], continued=True)
        walls = []
        for axis in range(3):
            outward = np.zeros((2, 1, 1, 3))
            outward[:, :, :, axis] = np.array([-1.0, 1.0])[:, None, None]
            faces = np.moveaxis(self.grid.take([0, -1], axis), axis, 0)
            walls.append(-ball.slopes(faces, np.broadcast_to(outward, faces.shape)))
        return rows, volume, walls

    def slopes_at(self, points, normals):
        """A function from modes to ∂v/∂n at points."""
        values, tilted = [], []
        for axis, (line, vectors) in enumerate(zip(self.lines, self.vectors, strict=True)):
            values.append(line.interpolation(points[:, axis]) @ vectors)
            slope = line.interpolation(points[:, axis], slopes=True) @ vectors
            tilted.append(slope * normals[:, axis, None])

        def slopes(modes):
            flat, deep = modes @ values[2].T, modes @ tilted[2].T
            rows = np.einsum("xyp,py->xp", flat, values[1])
            turned = np.einsum("xyp,py->xp", flat, tilted[1])
            turned += np.einsum("xyp,py->xp", deep, values[1])
            return np.einsum("xp,px->p", rows, tilted[0]) + np.einsum("xp,px->p", turned, values[0])

        return slopes

    def values(self, modes):
        """The values on the grid of the ticks."""
        at = zip(self.lines, TICKS.values(), self.vectors, strict=True)
        return elements.applied([line.interpolation(t) @ v for line, t, v in at], modes)


class Multipoles:
    """Solutions of −Δφ + κ² φ = 0 outside a ball that vanish far away, up to order `level`."""

    def __init__(self, centre, radius, level):
        self.centre, self.radius, self.level = centre, radius, level
        self.kappa = BELOW if centre[2] < MIDDLE else ABOVE
        self.count = (level + 1) ** 2

    def distance(self, points):
        """How far points are from the centre."""
        return np.sqrt(((points - self.centre) ** 2).sum(-1))

    def slopes(self, points, directions):
        """Derivatives along unit vectors, exact to rounding by an imaginary step."""
        return self.values(points + 1e-20j * directions).imag / 1e-20

    def values(self, points, continued=False):
        """The functions at points (…, 3), in the ball itself `continued` if asked: (…, count)."""
        x = (points - self.centre) / self.radius
        square = (x**2).sum(-1)
        own = self.kappa * self.radius
        bessel = decaying(self.level + 1, own * np.sqrt(square), own)
        scale = decaying(self.level + 1 + TAYLOR, own, own)
        columns = []
        for order, solid in harmonics(x, square, self.level):
            radial = bessel[order] / scale[order] * square ** (-order / 2)
            if continued:
                terms = [(-own / 2) ** j * scale[order + j] for j in range(TAYLOR)]
                smooth = sum(
                    t / scale[order] / factorial(j) * (square - 1) ** j for j, t in enumerate(terms)
                )
                radial = np.where(square < 1, smooth, radial)
            columns.append(radial * solid)
        return np.stack(columns, -1)


def decaying(count, z, reference):
    """Modified spherical Bessel functions k_l(z) of the second kind times exp(reference)."""
    size = np.exp(reference - z)
    found = [size / z, size * (1 / z + 1 / z**2)]
    for order in range(1, count):
        found.append(found[order - 1] + (2 * order + 1) / z * found[order])
    return found


def harmonics(x, square, level):
    """All solid harmonics r^l Y_lm at points (…, 3) with their l, of size √(2l + 1) at most."""
    cosine, sine, one = np.ones_like(square), np.zeros_like(square), np.ones_like(square)
    for m in range(level + 1):
        before, now = np.zeros_like(square), one
        for order in range(m, level + 1):
            share = factorial(order - m) / factorial(order + m)
            size = np.sqrt((2 * order + 1) * share)
            yield order, size * now * cosine
            if m:
                yield order, size * now * sine
            step = (2 * order + 1) * x[..., 2] * now - (order + m) * square * before
            before, now = now, step / (order - m + 1)
        cosine, sine = x[..., 0] * cosine - x[..., 1] * sine, x[..., 0] * sine + x[..., 1] * cosine
        one = one * (2 * m + 1)
