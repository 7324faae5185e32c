"""What a distance obeys, in jets and against autograd, and fits that are asked to obey it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from siren_pde import Box, PointCloud, Schedule, Sobol, sqrt
from siren_pde.calculus.jets import Data
from siren_pde.collocation.expression import Expression, stacked
from siren_pde.collocation.residual import evaluate
from siren_pde.fields.siren import Siren
from siren_pde.scans.fit import fit_sdf
from siren_pde.scans.regularisers import (
    SMOOTH,
    Area,
    Eikonal,
    Heat,
    SingularHessian,
    Viscosity,
    robust,
)
from tests.strategies import ALL_REGULARISERS
from tests.typed import values


@pytest.mark.parametrize("scale", [0.1, 1.0])
def test_the_robust_residual_squares_to_a_smoothed_absolute_value(scale):
    e = torch.linspace(-3, 3, 61, dtype=torch.float64)
    expected = 2 * ((e**2 + scale**2).sqrt() - scale)
    r = values(robust(Data(e, "e"), scale))
    assert torch.allclose(r**2, expected, atol=1e-14)
    assert torch.equal(torch.sign(r), torch.sign(e))


def plane(p):
    return (2 * p.x - p.y + 2 * p.z) / 3 - 0.1


def sphere(p):
    return sqrt(p.x**2 + p.y**2 + p.z**2) - 0.5


def points():
    box = Box(x=(0.1, 1), y=(0.1, 1), z=(-1, 1))
    return Sobol(256)(box, seed=0, dtype=torch.float64)


def halved(r):
    """What the loss takes the mean of, from a residual (n, m)."""
    return r.square().sum(1) / 2


@pytest.mark.parametrize("shape", [plane, sphere])
def test_distances_obey(shape):
    p = points()
    phi = shape(p)
    d = phi.value.abs()
    zero = torch.zeros_like(d)
    bent = 2 / torch.linalg.vector_norm(p.positions, dim=1) if shape is sphere else zero
    smoothed = ((0.1 * bent) ** 2 + SMOOTH**2).sqrt() - SMOOTH
    expected = {
        Eikonal(): zero,
        SingularHessian(): zero,
        Viscosity(epsilon=0.1): smoothed,
        Heat(rate=4.0): torch.exp(-8 * d),
        Area(sharpness=9.0): torch.exp(-9 * d),
    }
    for regulariser, terms in expected.items():
        r = stacked("regulariser", regulariser(p, phi), p)
        assert torch.allclose(halved(r), terms, rtol=1e-10, atol=1e-14), regulariser


@pytest.mark.parametrize("regulariser", ALL_REGULARISERS)
def test_regularisers_equal_their_formulas_by_autograd(regulariser):
    field, p = Siren(3, width=16, depth=2, frequency=2.0, seed=3), points()

    def at(x):
        u = field(x[None])[0]
        g = torch.func.grad(lambda y: field(y[None])[0])(x)
        h = torch.func.hessian(lambda y: field(y[None])[0])(x)
        return u, g, h

    u, g, h = torch.func.vmap(at)(p.positions)
    length, size = torch.linalg.vector_norm(g, dim=1), u.abs()
    smooth = lambda e: (e**2 + SMOOTH**2).sqrt() - SMOOTH  # noqa: E731
    expected: dict[type, Callable[[], torch.Tensor]] = {
        Eikonal: lambda: smooth(length - 1),
        Viscosity: lambda: smooth(length - 1 - 1e-2 * h.diagonal(0, 1, 2).sum(1)),
        Heat: lambda: torch.exp(-30 * size) * (length**2 + 1) / 2,
        SingularHessian: lambda: smooth(torch.linalg.det(h)),
        Area: lambda: torch.exp(-100 * size),
    }
    r = evaluate(field, Expression.of(regulariser), p)
    assert torch.allclose(halved(r), expected[type(regulariser)](), rtol=1e-9, atol=1e-14)


def fitted_sphere(**options):
    normals = np.random.default_rng(0).standard_normal((1000, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    cloud = PointCloud(7 + 3 * normals, normals=normals)
    size: dict[str, Any] = {"steps": 200, "width": 24, "depth": 2, "frequency": 8.0}
    return fit_sdf(cloud, seconds=None, refine=False, **size, **options)


@pytest.fixture(scope="module")
def free():
    """A fit that nothing regularises."""
    return fitted_sphere()


@pytest.mark.slow
@pytest.mark.parametrize("regulariser", ALL_REGULARISERS)
def test_fits_that_obey_keep_their_surface(regulariser, free):
    seen, name = [], type(regulariser).__name__
    late = replace(regulariser, weight=Schedule((0.5, 0), (1, regulariser.weight)))
    see = lambda report: seen.append(report.terms()[name])  # noqa: E731
    fitted = fitted_sphere(regularisers=[late], callbacks=[see])
    mesh = fitted.mesh(32)
    assert (mesh.is_watertight, mesh.components, mesh.genus) == (True, 1, 0)
    assert np.abs(np.linalg.norm(mesh.vertices - 7, axis=1) - 3).mean() < 0.1
    p = Sobol(2048)(Box(x=(-1, 1), y=(-1, 1), z=(-1, 1)), dtype=torch.float32)
    with_it, without = (
        float(halved(evaluate(f.solution.field, Expression.of(regulariser), p)).mean())
        for f in (fitted, free)
    )
    assert with_it < without
    if not regulariser.near:  # its term is the weighted mean square, at other points of the box
        assert seen[-1] == pytest.approx(2 * regulariser.weight * with_it, rel=0.2)
