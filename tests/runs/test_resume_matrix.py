"""Every method goes on from the bytes of a checkpoint as if it had never been interrupted: θ, loss
and state are the same, bit by bit, whatever the quadrature and the precision.
"""

import json
import subprocess
import sys
from pathlib import Path

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
    LocalFeatures,
    Marching,
    MonteCarlo,
    Polygon,
    Problem,
    Propagator,
    Schedule,
    Siren,
    Sobol,
    System,
    cos,
    d,
    exp,
    lap,
    on,
    pi,
    sin,
)
from siren_pde.local_features.lines import LocalLines
from siren_pde.random_features.continuation import Continuation
from siren_pde.random_features.lines import MethodOfLines
from siren_pde.scattering import VariableProjection
from siren_pde.solving.escalation import Escalated
from siren_pde.solving.features import Features
from siren_pde.solving.marches import Marches
from tests.runs.continued import Case, Prepared, courses, ticking
from tests.third_party.nadam import NAdam

ROOT = Path(__file__).parents[2]
LINE, SQUARE = Box(x=(0, 1)), Box(x=(0, 1), y=(0, 1))
BENT = Polygon([(0, 0), (1, 0), (1, 0.5), (0.5, 0.5), (0.5, 1), (0, 1)])
STRIP, LONG = Box(x=(0, 1), t=(0, 0.5)), Box(x=(0, 1), t=(0, 40))
LONGER = Box(x=(0, 1), t=(0, 400))
FILM = Box(x=(0, 1), y=(0, 1), t=(0, 0.2))


def poisson(domain=SQUARE):
    @on(domain)
    def equation(p, u):
        return lap(u) + sin(3 * p.x) * exp(p.y)

    @on(domain.boundary, weight=Schedule((0, 1), (1, 2)))
    def edge(p, u):
        return u - p.x

    return Problem(equation, edge)


def bratu(domain=LINE):
    @on(domain)
    def equation(p, u):
        return lap(u) + exp(u) + p.x

    @on(domain.boundary)
    def ends(p, u):
        return u

    return Problem(equation, ends)


def evolution(domain, residual):
    space = [axis for axis in domain.axes if axis != "t"]

    @on(domain)
    def equation(p, u):
        return residual(p, u)

    @on(domain.at(t=0))
    def start(p, u):
        return u - sum(sin(pi * getattr(p, axis)) for axis in space)

    walls = domain.at(**{space[0]: 0}) | domain.at(**{space[0]: 1})
    for axis in space[1:]:
        walls = walls | domain.at(**{axis: 0}) | domain.at(**{axis: 1})

    @on(walls)
    def edge(p, u):
        return u

    return Problem(equation, start, edge)


def heating(p, u):
    return d(u, p.t) - 0.1 * (d(u, p.x, p.x) + d(u, p.y, p.y))


def waves(p, u):
    return d(u, p.t) - 0.02 * d(u, p.x, p.x)


def burgers(p, u):
    return d(u, p.t) + u * d(u, p.x) - 0.1 * d(u, p.x, p.x)


def steep(p, u):
    return d(u, p.t) + u * d(u, p.x) - 0.002 * d(u, p.x, p.x)


def medium():
    @on(SQUARE)
    def equation(p, u, k):
        return lap(u) + k * u - cos(2 * p.x)

    @on(SQUARE.boundary)
    def edge(p, u, k):
        return u

    @on(SQUARE)
    def known(p, u, k):
        return u - sin(pi * p.x) * sin(pi * p.y)

    return Problem(equation, edge, known)


def small():
    return Siren(2, width=8, depth=2, seed=1)


def two():
    return System(u=Siren(2), k=Siren(2, width=6, depth=1))


