"""Open surfaces: noticed, fitted with signs beside them, and meshed as far as their points go."""

import warnings
from typing import Any

import numpy as np
import pytest

from siren_pde import Ball, Implicit, PointCloud, fit_sdf, load, save
from siren_pde.errors import DomainError, InputWarning
from siren_pde.meshes.metrics import point_triangle_distance, surface_errors
from siren_pde.scans.inspection import inspect
from siren_pde.scans.normals import estimate_normals
from siren_pde.scans.one_sided import one_sided
from siren_pde.scans.open_surfaces import with_rim
from siren_pde.scans.oriented_cloud import OrientedCloud
from siren_pde.scans.planes import bend, heights
from siren_pde.scans.rim import ends_of
from siren_pde.scans.signed_distance import SignedDistance
from siren_pde.scans.trim import trimmed
from tests.open_shapes import SHAPES

POINTS = 4000
TUBE = 2.0
"""Length of a tube of radius ½."""


def ball(count=POINTS, seed=0):
    x = np.random.default_rng(seed).standard_normal((count, 3))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def noticed(x, normals=None, *, is_open=None):
    """The cloud of points, with a rim if it is open; what is noticed is said."""
    scan = PointCloud(x, normals=normals)
    normals = estimate_normals(x) if normals is None else normals
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        cloud = with_rim(OrientedCloud(x, np.asarray(normals)), scan, is_open=is_open, seed=0)
    assert bool(said) == (is_open is None and cloud.rim is not None)
    assert all("--open no" in str(each.message) for each in said)
    return cloud


@pytest.mark.parametrize("given", [True, False], ids=["normals", "none"])
@pytest.mark.parametrize("name", SHAPES)
def test_open_surfaces_are_noticed_and_their_sides_counted(name, given):
    shape = SHAPES[name]
    x, normals = shape.sample(POINTS)
    cloud = noticed(x, normals if given else None)
    assert cloud.rim is not None
    assert cloud.has_sides == shape.has_sides


def test_closed_surfaces_with_holes_are_closed():
    x = ball()
    holes = [x[:, 2] < 0.9, np.abs(x[:, 0]) < 0.95, (x[:, :2] ** 2).sum(1) > 0.1]
    for kept in ([], holes[:1], holes[1:]):
        y = x[np.logical_and.reduce([np.ones(len(x), dtype=bool), *kept])]
        assert noticed(y, y).rim is None and noticed(y).rim is None
        assert noticed(y, y, is_open=True).rim is not None
    x, normals = SHAPES["terrain"].sample(POINTS)
    assert noticed(x, normals, is_open=False).rim is None


def test_edges_of_a_thin_plate_are_no_ends():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (8000, 3)) * [1, 1, 0.03]
    axis = rng.choice(3, len(x), p=[0.03, 0.03, 0.94])  # of the face that a point is on
    normals = np.sign(x) * np.eye(3)[axis]
    x = np.where(normals != 0, normals * [1, 1, 0.03], x)
    assert noticed(x, normals).rim is None


def room():
    """Points of the walls of a cube with a door, and the normals that a scanner within it gives."""
    rng, walls, normals = np.random.default_rng(0), [], []
    for axis in range(3):
        for side in (0.0, 1.0):
            x = rng.random((1500, 3))
            x[:, axis] = side
            walls.append(x)
            normals.append(np.tile((1 - 2 * side) * np.eye(3)[axis], (1500, 1)))
    x, inwards = np.concatenate(walls), np.concatenate(normals)
    door = (x[:, 1] == 0) & (np.abs(x[:, 0] - 0.4) < 0.2) & (x[:, 2] < 0.6)
    return x, inwards, door


def test_a_room_is_open_at_its_door():
    x, inwards, door = room()
    assert noticed(x[~door], inwards[~door]).rim is not None
    assert noticed(x[~door], -inwards[~door]).rim is None  # a body, with a hole in its scan
    assert noticed(x, inwards).rim is None


@pytest.mark.filterwarnings("ignore:all normals lead", "ignore:the points are those of an open")
@pytest.mark.parametrize("orientation", ["auto", "inward"])
def test_a_room_is_seen_from_inside_and_a_body_is_not(orientation):
    """As they are fitted: cleaned first, which takes inward normals for those of a body."""
    x, inwards, door = room()
    cloud = PointCloud(x[~door], normals=inwards[~door])
    fitted = fit_sdf(cloud, seconds=None, steps=1, width=8, refine=False, orientation=orientation)
    assert fitted.is_open is (orientation == "auto")
    side = np.einsum("nd,nd->n", fitted.cloud.normals, fitted.cloud.positions)
    assert (side < 0).mean() == pytest.approx(1.0 if fitted.is_open else 0.0, abs=0.01)


