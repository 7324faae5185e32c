"""Which way the pieces of a cloud face, alone, side by side and one inside another."""

import numpy as np
import pytest
from numpy.typing import NDArray

from siren_pde.scans.normals import estimate_normals
from siren_pde.scans.orientation import outward

Floats = NDArray[np.float64]


def sphere(n: int, radius: float, centre: tuple[float, ...] = (0, 0, 0)) -> tuple[Floats, Floats]:
    """Points of a sphere and their outward normals, evenly along a spiral."""
    k = np.arange(n) + 0.5
    z, angle = 1 - 2 * k / n, np.pi * (1 + 5**0.5) * k
    ring = np.sqrt(1 - z**2)
    normals = np.stack([ring * np.cos(angle), ring * np.sin(angle), z], axis=1)
    return np.array(centre) + radius * normals, normals


def nest(radii: list[float], noise: float = 0.0) -> list[float]:
    """For spheres around one centre, the share of points whose estimated normal leads away."""
    parts = [sphere(max(int(3000 * r**2), 200), r) for r in radii]
    points = np.concatenate([p for p, _ in parts])
    points += noise * np.random.default_rng(0).standard_normal(points.shape)
    found = estimate_normals(points).numpy()
    ends = np.cumsum([len(p) for p, _ in parts])[:-1]
    split = np.split(found, ends)
    return [
        float((np.einsum("ij,ij->i", f, n) > 0).mean())
        for f, (_, n) in zip(split, parts, strict=True)
    ]


@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_the_wall_of_a_cavity_points_into_it(noise) -> None:
    assert nest([1.0, 0.6], noise) == [1, 0]


def test_a_body_in_a_cavity_points_outwards_again() -> None:
    assert nest([0.25, 1.0, 0.6]) == [1, 1, 0]


def test_two_cavities_in_one_body_are_both_cavities() -> None:
    parts = [sphere(4000, 1), sphere(400, 0.3, (0.5, 0, 0)), sphere(400, 0.3, (-0.5, 0, 0))]
    found = estimate_normals(np.concatenate([p for p, _ in parts])).numpy()
    away = np.einsum("ij,ij->i", found, np.concatenate([n for _, n in parts])) > 0
    assert (away == (np.arange(4800) < 4000)).all()


def test_a_ball_beside_a_ring_is_no_cavity() -> None:
    # In the hole of a torus: within its box, and outside it.
    u, v = np.random.default_rng(1).uniform(0, 2 * np.pi, (2, 6000))
    ring = np.stack([np.cos(u), np.sin(u), 0 * u], axis=1)
    normals = np.cos(v)[:, None] * ring + np.sin(v)[:, None] * np.array([0, 0, 1.0])
    ball, away = sphere(400, 0.2)
    found = estimate_normals(np.concatenate([ring + 0.3 * normals, ball])).numpy()
    assert (np.einsum("ij,ij->i", found[-400:], away) > 0).all()
    assert (np.einsum("ij,ij->i", found[:-400], normals) > 0).mean() > 0.99


@pytest.mark.parametrize("given", [1.0, -1.0])
def test_signs_do_not_depend_on_the_signs_given(given) -> None:
    points, normals = sphere(1000, 1)
    inner, walls = sphere(300, 0.5)
    piece = np.repeat([0, 1], [1000, 300])
    areas = np.repeat([4 * np.pi / 1000, np.pi / 300], [1000, 300])
    signs = outward(
        np.concatenate([points, inner]), np.concatenate([given * normals, walls]), areas, piece
    )
    assert signs.tolist() == [given, -1]
