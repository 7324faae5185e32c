"""A shell is told by the exit code how a solve ended, one for each outcome."""

import json

import pytest
from typer.testing import CliRunner

from siren_pde import LeastSquares
from siren_pde.cli.app import app
from siren_pde.cli.outcome import EXIT_CODES
from siren_pde.optimisers.outcome import Outcome

POISSON = """
from siren_pde import *
line = Box(x=(0, 1))
factor, budget, method = {factor}, {budget}, LeastSquares(most=60)

@on(line)
def poisson(p, u):
    return factor * ({source} + d(u, p.x, p.x))
"""
ENDS = """
@on(line.boundary)
def ends(p, u):
    return u
"""
ALL = "problem = Problem(poisson, ends)"
ALONE = "problem = Problem(poisson)"
EIKONAL = """
@on(line)
def eikonal(p, u):
    return d(u, p.x) ** 2 - 1

problem = Problem(eikonal, ends)
"""
TWICE = """
import torch
x = torch.linspace(0, 1, 20, dtype=torch.float64)

@on(PointCloud(x, u=torch.exp(x)))
def first(p, u):
    return u - p.u

@on(PointCloud(x, u=-torch.exp(x)))
def second(p, u):
    return u - p.u

problem = Problem(first, second)
"""
SINE, PEAK = "sin(pi * p.x)", "exp(-1e8 * (p.x - 0.3)**2)"
FILES = {
    Outcome.converged: (ENDS + ALL, SINE, 1.0, None),
    Outcome.budget: (ENDS + ALL, "sin(300 * p.x)", 1.0, "Budget(steps=1)"),
    Outcome.stagnated: (ENDS + EIKONAL, SINE, 1.0, None),
    Outcome.unresolved: (ENDS + ALL, PEAK, 1.0, None),
    Outcome.non_finite: (ENDS + ALL, SINE, 1e165, None),
    Outcome.impossible: (TWICE, SINE, 1.0, None),
    Outcome.ill_posed: (ALONE, SINE, 1.0, None),
    Outcome.interrupted: (ENDS + ALL, "sin(300 * p.x)", 1.0, None),
}


def test_every_outcome_has_its_own_code():
    assert set(EXIT_CODES) == set(FILES) == set(Outcome)
    assert len(set(EXIT_CODES.values())) == len(EXIT_CODES)


@pytest.mark.parametrize("outcome", FILES, ids=lambda outcome: outcome.name)
def test_the_command_ends_with_the_code_of_the_outcome(outcome, tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    text, source, factor, budget = FILES[outcome]
    (tmp_path / "mine.py").write_text(
        POISSON.format(factor=factor, budget=budget, source=source) + text
    )
    monkeypatch.setattr("siren_pde.cli.solve._draw", lambda solution, folder: None)
    if outcome is Outcome.interrupted:
        monkeypatch.setattr(LeastSquares, "step", interrupt)
    arguments = ["solve", tmp_path / "mine.py", "--out", tmp_path / "out", "--json"]
    result = CliRunner().invoke(app, list(map(str, arguments)))
    answer = json.loads(result.stdout.splitlines()[-1])
    assert (answer["outcome"], result.exit_code) == (outcome.name, EXIT_CODES[outcome])
    assert answer["stop_reason"]
