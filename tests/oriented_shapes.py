"""Clouds with the normals that are right for them: closed, open, thin, hollow and many."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Cloud = tuple[Floats, Floats]


def directions(n: int, rng: np.random.Generator) -> Floats:
    x = rng.standard_normal((n, 3))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def sphere(n: int, rng: np.random.Generator) -> Cloud:
    x = directions(n, rng)
    return x, x


def torus(n: int, rng: np.random.Generator) -> Cloud:
    """Radii 1 and 0.3, evenly by area."""
    u, v = 2 * np.pi * rng.random((2, 4 * n))
    u, v = (a[rng.random(4 * n) < (1 + 0.3 * np.cos(v)) / 1.3][:n] for a in (u, v))
    normals = np.stack([np.cos(v) * np.cos(u), np.cos(v) * np.sin(u), np.sin(v)], 1)
    return np.stack([np.cos(u), np.sin(u), 0 * u], 1) + 0.3 * normals, normals


def box(
    n: int,
    rng: np.random.Generator,
    half: tuple[float, float, float] = (1.0, 0.7, 0.5),
    centre: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> Cloud:
    size = np.array(half)
    areas = size.prod() / size
    axis = rng.choice(3, n, p=areas / areas.sum())
    normals = np.eye(3)[axis] * rng.choice([-1.0, 1.0], n)[:, None]
    at = size * np.where(normals == 0, rng.uniform(-1, 1, (n, 3)), normals)
    return at + np.array(centre), normals


def union(*clouds: Cloud) -> Cloud:
    return np.concatenate([x for x, _ in clouds]), np.concatenate([n for _, n in clouds])


def thin_plate(n: int, rng: np.random.Generator) -> Cloud:
    """Two spacings thick."""
    return box(n, rng, (1.0, 1.0, np.sqrt(8 / n)))


def thinner_plate(n: int, rng: np.random.Generator) -> Cloud:
    """A third of a spacing thick: neighbours are as often on the other side as on one's own."""
    return box(n, rng, (1.0, 1.0, np.sqrt(8 / n) / 6))


def slotted(n: int, rng: np.random.Generator) -> Cloud:
    """A box with two slots from above, four spacings wide."""
    width = 4 * np.sqrt(8 / n)
    x, normals = box(n, rng, (1.0, 0.7, 0.5))
    in_slot = np.abs(np.abs(x[:, 0]) - 0.5) < width / 2
    kept = ~(in_slot & (x[:, 2] > -0.2))
    parts = [(x[kept], normals[kept])]
    wall = int(n * 1.4 * 0.7 / 8)
    for middle in (-0.5, 0.5):
        for side in (-1.0, 1.0):
            yz = rng.uniform((-0.7, -0.2), (0.7, 0.5), (wall, 2))
            at = np.column_stack([np.full(wall, middle + side * width / 2), yz])
            parts.append((at, np.tile([-side, 0.0, 0.0], (wall, 1))))
        floor = max(int(n * 1.4 * width / 8), 8)
        xy = rng.uniform((middle - width / 2, -0.7), (middle + width / 2, 0.7), (floor, 2))
        parts.append(
            (np.column_stack([xy, np.full(floor, -0.2)]), np.tile([0, 0, 1.0], (floor, 1)))
        )
    return union(*parts)


def hollow(n: int, rng: np.random.Generator) -> Cloud:
    """A ball with a cavity, whose wall points into it."""
    x, y = directions(n, rng), directions(n // 3, rng)
    return union((x, x), (0.5 * y, -y))


def nested(n: int, rng: np.random.Generator) -> Cloud:
    """A ball in a cavity of a ball."""
    y = directions(n // 12, rng)
    return union(hollow(n, rng), (0.25 * y, y))


def bodies(n: int, rng: np.random.Generator) -> Cloud:
    """Spheres of different sizes beside each other."""
    parts = []
    for centre, radius in ((-1.5, 1.0), (0.0, 0.4), (1.0, 0.5), (0.5, 0.03)):
        x = directions(max(int(n * radius**2), 60), rng)
        parts.append((radius * x + [centre, 0.8 * centre, 0.0], x))
    return union(*parts)


def half_sphere(n: int, rng: np.random.Generator) -> Cloud:
    x = directions(n, rng)
    x[:, 2] = np.abs(x[:, 2])
    return x, x


def terrain(n: int, rng: np.random.Generator) -> Cloud:
    """Hills and pits as deep as they are wide; upwards."""
    x, y = rng.uniform(-1, 1, (2, n))
    pits = [(0.5, 0.5, -0.8), (-0.5, -0.4, 0.8), (-0.4, 0.5, -0.5), (0.5, -0.5, -0.3)]
    z, along_x, along_y = 0 * x, 0 * x, 0 * x
    for cx, cy, height in pits:
        bump = height * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 0.03)
        z = z + bump
        along_x = along_x - 2 * (x - cx) / 0.03 * bump
        along_y = along_y - 2 * (y - cy) / 0.03 * bump
    normals = np.stack([-along_x, -along_y, np.ones(n)], 1)
    return np.stack([x, y, z], 1), normals / np.linalg.norm(normals, axis=1, keepdims=True)


def facade(n: int, rng: np.random.Generator) -> Cloud:
    """A wall with niches: planes seen from one side, at right angles to each other."""
    x, z = rng.uniform(-1, 1, (2, n))
    niche = (np.abs(np.abs(x) - 0.5) < 0.2) & (np.abs(z) < 0.5)
    wall = np.stack([x, np.where(niche, 0.3, 0.0), z], 1), np.tile([0.0, -1.0, 0.0], (n, 1))
    parts = [wall]
    count = n * 3 // 40
    for at in (-0.7, -0.3, 0.3, 0.7):
        yz = rng.uniform((0, -0.5), (0.3, 0.5), (count, 2))
        into = 1.0 if at in (-0.7, 0.3) else -1.0
        side = np.column_stack([np.full(count, at), yz])
        parts.append((side, np.tile([into, 0.0, 0.0], (count, 1))))
    return union(*parts)


CLOSED: list[Callable[[int, np.random.Generator], Cloud]] = [
    sphere,
    torus,
    box,
    thin_plate,
    slotted,
    hollow,
    nested,
    bodies,
]
OPEN: list[Callable[[int, np.random.Generator], Cloud]] = [half_sphere, terrain, facade]
