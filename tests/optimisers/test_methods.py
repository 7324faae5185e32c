"""Methods minimise objectives of any kind: here Rosenbrock's, linear ones, and exponentials."""

import itertools

import pytest
import torch

from siren_pde import (
    LBFGS,
    Adam,
    Auto,
    Box,
    Broyden,
    GaussNewton,
    LeastSquares,
    Problem,
    Schedule,
    Siren,
    cos,
    d,
    on,
    pi,
)
from siren_pde.extend import Spent
from siren_pde.images import ConjugateGradients, Cosines
from siren_pde.testing import check_method
from siren_pde.testing.residuals import PlainResiduals, rosenbrock
from tests.typed import known

METHODS = [GaussNewton(), LBFGS(), Broyden(), Adam(rate=0.05, final=0.5, fresh=False)]


def vector(*numbers):
    return torch.tensor(numbers, dtype=torch.float64)


def overdetermined(x):
    t = torch.linspace(0, 1, 12, dtype=x.dtype)
    return x[0] * torch.exp(-x[1] * t) - 2 * torch.exp(-3 * t)


def underdetermined(x):
    return torch.stack([x.sum() - 1, (x**2).sum() - 1])


@on(Box(x=(0, 1)))
def screened(p, u):
    return u - 0.01 * d(u, p.x, p.x) - cos(pi * p.x) - 1


PROBLEMS = {
    "Rosenbrock": (rosenbrock, vector(-1.2, 1.0)),
    "exponential fit": (overdetermined, vector(1.0, 1.0)),
    "fewer rows than columns": (underdetermined, vector(0.9, 0.4, 0.2, 0.1)),
}


@pytest.mark.parametrize("method", [*METHODS, Adam(), Auto()], ids=lambda m: m.name)
def test_methods_obey_their_laws(method):
    check_method(method)


def test_methods_for_some_fields_alone_obey_the_same_laws():
    check_method(LeastSquares(), field=Siren(1, width=10, depth=1))
    check_method(ConjugateGradients(), problem=Problem(screened), field=Cosines((8,)))


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
@pytest.mark.parametrize("name", PROBLEMS)
def test_every_method_solves_every_problem(method, name):
    function, start = PROBLEMS[name]
    at = method.start(PlainResiduals(function, start))
    steps = 3000 if isinstance(method, Adam) else 60
    for k in range(steps):
        if at.finished:
            break
        at = method.step(at, Spent(k / steps))
    final = 0.5 * function(at.theta).square().sum()
    # Adam's rate, not the problem, bounds how close it gets
    assert final < (1e-6 if isinstance(method, Adam) else 1e-16)


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
def test_an_iterate_stays_as_it_is_while_others_come_of_it(method):
    """So that one of before can still be written, or gone on from: all of its state."""
    at = method.start(PlainResiduals(rosenbrock, vector(-1.2, 1.0)))
    for _ in range(2):
        at = method.step(at, Spent())
    first = method.step(method.step(at, Spent()), Spent())
    again = method.step(method.step(at, Spent()), Spent())
    assert torch.equal(first.theta, again.theta) and not torch.equal(first.theta, at.theta)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_adam_steps_as_that_of_torch(dtype):
    start = vector(-1.2, 1.0).to(dtype)
    method = Adam(rate=0.05, final=1.0, fresh=False)
    at = method.start(PlainResiduals(rosenbrock, start))
    live = start.clone().requires_grad_()
    tiny = 1e-8 if dtype == torch.float32 else 1e-12
    optimiser = torch.optim.Adam([live], lr=0.05, betas=(0.9, 0.999), eps=tiny)
    for _ in range(50):
        at = method.step(at, Spent())
        optimiser.zero_grad()
        (0.5 * rosenbrock(live).square().sum()).backward()
        optimiser.step()
        torch.testing.assert_close(
            at.theta, live.detach(), rtol=200 * torch.finfo(dtype).eps, atol=0
        )


def test_adams_rate_follows_a_schedule():
    method = Adam(rate=Schedule((0, 0.2), (1, 0)), fresh=False)
    start = method.start(PlainResiduals(rosenbrock, vector(-1.2, 1.0)))
    # a first step is the rate, whatever the gradient
    for used, moved in ((0.0, 0.2), (0.25, 0.15), (1.0, 0.0)):
        step = method.step(start, Spent(used)).theta - start.theta
        assert torch.allclose(step.abs(), vector(moved, moved), atol=1e-6)


