"""Every end of a solve has its kind, and a meaning in one sentence."""

import pytest
import torch

from siren_pde import (
    Adam,
    Box,
    Budget,
    GaussNewton,
    LeastSquares,
    Problem,
    Siren,
    lap,
    log,
    on,
    pi,
    sin,
    solve,
)
from siren_pde.types import Outcome

square = Box(x=(0, 1), y=(0, 1))


@on(square)
def poisson(p, u):
    return lap(u) + 2 * pi**2 * sin(pi * p.x) * sin(pi * p.y)


@on(square.boundary)
def dirichlet(p, u):
    return u


@on(square)
def waves(p, u):
    return u - sin(150 * p.x) * sin(140 * p.y)


UNSOLVED = (Outcome.stagnated, Outcome.unresolved)
PROBLEM, SMALL = Problem(poisson, dirichlet), Siren(2, width=4, depth=1)


def ended(problem=PROBLEM, field=None, method=None, **options):
    return solve(problem, field, method, quiet=True, **options).outcome


def test_ends_have_their_kinds():
    assert ended() is Outcome.converged
    assert ended(field=SMALL, method=Adam(batch=16), budget=Budget(steps=2)) is Outcome.budget
    target = Budget(steps=500, target=1e9)  # reached at once, and no solution
    assert ended(field=SMALL, method=Adam(batch=16), budget=target) is Outcome.unresolved
    stiff = GaussNewton(patience=1, refresh=0)
    assert ended(field=SMALL, method=stiff, budget=Budget(steps=400)) is Outcome.stagnated


def test_what_features_do_not_resolve_is_said():
    assert ended(Problem(waves), method=LeastSquares(most=250)) in UNSOLVED


def test_losses_that_are_not_finite_end_with_the_last_finite_state():
    @on(square)
    def narrow(p, u):
        return log(u + 1e-3) + 8

    with torch.no_grad():
        field = Siren(2, width=4, depth=1)
        for q in field.parameters():
            q.zero_()
    solution = solve(
        Problem(narrow), field, Adam(rate=10.0, batch=16), budget=Budget(steps=50), quiet=True
    )
    assert solution.outcome is Outcome.non_finite
    assert all(bool(torch.isfinite(q).all()) for q in solution.field.parameters())


def test_the_user_may_interrupt():
    def stop(report):
        raise KeyboardInterrupt

    budget = Budget(steps=100)
    how = {"field": SMALL, "method": Adam(batch=16), "budget": budget, "callbacks": [stop]}
    assert ended(**how) is Outcome.interrupted


@pytest.mark.parametrize("outcome", Outcome)
def test_a_meaning_is_one_sentence(outcome):
    assert outcome.meaning[0].isupper() and outcome.meaning.endswith(".")