def test_ends_point_outwards():
    x, _ = SHAPES["half-sphere"].sample(POINTS)
    outward, bounded = ends_of(x)
    at_end = np.abs(outward).sum(1) > 0
    near = (x[:, 2] < 0.12) & at_end
    assert near.sum() > 0.9 * at_end.sum()
    assert at_end[x[:, 2] < 0.01].mean() > 0.9
    assert (outward[near, 2] < -0.7).mean() > 0.95
    assert bounded.max() == pytest.approx(np.pi, rel=0.1)  # the opening is a disc of radius 1


def test_normals_of_terrain_point_upwards_and_flips_are_mended():
    x, normals = SHAPES["terrain"].sample(POINTS)
    assert (noticed(x).normals[:, 2] > 0).mean() > 0.999
    mixed = normals * np.where(np.random.default_rng(0).random(len(x)) < 0.2, -1, 1)[:, None]
    agreeing = np.einsum("nd,nd->n", noticed(x, mixed).normals, normals)
    assert (agreeing > 0).all()


def test_given_normals_that_agree_are_believed():
    """Of two sheets that look at each other, and of a shape that is said to be open."""
    x = np.random.default_rng(0).random((POINTS, 3)) * [1, 1, 0.5]
    x[:, 2] = np.where(x[:, 2] > 0.25, 0.5, 0.0)
    normals = np.array([0.0, 0.0, 1.0]) * np.where(x[:, 2:] > 0, -1, 1)
    np.testing.assert_array_equal(noticed(x, normals).normals, normals)
    closed = noticed(ball(), -ball(), is_open=True)
    assert closed.has_sides
    np.testing.assert_array_equal(closed.normals, -ball())


def test_pseudo_distances_have_signs_beside_a_sheet_and_none_past_its_end():
    x, normals = SHAPES["half-sphere"].sample(POINTS)
    cloud = noticed(x, normals)
    rng = np.random.default_rng(1)
    query = rng.uniform(-1.5, 1.5, (4000, 3))
    radius = np.linalg.norm(query, axis=1)
    beside = (query[:, 2] > 0.1) & (radius > 0.2)
    off = cloud.distance(query)[beside] - (radius[beside] - 1)
    assert np.abs(off).max() < 2 * cloud.spacing
    below = (query[:, 2] < -0.5) & (np.abs(radius - 1) < 0.3)
    assert np.isnan(cloud.distance(query)[below]).mean() > 0.5
    assert cloud.past_end(query[below]).all() and cloud.past_end(query[beside]).mean() < 0.01
    # right past the end it goes on straight: as a cylinder
    angle = rng.uniform(0, 2 * np.pi, 500)
    out = np.stack([1.02 * np.cos(angle), 1.02 * np.sin(angle), np.full(500, -0.03)], 1)
    assert np.median(np.abs(cloud.distance(out) - 0.02)) < 0.002


def test_heights_above_a_sphere_are_right_up_to_a_sign():
    x = ball()
    flipped = x * np.where(np.random.default_rng(0).random(len(x)) < 0.5, -1, 1)[:, None]
    cloud = OrientedCloud(x, flipped)
    direction = ball(300, seed=5)
    height, normal = heights(cloud, 1.02 * direction)
    assert np.abs(np.abs(height) - 0.02).mean() < 2e-4
    assert np.abs(np.einsum("nd,nd->n", normal, direction)).min() > 0.998
    assert np.median(np.abs(bend(cloud, direction))) == pytest.approx(1, rel=0.03)


@pytest.mark.parametrize("name", SHAPES)
def test_sheets_are_meshed_as_far_as_their_points_go(name):
    """Also those that have two sides: cube by cube, all have."""
    shape = SHAPES[name]
    x, normals = shape.sample(POINTS)
    middle = (x.max(0) + x.min(0)) / 2
    scale = 0.8 / np.abs(x - middle).max()
    cloud = noticed(scale * (x - middle), normals)
    half = np.abs(cloud.positions).max(0) + 0.2
    mesh = trimmed(one_sided(cloud, half, 64), cloud, 2 * half.max() / 64)
    assert (mesh.boundary_loops, mesh.components) == (shape.loops, 1)
    truth = shape.mesh(150).transformed(scale, -scale * middle)
    off = surface_errors(mesh, truth, samples=3000)
    assert off.chamfer < 5e-4 * truth.diagonal
    assert mesh.area == pytest.approx(truth.area, rel=0.03)
    # of Poisson points, one circle in five hundred of three median spacings is empty
    far = cloud.near(mesh.sample(5000)[0], 1)[0] > 3 * cloud.spacing
    assert far.mean() < 0.006


