"""Classical peers converge as they should, and stop before their time is over."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.typed import module_at

FOLDER = Path(__file__).parents[2] / "benchmarks" / "peers"
for name in ("problems", "protocol", "refinement"):
    module_at(FOLDER / f"{name}.py", name)
module_at(FOLDER.parent / "spectral.py", "spectral")
chebyshev = module_at(FOLDER / "chebyshev.py", "chebyshev")
differences = module_at(FOLDER / "finite_differences.py", "finite_differences")
problems = module_at(FOLDER / "problems.py", "problems").PROBLEMS
refinement, protocol = (
    module_at(FOLDER / f"{name}.py", name) for name in ("refinement", "protocol")
)
STATIONARY = ("poisson_scales", "helmholtz")


def errors(solved, name, levels):
    problem = problems[name]
    return [problem.errors(solved(problem, level)[0](problem.points()))[0] for level in levels]


@pytest.mark.parametrize("name", STATIONARY)
def test_stationary_problems_are_solved_to_rounding(name):
    first, _, last = errors(chebyshev.stationary, name, (20, 28, chebyshev.LEVELS[name][-1]))
    assert last < 1e-12 < 1e-3 * first


def test_the_wave_equation_is_solved_to_rounding():
    coarse, fine = errors(chebyshev.wave, "wave", (28, 36))
    assert fine < 1e-9 < 1e-3 * coarse


@pytest.mark.parametrize("name", STATIONARY)
def test_differences_are_of_order_four(name):
    found = errors(differences.stationary, name, (64, 128, 256))
    orders = np.log2(np.divide(found[:-1], found[1:]))
    assert np.allclose(orders, 4, atol=0.1)


def test_the_magic_step_of_the_wave_equation_has_no_error_but_the_splines():
    coarse, fine = errors(differences.wave, "wave", (32, 128))
    assert fine < 1e-3 * coarse and fine < 1e-8


@pytest.mark.slow
def test_both_solve_burgers_equation():
    coarse, fine = errors(differences.burgers, "burgers", (64, 128))
    assert 3.5 < coarse / fine < 4.5
    coarse, fine = errors(chebyshev.burgers, "burgers", (32, 64))
    assert fine < min(1e-3, coarse / 10)


def test_levels_are_left_out_that_would_take_too_long(tmp_path):
    now = 0.0
    out = tmp_path / "said.jsonl"
    run = protocol.Run.asked(["helmholtz", "--seconds", "10", "--out", str(out)])
    run.clock = protocol.Clock(lambda: now)

    def solved(problem, level):
        nonlocal now
        now += 4.0**level / 16
        return (lambda points: np.zeros(len(points))), level

    refinement.refined(run, range(9), solved, "nothing", ["numpy"])
    said = [json.loads(line) for line in out.read_text().splitlines()]
    assert said[-1]["recipe"] == "nothing, level 3" and said[-1]["parameters"] == 3
    assert [line["seconds"] for line in said[:-2]] == [0.0625, 0.3125, 1.3125, 5.3125]
