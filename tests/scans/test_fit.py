"""Signed distance functions from point clouds."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from siren_pde import Budget, PointCloud, Siren, Sobol, solve
from siren_pde.errors import DataFileError
from siren_pde.meshes.metrics import point_triangle_distance
from siren_pde.optimisers.adam import Adam
from siren_pde.scans import Eikonal
from siren_pde.scans.fit import FAST_STEPS, fit_sdf
from siren_pde.scans.oriented_cloud import OrientedCloud
from siren_pde.scans.samples import jittered
from siren_pde.solving.stages import Stages
from tests.typed import module_at


def sphere(n: int = 4000, radius: float = 25.0, centre: float = 1e4):
    """A sphere far from the origin, in the user's millimetres."""
    rng = np.random.default_rng(0)
    normals = rng.standard_normal((n, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return centre + radius * normals, normals


def test_pseudo_distances_are_distances():
    x, normals = sphere(centre=0.0, radius=1.0)
    cloud = OrientedCloud(x, normals)
    rng = np.random.default_rng(1)
    query = rng.uniform(-1.5, 1.5, (5000, 3))
    truth = np.linalg.norm(query, axis=1) - 1
    found = cloud.distance(query)
    # the nearest of points `spacing` apart is farther than the surface by spacing²/2d at most,
    # and planes replace it below four spacings, where they err by the curvature they neglect
    assert np.abs(found - truth).max() < 2 * cloud.spacing
    near = np.abs(truth) < cloud.spacing
    assert np.abs(found - truth)[near].max() < 0.2 * cloud.spacing
    assert (np.sign(found) == np.sign(truth))[np.abs(truth) > 0.1 * cloud.spacing].all()


def test_heights_above_points_are_distances():
    x, normals = sphere(centre=0.0, radius=1.0)
    cloud = OrientedCloud(x, normals)
    rng = np.random.default_rng(4)
    heights = 0.05 * rng.standard_normal(3000)
    above, found = cloud.along_normals(rng.integers(len(x), size=3000), heights)
    # exact on a sphere, where the nearest point of the cloud is the one below
    assert np.abs(found - (np.linalg.norm(above, axis=1) - 1)).max() < 1e-12


def test_samples_fill_the_box_evenly():
    half = np.array([1.0, 0.5, 0.25])
    x = jittered(half, 4000, np.random.default_rng(0))
    assert len(x) >= 4000 and (np.abs(x) <= half).all()
    octants = np.bincount((x > 0) @ [1, 2, 4], minlength=8) / len(x)
    assert np.abs(octants - 1 / 8).max() < 0.02


def test_the_winding_number_tells_inside_from_outside():
    x, normals = sphere(centre=0.0, radius=1.0)
    cloud = OrientedCloud(x, normals)
    rng = np.random.default_rng(3)
    query = rng.uniform(-2, 2, (2000, 3))
    radius = np.linalg.norm(query, axis=1)
    apart = np.abs(radius - 1) > 0.2  # two clusters away
    expected = (radius < 1).astype(float)
    # areas are estimated from neighbours, to a few per cent
    assert np.abs(cloud.winding_number(query) - expected)[apart].max() < 0.15


OPTIONS: dict[str, Any] = {"seconds": None, "steps": 500, "width": 32, "depth": 2, "frequency": 8.0}


@pytest.fixture(scope="module")
def cloud():
    x, normals = sphere()
    return PointCloud(x, normals=normals)


@pytest.fixture(scope="module")
def fitted(cloud):
    return fit_sdf(cloud, **OPTIONS)


@pytest.fixture(scope="module")
def terms():
    """What was last seen of the fit."""
    return {}


@pytest.fixture(scope="module")
def network(cloud, terms):
    """A fit that is not refined."""
    see = lambda report: terms.update(report.terms())  # noqa: E731
    return fit_sdf(cloud, refine=False, callbacks=[see], **OPTIONS)


@pytest.mark.slow
def test_fits_tell_how_far_the_points_are_from_the_surface(network, terms):
    x, _ = sphere()
    nearest = point_triangle_distance(x, network.mesh(96)).mean()
    assert 0.01 < nearest < 0.2
    assert list(terms) == ["distance", "surface", "points to surface"]
    # every second point, to first order, and a mesh of finite cells
    assert terms["points to surface"] == pytest.approx(nearest, rel=0.1)


def off(found, n=3000):
    """Errors (n,) of a fit in the box, in millimetres."""
    query = 1e4 + np.random.default_rng(2).uniform(-28, 28, (n, 3))
    return found(query) - (np.linalg.norm(query - 1e4, axis=1) - 25)


@pytest.mark.slow
def test_refining_takes_most_of_what_the_network_leaves_over(network, fitted, cloud):
    before, after = np.abs(network(cloud.positions)).mean(), np.abs(fitted(cloud.positions)).mean()
    assert after < before / 20
    assert np.sqrt(np.mean(off(fitted) ** 2)) < np.sqrt(np.mean(off(network) ** 2)) / 2


@pytest.mark.slow
def test_a_sphere_becomes_a_distance_and_a_mesh_in_the_users_units(fitted):
    # a small network after 500 steps and 4,000 points: to a hundredth of the radius
    assert np.sqrt(np.mean(off(fitted) ** 2)) < 0.25
    mesh = fitted.mesh(48)
    assert (mesh.is_watertight, mesh.components, mesh.genus) == (True, 1, 0)
    radii = np.linalg.norm(mesh.vertices - 1e4, axis=1)
    assert np.abs(radii - 25).mean() < 0.2
    outward = np.einsum("nd,nd->n", fitted.normals(mesh.vertices), mesh.vertices - 1e4) / radii
    assert outward.mean() > 0.99


@pytest.mark.slow
def test_regularised_fits_are_not_refined_and_noisy_clouds_are():
    x, normals = sphere(n=6000, radius=1.0, centre=0.0)
    clean = PointCloud(x, normals=normals)
    noisy = PointCloud(x + 0.02 * np.random.default_rng(1).standard_normal(x.shape))

    def refined(cloud, **options):
        stages = Stages()
        fit_sdf(cloud, seconds=None, steps=2, width=8, depth=1, stages=stages, **options)
        return "refining" in stages.seconds

    assert refined(clean) and refined(PointCloud(x))
    assert refined(noisy)
    assert not refined(clean, regularisers=[Eikonal()])


@pytest.mark.slow
def test_fast_fits_take_few_steps_of_a_small_network(cloud):
    stages = Stages()
    fast = fit_sdf(cloud, seconds=None, fast=True, stages=stages)
    assert list(stages.seconds) == ["preparing", "sampling", "training", "refining"]
    assert fast.solution.history.steps[-1] <= FAST_STEPS
    # 4000 points on a sphere of radius 25
    assert np.abs(fast(cloud.positions)).mean() < 1e-3 * 25


def test_clouds_without_a_surface_are_refused():
    for points in (np.zeros((3, 3)), np.ones((50, 3))):
        with pytest.raises(DataFileError, match="at least four different points"):
            fit_sdf(PointCloud(points), seconds=1)


@pytest.mark.slow
def test_the_eikonal_problem_of_the_problem_file_trains():
    path = Path(__file__).parents[2] / "problems" / "sdf_from_points.py"
    module = module_at(path, "sdf_from_points")
    x, normals = sphere(n=300, radius=1.0, centre=0.0)
    problem = module.sdf_from_points(PointCloud(x, normals=normals))
    solution = solve(
        problem,
        Siren(3, width=32, depth=2),
        Adam(rate=5e-3, batch=512),
        quadrature=Sobol(512),
        budget=Budget(steps=300),
        quiet=True,
    )
    assert abs(float(solution([0.0, 0.0, 1.0]))) < 0.1
    assert float(solution([0.0, 0.0, 0.0])) < -0.5
