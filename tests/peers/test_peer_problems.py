"""What peers are given is what problem files state: the same equation, box, data and solution."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import siren_pde
from siren_pde import Problem, Siren, d, on
from siren_pde.collocation.quadrature import Sobol
from siren_pde.testing.laws import obey
from siren_pde.testing.problems import Stated, the_exact_solution_kills_every_residual
from tests.typed import module_at

ROOT = Path(__file__).parents[2]
peers = module_at(ROOT / "benchmarks" / "peers" / "problems.py", "problems")
EVERY = [pytest.param(peer, id=name) for name, peer in peers.PROBLEMS.items()]


def stated(peer):
    return module_at(ROOT / "problems" / f"{peer.name}.py", peer.name).problem


def any_function(p):
    """No solution of anything."""
    x, y = p
    return siren_pde.sin(2 * x + 1) * siren_pde.exp(y) + x * y


KILLS = [the_exact_solution_kills_every_residual]


def known(residual, domain, exact):
    """A problem of one residual that vanishes on a domain for this function."""
    return Stated(Problem(on(domain)(residual), exact=exact))


def derivatives(p, u):
    """As peers are asked for them, by the places of axes."""
    x = [*p]
    return lambda *axes: d(u, *(x[axis] for axis in axes))


@pytest.mark.parametrize("peer", EVERY)
def test_the_equation_is_the_same_for_any_function(peer):
    equation = stated(peer).conditions[0]

    def difference(p, u):
        own: Any = equation.residual(p, u)
        return own - peer.residual(siren_pde, [*p], u, derivatives(p, u))

    obey(known(difference, equation.domain, any_function), KILLS)


@pytest.mark.parametrize("peer", EVERY)
def test_the_exact_solution_and_the_box_are_the_same(peer):
    problem = stated(peer)
    p = Sobol(200)(problem.conditions[0].domain, seed=0)
    theirs = peer.exact(np, *p.positions.numpy().T)
    own: Any = problem.exact_values(p, ["u"])["u"]
    np.testing.assert_allclose(theirs, own.value.numpy(), atol=1e-12)
    assert problem.axes == peer.axes
    low, high = problem.conditions[0].domain.bounds
    assert [*zip(low, high, strict=True)] == [*peer.box]


@pytest.mark.parametrize("peer", EVERY)
def test_conditions_hold_for_the_exact_solution(peer):
    for condition in peer.conditions:
        x = torch.tensor(peer.points()[:50], requires_grad=True)
        face = x.clone()
        face[:, condition.axis] = condition.at
        values = peer.exact(torch, *face.T) if condition.order == 0 else slope(peer, condition)
        wanted = condition.values(torch, *face.T)
        assert torch.allclose(values, wanted, atol=1e-10)


def slope(peer, condition):
    x = torch.tensor(peer.points()[:50])
    x[:, condition.axis] = condition.at
    x.requires_grad_()
    (slopes,) = torch.autograd.grad(peer.exact(torch, *x.T).sum(), x)
    return slopes[:, condition.axis]


@pytest.mark.parametrize("peer", EVERY)
def test_the_ansatz_obeys_every_condition(peer):
    network = Siren(2, dtype=torch.float64)
    for condition in peer.conditions:
        x = torch.tensor(peer.points()[:50])
        x[:, condition.axis] = condition.at
        x.requires_grad_()
        u = peer.lift(torch, *x.T) + peer.factor(torch, *x.T) * network(x)
        if condition.order:
            (slopes,) = torch.autograd.grad(u.sum(), x)
            u = slopes[:, condition.axis]
        assert torch.allclose(u, condition.values(torch, *x.T), atol=1e-12)
    inside = peer.factor(np, *peer.points().T)
    assert inside.min() > 0 and 0.5 < inside.max() <= 1


def test_errors_are_relative():
    peer = peers.PROBLEMS["helmholtz"]
    truth = peer.exact(np, *peer.points().T)
    assert peer.errors(truth) == (0, 0)
    assert peer.errors(1.1 * truth[:, None]) == pytest.approx((0.1, 0.1))
    with pytest.raises(ValueError, match="reshape"):
        peer.errors(truth[:-1])
