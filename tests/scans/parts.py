"""A block with a hole and a slot: points on it, and distances from it."""

import numpy as np

SIDES = np.array([1.0, 0.7, 0.4])
DIAGONAL = 2 * float(np.linalg.norm(SIDES))
SLOT_CENTRE, SLOT = np.array([-0.525, 0.0, 0.0]), np.array([0.175, 0.35, 1.0])
HOLE_CENTRE, HOLE = np.array([0.4, 0.0]), 0.3


def of_box(x, sides):
    beyond = np.abs(x) - sides
    return np.linalg.norm(np.maximum(beyond, 0), axis=1) + np.minimum(beyond.max(axis=1), 0)


def of_hole(x):
    return np.linalg.norm(x[:, :2] - HOLE_CENTRE, axis=1) - HOLE


def off_block(x):
    """Distances (n,) from the surface, exact but near corners from outside."""
    slot = of_box(x - SLOT_CENTRE, SLOT)
    return np.abs(np.maximum(np.maximum(of_box(x, SIDES), -of_hole(x)), -slot))


def on_box(n, sides, rng):
    """Points on a box around zero and their normals, evenly spread."""
    areas = np.prod(sides) / np.asarray(sides)
    axis = rng.choice(3, n, p=areas / areas.sum())
    sign, rows = rng.choice([-1.0, 1.0], n), np.arange(n)
    x, normals = rng.uniform(-1, 1, (n, 3)) * sides, np.zeros((n, 3))
    x[rows, axis], normals[rows, axis] = sign * np.asarray(sides)[axis], sign
    return x, normals


def block(n, seed):
    """Points (n, 3) and normals (n, 3): of a block of genus two."""
    rng = np.random.default_rng(seed)
    density = n / 8  # per area, of which there is more
    walls = SLOT * [1, 1, SIDES[2]]
    outer, up = on_box(int(density * 8 * (np.prod(SIDES) / SIDES).sum()), SIDES, rng)
    inner, away = on_box(int(density * 8 * (np.prod(walls) / walls).sum()), walls, rng)
    angle = rng.uniform(0, 2 * np.pi, int(density * 4 * np.pi * HOLE * SIDES[2]))
    round_ = np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)
    ring = HOLE * round_ + [*HOLE_CENTRE, 0]
    ring[:, 2] = rng.uniform(-SIDES[2], SIDES[2], len(ring))
    wall = away[:, 2] == 0
    kept = (of_hole(outer) > 0) & (of_box(outer - SLOT_CENTRE, SLOT) > 0)
    x = np.concatenate([outer[kept], inner[wall] + SLOT_CENTRE, ring])
    normals = np.concatenate([up[kept], -away[wall], -round_])
    chosen = rng.permutation(len(x))[:n]
    assert len(chosen) == n
    return x[chosen], normals[chosen]
