"""What is read off a fitted distance function agrees with finite differences and with the jets."""

import dataclasses

import numpy as np
import pytest
import torch

from siren_pde import Siren, div, grad, lap, load, norm, save
from siren_pde.calculus.points import Points
from siren_pde.errors import StorageError
from siren_pde.meshes.marching_cubes import extract
from siren_pde.meshes.mesh import Mesh
from siren_pde.plots.page import write_page
from siren_pde.scans.oriented_cloud import OrientedCloud
from siren_pde.scans.signed_distance import SignedDistance
from siren_pde.solving.solution import Solution
from tests.told import told

CENTRE, SCALE = np.array([100.0, -20.0, 3.0]), 7.0


@pytest.fixture(scope="module")
def distance() -> SignedDistance:
    """Any network in any frame; it need not be a distance for these laws."""
    field = Siren(3, width=16, depth=2, frequency=2.0, centre=(0.0, 0.0, 0.0), hidden_frequency=3.0)
    field = field.double()
    cloud = OrientedCloud(np.eye(3), np.eye(3))
    return SignedDistance(told(field, ("x", "y", "z")), CENTRE, SCALE, np.ones(3), cloud)


@pytest.fixture(scope="module")
def x() -> np.ndarray:
    return CENTRE + SCALE * np.random.default_rng(0).uniform(-1, 1, (50, 3))


def difference(function, x, h=1e-3):
    """Central differences along each axis, (n, 3, ...)."""
    return np.stack([(function(x + h * e) - function(x - h * e)) / (2 * h) for e in np.eye(3)], 1)


def test_derivatives_are_in_the_users_units(distance, x):
    # central differences err by h²/6 times third derivatives of size 1/scale²: below 1e-7
    np.testing.assert_allclose(distance.gradient(x), difference(distance, x), atol=1e-6)
    slopes = difference(distance.normals, x)
    mean = np.trace(slopes, axis1=1, axis2=2) / 2
    np.testing.assert_allclose(distance.curvature(x), mean, atol=1e-5)


def test_the_jet_is_the_function(distance, x):
    p = Points(("x", "y", "z"), torch.from_numpy(x), torch.full((50,), 0.02, dtype=torch.float64))
    u = distance.jet(p)
    np.testing.assert_allclose(u.value, distance(x), rtol=1e-12)
    found = torch.stack([g.value for g in grad(u)], 1)
    np.testing.assert_allclose(found, distance.gradient(x), rtol=1e-12, atol=1e-12)
    mean = div(grad(u) / norm(grad(u))) / 2
    np.testing.assert_allclose(mean.value, distance.curvature(x), rtol=1e-9, atol=1e-12)
    traced = sum(d.part((i,)) for i, d in enumerate(grad(distance.jet(p))))
    np.testing.assert_allclose(lap(u).value, traced, rtol=1e-9, atol=1e-12)


def test_a_file_gives_the_function_back(distance, x, tmp_path):
    save(distance, tmp_path / "scan.h5")
    again = load(tmp_path / "scan.h5")
    assert isinstance(again, SignedDistance)
    np.testing.assert_array_equal(again(x), distance(x))
    np.testing.assert_array_equal(again.curvature(x), distance.curvature(x))
    np.testing.assert_array_equal(again.cloud.positions, distance.cloud.positions)
    save(distance.solution, tmp_path / "solution.h5")
    assert isinstance(load(tmp_path / "solution.h5"), Solution)
    with pytest.raises(StorageError, match="none"):
        load(tmp_path / "none.h5")


def ball(centre, radius, cells=40):
    """The mesh of a sphere (inner coordinates), in the user's units."""
    centre = torch.tensor(centre, dtype=torch.float32)
    low, high = (centre - 1.2 * radius).tolist(), (centre + 1.2 * radius).tolist()
    found = extract(lambda x: (x - centre).norm(dim=1) - radius, low, high, resolution=cells)
    return found.transformed(SCALE, CENTRE)


def test_pieces_without_points_and_dust_are_left_out(distance):
    body, small, unsupported = (
        ball((0, 0, 0), 0.4),
        ball((0.5, 0, 0), 0.02),
        ball((-0.8, 0, 0), 0.1),
    )
    scan = np.concatenate([body.vertices, small.vertices])
    cloud = OrientedCloud((scan - CENTRE) / SCALE, np.zeros_like(scan))
    found = dataclasses.replace(distance, cloud=cloud)
    parts, start = [], 0
    for mesh in (body, small, unsupported):
        parts.append(mesh.faces + start)
        start += len(mesh.vertices)
    vertices = np.concatenate([mesh.vertices for mesh in (body, small, unsupported)])
    every = Mesh(vertices, np.concatenate(parts))
    assert every.components == 3
    fine, coarse = found.without_unsupported(every, 256), found.without_unsupported(every, 64)
    assert fine.area == pytest.approx(body.area + small.area)  # a radius of 2.6 cells
    assert coarse.area == pytest.approx(body.area)  # of 0.6


def test_a_page_takes_the_normals_that_are_known(distance, tmp_path):
    mesh = extract(lambda x: x.norm(dim=1) - 0.5, [-1] * 3, [1] * 3, resolution=8)
    mesh = mesh.transformed(SCALE, CENTRE)
    known = distance.normals(mesh.vertices)
    for name, normals in (("own", None), ("known", known), ("other", -known)):
        write_page(tmp_path / name, distance, mesh, {}, title="a", normals=normals)
    own, same, other = ((tmp_path / name).read_bytes() for name in ("own", "known", "other"))
    assert own == same != other
