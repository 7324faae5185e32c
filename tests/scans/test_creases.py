"""Beside creases, noisy points and meshes of them are on one face each; round edges stay round."""

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree

from siren_pde.meshes.marching_cubes import extract
from siren_pde.meshes.metrics import point_triangle_distance
from siren_pde.scans import sharp_mesh
from siren_pde.scans.creases import sharpened
from siren_pde.scans.denoise import denoised
from siren_pde.scans.oriented_cloud import OrientedCloud
from tests.oriented_shapes import box, sphere, torus
from tests.prisms import Prism, circle, rectangle

N, NOISE = 20_000, 0.02
HALF = np.array([1.0, 0.7, 0.5])
BOX = Prism((rectangle((0, 0), (1.0, 0.7)),), 0.5)
HEXAGON = np.stack([np.cos(np.arange(6) * np.pi / 3), np.sin(np.arange(6) * np.pi / 3)], 1)
CHAMFERED = [[-1, -0.8], [0.8, -0.8], [1, -0.6], [1, -0.1], [0, -0.1], [-0.2, 0.1], [-0.2, 0.8]]
HELD_OUT = {
    "nut": Prism((HEXAGON, circle((0, 0), 0.5)), 0.3),
    "chamfered bracket": Prism((np.array([*CHAMFERED, [-1, 0.8]]),), 0.3),
}


def smoothed(x, normals):
    """What smoothing makes of points (n, 3): sunk at edges, with the mean normals of neighbours."""
    mean = normals[cKDTree(x).query(x, k=48)[1]].mean(1)
    sunk = 0.5 * NOISE * (1 - np.linalg.norm(mean, axis=1, keepdims=True)) / 0.3
    mean /= np.linalg.norm(mean, axis=1, keepdims=True)
    return x - sunk * mean, mean


def rounded_box(radius, rng):
    """Points of a box with round edges, and their normals."""
    x, _ = box(N, rng, tuple(HALF))
    inner = np.clip(x, radius - HALF, HALF - radius)
    normals = (x - inner) / np.linalg.norm(x - inner, axis=1, keepdims=True)
    return inner + radius * normals, normals


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_edges_and_grooves_are_sharp_again(sign):
    rng = np.random.default_rng(0)
    true, own = box(N, rng, tuple(HALF))
    x, blurred = smoothed(true, own)
    noisy = true + NOISE * rng.standard_normal(x.shape)
    assert np.nanmean(BOX.widened(x, blurred, NOISE)) > 40
    again, normals = sharpened(noisy, x, sign * blurred)
    assert np.nanmax(np.abs(BOX.widened(again, sign * normals, NOISE))) < 1
    assert np.abs(BOX.distance(again)).mean() < 0.2 * np.abs(BOX.distance(x)).mean()


@pytest.mark.parametrize("maker", [sphere, torus])
def test_what_is_round_stays_as_it_is(maker):
    rng = np.random.default_rng(0)
    x, normals = maker(N, rng)
    again, turned = sharpened(x + NOISE * rng.standard_normal(x.shape), x, normals)
    assert (again == x).all(1).mean() > 0.99
    assert (turned == normals).all(1).mean() > 0.99


def test_round_edges_hardly_change():
    """Their radius is fifteen deviations of the noise, and as large as what is looked at."""
    rng = np.random.default_rng(0)
    x, normals = rounded_box(0.3, rng)
    again, turned = sharpened(x + NOISE * rng.standard_normal(x.shape), x, normals)
    assert (again == x).all(1).mean() > 0.85
    assert np.linalg.norm(again - x, axis=1).mean() < 0.05 * NOISE
    assert np.degrees(np.arccos(np.clip((turned * normals).sum(1), -1, 1))).mean() < 1.5


def round_mesh(power=16):
    """A box of soft edges."""
    half = torch.from_numpy(HALF).float()

    def field(x):
        return (x / half).norm(p=power, dim=1) - 1

    return extract(field, [-1.2] * 3, [1.2] * 3, resolution=96)


def test_meshes_get_the_creases_that_points_have():
    cloud = OrientedCloud(*box(N, np.random.default_rng(0), tuple(HALF)), noise=np.full(N, 0.01))
    mesh, creases = round_mesh(), BOX.creases(NOISE)
    sharp = sharp_mesh.sharpened(mesh, cloud)
    assert sharp.is_watertight and (sharp.genus, sharp.components) == (0, 1)
    assert sharp.volume > 0
    before = point_triangle_distance(creases.positions, mesh).mean()
    assert point_triangle_distance(creases.positions, sharp).mean() < 0.05 * before
    widened = np.abs(BOX.widened(*sharp.sample(100_000, 0), NOISE))
    assert np.nanmean(widened) < 1


def test_meshes_of_round_points_stay_round():
    rng = np.random.default_rng(0)
    x, normals = rounded_box(0.3, rng)
    mesh = round_mesh(4)
    same = sharp_mesh.sharpened(mesh, OrientedCloud(x, normals, noise=np.full(N, 0.002)))
    assert (same.vertices == mesh.vertices).all(1).mean() > 0.9


@pytest.mark.slow
@pytest.mark.parametrize("name", HELD_OUT)
def test_smoothing_keeps_faces_apart(name):
    """Beside each crease, the angle between both sides is as wide as it is."""
    shape = HELD_OUT[name]
    x, _ = shape.sample(60_000)
    level = 0.005 * np.ptp(x, axis=0).max()
    smooth = denoised(x + level * np.random.default_rng(1).standard_normal(x.shape))
    assert smooth.normals is not None
    assert np.nanmean(np.abs(shape.widened(smooth.positions, smooth.normals, level))) < 6