def test_adams_rate_settles():
    """Along a constant slope every step is the rate."""
    plain = PlainResiduals(lambda x: 1e3 + x, vector(0.0))
    at = (method := Adam(rate=Schedule((0, 1e-3)), fresh=False, settling=4)).start(plain)
    for k in range(1, 30):
        before, at = at, method.step(at, Spent())
        moved = float(before.theta - at.theta)
        assert moved == pytest.approx(1e-3 / (1 + k / 4) ** 0.5, rel=1e-3)


@pytest.mark.parametrize("rows", [3, 40])
def test_one_gauss_newton_step_solves_a_linear_problem(rows):
    generator = torch.Generator().manual_seed(1)
    a = torch.randn(rows, 8, generator=generator, dtype=torch.float64)
    b = torch.randn(rows, generator=generator, dtype=torch.float64)
    plain = PlainResiduals(lambda x: a @ x - b, torch.zeros(8, dtype=torch.float64))
    method = GaussNewton(shift=1e-12)
    at = method.step(method.start(plain), Spent())
    best = torch.linalg.lstsq(a, b[:, None]).solution[:, 0]
    assert torch.allclose(plain.residual(at.theta), plain.residual(best), atol=1e-8)


def test_gauss_newton_converges_faster_than_linearly():
    method = GaussNewton(refresh=0)
    losses: list[float] = []
    at = method.start(PlainResiduals(overdetermined, vector(1.9, 2.8)))
    while not at.finished and len(losses) < 40:
        at = method.step(at, Spent())
        losses.append(float(at.loss))
    ratios = [b / a for a, b in itertools.pairwise(losses) if a > 1e-20]
    assert len(ratios) >= 2 and ratios[-1] < 1e-3 * ratios[0] < 1


@pytest.mark.parametrize("bad", ["nan", "inf"])
def test_steps_to_where_residuals_are_not_finite_are_not_taken(bad):
    def walled(x):  # beyond x = 1/2 there is nothing, and the linear model points there
        return torch.where(x < 0.5, x - 1, x.new_tensor(float(bad)))

    method = GaussNewton(shift=1e-8)
    at = method.start(PlainResiduals(walled, vector(0.0)))
    for _ in range(30):
        at = method.step(at, Spent())
    assert 0.25 < float(at.theta) < 0.5
    assert torch.isfinite(at.loss)


def test_a_singular_jacobian_is_no_obstacle():
    plain = PlainResiduals(lambda x: torch.stack([x[0] + x[1] - 1] * 3), vector(0.0, 0.0, 5.0))
    at = GaussNewton().step(GaussNewton().start(plain), Spent())
    for _ in range(12):
        at = GaussNewton().step(at, Spent()) if not at.finished else at
    assert at.loss < 1e-16 and at.theta[2] == 5


def test_gauss_newton_ends_where_nothing_decreases():
    plain = PlainResiduals(lambda x: x.new_tensor([1.0]) + 0 * x, vector(0.0))
    method = GaussNewton()
    assert "no step" in method.step(method.start(plain), Spent()).finished


def test_broyden_updates_satisfy_the_secant_equation_and_stay_positive():
    plain = PlainResiduals(overdetermined, vector(1.0, 1.0))
    method = Broyden()
    at = method.step(method.start(plain), Spent())
    for _ in range(6):
        after = method.step(at, Spent())
        s, y = after.theta - at.theta, after.state.gradient - at.state.gradient
        assert torch.allclose(known(after.state.inverse) @ y, s, rtol=1e-8, atol=1e-14)
        assert torch.linalg.eigvalsh(after.state.inverse).min() > 0
        at = after


def test_what_is_spent_grows_within_a_step():
    spent = Spent(share=0.2, left=8.0)
    assert spent.after(4.0) == Spent(share=0.6, left=4.0)
    assert spent.after(9.0) == Spent(share=1.0, left=0.0)
    assert Spent(share=0.3).after(5.0) == Spent(share=0.3)


def test_the_line_search_of_lbfgs_shortens_steps_that_leave_what_is_finite():
    """Its first step, of length one, lands where roots are NaN; none is tried at NaN itself."""
    tried = []

    def barrier(x):
        tried.append(float(x.detach()[0]))
        return 100 * (x - 0.9) + 0 * (0.95 - x).sqrt()

    method = LBFGS()
    at = method.step(method.start(PlainResiduals(barrier, vector(0.0))), Spent(0.0))
    assert max(tried) > 0.95 and all(x == x for x in tried)
    assert at.theta.item() == pytest.approx(0.9, abs=1e-6) and float(at.loss) < 1e-6
