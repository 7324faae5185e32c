"""Parts as computers design them, of known shape: plates with holes, slots and sharp edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_SHARP = np.cos(np.deg2rad(30))
"""Faces whose normals differ by less are facets of a round hole, with no crease between them."""


@dataclass(frozen=True, eq=False)
class Creases:
    """Points on sharp edges (n, 3), the normals of both faces (n, 3), and their edges' numbers."""

    positions: Floats
    first: Floats
    second: Floats
    number: Integers


@dataclass(frozen=True, eq=False)
class Prism:
    """What is between z = ±`half`, inside the first polygon and outside the others.

    The first has its corners (k, 2) anticlockwise, the others clockwise.
    """

    polygons: tuple[Floats, ...]
    half: float

    @property
    def genus(self) -> int:
        return len(self.polygons) - 1

    @property
    def diagonal(self) -> float:
        return float(np.linalg.norm([*np.ptp(self.polygons[0], axis=0), 2 * self.half]))

    def sample(self, count: int, seed: int = 0) -> tuple[Floats, Floats]:
        """Random points (n, 3), evenly spread by area, and their unit normals (n, 3)."""
        rng = np.random.default_rng(seed)
        start, step, out = self._sides
        length = np.linalg.norm(step, axis=1)
        low, size = self.polygons[0].min(0), np.ptp(self.polygons[0], axis=0)
        walls = length.sum() * 2 * self.half
        cap = low + size * rng.random((4 * count, 2))
        cap = cap[self._level(cap) < 0]
        caps = 2 * size.prod() * len(cap) / (4 * count)
        on_wall = round(count * walls / (walls + caps))
        side = rng.choice(len(length), on_wall, p=length / length.sum())
        at = start[side] + rng.random((on_wall, 1)) * step[side]
        height = rng.uniform(-self.half, self.half, (on_wall, 1))
        flat = cap[: count - on_wall]
        sign = rng.choice([-1.0, 1.0], (len(flat), 1))
        x = np.concatenate([np.hstack([at, height]), np.hstack([flat, self.half * sign])])
        normals = np.concatenate([np.pad(out[side], ((0, 0), (0, 1))), sign * [0.0, 0.0, 1.0]])
        return x, normals

    def distance(self, x: Floats) -> Floats:
        """Signed distances (n,) of x (n, 3), exact."""
        beyond = np.stack([self._level(x[:, :2]), np.abs(x[:, 2]) - self.half], 1)
        outside = np.linalg.norm(np.maximum(beyond, 0), axis=1)
        return np.asarray(outside + np.minimum(beyond.max(1), 0))

    def creases(self, spacing: float) -> Creases:
        """Points on the sharp edges, so far from each other."""
        start, step, out = self._sides
        up = np.array([0.0, 0.0, 1.0])
        wall = np.pad(out, ((0, 0), (0, 1)))
        parts: list[tuple[Floats, Floats, Floats, int]] = []
        low = number = 0
        for polygon in self.polygons:
            for i in range(low, low + len(polygon)):
                before = low + (i - low - 1) % len(polygon)
                if wall[i] @ wall[before] < _SHARP:
                    ticks = _ticks(2 * self.half, spacing)
                    heights = (2 * ticks - 1) * self.half
                    at = np.hstack([np.tile(start[i], (len(ticks), 1)), heights])
                    parts.append((at, wall[before], wall[i], number))
                    number += 3
                for j, sign in enumerate((-1.0, 1.0)):
                    ticks = _ticks(float(np.linalg.norm(step[i])), spacing)
                    at = np.pad(start[i] + ticks * step[i], ((0, 0), (0, 1)))
                    parts.append((at + sign * self.half * up, wall[i], sign * up, number + 1 + j))
            low, number = low + len(polygon), number + 3
        sizes = [len(each[0]) for each in parts]
        first, second = (np.repeat([p[i] for p in parts], sizes, axis=0) for i in (1, 2))
        order = np.unique(np.repeat([p[3] for p in parts], sizes), return_inverse=True)[1]
        return Creases(np.concatenate([p[0] for p in parts]), first, second, order)

    def widened(self, x: Floats, normals: Floats, deviation: float) -> Floats:
        """By how many degrees the angle between both sides of each crease (k,) is wider than it is.

        On average of the unit normals (n, 3) of points x (n, 3), from one to three deviations
        beside it; NaN where there are none.
        """
        creases = self.creases(deviation)
        far, near = cKDTree(creases.positions).query(x, distance_upper_bound=3 * deviation)
        beside = np.isfinite(far) & (far > deviation)
        x, normals, near = x[beside], normals[beside], near[beside]
        own, other, number = creases.first[near], creases.second[near], creases.number[near]
        offset = x - creases.positions[near]
        swapped = np.abs((offset * own).sum(1)) > np.abs((offset * other).sum(1))
        own, other = np.where(swapped[:, None], [other, own], [own, other])
        across = other - (own * other).sum(1, keepdims=True) * own
        across /= np.linalg.norm(across, axis=1, keepdims=True)
        tilt = np.degrees(np.arctan2((normals * across).sum(1), (normals * own).sum(1)))
        count = creases.number.max() + 1
        of_side = [np.bincount(number[s], tilt[s], count) for s in (swapped, ~swapped)]
        seen = [np.bincount(number[s], minlength=count) for s in (swapped, ~swapped)]
        with np.errstate(invalid="ignore"):
            return np.asarray(of_side[0] / seen[0] + of_side[1] / seen[1])

    @property
    def _sides(self) -> tuple[Floats, Floats, Floats]:
        """Where the sides of the polygons start, what leads along them, and out, all (m, 2)."""
        start = np.concatenate(self.polygons)
        step = np.concatenate([np.roll(p, -1, axis=0) - p for p in self.polygons])
        out = np.stack([step[:, 1], -step[:, 0]], 1)
        return start, step, out / np.linalg.norm(out, axis=1, keepdims=True)

    def _level(self, x: Floats) -> Floats:
        """Signed distances (n,) of x (n, 2) from the polygons."""
        least, crossings = np.full(len(x), np.inf), np.zeros(len(x), dtype=np.int64)
        for a, step in zip(*self._sides[:2], strict=True):
            share = np.clip((x - a) @ step / (step @ step), 0, 1)
            least = np.minimum(least, np.linalg.norm(x - a - share[:, None] * step, axis=1))
            b = a + step
            between = (a[1] <= x[:, 1]) != (b[1] <= x[:, 1])
            turn = step[0] * (x[:, 1] - a[1]) - step[1] * (x[:, 0] - a[0])
            crossings += between & ((turn > 0) == (step[1] > 0))
        return np.where(crossings % 2 == 1, -least, least)


