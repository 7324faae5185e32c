"""Where one method ends without a solution, the next goes on; the best answer is kept."""

import math
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import torch

from siren_pde import Adam, Auto, Box, Budget, GaussNewton, Problem, Siren, Sobol, lap, on, solve
from siren_pde.collocation.objective import objective_of
from siren_pde.optimisers.base import Architecture, Iterate, Method, Spent
from siren_pde.optimisers.outcome import Outcome
from siren_pde.random_features.least_squares import LeastSquares
from siren_pde.solving import auto
from siren_pde.solving.candidates import with_networks
from siren_pde.solving.escalation import Candidate, Escalation, left_over

square = Box(x=(0, 1), y=(0, 1))


@on(square)
def bratu(p, u):
    return lap(u) + u**2 - 1


@on(square.boundary)
def dirichlet(p, u):
    return u


PROBLEM = Problem(bratu, dirichlet)
STEPS = 4


@dataclass(frozen=True)
class Share(Method[int]):
    """Reaches the solution times `share` in as many steps as it is told, and knows no more."""

    share: float
    name: str
    steps: int = STEPS
    dtype: torch.dtype = torch.float64
    architecture: Architecture = Architecture(1, 1)
    seen: list[Spent] = field(default_factory=list, compare=False)

    def start(self, objective: Any) -> Iterate[int]:
        solved = LeastSquares(features=200, frequency=(4.0, 4.0))
        there = solved.step(solved.start(objective), Spent())
        theta = self.share * there.theta + 0.0
        theta[:-201] = there.theta[:-201]
        return Iterate(there.objective, theta, there.objective.loss(theta), 0)

    def step(self, at: Iterate[int], spent: Spent) -> Iterate[int]:
        self.seen.append(spent)
        ended = "it ends here" if at.state + 1 >= self.steps else ""
        return replace(at, state=at.state + 1, finished=ended, outcome=Outcome.stagnated)

    def points(self, parameters: int) -> int:
        return 300


def run(first, *candidates, seconds=100.0, each=1.0, most=200):
    """The steps of `Auto` with these methods, each of which takes a second: the last iterate."""
    others = Escalation(first, candidates)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(auto, "escalation_after", lambda _: others)
        method = Auto(first=first)
        at = method.start(objective_of(PROBLEM, Siren(2), rule=Sobol(300)))
        left = seconds
        for _ in range(most):
            if at.finished or left <= 0:
                break
            at = method.step(at, Spent(1 - left / seconds if math.isfinite(left) else 0.0, left))
            left -= each
        return at, method.ran(at)


BAD, WORSE, GOOD = Share(0.5, "bad"), Share(0.0, "worse"), Share(1.0, "good")


def test_the_next_method_goes_on_where_one_stagnates():
    at, name = run(BAD, Candidate(GOOD))
    assert name == "good" and left_over(at) < 2e-3
    assert "also tried: bad left" in at.finished and "(it ends here)" in at.finished


def test_the_best_answer_is_kept_and_shown_all_the_while():
    at, name = run(BAD, Candidate(WORSE))
    assert name == "bad" and "also tried: worse" in at.finished
    during, name = run(BAD, Candidate(WORSE), most=STEPS + 2)
    assert name == "bad" and not during.finished
    assert torch.equal(during.theta, at.theta)


def test_a_solution_is_the_end():
    at, name = run(GOOD, Candidate(BAD))
    assert name == "good" and at.finished == "it ends here"


def test_without_seconds_the_first_is_the_last():
    at, name = run(BAD, Candidate(GOOD), seconds=math.inf)
    assert name == "bad" and at.finished == "it ends here"


def test_nothing_starts_that_cannot_make_a_step():
    at, name = run(BAD, Candidate(GOOD, seconds=lambda objective: 1e3))
    assert name == "bad" and at.finished.startswith("bad left")
    at, name = run(BAD, Candidate(GOOD, above=math.inf))
    assert name == "bad" and at.finished == "it ends here"


def test_a_method_is_interrupted_only_by_what_may_and_goes_on_later():
    long = Share(0.5, "long", steps=60)
    at, name = run(long, Candidate(GOOD))
    assert name == "good"  # but only when the first had ended
    assert "also tried: long" in at.finished and "(it ends here)" in at.finished
    at, name = run(replace(long, name="slow"), Candidate(WORSE, interrupts=True))
    assert name == "slow" and "(it ends here)" in at.finished  # it was resumed
    assert "also tried: worse" in at.finished


def test_later_methods_see_the_budget_that_is_left():
    later = Share(1.0, "later")
    run(BAD, Candidate(later))
    assert [round(spent.left) for spent in later.seen] == [96, 95, 94, 93]
    assert later.seen[0].share < 0.02


def test_a_network_follows_features():
    origin = objective_of(PROBLEM, Siren(2), rule=Sobol(64))
    objective = with_networks(origin, GaussNewton())
    assert objective.field.width == GaussNewton().architecture.width
    assert objective.collocated.count > origin.collocated.count
    assert torch.isfinite(GaussNewton().start(objective).loss)


@pytest.mark.parametrize(("left", "name"), [(1e6, GaussNewton().name), (1e-3, Adam().name)])
def test_gauss_newton_is_chosen_where_its_steps_fit(left, name):
    network = torch.nn.Sequential(torch.nn.Linear(2, 6), torch.nn.Tanh(), torch.nn.Linear(6, 1))
    budget = Budget(seconds=left)
    solution = solve(PROBLEM, network, budget=replace(budget, steps=1), quiet=True, estimate="none")
    assert solution.method == name
