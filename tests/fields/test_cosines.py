"""Waves on a lattice agree with nested differentiation, and conjugate gradients find them."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy.fft import dctn, idctn

from siren_pde import Box, Problem, Sobol, cos, d, lap, on, pi, solve
from siren_pde.calculus.derivatives import Key, Laplace
from siren_pde.collocation.objective import objective_of, residual_and_jacobian
from siren_pde.errors import ConfigError
from siren_pde.extend import Spent
from siren_pde.fields.engine.plan import Plan
from siren_pde.images import ConjugateGradients, Cosines, photograph
from siren_pde.testing.networks import Nested
from tests.typed import loaded

DEMANDS: dict[str, list[Key]] = {
    "value": [()],
    "gradient": [(0,), (1,)],
    "Laplacian": [Laplace((0, 1))],
    "Hessian": [(0, 0), (0, 1), (1, 1)],
}
BOX: dict[str, Any] = {"low": (-1.0, 0.0), "high": (1.0, 3.0)}


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("name", DEMANDS)
@pytest.mark.parametrize("shared", [False, True])
def test_closed_form_equals_torch_func(name, shared):
    ours, plan, theta = Cosines((5, 4), **BOX), Plan.closing(DEMANDS[name]), draw(20)
    x = torch.cartesian_prod(draw(3), draw(2, seed=1)) if shared else draw(6, 2)
    at = ours.evaluate(theta, x, plan)
    theirs = Nested(ours).evaluate(theta, x, plan)
    seeds = torch.zeros(len(plan.keys), 6, 1, dtype=torch.float64)
    asked = list(plan.required)  # the waves need no other channels to carry these
    seeds[asked] = draw(len(asked), 6, 1)
    rows = ours.jacobian_rows(theta, at, seeds)
    expected = Nested(ours).jacobian_rows(theta, theirs, seeds)
    for a, b in (
        (at.channels[asked], theirs.channels[asked]),
        (rows, expected),
        (ours.vjp(theta, at, seeds), rows.sum(0)),
        ((seeds * ours.jvp(theta, at, theta)).sum((0, 2)), rows @ theta),
    ):
        assert (a - b).abs().max() <= 1e-11 * b.abs().max().clamp_min(1.0)  # rounding


@pytest.mark.parametrize("dims", [1, 3])
def test_any_number_of_coordinates(dims):
    ours, theta = Cosines((3,) * dims), draw(3**dims)
    ours.coefficients.data.copy_(theta)
    x = draw(7, dims)
    at = ours.evaluate(theta, x, Plan.closing([()]))
    assert torch.allclose(at.channels[0, :, 0], ours(x), atol=1e-12)


BAND = Box(x=(0, 1), y=(0, 2))


def exact(p):
    return cos(2 * pi * p.x) * cos(pi * p.y / 2) + 3


@on(BAND)
def screened(p, u):
    return lap(u) - u + (17 * pi**2 / 4 + 1) * (exact(p) - 3) + 3


def test_conjugate_gradients_find_waves_of_the_lattice_and_keep_them(tmp_path):
    solution = solve(
        Problem(screened, exact=exact), Cosines((8, 8)), ConjugateGradients(), quiet=True
    )
    assert solution.error() < 1e-5  # it stops at a gradient of 1e-6
    solution.save(tmp_path / "waves.h5")
    x = [[0.3, 0.4]]
    assert torch.equal(loaded(tmp_path / "waves.h5")(x), solution(x))


def test_conjugate_gradients_minimise_what_dense_least_squares_do():
    objective = objective_of(
        Problem(screened),
        Cosines((4, 4)).scaled_to(torch.zeros(2), torch.tensor([1.0, 2.0]), torch.ones(2)),
        rule=Sobol(64),
    )
    method = ConjugateGradients(tolerance=1e-12)
    at = method.start(objective)
    for _ in range(60):
        at = at if at.finished else method.step(at, Spent())
    r, j = residual_and_jacobian(objective, objective.parameters)
    best = torch.linalg.lstsq(j, -r[:, None]).solution[:, 0] + objective.parameters
    assert torch.allclose(at.theta, best, atol=1e-9)


def test_conjugate_gradients_refuse_what_is_not_affine():
    @on(BAND)
    def cubic(p, u):
        return u**3 + u - p.x

    with pytest.raises(ConfigError, match="affine in all parameters"):
        solve(Problem(cubic), Cosines((4, 4)), ConjugateGradients(), quiet=True)
    with pytest.raises(ConfigError, match="low < high"):
        Cosines((4, 4), low=(0, 1), high=(1, 1))


@pytest.mark.parametrize("power", [1, 2])
def test_a_photograph_is_its_cosine_transform_damped_as_differences_damp(power):
    """Least squares on pixels in closed form: differences damp each wave by sinc(k h / 2)."""
    n = 32
    image = photograph(n)

    @on(image.across)
    def across(p, u):
        return d(u, p.x) - p.slope

    @on(image.upwards)
    def upwards(p, u):
        return d(u, p.y) - p.slope

    @on(image.curvatures)
    def curved(p, u):
        return lap(u) - p.laplacian

    conditions = (across, upwards) if power == 1 else (curved,)
    field = Cosines((n, n), low=(-1, -1), high=(1, 1))
    problem = Problem(*conditions, truth=image.truth)
    solution = solve(problem, field, ConjugateGradients(tolerance=1e-8), quiet=True)
    k = np.arange(n)
    sinc = np.sinc(k / (2 * n)) ** power
    squares = k[:, None] ** 2 + k[None] ** 2
    squares[0, 0] = 1
    gain = (k[:, None] ** 2 * sinc[:, None] + k[None] ** 2 * sinc[None]) / squares
    expected = idctn(gain * dctn(image.values, norm="ortho"), norm="ortho")
    found = solution(image.pixels).numpy().reshape(n, n)
    assert np.abs(found - found.mean() - expected + expected.mean()).max() < 1e-6
    rmse = 10 ** (-image.psnr(solution) / 20) / np.sqrt(np.mean(image.values**2))
    assert solution.error() == pytest.approx(rmse, rel=1e-6)
