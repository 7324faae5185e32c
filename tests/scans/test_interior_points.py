"""Points with body on both sides, of bodies that touch or overlap."""

import numpy as np
import pytest

from siren_pde import Ball, Box, Sobol
from siren_pde.scans.interior_points import interior, winding_beside
from siren_pde.scans.oriented_cloud import OrientedCloud


def cloud(*bodies, n=8000):
    seen = [Sobol(n)(body.boundary, seed=i) for i, body in enumerate(bodies)]
    positions, normals = (
        np.concatenate([getattr(p, name).numpy() for p in seen])
        for name in ("positions", "normals")
    )
    return OrientedCloud(positions, normals)


@pytest.mark.slow
def test_the_winding_number_jumps_by_one_across_a_ball():
    ball = cloud(Ball(x=0, y=0, z=0, radius=1))
    before, behind = (winding_beside(ball, side * 2 * ball.spacing) for side in (1, -1))
    assert np.abs(before).mean() < 0.1
    assert np.abs(behind - 1).mean() < 0.1


def test_winding_numbers_of_some_points_are_those_of_all():
    body = cloud(Box(x=(0, 1), y=(0, 1), z=(0, 0.3)), n=2000)
    whole = winding_beside(body, body.spacing)
    few = body.positions[:, 0] < 0.2
    part = winding_beside(body, body.spacing, few)
    assert np.array_equal(part[few], whole[few]) and (part[body.positions[:, 0] > 0.5] == 0).all()


def test_what_has_a_point_within_reach_has_its_nearest_one_there():
    body = cloud(Ball(x=0, y=0, z=0, radius=1), n=500)
    x = np.random.default_rng(0).uniform(-2, 2, (1000, 3))
    assert np.array_equal(body.has_within(x, 0.4), body.near(x, 1)[0][:, 0] < 0.4)


@pytest.mark.parametrize(
    "body", [Ball(x=0, y=0, z=0, radius=1), Box(x=(0, 1), y=(0, 1), z=(0, 0.06))]
)
def test_nothing_of_one_body_is_interior(body):
    assert not interior(cloud(body)).any()


@pytest.mark.slow
def test_two_boxes_are_interior_where_they_touch():
    c = cloud(Box(x=(0, 1), y=(0, 1), z=(0, 1)), Box(x=(1.001, 2), y=(0, 1), z=(0, 1)))
    x, y, z = c.positions.T
    inner = (np.abs(np.stack([y, z]) - 0.5) < 0.5 - 4 * c.spacing).all(0)
    slit = np.abs(x - 1) < 2e-3
    inside = interior(c)
    assert inside[slit & inner].mean() > 0.99
    assert not inside[~slit].any()


@pytest.mark.slow
def test_balls_are_interior_within_each_other():
    c = cloud(Ball(x=0, y=0, z=0, radius=1), Ball(x=1, y=0, z=0, radius=1))
    centres = np.array([[0.0, 0, 0], [1.0, 0, 0]])
    depth = 1 - np.linalg.norm(c.positions[:, None] - centres, axis=2).min(1)
    inside = interior(c)
    assert inside[depth > 3 * c.spacing].mean() > 0.99
    assert not inside[depth < 1e-9].any()