OPTIONS: dict[str, Any] = {"seconds": None, "steps": 200, "width": 48, "depth": 2}


@pytest.fixture(scope="module")
def tube():
    """A tube along z, open at both ends, in millimetres."""
    rng = np.random.default_rng(0)
    angle, z = rng.uniform(0, 2 * np.pi, POINTS), rng.uniform(0, TUBE, POINTS)
    normals = np.stack([np.cos(angle), np.sin(angle), 0 * z], 1)
    return PointCloud(100 * (normals / 2 + z[:, None] * [0, 0, 1]), normals=normals)


@pytest.fixture(scope="module")
def fitted(tube):
    with pytest.warns(InputWarning, match="open surface"):
        return fit_sdf(tube, **OPTIONS)


def test_a_tube_becomes_an_open_mesh(fitted):
    mesh = fitted.mesh(64)
    assert fitted.is_open and not mesh.is_watertight
    assert (mesh.boundary_loops, mesh.components) == (2, 1)
    x = mesh.sample(3000)[0]
    assert np.abs(np.linalg.norm(x[:, :2], axis=1) - 50).mean() < 0.3
    assert x[:, 2].min() > -3 and x[:, 2].max() < 203
    assert mesh.area == pytest.approx(200 * 100 * np.pi, rel=0.02)


def test_what_is_said_of_an_open_surface_is_said_beside_it(fitted):
    mesh = fitted.mesh(64)
    said = inspect(fitted, mesh, fitted.zero_set(64), samples=2000)
    assert said.boundary_loops == 2 and said.far_share == 0
    assert said.own_rmse_band < 1 and said.eikonal_band < 0.1
    past, beside = [[0.0, 0.0, 260.0], [60.0, 0.0, -30.0]], [[0.0, 30.0, 100.0], [60, 0, 100]]
    assert not fitted.is_known(past).any() and fitted.is_known(beside).all()
    assert np.sign(fitted(beside)).tolist() == [-1, 1]


def test_saved_surfaces_are_as_open(fitted, tmp_path):
    save(fitted, tmp_path / "tube.h5")
    again = load(tmp_path / "tube.h5")
    assert isinstance(again, SignedDistance) and again.is_open and again.cloud.has_sides
    mesh, before = again.mesh(48), fitted.mesh(48)
    assert mesh.boundary_loops == 2 and mesh.area == pytest.approx(before.area, rel=1e-4)


def test_an_open_surface_is_no_domain(fitted):
    with pytest.raises(DomainError, match="open, and has no inside"):
        _ = Implicit(fitted).measure
    with pytest.raises(DomainError, match="open, and has no inside"):
        _ = (Implicit(fitted) & Ball(x=0, y=0, z=0)).bounds


def test_a_tube_can_be_closed(tube, fitted):
    closed = fit_sdf(tube, is_open=False, **OPTIONS)
    assert not closed.is_open and closed.is_known([[0.0, 0.0, 260.0]]).all()
    assert closed.mesh(48).is_watertight


def test_a_band_with_one_side_has_a_distance_without_sign(tmp_path):
    shape = SHAPES["Möbius band"]
    x, normals = shape.sample(POINTS)
    with pytest.warns(InputWarning, match="open surface"):
        band = fit_sdf(PointCloud(x, normals=normals), **OPTIONS)
    save(band, tmp_path / "band.h5")
    again = load(tmp_path / "band.h5")
    assert isinstance(again, SignedDistance) and not again.cloud.has_sides
    mesh = again.mesh(64)
    assert (mesh.boundary_loops, mesh.components, mesh.is_watertight) == (1, 1, False)
    far = np.random.default_rng(0).uniform(-1, 1, (500, 3)) * [1.5, 1.5, 0.6]
    off = again(far) - point_triangle_distance(far, shape.mesh(100))
    assert np.sqrt(np.mean(off**2)) < 0.05
    agreement = np.einsum("nd,nd->n", again.normals(mesh.vertices), mesh.vertex_normals)
    assert np.median(np.abs(agreement)) > 0.99
