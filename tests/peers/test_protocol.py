"""What peers say as they run: one line of JSON after the other, of training seconds alone."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from tests.typed import module_at

FOLDER = Path(__file__).parents[2] / "benchmarks" / "peers"
module_at(FOLDER / "problems.py", "problems")
protocol = module_at(FOLDER / "protocol.py", "protocol")


class Watch:
    """Seconds that pass only when they are told to."""

    now = 100.0


@pytest.fixture
def watch():
    return Watch()


@pytest.fixture
def run(tmp_path, watch):
    words = ["helmholtz", "--seconds", "60", "--seed", "3", "--out", str(tmp_path / "said.jsonl")]
    made = protocol.Run.asked(words)
    made.clock = protocol.Clock(lambda: watch.now)
    return made


def lines(run):
    return [json.loads(line) for line in run.out.read_text().splitlines()]


def test_only_training_is_counted(run, watch):
    assert (run.problem.name, run.seed, run.threads, run.left) == ("helmholtz", 3, 1, 60)
    with run.uncounted("imported"):
        watch.now += 5
    watch.now += 2

    def slow(points):
        watch.now += 30
        return 0 * points[:, 0]

    run.measure(slow)
    watch.now += 1
    assert run.seconds == pytest.approx(3) and not run.over
    said = lines(run)
    assert said[0] == {"event": "imported", "seconds": 5}
    assert said[1] == {"event": "error", "seconds": 2, "error": 1.0, "error_max": 1.0}


def test_times_of_errors_are_geometric(run, watch):
    exact = run.problem.exact
    while not run.over:
        run.look(lambda points: 2 * exact(np, *points.T))
        watch.now += 0.1
    run.ended(
        lambda points: exact(np, *points.T),
        parameters=7,
        recipe="the exact solution",
        packages=["numpy"],
    )
    *measured, last, end = lines(run)
    times = [line["seconds"] for line in measured]
    assert len(times) == 12 and {line["error"] for line in measured} == {1.0}
    assert all(1.2 < b / a < 2 for a, b in itertools.pairwise(times))
    assert last["event"] == "error" and last["error"] == 0
    assert end["versions"] == {"numpy": np.__version__} and end["parameters"] == 7


def test_what_is_not_finite_is_a_failure(run):
    with pytest.raises(FloatingPointError, match="not finite"):
        run.measure(lambda points: np.full(len(points), np.nan))
    assert not lines(run)
