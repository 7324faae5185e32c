"""FastLSQ's problems as it defines them, and the problems of all peers as it takes them."""

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from siren_pde import Vector
from siren_pde.calculus.points import Points
from siren_pde.collocation.expression import Expression
from tests.typed import module_at

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "benchmarks" / "peers"
peers = module_at(FOLDER / "problems.py", "problems")
own = module_at(FOLDER / "fastlsq_problems.py", "fastlsq_problems")
posed = module_at(FOLDER / "fastlsq_posed.py", "fastlsq_posed")
protocol = module_at(FOLDER / "protocol.py", "protocol")
s, c = math.sqrt(0.5), math.pi**2


def stated(name):
    return module_at(ROOT / "benchmarks" / "fastlsq" / f"{name}.py", name).problem


def at(problem, x):
    x = torch.as_tensor(x, dtype=torch.float64)
    return Points(problem.axes, x, torch.ones_like(x[:, 0]))


def nothing(p):
    return 0 * next(iter(p))


def squares(p):
    return sum(x**2 for x in p) / 2


def sheared(p):
    return Vector([squares(p), p.x * p.y])


BY_HAND = {
    "poisson_5d": (nothing, [1 / 3] * 5, 5 / 2 * c / 4),
    "heat_5d": (nothing, [0.5, 0, 0, 0, 0, 0], 0.05 * math.exp(1 / 8)),
    "wave_1d": (squares, [0.3, 0.4], 1 - 4),
    "wave_anisotropic": (squares, [0.3, 0.4, 0.5], 1 - 16 * (1 + 2)),
    "elastic_wave": (sheared, [0.3, 0.4, 0.5], 1 - 4 * (4 + 1 + 3)),
    "helmholtz_k10": (nothing, [math.pi / 20] * 2, 100),
    "maxwell_tm": (squares, [0.3, 0.4, 0.5], 1 - 2),
    "nonlinear_poisson": (nothing, [0.5, 0.5], -2 * c - 1),
    "bratu": (nothing, [0.5, 0.5], -2 * c - 1 + math.e),
    "steady_burgers": (nothing, [1 / 8], -math.pi - 0.4 * c * s),
    "nonlinear_helmholtz": (nothing, [math.pi / 6] * 2, 9 - 1 / 2),
    "steady_allen_cahn": (nothing, [0.5], 0.1 * c),
}
"""A function, a point, and what the first equation makes of it, from the definitions of FastLSQ."""


@pytest.mark.parametrize("name", BY_HAND)
def test_equations_have_the_constants_of_their_definitions(name):
    function, point, expected = BY_HAND[name]
    problem = stated(name)
    p = at(problem, [point])
    left = Expression.of(problem.conditions[0]).values(p, {"u": function(p), "e": function(p)})
    assert float(left.flatten()[0]) == pytest.approx(expected, rel=1e-12)


def test_there_is_a_file_for_each_problem():
    files = {path.stem for path in (ROOT / "benchmarks" / "fastlsq").glob("*.py")}
    assert files == set(own.OWN) == set(BY_HAND)


@pytest.mark.parametrize("name", own.OWN)
def test_errors_are_measured_in_the_domain_beside_the_same_solution(name):
    peer, problem = own.OWN[name], stated(name)
    domain, x = problem.conditions[0].domain, peer.points()
    assert len(x) > 15_000 and bool(domain.holds(torch.as_tensor(x), 0.0).all())
    sides = np.subtract(*reversed(domain.bounds))
    assert np.all(np.ptp(x, axis=0) > 0.9 * sides)
    ours = Expression("exact", lambda p: problem.exact(p), []).values(at(problem, x), {}).numpy()
    assert max(peer.errors(ours)) < 1e-14
    assert peer.errors(1.5 * ours) == pytest.approx((0.5, 0.5))


def test_a_peer_may_have_problems_of_its_own(tmp_path):
    words = ["bratu", "--out", str(tmp_path / "said.jsonl")]
    assert protocol.Run.asked(words, own=own.OWN).problem is own.OWN["bratu"]
    with pytest.raises(SystemExit):
        protocol.Run.asked(words)


class TwoFeatures:
    """The solution of a problem, and another function: with derivatives by autograd."""

    n_features = 2

    def __init__(self, peer):
        self.peer = peer

    def derivative(self, x, orders):
        x = x.clone().requires_grad_()
        functions = self.peer.exact(torch, *x.T), torch.sin(x[:, 0] + 2 * x[:, 1])
        axes = [axis for axis, order in enumerate(orders) for _ in range(order)]
        for axis in axes:
            each = [torch.autograd.grad(f.sum(), x, create_graph=True)[0] for f in functions]
            functions = each[0][:, axis], each[1][:, axis]
        return torch.stack(functions, 1).detach()


@pytest.mark.parametrize("peer", peers.PROBLEMS.values(), ids=lambda peer: peer.name)
def test_rows_are_the_derivatives_of_residuals_that_solutions_kill(peer):
    torch.manual_seed(0)
    problem = posed.Posed(peer, torch)
    x, faces, source = problem.get_train_data(40, 40)

    def rows(*beta):
        column = torch.tensor(beta, dtype=torch.float64)[:, None]
        state = SimpleNamespace(basis=TwoFeatures(peer), n_features=2, beta=column)
        return problem.build_newton_step(state, x, faces, source)

    matrix, side = rows(1.0, 0.0)
    size = matrix[:, :1].abs().max()
    assert len(side) > 70 and bool((side.abs() < 1e-9 * size).all())
    (_, before), (_, after) = rows(1.0, -1e-4), rows(1.0, 1e-4)
    slopes = (before - after) / 2e-4
    assert torch.allclose(matrix[:, 1:], slopes, atol=1e-6 * float(size))
    state = SimpleNamespace(basis=TwoFeatures(peer), n_features=2)
    start, other = problem.build(state, x, faces, source), rows(0.0, 0.0)
    assert all(torch.equal(a, b) for a, b in zip(start, other, strict=True))
