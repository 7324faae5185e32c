"""Normals that are given: right ones stay, whatever the shape; wrong ones are turned, and said."""

import warnings

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from siren_pde import PointCloud
from siren_pde.cli.app import app
from siren_pde.cli.options import Orientation
from siren_pde.errors import ConfigError, InputWarning
from siren_pde.scans.given_normals import ORIENTATIONS, checked
from siren_pde.scans.patches import Patches
from siren_pde.scans.prepare import cleaned
from siren_pde.scans.sheets import Links, disc_areas, nearest
from siren_pde.scans.trust import trust
from tests.oriented_shapes import (
    CLOSED,
    OPEN,
    bodies,
    box,
    directions,
    half_sphere,
    hollow,
    sphere,
    thin_plate,
    thinner_plate,
    torus,
    union,
)

Floats = NDArray[np.float64]
SOLID = [shape for shape in CLOSED if shape not in (hollow, CLOSED[6])]
"""Bodies without cavities: of those, normals inward could as well be of rooms."""


def cloud(shape, n=4000):
    return shape(n, np.random.default_rng(1))


def noisy(normals, level, rng):
    more = normals + level * rng.standard_normal(normals.shape)
    return more / np.linalg.norm(more, axis=1, keepdims=True)


def wrong(result: Floats, normals: Floats) -> float:
    return float(np.mean(np.einsum("nd,nd->n", result, normals) < 0))


@pytest.mark.parametrize("shape", [*CLOSED, *OPEN, thinner_plate])
def test_right_normals_stay_as_they_are(shape):
    points, normals = cloud(shape)
    result = checked(points, normals)
    np.testing.assert_array_equal(result.normals, normals)
    assert result.said == ()


@pytest.mark.parametrize("shape", [*CLOSED, *OPEN])
@pytest.mark.parametrize("n", [300, 1500])
def test_so_do_those_of_sparse_clouds(shape, n):
    points, normals = cloud(shape, n)
    np.testing.assert_array_equal(checked(points, normals).normals, normals)


@pytest.mark.parametrize("shape", [*CLOSED, *OPEN])
def test_noise_on_right_normals_turns_next_to_none(shape):
    """Fifteen degrees of it: a sign may be wrong to begin with."""
    points, normals = cloud(shape)
    given = noisy(normals, 0.2, np.random.default_rng(2))
    result = checked(points, given)
    assert np.mean(np.einsum("nd,nd->n", result.normals, given) < 0) < 1e-3


@pytest.mark.parametrize("shape", SOLID)
def test_normals_inward_are_turned_and_it_says_so(shape):
    points, normals = cloud(shape)
    result = checked(points, -normals)
    np.testing.assert_array_equal(result.normals, normals)
    (said,) = result.said
    assert "lead into the body" in said and 'orientation="given"' in said


@pytest.mark.parametrize("share", [0.02, 0.1, 0.2])
@pytest.mark.parametrize("shape", [*CLOSED, *OPEN])
def test_flipped_ones_are_turned_and_counted(shape, share):
    points, normals = cloud(shape)
    flipped = np.random.default_rng(3).random(len(points)) < share
    result = checked(points, np.where(flipped, -1, 1)[:, None] * normals)
    assert wrong(result.normals, normals) < 2e-3
    assert abs(int(result.said[0].split()[0]) - flipped.sum()) < 0.03 * flipped.sum() + 3


@pytest.mark.parametrize("shape", [*CLOSED, *OPEN])
def test_signs_without_order_are_found_anew(shape):
    points, normals = cloud(shape)
    signs = np.random.default_rng(4).choice([-1.0, 1.0], len(points))
    result = checked(points, signs[:, None] * normals)
    off = wrong(result.normals, normals)
    assert min(off, 1 - off) < 3e-3 if shape in OPEN else off < 3e-3
    assert "without order" in result.said[0]


@pytest.mark.parametrize("shape", [*SOLID, half_sphere])
def test_directions_that_mean_nothing_are_estimated(shape):
    points, normals = cloud(shape)
    result = checked(points, directions(len(points), np.random.default_rng(5)))
    assert wrong(result.normals, normals) < (0.04 if shape is thin_plate else 3e-3)
    assert "estimated instead" in result.said[0]


@pytest.mark.parametrize("share", [0.3, 0.4])
def test_an_open_surface_faces_where_most_of_its_normals_do(share):
    for shape in OPEN:
        points, normals = cloud(shape)
        for side in (1.0, -1.0):
            flipped = np.random.default_rng(6).random(len(points)) < share
            given = side * np.where(flipped, -1, 1)[:, None] * normals
            assert wrong(checked(points, given).normals, side * normals) < 3e-3


def test_one_of_several_bodies_is_turned_alone():
    parts = [
        (x + np.array([3.0 * k, 0, 0]), n)
        for k in range(3)
        for x, n in [sphere(1500, np.random.default_rng(k))]
    ]
    points, normals = union(*parts)
    given = normals.copy()
    given[1500:3000] *= -1
    result = checked(points, given)
    np.testing.assert_array_equal(result.normals, normals)
    assert "1500 of 4500" in result.said[0]


