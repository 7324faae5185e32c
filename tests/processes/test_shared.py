"""Several processes compute what one does: a launch for 1, 2, 3 and 4 of them."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.processes import laws

ROOT = Path(__file__).parents[2]
COUNTS = (1, 2, 3, 4)
ROUNDING = {
    "methods": 1e-10,
    "quadratures": 1e-12,
    "products": 1e-12,
    "adaptive": 1e-12,
    "spread": 1e-8,
    "trees": 1e-10,
    "boxes": 1e-8,
    "solves": 1e-8,
}
"""By how much numbers may differ, beside the largest of them."""


@pytest.fixture(scope="session")
def computed(tmp_path_factory):
    """What each process of each job has computed."""
    folder = tmp_path_factory.mktemp("jobs")
    words = ["-m", "tests.processes.forked", str(folder), *map(str, COUNTS)]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=290,
    )
    assert done.returncode == 0, done.stderr
    return {
        n: [json.loads((folder / f"{n}-{rank}.json").read_text()) for rank in range(n)]
        for n in COUNTS
    }


def apart(first, second):
    """How far two lists of numbers differ, beside the largest of the first; infinite for words."""
    if isinstance(first, list) and first and isinstance(first[0], str):
        return 0.0 if first == second else np.inf
    a, b = np.asarray(first), np.asarray(second)
    if a.shape != b.shape or not np.isfinite(b).all():
        return np.inf
    return np.abs(a - b).max(initial=0) / max(np.abs(a).max(initial=0), 1e-300)


@pytest.mark.slow
@pytest.mark.parametrize("count", COUNTS[1:])
@pytest.mark.parametrize("law", laws.LAWS, ids=lambda law: law.__name__)
def test_several_processes_compute_what_one_does(computed, law, count):
    (alone,) = (each[law.__name__] for each in computed[1])
    for rank, each in enumerate(computed[count]):
        there = each[law.__name__]
        assert {*there} == {*alone}
        far = {name: apart(alone[name], there[name]) for name in alone}
        worst = {name: x for name, x in far.items() if not x <= ROUNDING[law.__name__]}
        assert not worst, f"rank {rank} of {count}"


@pytest.mark.slow
@pytest.mark.parametrize("count", COUNTS[1:])
def test_all_processes_have_the_same_bits(computed, count):
    first, *others = computed[count]
    assert all(each == first for each in others)


@pytest.mark.slow
@pytest.mark.parametrize("count", COUNTS[1:])
def test_the_first_process_decides_for_all(computed, count):
    for each in computed[count]:
        told = each["decisions"]
        assert told["steps"][0] == 7 and "seven are enough" in told["words"][0]
        assert f"since {count} processes share it" in told["words"][2]


@pytest.mark.slow
def test_what_is_computed_is_no_trivial_number(computed):
    shown = (computed[1][0][law.__name__] for law in laws.LAWS)
    numbers = [np.asarray(v) for law in shown for v in law.values()]
    sizes = [np.abs(x).max() for x in numbers if x.dtype.kind == "f"]
    assert len(sizes) > 20 and min(sizes) > 1e-6
