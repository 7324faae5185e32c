"""Problems, domains, fields and solutions survive copies, and the way to another process."""

import copy
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from siren_pde import Box, Problem, Sobol, on
from siren_pde.errors import ResidualError
from siren_pde.types import Condition
from tests import sample_problem as sample
from tests.told import told

ROOT = Path(__file__).parents[1]
X = torch.rand(5, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
COPIES = {"pickle": lambda value: pickle.loads(pickle.dumps(value)), "deepcopy": copy.deepcopy}


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("domain", sample.DOMAINS, ids=repr)
def test_domains_come_back(domain, copied):
    there = copied(domain)
    mine, theirs = (Sobol(32)(d, seed=1) for d in (domain, there))
    assert torch.equal(mine.positions, theirs.positions)
    assert torch.equal(mine.weights, theirs.weights)
    assert (mine.normals is None) == (theirs.normals is None)
    assert (there.axes, there.bounds, there.measure) == (domain.axes, domain.bounds, domain.measure)


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_problems_come_back(copied):
    there = copied(sample.with_data)
    assert repr(there) == repr(sample.with_data)
    assert there.conditions[0] is sample.poisson  # a module's condition is found by its name
    assert there.conditions[1] is sample.measured
    assert there.conditions[2].residual is sample.plain
    assert there.truth.values["u"].tolist() == sample.TRUTH.values["u"].tolist()
    assert copied(sample.problem).exact is sample.exact
    assert copied(sample.WEIGHT) == sample.WEIGHT


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_changed_conditions_keep_their_residual(copied):
    heavier = replace(sample.poisson, weight=3.0, domain=sample.SQUARE.at(y=0))
    there = copied(heavier)
    assert isinstance(there, Condition) and there is not sample.poisson
    assert there.residual is sample.poisson.residual
    assert (there.weight, there.points, there.domain) == (3.0, 64, heavier.domain)


def test_local_conditions_are_copied_and_refused_by_pickle():
    @on(Box(x=(0, 1)))
    def local(p, u):
        return u

    assert copy.deepcopy(Problem(local)).conditions[0].residual is local.residual
    with pytest.raises((AttributeError, pickle.PicklingError), match="local"):
        pickle.dumps(Problem(local))


def test_another_version_of_the_module_is_refused(monkeypatch):
    sent = pickle.dumps(sample.poisson)
    monkeypatch.setattr(sample, "poisson", sample.plain)
    with pytest.raises(ResidualError, match=r"`poisson` of the module.*is none here"):
        pickle.loads(sent)


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("field", sample.FIELDS, ids=lambda f: type(f).__name__)
def test_solutions_come_back(field, copied):
    mine = told(field, problem=sample.problem)
    mine.evaluate(lambda p, u: u, X)  # what is remembered of an evaluation is no obstacle
    there = copied(mine)
    assert torch.equal(
        mine.evaluate(lambda p, u: u, X),
        there.evaluate(lambda p, u: u, X),
    )
    assert (there.outcome, there.problem.name) == (mine.outcome, "poisson")
    assert there.field is not mine.field


WORK = """
import pickle, sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from siren_pde import Budget, GaussNewton, Siren, solve
from tests.sample_problem import problem

def solved(problem):
    field = Siren(2, width=4, depth=1, frequency=4.0)
    return solve(problem, field, GaussNewton(), budget=Budget(steps=2), quiet=True)

if __name__ == "__main__":
    here = solved(problem)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        there = pool.submit(solved, problem).result()
    assert there.loss == here.loss and there.problem.conditions == problem.conditions
    print("the same")
"""


@pytest.mark.slow
def test_a_spawned_process_solves_a_problem_and_returns_the_solution(tmp_path):
    script = tmp_path / "work.py"
    script.write_text(WORK)
    environment = {"PYTHONPATH": str(ROOT), "PATH": "", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, script], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "the same", done.stderr