CASES = {
    "Adam": Case(poisson, Adam(batch=64, warmup=3), small, 3, 3),
    "Adam on fixed points": Case(poisson, Adam(batch=64, fresh=False), small, 3, 3),
    "a method of the user's": Case(poisson, NAdam(), small, 3, 3),
    "L-BFGS": Case(poisson, LBFGS(inner=2, memory=3), small, 4, 3),
    "Broyden": Case(poisson, Broyden(), lambda: Siren(2, width=4, depth=2), 3, 3),
    "Gauss-Newton, adaptive": Case(poisson, GaussNewton(refresh=2), small, 3, 3),
    "least squares": Case(poisson, LeastSquares()),
    "least squares by Newton": Case(lambda: bratu(SQUARE), LeastSquares()),
    "continuation": Case(bratu, Continuation(features=12), before=1),
    "variable projection": Case(medium, VariableProjection("u", features=60), two),
    "time slabs": Case(lambda: evolution(STRIP, burgers), Marching(features=60, tolerance=1e-3)),
}
"""What works in both precisions, and in tenths of a second."""
OTHERS = {
    "method of lines": Case(lambda: evolution(STRIP, burgers), MethodOfLines(), after=3),
    "marches": Case(lambda: evolution(STRIP, burgers), Marches(), before=1, after=3),
    "one matrix": Case(
        lambda: evolution(LONGER, waves),
        Propagator(features=120, tolerance=1e-3),
        before=2,
        after=2,
    ),
    "automatic": Case(lambda: evolution(STRIP, burgers), Auto()),
    "one after another": Case(
        lambda: poisson(BENT), Auto(), first=LeastSquares(features=20, frequency=(2.0, 2.0))
    ),
}
SLOW = {
    "in turns": Case(lambda: poisson(BENT), Features(), before=7, after=1),
    "in boxes": Case(lambda: poisson(BENT), LocalFeatures(), before=4, after=1),
    "method of lines on boxes": Case(lambda: evolution(FILM, heating), LocalLines(), before=3),
    "steep": Case(lambda: evolution(LONG, steep), MethodOfLines(), before=3, after=2),
}
RULES = {"Sobol": Sobol(64), "Monte-Carlo": MonteCarlo(64)}


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_method_goes_on_bit_by_bit(case, rule, dtype):
    undisturbed, resumed = courses(case, rule, dtype)
    assert resumed == undisturbed


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize("case", OTHERS.values(), ids=OTHERS)
def test_a_march_and_a_choice_go_on_bit_by_bit(case, rule):
    undisturbed, resumed = courses(case, rule)
    assert resumed == undisturbed


@pytest.mark.slow
@pytest.mark.parametrize("case", SLOW.values(), ids=SLOW)
def test_a_larger_state_goes_on_bit_by_bit(case):
    undisturbed, resumed = courses(case)
    assert resumed == undisturbed


CHILD = """
import json, sys
from pathlib import Path
from tests.runs import continued, test_resume_matrix as matrix

do, folder = getattr(continued, sys.argv[1]), Path(sys.argv[2])
cases = {**matrix.CASES, **matrix.OTHERS}
print(json.dumps({name: str(do(case, folder / name)) for name, case in cases.items()}))
"""


def in_a_process_of_its_own(what, folder):
    command = [sys.executable, "-c", CHILD, what, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=200)
    assert not done.returncode, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_a_solve_goes_on_bit_by_bit_in_another_process(tmp_path):
    stopped = in_a_process_of_its_own("stopped", tmp_path)
    resumed = in_a_process_of_its_own("resumed", tmp_path)
    undisturbed = in_a_process_of_its_own("undisturbed", tmp_path)
    assert resumed == undisturbed
    assert not [name for name in stopped if resumed[name] == stopped[name]]


def test_the_cases_reach_the_states_that_they_are_for():
    with ticking():
        escalated = Prepared.of(OTHERS["one after another"])
        at = escalated.stepped(escalated.start(), 2)
        assert isinstance(at.state, Escalated) and at.state.number > 0
        turns = Prepared.of(SLOW["in turns"])
        assert turns.stepped(turns.start(), 7).state.in_boxes is not None
        matrix = Prepared.of(OTHERS["one matrix"])
        assert matrix.stepped(matrix.start(), 2).state.stepper is not None