def _ticks(length: float, spacing: float) -> Floats:
    count = max(int(length / spacing), 1)
    return ((np.arange(count) + 0.5) / count)[:, None]


def rectangle(centre: tuple[float, float], half: tuple[float, float]) -> Floats:
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    return np.asarray(np.array(centre) + corners * np.array(half))


def circle(centre: tuple[float, float], radius: float) -> Floats:
    """Clockwise, with sides of four degrees."""
    angle = -2 * np.pi * np.arange(90) / 90
    return np.array(centre) + radius * np.stack([np.cos(angle), np.sin(angle)], 1)


_LETTER = np.array([[-1, -0.8], [1, -0.8], [1, -0.1], [-0.3, -0.1], [-0.3, 0.8], [-1, 0.8]])
_NOTCHED = np.array(
    [[-1, -0.7], [1, -0.7], [1, 0.7], [0.75, 0.7], [0.75, 0.0], [0.45, 0.0], [0.45, 0.7], [-1, 0.7]]
)

PRISMS = {
    "drilled box": Prism(
        (
            rectangle((0, 0), (1.0, 0.7)),
            circle((-0.55, 0.1), 0.3),
            circle((0.15, -0.25), 0.2),
            circle((0.6, 0.3), 0.22),
        ),
        0.35,
    ),
    "slotted box": Prism(
        (
            _NOTCHED,
            rectangle((-0.65, 0.0), (0.12, 0.5))[::-1],
            rectangle((-0.1, 0.0), (0.18, 0.45))[::-1],
        ),
        0.4,
    ),
    "bracket": Prism((_LETTER, circle((-0.65, 0.4), 0.2), circle((0.6, -0.45), 0.22)), 0.25),
}
