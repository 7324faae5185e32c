"""The one loop: budgets, reasons, choices, precision and devices."""

import math
import re
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from siren_pde import (
    LBFGS,
    Adam,
    Box,
    Broyden,
    Budget,
    Every,
    GaussNewton,
    LeastSquares,
    MonteCarlo,
    PointCloud,
    Problem,
    Siren,
    Sobol,
    d,
    grad,
    lap,
    on,
    pi,
    sin,
    solve,
)
from siren_pde.errors import ConfigError, NonFiniteError

square = Box(x=(0, 1), y=(0, 1))


def exact(p):
    return sin(pi * p.x) * sin(pi * p.y)


@on(square)
def poisson(p, u):
    return lap(u) + 2 * pi**2 * exact(p)


@on(square.boundary)
def dirichlet(p, u):
    return u


@on(square)
def bratu(p, u):
    return lap(u) + u**2 - 1


linear = Problem(poisson, dirichlet, exact=exact)
nonlinear = Problem(bratu, dirichlet)
small = Siren(2, width=8, depth=2)


def test_solve_alone_does_well_on_a_linear_problem():
    solution = solve(linear, quiet=True)
    assert solution.error() < 1e-9
    assert solution.method == "least squares"
    assert "affine" in solution.why
    assert "the residual is below" in solution.stop_reason


def test_a_nonlinear_problem_gets_newton_steps_on_features():
    solution = solve(nonlinear, quiet=True)
    assert solution.method in ("least squares", "local features")
    assert "not affine" in solution.why
    x = Sobol(200)(square, seed=3)
    assert solution.evaluate(bratu, x).square().mean().sqrt() < 1e-3  # 1 without a solution


def test_a_nonlinear_problem_for_a_given_network_gets_gauss_newton():
    solution = solve(nonlinear, small, budget=Budget(steps=2), quadrature=Sobol(64), quiet=True)
    assert solution.method == "Gauss-Newton"
    assert "not affine" in solution.why


def test_gauss_newton_gives_way_to_adam_where_memory_is_short():
    budget = Budget(steps=2, memory=10_000)
    solution = solve(nonlinear, small, budget=budget, quadrature=Sobol(64), quiet=True)
    assert solution.method == "Adam"


def test_many_parameters_get_adam():
    field = Siren(2, width=90, depth=2)
    solution = solve(nonlinear, field, budget=Budget(steps=2), quadrature=Sobol(64), quiet=True)
    assert solution.method == "Adam"


def test_layers_the_user_chose_are_kept():
    solution = solve(linear, small, budget=Budget(steps=2), quadrature=Sobol(64), quiet=True)
    kept: Any = solution.field
    assert (kept.width, kept.depth) == (8, 2)
    assert "given" in solution.why


def test_a_solved_field_is_where_the_next_solve_starts():
    first = solve(nonlinear, small, budget=Budget(steps=5), quadrature=Sobol(64), quiet=True)
    again = solve(nonlinear, first.field, budget=Budget(steps=1), quadrature=Sobol(64), quiet=True)
    assert again.history.losses[0] < 0.1 * first.history.losses[0]


def test_choices_are_said_and_can_be_silenced(capsys):
    solve(nonlinear, small, budget=Budget(steps=1), quadrature=Sobol(32))
    said = capsys.readouterr()
    assert "Gauss-Newton, since" in said.err
    assert not said.out
    solve(nonlinear, small, budget=Budget(steps=1), quadrature=Sobol(32), quiet=True)
    assert not capsys.readouterr().err


def test_the_callers_field_is_left_alone():
    field = Siren(2, width=8, depth=2)
    before = [q.clone() for q in field.parameters()]
    solution = solve(nonlinear, field, budget=Budget(steps=2), quadrature=Sobol(64), quiet=True)
    assert all(torch.equal(a, b) for a, b in zip(before, field.parameters(), strict=True))
    assert solution.field is not field


@pytest.mark.parametrize("method", [GaussNewton(), Adam(batch=64), LBFGS(inner=3)])
def test_the_same_seed_gives_the_same_field(method):
    x = torch.rand(10, 2)
    values = [
        solve(nonlinear, small, method, budget=Budget(steps=3), seed=s, quiet=True)(x)
        for s in (5, 5, 6)
    ]
    assert torch.equal(values[0], values[1])
    assert not torch.equal(values[0], values[2])


@dataclass
class Clock:
    """Time that passes when it is read, an eighth of a second each time."""

    now: float = 100.0

    def monotonic(self):
        self.now += 0.125
        return self.now


def test_the_budget_ends_the_solve(monkeypatch):
    clock = Clock()
    with monkeypatch.context() as patch:
        for module in ("course", "loop", "answer"):
            patch.setattr(f"siren_pde.solving.{module}.time", clock)
        solution = solve(nonlinear, small, Adam(batch=64), budget=Budget(seconds=1.0), quiet=True)
    # the clock is read before each step, and once more at the end
    assert solution.history.steps[-1] == 7 and solution.seconds == 1.125
    assert solution.history.seconds == [0.125, 1.0]  # rows are by steps, and one is for the end
    assert solution.stop_reason.startswith("the budget is used up; not solved")
    solution = solve(nonlinear, small, GaussNewton(), budget=Budget(target=1e-3), quiet=True)
    assert solution.loss <= 1e-3
    assert "target" in solution.stop_reason
    with pytest.raises(ConfigError, match="seconds > 0"):
        Budget(seconds=0)


