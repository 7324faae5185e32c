"""Away from its surface, a fitted function is the exact distance to it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from siren_pde import PointCloud, Siren, fit_sdf
from siren_pde.fields.derived.refined import Refined
from siren_pde.fields.derived.splines import Splines
from siren_pde.meshes.marching_cubes import extract
from siren_pde.meshes.mesh import Mesh
from siren_pde.scans.redistanced import Grid, _Truth, redistanced

TUBE, RING = 0.4, 1.0


def torus(n=6000):
    """Points spread about evenly on a torus around the z axis, and their normals."""
    rng = np.random.default_rng(0)
    u, v = 2 * np.pi * rng.random((2, 3 * n))
    kept = rng.random(3 * n) < (RING + TUBE * np.cos(v)) / (RING + TUBE)
    u, v = u[kept][:n], v[kept][:n]
    out = np.stack([np.cos(u) * np.cos(v), np.sin(u) * np.cos(v), np.sin(v)], axis=1)
    ring = RING * np.stack([np.cos(u), np.sin(u), 0 * u], axis=1)
    return ring + TUBE * out, out


def exact(x):
    """The signed distance to the torus (n,), and how far x (n, 3) is from its medial axis."""
    across = np.hypot(x[:, 0], x[:, 1])
    inside = np.hypot(across - RING, x[:, 2])
    return inside - TUBE, np.minimum(inside, across)


@pytest.fixture(scope="module")
def fitted():
    """A fit whose network has seen little: most of the distance is left to splines."""
    x, normals = torus()
    return fit_sdf(
        PointCloud(x, normals=normals), seconds=None, steps=100, width=24, depth=2, frequency=8.0
    )


def queries(distance, n=4000):
    low, high = distance.bounds
    return np.random.default_rng(1).uniform(low, high, (n, 3))


def test_the_gradient_has_length_one_away_from_the_medial_axis(fitted):
    x = queries(fitted)
    truth, away = exact(x)
    x, truth = x[away > 0.2], truth[away > 0.2]
    stretch = np.linalg.norm(fitted.gradient(x), axis=1) - 1
    assert np.sqrt(np.mean(stretch**2)) < 0.02
    assert np.sqrt(np.mean((fitted(x) - truth) ** 2)) < 0.004


def test_pieces_that_no_point_supports_leave_the_distance(fitted):
    grid = Grid(fitted.half, 0.1)
    x = grid.nodes(np.ones(grid.shape, dtype=bool)).reshape(*grid.shape, 3)
    ghost = -0.6 * np.exp(-(((x - [0.0, 0.0, 0.0]) / 0.1) ** 2).sum(-1))
    (field,) = fitted.solution.field.networks().values()
    assert isinstance(field, Refined)
    haunted = replace(fitted.solution, field=field.plus(grid.quasi_interpolant(ghost)))
    haunted = replace(fitted, solution=haunted)
    centre = fitted.centre[None]  # the middle of the hole of the torus
    assert haunted(centre) < 0 < fitted(centre)
    assert abs(redistanced(haunted)(centre) - fitted(centre)) < 0.05


def test_signs_are_those_of_the_field_even_where_the_mesh_is_folded():
    """A mesh has wrong signs in a cone over each fold: here, everywhere."""
    sphere = extract(lambda x: x.norm(dim=1) - 0.5, [-1] * 3, [1] * 3)
    folded = Mesh(sphere.vertices, sphere.faces[:, ::-1])
    dropped = sphere.transformed(0.2, 0.8)
    x = np.random.default_rng(0).uniform(-1, 1, (3000, 3))
    truth = np.linalg.norm(x, axis=1) - 0.5
    field = np.minimum(truth, np.linalg.norm(x - 0.8, axis=1) - 0.1)
    assert (np.sign(field) != np.sign(truth)).any()
    signs = _Truth(folded, dropped)._signs(x, field)
    np.testing.assert_array_equal(np.sign(signs), np.sign(truth))


def test_cubics_are_reproduced():
    grid = Grid(np.array([1.0, 0.7, 0.5]), 0.21)
    cubic = lambda x: 1 + x[..., 0] ** 3 - x[..., 1] ** 2 * x[..., 2] + x[..., 2]  # noqa: E731
    nodes = grid.nodes(np.ones(grid.shape, dtype=bool))
    splines = grid.quasi_interpolant(cubic(nodes).reshape(grid.shape))
    x = np.random.default_rng(0).uniform(-0.29, 0.29, (500, 3))  # two cells from all ends
    values = splines(torch.from_numpy(x).float()).double().numpy()
    assert np.abs(values - cubic(x)).max() < 1e-5


def test_sums_on_one_grid_stay_on_one_grid():
    rng = torch.Generator().manual_seed(0)
    one, two, other = (
        Splines((-1.0,) * 3, cell, torch.rand((n,) * 3, generator=rng))
        for cell, n in ((0.5, 7), (0.5, 7), (0.25, 11))
    )
    field = Refined(Siren(3, width=4, depth=1, dtype=torch.float32), [one, other])
    more = field.plus(two)
    assert [grid.cell for grid in more.grids] == [0.5, 0.25]
    assert len(Refined(field.network, [other]).plus(one).grids) == 2
    x = 2 * torch.rand((50, 3), generator=rng) - 1
    assert torch.allclose(more(x), field(x) + two(x), atol=1e-5)
