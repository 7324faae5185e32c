"""Spectral elements are exact for polynomials, converge, and multipoles meet their equation."""

from pathlib import Path

import numpy as np
import pytest

from tests.typed import module_at

ROOT = Path(__file__).parents[1]
elements = module_at(ROOT / "benchmarks" / "elements.py", "elements")
tools = module_at(ROOT / "tools" / "references.py", "reference_tools")
holes, spheres = tools.recipe("poisson2d_cg"), tools.recipe("poisson3d_cg")

numbers = np.random.default_rng(2)


def points_of(line):
    """The points of a line once each."""
    return line.scatter @ line.split / line.scatter.sum(1)


def test_lines_interpolate_integrate_and_differentiate_polynomials_exactly():
    line = elements.Line([0, 0.5, 2], 7)
    u, x = points_of(line) ** 7, np.linspace(0, 2, 9)
    assert np.allclose(line.interpolation(x) @ u, x**7, rtol=1e-11, atol=1e-11)
    assert np.allclose(line.interpolation(x, slopes=True) @ u, 7 * x**6, rtol=1e-10, atol=1e-10)
    assert line.mass @ u == pytest.approx(2**8 / 8, rel=1e-12)
    assert u @ line.stiffness @ u == pytest.approx(49 * 2**13 / 13, rel=1e-12)


def test_products_of_lines_converge_spectrally():
    errors = []
    for degree in (4, 8, 12):
        line = elements.Line([0, 0.4, 1], degree)
        x, y = np.meshgrid(line.split, line.split, indexing="ij")
        exact = np.cos(np.pi * x) * np.cos(2 * np.pi * y)  # no slope at the ends
        load = elements.applied([line.scatter * line.weights] * 2, 5 * np.pi**2 * exact + exact)
        modes = [line.modes(np.diag(line.mass)), line.modes()]  # one times u besides
        u = elements.applied([line.interpolation(line.split)] * 2, elements.solved(modes, load))
        errors.append(np.abs(u - exact).max())
    assert errors[1] < 1e-3 * errors[0] and errors[2] < 1e-8


def laplacian(function, points, axes, step=1e-3):
    """Second differences of a function of points (n, …) along the axes, summed."""
    around = sum(function(points + step * e) + function(points - step * e) for e in axes)
    return (around - 2 * len(axes) * function(points)) / step**2


def test_multipoles_meet_their_equation_and_go_on_smoothly():
    ball = spheres.Multipoles(np.array([0.4, 0.3, 0.6]), 0.2, 3)
    ways = numbers.standard_normal((6, 3))
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    far = ball.centre + 0.35 * ways
    left = laplacian(ball.values, far, np.eye(3)) - ball.kappa**2 * ball.values(far)
    assert np.abs(left).max() < 1e-3 * np.abs(ball.values(far)).max() * ball.kappa**2
    near = ball.centre + 0.2 * ways
    inside, outside = (ball.values(near + s * 1e-3 * ways, continued=True) for s in (-1, 1))
    middle, slope = ball.values(near), ball.slopes(near, ways)
    assert np.allclose((inside + outside) / 2, middle, atol=1e-2)
    assert np.allclose((outside - inside) / 2e-3, slope, rtol=1e-2, atol=1e-2)


def test_waves_around_holes_meet_their_equation():
    z = np.array([0.1 + 0.2j, -0.3 + 0.75j, 0.85 - 0.9j])
    source = 10 * (17 + np.abs(z) ** 2) * np.sin(np.pi * z.real) * np.sin(4 * np.pi * z.imag)
    left = 64 * holes.particular(z) - laplacian(holes.particular, z, (1, 1j))
    assert np.allclose(left, source, atol=1e-2)

    def basis(z):
        return holes.basis(z, 2)

    assert np.allclose(laplacian(basis, z, (1, 1j)), 64 * basis(z), atol=0.1)
