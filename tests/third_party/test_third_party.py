"""Members of every family from outside the package: they obey its laws, and solve together."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from siren_pde import Budget, GaussNewton, save, solve
from siren_pde.testing import (
    check_domain,
    check_field,
    check_method,
    check_problem,
    check_quadrature,
)
from tests.third_party import plate
from tests.third_party.ellipse import Ellipse
from tests.third_party.fourier import Fourier
from tests.third_party.halton import Halton
from tests.third_party.nadam import NAdam
from tests.third_party.tanh import Tanh

HERE = Path(__file__).parent
MEMBERS = ["ellipse", "tanh", "fourier", "halton", "nadam"]
X = torch.tensor([[0.25, 0.5], [-1.0, 0.3], [1.5, -0.2]], dtype=torch.float64)


@pytest.mark.parametrize("name", MEMBERS)
def test_files_are_short_and_need_nothing_but_the_open_names(name):
    text = (HERE / f"{name}.py").read_text()
    assert len(text.splitlines()) <= 60
    imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    ours = {module for node in imports if "siren_pde" in (module := node.module or "")}
    assert ours == {"siren_pde.extend"}


@pytest.mark.parametrize("domain", [Ellipse(2.0, 1.0), Ellipse(0.01, 0.02), plate.plate], ids=repr)
def test_domains_obey_their_laws(domain):
    check_domain(domain)


@pytest.mark.slow
@pytest.mark.parametrize(
    "field",
    [Tanh(2, 6), Tanh(1, 4), Tanh(3, 4), Fourier(2, 4, 5), plate.field, plate.held(Tanh(2, 5))],
    ids=lambda field: type(field).__name__,
)
def test_fields_obey_their_laws(field):
    check_field(field)


def test_quadratures_methods_and_problems_obey_their_laws():
    check_quadrature(Halton(64))
    check_method(NAdam())
    check_problem(plate.problem, plate.field)


def test_an_equation_is_solved_on_it_to_eight_digits():
    assert solve(plate.problem, plate.field, quiet=True).error() < 1e-8


def test_networks_and_quadratures_serve_other_methods():
    field, rule = plate.held(Tanh(2, 24)), Halton(400)
    solution = solve(
        plate.problem, field, GaussNewton(), quadrature=rule, budget=Budget(steps=60), quiet=True
    )
    assert solution.error() < 1e-4


def test_methods_serve_other_networks():
    field, rule = plate.held(Fourier(2, 8, 16)), Halton(256)
    solution = solve(
        plate.problem, field, NAdam(), quadrature=rule, budget=Budget(steps=80), quiet=True
    )
    assert solution.method == "NAdam"
    assert solution.history.losses[-1] < 0.5 * solution.history.losses[0]


# ── files ─────────────────────────────────────────────────────────────────────────────────────────

ELSEWHERE = """
import json, sys, torch
from siren_pde import errors, load
x = torch.tensor(json.loads(sys.argv[1]), dtype=torch.float64)
print(*[float(v).hex() for name in ("tanh", "fourier") for v in load(name + ".h5")(x)])
from tests.third_party.plate import field, problem
solution = load("plate.h5", problem, field)
print(*[float(v).hex() for v in solution(x)], solution.error().hex())
for name in [name for name in sys.modules if name.startswith("tests")]:
    del sys.modules[name]
sys.modules["tests"] = None  # as where they are not installed
try:
    load("tanh.h5")
except errors.StorageError as error:
    print(error)
"""


@pytest.fixture(scope="module")
def read_elsewhere(tmp_path_factory):
    """Solutions, and what another process reads of their files."""
    folder, few = tmp_path_factory.mktemp("files"), Budget(steps=2)
    solutions = {
        "tanh": solve(plate.problem, Tanh(2, 6, seed=3), NAdam(), budget=few, quiet=True),
        "fourier": solve(plate.problem, Fourier(2, 4, 5, seed=3), NAdam(), budget=few, quiet=True),
        "plate": solve(plate.problem, plate.field, quiet=True),
    }
    for name, solution in solutions.items():
        save(solution, folder / f"{name}.h5")
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(X.tolist())],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1]), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return solutions, done.stdout.splitlines()


def digits(values):
    return [float(value).hex() for value in values]


@pytest.mark.slow
def test_networks_are_read_in_another_process(read_elsewhere):
    solutions, lines = read_elsewhere
    values = digits(solutions["tanh"](X)) + digits(solutions["fourier"](X))
    assert lines[0].split() == values


@pytest.mark.slow
def test_solutions_are_read_in_another_process(read_elsewhere):
    solutions, lines = read_elsewhere
    solution = solutions["plate"]
    assert lines[1].split() == digits([*solution(X), solution.error()])


@pytest.mark.slow
def test_where_its_module_is_missing_an_error_says_what_to_do(read_elsewhere):
    (message,) = read_elsewhere[1][2:]
    assert "`tests.third_party.tanh:Tanh`, which cannot be imported" in message
    assert "importable" in message and "load(path, field=Tanh(…))" in message
