"""The loop: rows by steps, callbacks when they are due, ends that say why, and the best answer."""

import itertools
import math
from dataclasses import replace
from typing import Any

import pytest
import torch

from siren_pde import Adam, Budget, Every, GaussNewton, Problem, Stop, d, on, solve
from siren_pde.errors import ConfigError, NonFiniteError
from siren_pde.optimisers.outcome import Outcome
from tests.decay import first, line, problem, small


def fit(method=None, steps=250, **options):
    method = method or Adam(batch=8)
    given: dict[str, Any] = {
        "estimate": "none",
        "quiet": True,
        "budget": Budget(steps=steps),
    } | options
    return solve(problem, small, method, **given)


def test_rows_are_by_steps_and_hold_every_condition():
    history = fit().history
    assert history.steps == [0, 100, 200, 250]
    assert set(history.terms) == {"decay", "first"}
    assert all(len(column) == 4 for column in history.terms.values())
    assert fit(GaussNewton(), steps=12).history.steps == [0, 5, 10, 12]


def test_the_terms_of_a_row_are_twice_its_loss():
    history = fit(GaussNewton(), steps=12).history
    for loss, *terms in zip(history.losses, *history.terms.values(), strict=True):
        assert sum(terms) == pytest.approx(2 * loss)


@pytest.mark.parametrize("steps", [1, 7, 40])
def test_callbacks_come_every_so_many_steps_and_at_the_end(steps):
    seen = []
    fit(steps=50, callbacks=[Every(steps=steps)(lambda report: seen.append(report.step))])
    assert seen == sorted({*range(0, 51, steps), 50})


def test_a_callback_stops_the_solve_and_says_why():
    def stop(report):
        return Stop("the flux is steady") if report.step >= 30 else None

    solution = fit(callbacks=[Every(steps=10)(stop)])
    assert (solution.outcome, solution.stop_reason) == (Outcome.interrupted, "the flux is steady")
    assert solution.history.steps == [0, 30]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Every(), "steps or seconds"),
        (lambda: Every(steps=1, seconds=1.0), "not both"),
        (lambda: Every(steps=0), "> 0"),
        (lambda: Every(seconds=math.nan), "> 0"),
        (lambda: Every(steps=1.5), "whole steps"),  # type: ignore[arg-type]
        (lambda: Every(steps=True), "> 0"),
        (lambda: Stop(""), "says why"),
    ],
)
def test_intervals_and_reasons_that_are_none_are_refused(make, said):
    with pytest.raises(ConfigError, match=said):
        make()


class Climbing(Adam):  # type: ignore[misc]  # final for users
    """Adam whose steps go the wrong way, far, from the tenth on."""

    def step(self, at, spent):
        after = super().step(at, spent)
        far = after.state.steps >= 10
        return replace(after, theta=after.theta + 30.0) if far else after


def test_the_answer_is_none_that_is_worse_than_the_start():
    start = fit(Adam(batch=8, fresh=False), steps=1)
    solution = fit(Climbing(batch=8, fresh=False), steps=20)
    assert solution.loss <= start.history.losses[0]
    assert "the answer is that of" in solution.stop_reason
    last = fit(Climbing(batch=8), steps=20)
    assert "where the solve started" in last.stop_reason


def test_a_residual_that_fails_later_ends_with_the_last_finite_state():
    count = itertools.count()

    @on(line)
    def failing(p, u):
        if next(count) == 60:
            raise NonFiniteError("condition `failing` is nan at x = 0.5")
        return d(u, p.x) + u

    solution = solve(
        Problem(failing, first),
        small,
        Adam(batch=8),
        budget=Budget(steps=200),
        estimate="none",
        quiet=True,
    )
    assert "`failing` is nan at x = 0.5; the last finite state" in solution.stop_reason
    assert all(torch.isfinite(q).all() for q in solution.field.parameters())


def test_a_target_ends_a_solve_at_the_step_that_reaches_it():
    losses = []
    watch = Every(steps=1)(lambda report: losses.append(report.loss))
    solution = fit(GaussNewton(), budget=Budget(target=1e-6, steps=90), callbacks=[watch])
    assert losses[-1] <= 1e-6 < min(losses[:-1])
    assert solution.history.losses[-1] == losses[-1] and "target" in solution.stop_reason
