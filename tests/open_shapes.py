"""Open surfaces with known points, normals, ends and sides, for tests and benchmarks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from siren_pde.meshes.mesh import Mesh

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class OpenShape:
    """A surface x(u, v) of the unit square, and how many loops its ends form."""

    chart: Callable[[Floats, Floats], Floats]
    loops: int
    has_sides: bool = True

    def sample(self, count: int, seed: int = 0) -> tuple[Floats, Floats]:
        """Random points (n, 3), evenly spread by area, and their unit normals (n, 3)."""
        rng = np.random.default_rng(seed)
        x, normals = np.zeros((0, 3)), np.zeros((0, 3))
        largest = 1.05 * np.linalg.norm(self._moments(*rng.random((2, 10_000))), axis=1).max()
        while len(x) < count:
            u, v = rng.random((2, 4 * count))
            moments = self._moments(u, v)
            area = np.linalg.norm(moments, axis=1)
            kept = rng.random(len(u)) * largest < area
            x = np.concatenate([x, self.chart(u, v)[kept]])
            normals = np.concatenate([normals, (moments / area[:, None])[kept]])
        return x[:count], normals[:count]

    def mesh(self, cells: int = 400) -> Mesh:
        """The surface itself, as triangles of a grid in u and v."""
        ticks = np.linspace(0, 1, cells + 1)
        u, v = (axis.ravel() for axis in np.meshgrid(ticks, ticks, indexing="ij"))
        low = (np.arange(cells)[:, None] * (cells + 1) + np.arange(cells)).ravel()
        a, b, c, d = low, low + cells + 1, low + cells + 2, low + 1
        return Mesh(
            self.chart(u, v), np.concatenate([np.stack(t, 1) for t in ((a, b, c), (a, c, d))])
        )

    def _moments(self, u: Floats, v: Floats) -> Floats:
        step = 1e-5
        along = self.chart(u + step, v) - self.chart(u - step, v)
        across = self.chart(u, v + step) - self.chart(u, v - step)
        return np.asarray(np.cross(along, across) / (2 * step) ** 2)


def _half_sphere(u: Floats, v: Floats) -> Floats:
    angle, radius = 2 * np.pi * u, np.cos(np.pi / 2 * v)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), np.sin(np.pi / 2 * v)], 1)


def _wavy_sheet(u: Floats, v: Floats) -> Floats:
    x, y = 2 * u - 1, 2 * v - 1
    return np.stack([x, y, 0.25 * np.sin(3 * x) * np.cos(2.5 * y + 0.5)], 1)


def _moebius_band(u: Floats, v: Floats) -> Floats:
    angle, aside = 2 * np.pi * u, 0.8 * (v - 0.5)
    radius = 1 + aside * np.cos(angle / 2)
    rise = aside * np.sin(angle / 2)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), rise], 1)


def _skirt(u: Floats, v: Floats) -> Floats:
    angle = 2 * np.pi * u
    radius = 0.45 + 0.5 * v + 0.08 * v * np.cos(7 * angle)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), -1.2 * v], 1)


def _terrain(u: Floats, v: Floats) -> Floats:
    rng, height = np.random.default_rng(7), np.zeros_like(u)
    for octave in range(24):
        way = (3 + octave) * rng.standard_normal(2)
        height = height + 0.12 / (1 + octave) * np.sin(way[0] * u + way[1] * v + 6 * rng.random())
    return np.stack([u, v, height], 1)


SHAPES = {
    "half-sphere": OpenShape(_half_sphere, loops=1),
    "wavy sheet": OpenShape(_wavy_sheet, loops=1),
    "Möbius band": OpenShape(_moebius_band, loops=1, has_sides=False),
    "skirt": OpenShape(_skirt, loops=2),
    "terrain": OpenShape(_terrain, loops=1),
}