def test_an_interrupt_keeps_what_was_reached():
    def stop(report):
        if report.step == 2:
            raise KeyboardInterrupt

    callbacks = [Every(steps=1)(stop)]
    solution = solve(nonlinear, small, GaussNewton(), callbacks=callbacks, quiet=True)
    assert solution.stop_reason == "interrupted by the user"
    assert solution.history.losses[-1] < solution.history.losses[0]


def test_nan_is_located_not_trained_on():
    @on(square)
    def hole(p, u):
        return u / (p.x - p.x)

    with pytest.raises(NonFiniteError, match="`hole`"):
        solve(Problem(hole), small, Adam(), budget=Budget(steps=3), quiet=True)


def test_senseless_arguments_are_named():
    with pytest.raises(ConfigError, match=r"Siren\(2\)"):
        solve(linear, "siren")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"Adam\(\)"):
        solve(linear, method="adam")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"Problem\(…\)"):
        solve(poisson)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="float16"):
        solve(linear, dtype=torch.float16)
    with pytest.raises(ConfigError, match="device `cuda"):
        solve(linear, device="cuda:99")
    with pytest.raises(ConfigError, match="exact"):
        solve(nonlinear, small, budget=Budget(steps=1), quiet=True).error()
    with pytest.raises(ConfigError, match=r"\(n, 2\)"):
        solve(nonlinear, small, budget=Budget(steps=1), quiet=True)(torch.rand(4, 3))


def test_a_module_of_the_users_own():
    net = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
    solution = solve(nonlinear, net, GaussNewton(), budget=Budget(steps=4), quiet=True)
    assert solution.history.losses[-1] < 0.5 * solution.history.losses[0]


def test_solutions_can_be_differentiated():
    solution = solve(linear, quiet=True)
    x = torch.rand(50, 2, dtype=torch.float64)
    a, b = (pi * x).T
    expected = torch.stack([a.cos() * b.sin(), a.sin() * b.cos()], dim=1) * pi
    assert torch.allclose(solution.evaluate(lambda p, u: grad(u), x), expected, atol=1e-8)
    second = solution.evaluate(lambda p, u: d(u, p.x, p.y), x)
    assert torch.allclose(second, pi**2 * a.cos() * b.cos(), atol=1e-6)
    assert solution([0.5, 0.5]).shape == (1,)
    assert math.isclose(float(solution([0.5, 0.5])), 1.0, abs_tol=1e-9)


class Witness(TorchDispatchMode):
    """Remembers the dtypes and devices of all floating-point tensors that operations produce."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[tuple[torch.dtype, str]] = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for tensor in out if isinstance(out, tuple | list) else (out,):
            if isinstance(tensor, torch.Tensor) and tensor.is_floating_point():
                self.seen.add((tensor.dtype, tensor.device.type))
        return out


METHODS = [
    GaussNewton(),
    Adam(batch=64),
    LBFGS(inner=2),
    Broyden(),
    LeastSquares(features=20, frequency=(6.0, 6.0)),
]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("rule", [Sobol(64), MonteCarlo(64)], ids=["Sobol", "Monte Carlo"])
@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
def test_nothing_is_made_in_another_precision_or_elsewhere(method, rule, dtype):
    cloud = PointCloud(torch.rand(30, 2, dtype=dtype), value=torch.rand(30, dtype=dtype))

    @on(cloud)
    def data(p, u):
        return u - p.value

    problem = Problem(poisson, dirichlet, data)
    field = Siren(2, width=8, depth=1, dtype=dtype)
    where = {"device": "cpu", "dtype": dtype}

    def run():
        budget = Budget(steps=2)
        solve(
            problem,
            field,
            method,
            quadrature=rule,
            budget=budget,
            estimate="none",
            quiet=True,
            **where,
        )

    run()  # torch makes the tables of a Sobol sequence once, on the host
    with Witness() as witness:
        run()
    assert witness.seen == {(dtype, "cpu")}


@pytest.mark.parametrize(
    ("budget", "share", "left"),
    [
        (Budget(seconds=10), 0.3, 7),
        (Budget(seconds=10, steps=8), 0.5, 7),  # the steps end first
        (Budget(steps=8), 0.5, math.inf),
        (Budget(seconds=2), 1.0, 0),
        (Budget(), 0.025, 117),
    ],
)
def test_what_is_spent_follows_from_seconds_and_steps(budget, share, left):
    spent = budget.spent(3.0, 4)
    assert (spent.share, spent.left) == pytest.approx((share, left))


class Blowing(Adam):  # type: ignore[misc]  # final for users
    """Adam that sends the parameters to NaN in its third step."""

    def step(self, at, spent):
        after = super().step(at, spent)
        steps = after.state.steps
        return replace(after, theta=after.theta * (math.nan if steps == 3 else 1))


def test_a_loss_that_is_not_finite_ends_with_a_reason_and_the_last_good_state():
    solution = solve(linear, small, Blowing(batch=64), budget=Budget(steps=9), quiet=True)
    assert re.search(
        "condition `poisson` is .*nan.*last finite state, of step", solution.stop_reason
    )
    assert all(torch.isfinite(q).all() for q in solution.field.parameters())
    assert math.isfinite(solution.loss)
