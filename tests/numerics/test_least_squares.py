"""Least squares against LAPACK, for matrices of every condition, and its parts for themselves."""

import pytest
import scipy.linalg
import torch

from siren_pde.numerics import least_squares as module
from siren_pde.numerics.least_squares import (
    Factor,
    NormalEquations,
    add_gram,
    damped_solutions,
    least_squares,
    shifted_cholesky,
)
from tests.typed import known

EPS = torch.finfo(torch.float64).eps


def normal(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def conditioned(rows, columns, exponent):
    """A matrix with singular values 1 … 10^−exponent, and a right-hand side."""
    left = torch.linalg.qr(normal(rows, columns, seed=1)).Q
    right = torch.linalg.qr(normal(columns, columns, seed=2)).Q
    values = torch.logspace(0, -exponent, columns, dtype=torch.float64)
    return left @ torch.diag(values) @ right.T, normal(rows, seed=3)


@pytest.mark.parametrize("exponent", [0, 2, 4, 6])
def test_solutions_are_those_of_lapack(exponent):
    a, b = conditioned(60, 12, exponent)
    expected, *_ = scipy.linalg.lstsq(a.numpy(), b.numpy())
    expected = torch.from_numpy(expected)
    # The condition enters twice, since b is not in the range of A (Björck, 1996, § 1.4).
    bound = 100 * EPS * 10 ** (2 * exponent) * expected.norm()
    for x in (least_squares(a.clone(), b).x, Factor.of(a.clone()).solve(b)):
        assert (x - expected).norm() <= bound
    fit = least_squares(a.clone(), b)
    residual = (a @ expected - b).norm() / b.norm()
    assert fit.relative_residual == pytest.approx(float(residual), rel=1e-10)


@pytest.mark.parametrize("exponent", [12, 16, 20])
def test_residuals_of_ill_conditioned_systems_are_as_small_as_lapacks(exponent):
    a, _ = conditioned(60, 12, exponent)
    b = a @ normal(12, seed=4)
    fit = least_squares(a.clone(), b)
    assert fit.relative_residual < 1e-13
    assert fit.x.norm() < 10 * normal(12, seed=4).norm()


def test_columns_without_entries_have_no_part():
    a, b = conditioned(20, 4, 1)
    a[:, 2] = 0.0
    x = least_squares(a.clone(), b).x
    expected, *_ = scipy.linalg.lstsq(a.numpy(), b.numpy())
    assert torch.allclose(x, torch.from_numpy(expected), atol=1e-13)
    assert x[2] == 0


def test_the_gram_matrix_has_its_lower_triangle_filled(monkeypatch):
    monkeypatch.setattr(module, "PANEL", 3)
    a = normal(9, 7)
    gram = torch.zeros(7, 7, dtype=torch.float64)
    add_gram(gram, a)
    assert torch.allclose(gram.tril(), (a.T @ a).tril(), atol=1e-14)
    assert torch.equal(gram[:3, 3:], torch.zeros(3, 4, dtype=torch.float64))


@pytest.mark.parametrize("shape", [(9, 5), (5, 9), (7, 7), (300, 520), (520, 300)])
def test_the_predicted_decrease_is_the_linear_models(shape):
    r, j = normal(shape[0], seed=5), normal(*shape, seed=6)
    system = NormalEquations.of(r, j)
    step, decrease = known(system.step(0.3))
    damping = 0.3 * system.mean_diagonal
    expected = torch.linalg.solve(
        j.T @ j + damping * torch.eye(shape[1], dtype=torch.float64), -j.T @ r
    )
    assert torch.allclose(step, expected, atol=1e-12)
    assert decrease == pytest.approx(float(r @ r - (r + j @ step).square().sum()), rel=1e-10)


@pytest.mark.parametrize("rank", [3, 6])
def test_least_squares_reveals_rank(rank):
    generator = torch.Generator().manual_seed(2)
    left = torch.randn(20, rank, generator=generator, dtype=torch.float64)
    right = torch.randn(rank, 6, generator=generator, dtype=torch.float64)
    scales = torch.tensor([1e-8, 1e-4, 1.0, 1e3, 1e6, 1e9], dtype=torch.float64)
    a = (left @ right) * scales
    x = torch.ones(6, dtype=torch.float64) / scales
    fit = least_squares(a.clone(), a @ x, tolerance=1e-13)
    assert fit.relative_residual < 1e-12
    assert (fit.x * scales).norm() <= x.mul(scales).norm() * (1 + 1e-9)  # the shortest, scaled


def test_what_columns_do_not_determine_stays_small():
    """Sixty waves of a band where sixteen are independent: the fit is exact, its norm moderate."""
    x = torch.linspace(-1, 1, 100, dtype=torch.float64)
    phase = torch.linspace(0, 6, 60, dtype=torch.float64)
    a = torch.sin(x[:, None] * torch.linspace(-3, 3, 60, dtype=torch.float64) + phase.sin() * 3)
    b = torch.exp(x) * torch.cos(2 * x)
    fit = least_squares(a.clone(), b)
    assert fit.relative_residual < 1e-12
    assert fit.x.norm() < 1e4


def test_beyond_orthogonal_steps_the_normal_equations_are_refined(monkeypatch):
    generator = torch.Generator().manual_seed(3)
    left = torch.linalg.qr(torch.randn(60, 8, generator=generator, dtype=torch.float64)).Q
    right = torch.linalg.qr(torch.randn(8, 8, generator=generator, dtype=torch.float64)).Q
    a = left @ torch.diag(torch.logspace(0, -6, 8, dtype=torch.float64)) @ right.T
    b = torch.randn(60, generator=generator, dtype=torch.float64)
    exact = least_squares(a.clone(), b)
    monkeypatch.setattr(module, "ORTHOGONAL", 4)
    normal = least_squares(a.clone(), b)
    assert (a @ (normal.x - exact.x)).norm() < 1e-8 * b.norm()  # condition 1e6, squared 1e12


def test_a_shift_makes_a_semidefinite_gram_matrix_definite():
    gram = torch.ones(3, 3, dtype=torch.float64)
    assert shifted_cholesky(gram, -1.0) is None
    factor = known(shifted_cholesky(gram, 0.5))
    assert torch.allclose(factor @ factor.T, gram + 0.5 * torch.eye(3, dtype=torch.float64))


def test_a_factor_leaves_what_its_columns_cannot_make():
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(30, k, generator=generator, dtype=torch.float64) for k in (6, 2))
    left = Factor.of(a.clone()).left(b)
    expected = least_squares(a.clone(), b[:, 0]).x
    assert torch.allclose(left[:, 0], b[:, 0] - a @ expected, atol=1e-13)
    assert (a.T @ left).abs().max() < 1e-12


@pytest.mark.parametrize("rows", [30, 60])
def test_damped_solutions_are_those_of_least_squares(rows):
    """Also for a matrix whose last columns nearly repeat the first."""
    generator = torch.Generator().manual_seed(rows)
    a = torch.randn((rows, 20), generator=generator, dtype=torch.float64)
    a[:, 15:] = a[:, :5] + 1e-4 * a[:, 15:]
    b = torch.randn((rows,), generator=generator, dtype=torch.float64)
    tolerances = (0.0, 1e-12, 1e-6, 1e-2)
    for tolerance, x in zip(tolerances, damped_solutions(a.clone(), b, tolerances), strict=True):
        whole = least_squares(a.clone(), b, tolerance=tolerance or None).x
        assert torch.allclose(a @ x, a @ whole, rtol=1e-6, atol=1e-7)
        assert float((a @ x - b).norm()) == pytest.approx(float((a @ whole - b).norm()), rel=1e-9)
