"""Rounded factors: what products lose by them, where they are refused, and what training loses."""

from functools import cache

import numpy as np
import pytest
import torch

from siren_pde import (
    Adam,
    Box,
    Budget,
    PointCloud,
    Problem,
    Siren,
    Sobol,
    Vector,
    fit_sdf,
    grad,
    lap,
    on,
    solve,
)
from siren_pde.collocation.objective import objective_of
from siren_pde.errors import ConfigError
from siren_pde.images import photograph
from siren_pde.numerics import precision as precisions
from siren_pde.numerics.precision import full_products, product, products_in, products_of
from tests.elsewhere import elsewhere

DIGITS = {"tf32": 11, "bf16": 8}
"""Binary digits of a factor; it is off by half a unit of the last one at most."""
WORSE = 1.1
"""By what factor the loss may be larger at the end: measured, it is within 1 % either way."""
cube = Box(x=(-1, 1), y=(-1, 1), z=(-1, 1))


@on(cube)
def value(p, u):
    return u - p.x * p.y


@on(cube)
def slopes(p, u):
    return Vector([u, *grad(u)])


@on(cube)
def curved(p, u):
    return lap(u) - 1


def network(**options):
    return Siren(3, width=24, frequency=5.0, **{"depth": 3, "dtype": torch.float32, **options})


def gradient(condition, precision, device="cpu", **options):
    objective = objective_of(Problem(condition), network(device=device, **options), rule=Sobol(256))
    with products_in(precision):
        return objective.loss_and_gradient(objective.parameters)[1].cpu()


@pytest.mark.parametrize("precision", DIGITS)
def test_factors_have_so_many_digits_and_sums_all_of_them(precision):
    a, b = (torch.randn(s, generator=torch.Generator().manual_seed(0)) for s in ((9, 40), (40, 7)))
    with products_in(precision):
        rounded, many, more = (
            product(a, b),
            products_of(a[None], b[None])[0],
            product(a, b, added=a[0, :7]),
        )
    unit = 2.0 ** -DIGITS[precision]
    off = (rounded - a @ b).abs()
    assert torch.equal(rounded, many) and torch.equal(more, rounded + a[0, :7])
    assert (
        off <= 2.1 * unit * (a.abs() @ b.abs())
    ).all()  # each factor by half a unit, and rounding
    assert off.max() > unit / 16  # and they are rounded
    ones = torch.ones((1, 3000))  # in as few digits, their sum would stand still
    with products_in(precision):
        assert product(ones, ones.T) == 3000
    assert torch.equal(product(a, b), a @ b)


@pytest.mark.parametrize("precision", DIGITS)
@pytest.mark.parametrize("condition", [value, slopes], ids=lambda c: c.name)
def test_a_gradient_is_off_by_as_many_digits(condition, precision):
    exact, rounded = (gradient(condition, p) for p in ("float32", precision))
    off = float((rounded - exact).norm() / exact.norm())
    unit = 2.0 ** -DIGITS[precision]
    assert unit / 50 < off < 4 * unit, (off, unit)


@pytest.mark.parametrize("condition", [value, slopes], ids=lambda c: c.name)
def test_where_there_is_no_hidden_layer_nothing_is_rounded(condition):
    assert torch.equal(*(gradient(condition, p, depth=1) for p in ("float32", "bf16")))


@pytest.mark.parametrize("precision", DIGITS)
@pytest.mark.parametrize("condition", [value, slopes], ids=lambda c: c.name)
def test_a_device_that_multiplies_halves_gives_the_same(condition, precision, monkeypatch):
    """Where a GPU multiplies rounded factors itself, they are not rounded here."""
    here = gradient(condition, precision)
    if precision == "bf16":
        monkeypatch.setattr(precisions, "HALVES", ("meta",))
    with elsewhere() as device:
        there = gradient(condition, precision, device)
    assert torch.equal(here, there)


def test_what_rounding_would_spoil_is_refused():
    budget = Budget(steps=1)
    with pytest.raises(ConfigError, match="derivatives of order 2: rounding would spoil them"):
        solve(Problem(curved), network(), Adam(precision="bf16"), budget=budget, quiet=True)
    with pytest.raises(ConfigError, match=r"these are in torch.float64. Leave out `precision`"):
        method = Adam(precision="tf32")
        solve(Problem(slopes), network(), method, budget=budget, quiet=True, dtype=torch.float64)
    with pytest.raises(ConfigError, match="no precision 'fp8' of products"):
        Adam(precision="fp8")  # type: ignore[arg-type]


def test_a_solve_has_full_products_whatever_is_set_elsewhere():
    """Rounding is asked for by a method, and not by a setting that least squares would feel."""
    matmul = torch.backends.cuda.matmul
    seen = []
    matmul.allow_tf32 = True
    try:
        solve(
            Problem(slopes), network(), Adam(batch=8), budget=Budget(steps=1), quiet=True,
            estimate="none", callbacks=[lambda _: seen.append(matmul.allow_tf32)],
        )  # fmt: skip
        assert seen and not any(seen) and matmul.allow_tf32
        with full_products():
            assert not matmul.allow_tf32
    finally:
        matmul.allow_tf32 = False


@cache
def image_loss(precision):
    """Of a photograph after a few steps of a deep network."""
    image = photograph(64)

    @on(PointCloud(image.pixels, axes=("x", "y"), level=image.values.ravel()))
    def grey(p, u):
        return u - p.level

    field = Siren(2, width=48, depth=4, frequency=30.0, hidden_frequency=30.0)
    method, budget = Adam(rate=5e-4, batch=512, precision=precision), Budget(steps=80)
    solution = solve(Problem(grey), field, method, budget=budget, quiet=True, estimate="none")
    return solution.history.losses[-1]


@cache
def scan_loss(precision):
    """Of a surface after a few steps, before splines."""
    x = np.random.default_rng(1).normal(size=(2000, 3))
    x /= np.linalg.norm(x, axis=1)[:, None]
    axes = np.array([1.0, 0.7, 0.5])
    cloud = PointCloud(x * axes, normals=x / axes)
    options = {"steps": 60, "seconds": None, "refine": False, "width": 48, "precision": precision}
    return fit_sdf(cloud, **options).solution.history.losses[-1]


@pytest.mark.slow
@pytest.mark.parametrize("precision", DIGITS)
@pytest.mark.parametrize("loss", [image_loss, scan_loss])
def test_images_and_scans_are_fitted_as_well(loss, precision):
    exact, rounded = loss("float32"), loss(precision)
    assert exact != rounded < WORSE * exact
