"""Splines on a grid are what SciPy says, and what a network leaves over goes into them."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy.interpolate import NdBSpline

from siren_pde import PointCloud, Siren, fit_sdf
from siren_pde.calculus.derivatives import Laplace
from siren_pde.errors import ConfigError
from siren_pde.fields.derived.refined import Refined
from siren_pde.fields.derived.splines import Splines
from siren_pde.fields.engine.plan import Plan
from siren_pde.scans.oriented_cloud import OrientedCloud
from siren_pde.scans.refine import noise_ratio, refined
from siren_pde.scans.samples import training_samples
from tests.told import told
from tests.typed import loaded

LOW, CELL = (-1.0, 0.5), 0.25


def splines(seed=0, shape=(11, 8)):
    generator = torch.Generator().manual_seed(seed)
    return Splines(LOW, CELL, torch.randn(shape, dtype=torch.float64, generator=generator))


def points(n=200, beyond=0.0):
    generator = torch.Generator().manual_seed(1)
    unit = torch.rand(n, 2, dtype=torch.float64, generator=generator)
    low, size = torch.tensor(LOW), CELL * (torch.tensor([11, 8]) - 3)
    return low + size * ((1 + 2 * beyond) * unit - beyond)


def oracle(s):
    knots = [
        low + s.cell * np.arange(-3, m + 1)
        for low, m in zip(s.low, s.coefficients.shape, strict=True)
    ]
    return NdBSpline(tuple(knots), s.coefficients.numpy(), 3)


ORDERS = [(), (0,), (1,), (0, 0), (0, 1), (1, 1), (0, 1, 1), (0, 0, 0)]


@pytest.mark.parametrize("alpha", ORDERS)
def test_derivatives_of_splines_are_those_of_scipy(alpha):
    s, x, plan = splines(), points(), Plan.closing({alpha})
    found = plan.part(s.channels(x, plan), alpha)
    expected = oracle(s)(x.numpy(), nu=(alpha.count(0), alpha.count(1)))
    assert np.abs(found.numpy() - expected).max() < 1e-11 * max(np.abs(expected).max(), 1)


def test_laplacians_are_sums_and_fourth_derivatives_are_zero():
    s, x = splines(), points()
    alone, parts = Plan.closing({Laplace((0, 1))}), Plan.closing({(0, 0), (1, 1)})
    expected = parts.part(s.channels(x, parts), Laplace((0, 1)))
    assert torch.equal(alone.part(s.channels(x, alone), Laplace((0, 1))), expected)
    fourth = Plan.closing({(0, 0, 0, 0)})
    assert not fourth.part(s.channels(x, fourth), (0, 0, 0, 0)).any()


def test_values_are_coefficients_times_weights():
    s, x = splines(), points()
    numbers, weights = s.rows(x)
    expected = (s.coefficients.flatten()[numbers] * weights).sum(1)
    assert torch.allclose(s(x), expected, rtol=0, atol=1e-13)
    assert torch.allclose(weights.sum(1), torch.ones(len(x), dtype=x.dtype))


def test_beyond_the_grid_splines_stay_what_they_are_at_its_edge():
    s, x = splines(), points(beyond=0.5)
    low = torch.tensor(LOW, dtype=x.dtype)
    edge = torch.maximum(low, torch.minimum(x, low + CELL * (torch.tensor([11, 8]) - 3)))
    assert (x != edge).any(1).sum() > 50
    assert torch.equal(s(x), s(edge))
    plan = Plan.closing({(0,)})
    slope = plan.part(s.channels(x, plan), (0,))
    assert not slope[x[:, 0] != edge[:, 0]].any()


def test_refining_needs_one_output():
    with pytest.raises(ConfigError, match="one output"):
        Refined(Siren(2, 3), [splines()])


def test_refined_fields_come_back_from_files(tmp_path):
    network = Siren(2, width=6, frequency=2.0, centre=(0.0, 0.0))
    field = Refined(network, [splines(), splines(1, (5, 6))])
    solution = told(field)
    solution.save(tmp_path / "u.h5")
    x = points(beyond=0.2).to(next(network.parameters()).dtype)
    assert torch.equal(loaded(tmp_path / "u.h5")(x), solution(x))


RADIUS = 1 / 1.2
"""Of a sphere in the coordinates of its fit."""


def ball(n):
    rng = np.random.default_rng(0)
    normals = rng.standard_normal((n, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return OrientedCloud(RADIUS * normals, normals)


def errors(field, n=20_000):
    """The largest within 0.1 of the surface, and the root mean square in the box."""
    x = np.random.default_rng(5).uniform(-1, 1, (n, 3))
    truth = np.linalg.norm(x, axis=1) - RADIUS
    with torch.no_grad():
        off = np.abs(field(torch.from_numpy(x).float()).double().numpy() - truth)
    return off[np.abs(truth) < 0.1].max(), np.sqrt(np.mean(off**2))


@pytest.fixture(scope="module")
def plain():
    """A small network after little training."""
    x, normals = ball(4000).positions, ball(4000).normals
    options: dict[str, Any] = {"steps": 1000, "width": 24, "depth": 2, "frequency": 8.0}
    found = fit_sdf(PointCloud(x, normals=normals), seconds=None, refine=False, **options)
    return found.solution.field


@pytest.fixture(scope="module")
def sphere(plain):
    cloud, half = ball(4000), np.ones(3)
    return refined(plain, cloud, half, *training_samples(cloud, half, 0), seed=0)


@pytest.mark.slow
def test_what_a_network_leaves_over_becomes_splines(plain, sphere):
    before, after = errors(plain), errors(sphere)
    assert before[0] > 0.02 and after[0] < before[0] / 10
    assert before[1] > 0.02 and after[1] < before[1] / 4


@pytest.mark.slow
def test_refining_changes_no_parameter_and_knows_the_precision(plain, sphere):
    ours, theirs = sphere.state_dict(), plain.state_dict()
    assert all(torch.equal(ours[f"network.{name}"], value) for name, value in theirs.items())
    assert [q.shape for q in sphere.parameters()] == [q.shape for q in plain.parameters()]
    assert all(grid.coefficients.dtype == torch.float32 for grid in sphere.grids)


@pytest.mark.slow
def test_sparse_clouds_get_coarse_grids(plain, sphere):
    cloud, half = ball(300), np.ones(3)
    few = refined(plain, cloud, half, *training_samples(cloud, half, 0), seed=0)
    assert 2 * cloud.spacing <= few.grids[1].cell < 3 * cloud.spacing
    assert sphere.grids[1].cell < few.grids[1].cell < few.grids[0].cell


@pytest.mark.parametrize("ratio", [0.0, 0.25, 4.0])
def test_noise_is_told_from_what_neighbours_have_in_common(ratio):
    cloud, rng = ball(20_000), np.random.default_rng(7)
    signal = np.sin(3 * cloud.positions[:, 0]) * np.cos(2 * cloud.positions[:, 1])
    noise = np.sqrt(ratio * np.mean(signal**2)) * rng.standard_normal(len(signal))
    assert noise_ratio(cloud, signal + noise) == pytest.approx(ratio, rel=0.15, abs=1e-3)


def test_nothing_left_over_has_no_noise():
    assert noise_ratio(ball(300), np.zeros(300)) == 0
    corners = np.array([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    assert np.isfinite(noise_ratio(OrientedCloud(corners, corners), np.arange(4.0)))


@pytest.mark.slow
def test_splines_do_not_follow_noise(plain, sphere):
    clean, half = ball(4000), np.ones(3)
    rough = 0.01 * np.random.default_rng(8).standard_normal((4000, 1)) * clean.normals
    cloud = OrientedCloud(clean.positions + rough, clean.normals)
    found = refined(plain, cloud, half, *training_samples(cloud, half, 0), seed=0)
    on = torch.from_numpy(clean.positions).float()
    with torch.no_grad():
        off = {name: float(f(on).std()) for name, f in (("clean", sphere), ("rough", found))}
    # splines of fixed trust are at 0.006
    assert off["clean"] < 0.001 and off["rough"] < 0.004


@pytest.mark.slow
def test_labels_on_the_other_side_are_not_believed(plain, sphere):
    cloud, half = ball(4000), np.ones(3)
    x, d = training_samples(cloud, half, 0)
    wrong = np.random.default_rng(3).choice(len(d), len(d) // 20, replace=False)
    wrong = np.append(wrong, np.flatnonzero(np.linalg.norm(x - [0.4, 0, 0], axis=1) < 0.1))
    d[wrong] = -d[wrong]
    found = refined(plain, cloud, half, x, d, seed=0)
    assert errors(found)[0] < 2 * errors(sphere)[0]
    assert errors(found)[1] < 2 * errors(sphere)[1]


@pytest.mark.slow
def test_single_wrong_labels_are_outvoted(plain, sphere):
    cloud, half = ball(4000), np.ones(3)
    x, d = training_samples(cloud, half, 0)
    wrong = np.random.default_rng(3).choice(len(d), len(d) // 200, replace=False)
    d[wrong] += 0.1 * np.sign(d[wrong])
    assert errors(refined(plain, cloud, half, x, d, seed=0))[0] < 6 * errors(sphere)[0]
