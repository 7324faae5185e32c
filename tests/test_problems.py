"""Every problem file: its exact solution kills its residuals before any training, and it trains."""

import functools
import json
import re
from pathlib import Path

import pytest
import torch

from siren_pde import Adam, Budget, GaussNewton, Siren, Sobol, solve
from siren_pde.images import Cosines
from siren_pde.testing.laws import obey
from siren_pde.testing.problems import Stated, the_exact_solution_kills_every_residual
from tests.typed import module_at

ROOT = Path(__file__).parents[1]
FOLDERS = tuple(
    ROOT / folder for folder in ("problems", "benchmarks/pinnacle", "benchmarks/fastlsq")
)
FILES = {path.stem: path for folder in FOLDERS for path in sorted(folder.glob("*.py"))}
TEXTS = {name: path.read_text() for name, path in FILES.items()}
STATED = [name for name, text in TEXTS.items() if re.search(r"^problem = ", text, re.M)]
"""Files with a problem; they are run when a test first needs them: one of them fits a scan."""


@functools.cache
def load(name: str):
    return module_at(FILES[name], name)


def small_field(name: str):
    """A small network for each unknown of the file's own field, or for the only one."""

    def small(network):
        if network.inputs == 0:
            return network
        of = getattr(network, "of", None) or None
        return Siren(network.inputs, network.outputs, width=8, depth=2, of=of)

    field = getattr(load(name), "field", None) or Siren(len(load(name).problem.axes))
    return field.rebuilt(small)


def test_no_two_files_have_one_name():
    assert len(FILES) == sum(len([*folder.glob("*.py")]) for folder in FOLDERS)


def test_what_files_state_is_told_from_their_text():
    for name in TEXTS:
        problem = getattr(load(name), "problem", None)
        assert (problem is not None) == (name in STATED)
        if problem is not None:
            assert (problem.exact is not None) == (name in EXACT), name
            assert (problem.truth is not None) == (name in COMPARED), name


EXACT = [name for name in STATED if re.search(r"\bexact=", TEXTS[name])]
COMPARED = [name for name in STATED if re.search(r"\btruth=", TEXTS[name])]


@pytest.mark.parametrize("name", EXACT)
def test_the_exact_solution_kills_every_residual(name):
    obey(Stated(load(name).problem), [the_exact_solution_kills_every_residual])


def quick():
    """Problems with a reference that took less than half a minute, and their worst error."""
    measured = json.loads((ROOT / "problems" / "gallery.json").read_text())
    return {
        name: max(measured[name]["errors"])
        for name in COMPARED
        if name in measured and max(measured[name]["seconds"]) < 30
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", quick())
def test_solutions_meet_their_references(name):
    module = load(name)
    chosen = [getattr(module, key, None) for key in ("field", "method")]
    problem = module.problem
    solution = solve(problem, *chosen, budget=getattr(module, "budget", None), quiet=True)
    # a wrong sign in an equation or a condition changes the solution by its own size
    assert solution.error() < 10 * quick()[name] + problem.truth.accuracy


OSCILLATING = {"wave2d_ms"}
"""Rows of fifty periods, of which eight neurons fit little in three steps."""


@pytest.mark.parametrize("name", STATED)
def test_three_steps_decrease_the_loss(name):
    problem, field, method = load(name).problem, small_field(name), GaussNewton()
    own = getattr(load(name), "field", None)
    if isinstance(own, Cosines):  # pixels are nearly white noise: few neurons would fit little
        field, method = own, load(name).method
    solution = solve(
        problem,
        field,
        method,
        quadrature=Sobol(128),
        budget=Budget(steps=3),
        estimate="none",
        quiet=True,
    )
    share = 1 if name in OSCILLATING else 0.9
    assert solution.history.losses[-1] < share * solution.history.losses[0]


@pytest.mark.parametrize("name", STATED)
def test_first_order_training_runs_in_single_precision(name):
    problem, field = load(name).problem, small_field(name)
    solution = solve(
        problem, field, Adam(batch=64), budget=Budget(steps=3), estimate="none", quiet=True
    )
    assert next(solution.field.parameters()).dtype == torch.float32
    assert solution.stop_reason.startswith("the budget is used up")


@pytest.mark.parametrize("name", TEXTS)
def test_files_are_short_and_import_nothing_else(name):
    text = TEXTS[name]
    lines = text.splitlines()
    assert text.startswith('"""')
    assert len(lines) <= 40, f"{name} has {len(lines)} lines"
    imports = [x for x in lines if x.startswith(("import ", "from "))]
    ours = re.compile(r"from siren_pde(\.images|\.scattering)? import ")
    assert all(x == "import sys" or ours.match(x) for x in imports), imports