def test_a_block_that_faces_the_other_way_is_turned():
    """As where two scans are put together, and one has its normals inside."""
    points, normals = cloud(torus)
    block = points[:, 0] > 0.4
    result = checked(points, np.where(block, -1, 1)[:, None] * normals)
    assert wrong(result.normals, normals) == 0
    assert any(f"{block.sum()} of {len(points)}" in said for said in result.said)


@pytest.mark.parametrize("shape", OPEN)
def test_open_surfaces_stay_inward(shape):
    """A bowl, a room, a pit: which side is meant is not to be known."""
    points, normals = cloud(shape)
    result = checked(points, -normals)
    np.testing.assert_array_equal(result.normals, -normals)
    assert any("as in a room" in said for said in result.said) == (shape is half_sphere)


def room(n: int, furniture: bool, ceiling: bool = True) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(7)
    points, outward = box(n, rng, (2.0, 1.5, 1.2))
    kept = ceiling | (outward[:, 2] < 0.5)
    parts = [(points[kept], -outward[kept])]
    if furniture:
        parts.append(box(n // 8, rng, (0.3, 0.3, 0.3), (0.5, 0.2, -0.3)))
        parts.append(box(n // 16, rng, (0.2, 0.2, 0.4), (-0.9, -0.5, -0.2)))
    return union(*parts)


@pytest.mark.parametrize(("furniture", "ceiling"), [(True, True), (True, False), (False, False)])
def test_rooms_keep_their_normals_and_it_says_so(furniture, ceiling):
    points, normals = room(6000, furniture, ceiling)
    result = checked(points, normals)
    np.testing.assert_array_equal(result.normals, normals)
    (said,) = result.said
    assert "room" in said and 'orientation="inward"' in said


def test_an_orientation_that_is_given_overrules():
    points, normals = cloud(sphere)
    np.testing.assert_array_equal(checked(points, -normals, "given").normals, -normals)
    np.testing.assert_array_equal(checked(points, normals, "inward").normals, -normals)
    with pytest.raises(ConfigError, match=r"upwards.*auto, given, inward"):
        checked(points, normals, "upwards")  # type: ignore[arg-type]


@pytest.mark.parametrize("flips", [0.0, 0.1, 0.5, 1.0])
def test_results_follow_the_cloud_to_another_place(flips):
    """Turned, a thousand times as large, at 10⁷: the same normals, turned with it."""
    points, normals = cloud(torus)
    rng = np.random.default_rng(8)
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    given = np.where(rng.random(len(points)) < flips, -1, 1)[:, None] * normals
    here = checked(points, given)
    there = checked(1000 * points @ turn.T + 1e7, given @ turn.T)
    assert wrong(there.normals, here.normals @ turn.T) == 0
    np.testing.assert_allclose(there.trust, here.trust, atol=0.02)


def test_trust_is_whole_where_all_agrees_and_low_where_nothing_does():
    points, normals = cloud(torus)
    assert (checked(points, normals).trust > 0.99).all()
    flipped = np.random.default_rng(9).random(len(points)) < 0.1
    signed = np.where(flipped, -1, 1)[:, None] * normals
    near = nearest(points, 16)
    links = Links.between(points, signed, near)
    patches = Patches.of(points, signed, disc_areas(points, near), links)
    doubtful = trust(links, patches, np.ones(patches.count))
    assert ((doubtful >= 0) & (doubtful <= 1)).all()
    assert doubtful[flipped].mean() < 0.1 < 0.6 < doubtful[~flipped].mean()


def test_what_is_done_to_a_cloud_is_a_warning_of_it():
    points, normals = cloud(sphere)
    with pytest.warns(InputWarning, match="all normals lead into the body"):
        turned = cleaned(PointCloud(points, normals=-normals))
    np.testing.assert_allclose(turned.normals, normals, atol=1e-15)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cleaned(PointCloud(points, normals=-normals), orientation="given")
        cleaned(PointCloud(points, normals=normals))


def test_the_command_knows_orientations_before_it_reads(tmp_path):
    out = tmp_path / "mesh.ply"
    said = CliRunner().invoke(app, ["sdf", "no.xyz", "--out", str(out), "--orientation", "up"])
    assert said.exit_code == 2
    assert "--orientation" in said.stderr
    assert all(f"'{name}'" in said.stderr for name in ORIENTATIONS)


def test_the_command_and_the_function_have_the_same_orientations():
    assert tuple(Orientation) == ORIENTATIONS


def test_small_clouds_are_left_alone():
    points, normals = directions(6, np.random.default_rng(0)), np.eye(3)[[0, 1, 2, 0, 1, 2]]
    for n in (1, 3, 4, 6):
        assert checked(points[:n], normals[:n]).normals.shape == (n, 3)


def test_bodies_of_all_sizes_are_turned_together():
    points, normals = cloud(bodies, 1500)
    np.testing.assert_array_equal(checked(points, -normals).normals, normals)
