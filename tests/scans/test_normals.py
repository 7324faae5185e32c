"""Estimated normals against the normals of shapes that are known."""

import numpy as np
import pytest
import torch
from torch import Tensor

from siren_pde.errors import ConfigError, DomainError, NonFiniteError
from siren_pde.scans.normals import estimate_normals
from tests.oriented_shapes import CLOSED, terrain, thin_plate


def random(n: int, seed: int = 0) -> Tensor:
    return torch.rand(
        n, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64, device="cpu"
    )


def sphere(n: int) -> tuple[Tensor, Tensor]:
    u, v = random(n).T
    z, angle = 2 * u - 1, 2 * torch.pi * v
    ring = (1 - z**2).sqrt()
    points = torch.stack([ring * angle.cos(), ring * angle.sin(), z], dim=1)
    return points, points


def torus(n: int) -> tuple[Tensor, Tensor]:
    u, v = 2 * torch.pi * random(n).T
    normals = torch.stack([v.cos() * u.cos(), v.cos() * u.sin(), v.sin()], dim=1)
    ring = torch.stack([u.cos(), u.sin(), torch.zeros_like(u)], dim=1)
    return ring + 0.4 * normals, normals


def cube(n: int) -> tuple[Tensor, Tensor]:
    normals = torch.eye(3, dtype=torch.float64)[torch.arange(n) % 3]
    normals = normals * (1 - 2 * (torch.arange(n) // 3 % 2))[:, None]
    in_face = 2 * random(n) - 1
    others = torch.stack([torch.roll(normals, k, dims=1).abs() for k in (1, 2)])
    return normals + (others * in_face.T[:, :, None]).sum(dim=0), normals


SHAPES = [sphere, torus, cube]


@pytest.mark.parametrize("shape", SHAPES)
def test_normals_point_outwards(shape) -> None:
    points, exact = shape(6000)
    normals = estimate_normals(points)
    np.testing.assert_allclose(normals.norm(dim=1), 1, rtol=1e-12)
    cosine = (normals * exact).sum(dim=1)
    assert (cosine > 0).double().mean() >= 0.99
    assert cosine.median() > 0.999


@pytest.mark.parametrize("shape", [sphere, torus])
def test_error_falls_with_the_area_per_point(shape) -> None:
    # Patches have radius h ~ n^(-1/2); lopsided patches on a curved surface tilt planes by O(h).
    errors = []
    for n in (1000, 16000):
        points, exact = shape(n)
        cosine = (estimate_normals(points) * exact).sum(dim=1).clamp(-1, 1)
        errors.append(cosine.acos().median())
    assert errors[1] < errors[0] / 2.5


@pytest.mark.parametrize("shape", SHAPES)
def test_moving_turning_and_scaling_the_cloud_turns_its_normals(shape) -> None:
    points, _ = shape(1500)
    turn, _ = torch.linalg.qr(
        torch.randn(3, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    )
    plain = estimate_normals(points)
    moved = estimate_normals(1e-3 * points @ turn.T + torch.tensor([3.0, -2, 1]).double())
    agreement = (moved * (plain @ turn.T)).sum(dim=1)
    assert (agreement > 1 - 1e-9).double().mean() > 0.99


def test_separate_pieces_are_each_turned_outwards() -> None:
    points, exact = sphere(2000)
    offsets = [torch.tensor([5.0 * k, 0, 0], dtype=torch.float64) for k in range(3)]
    normals = estimate_normals(torch.cat([points + o for o in offsets]))
    assert ((normals * exact.repeat(3, 1)).sum(dim=1) > 0).double().mean() >= 0.99


@pytest.mark.parametrize("n", [1500, 4000])
@pytest.mark.parametrize("shape", CLOSED)
def test_sparse_solids_are_oriented_by_their_winding_numbers(shape, n) -> None:
    """Slots, cavities, bodies side by side, and a plate of two spacings: at its rim, not all."""
    points, exact = shape(n, np.random.default_rng(1))
    cosine = np.einsum("nd,nd->n", estimate_normals(points).numpy(), exact)
    assert np.mean(cosine < 0) < (0.04 if shape is thin_plate else 1e-3)
    assert np.mean(cosine < -0.5) < (5e-3 if shape is thin_plate else 1e-3)


def test_pits_of_terrain_are_not_turned_out() -> None:
    points, exact = terrain(4000, np.random.default_rng(1))
    upwards = np.einsum("nd,nd->n", estimate_normals(points).numpy(), exact) > 0
    assert min(upwards.mean(), 1 - upwards.mean()) < 0.01


def test_repeated_points_share_a_normal() -> None:
    points, exact = sphere(1000)
    normals = estimate_normals(points.repeat(30, 1))
    assert torch.equal(normals, normals[:1000].repeat(30, 1))
    assert ((normals[:1000] * exact).sum(dim=1) > 0.9).double().mean() > 0.99


def test_a_plane_has_one_normal() -> None:
    flat = torch.cat([random(500), torch.zeros(500, 1, dtype=torch.float64)], dim=1)
    normals = estimate_normals(flat)
    torch.testing.assert_close(normals[:, 2].abs(), torch.ones(500, dtype=torch.float64))
    assert (normals[:, 2] == normals[0, 2]).all()


def test_dtype_follows_the_points() -> None:
    points, _ = sphere(200)
    assert estimate_normals(points.float()).dtype == torch.float32
    assert torch.equal(estimate_normals(points.numpy()), estimate_normals(points))


def test_few_points_are_enough_if_they_span_a_plane() -> None:
    points = torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]], dtype=torch.float64)
    torch.testing.assert_close(
        estimate_normals(points)[:, 2].abs(), torch.ones(4, dtype=torch.float64)
    )


def test_clouds_that_are_no_surface_say_so() -> None:
    line = torch.linspace(0, 1, 50, dtype=torch.float64)[:, None] * torch.ones(1, 3).double()
    for hopeless in (line, torch.ones(9, 3), torch.eye(3), torch.zeros(0, 3)):
        with pytest.raises(DomainError, match="no surface"):
            estimate_normals(hopeless)
    with pytest.raises(DomainError, match="shape"):
        estimate_normals(torch.zeros(5, 2))
    with pytest.raises(ConfigError, match="neighbours=2"):
        estimate_normals(sphere(50)[0], neighbours=2)
    broken = sphere(50)[0].clone()
    broken[7, 1] = torch.nan
    with pytest.raises(NonFiniteError, match="number 7"):
        estimate_normals(broken)
