"""`siren-pde bench`: cells are run once, failures are rows, Ctrl-C loses nothing."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from siren_pde.cli.app import app
from siren_pde.runs.manifest import Manifest, now

LINE = """
from siren_pde import *

line = Box(x=(0, 1))
method = LeastSquares(features=20)

@on(line)
def one(p, u):
    return u - 2 * p.x

problem = Problem(one, exact=lambda p: 2 * p.x)
"""
GATED = """
import signal
from pathlib import Path

if Path(__file__).with_name("gate").exists():
    signal.pause()
"""


def call(*words):
    return CliRunner().invoke(app, ["bench", *map(str, words)])


class Solving:
    """A place that solves at once: writes what `siren-pde solve` would, but for a file `bad`."""

    def __init__(self, error=1e-4):
        self.error, self.labels = error, []

    def submit(self, function, command):
        folder, words = command.log.parent, [*command.words]
        self.labels.append(folder.name)
        folder.mkdir(parents=True, exist_ok=True)
        file = Path(words[words.index("solve") + 1])
        future: Future[int] = Future()
        if file.stem == "bad":
            command.log.write_text("siren-pde failed unexpectedly: RuntimeError: no memory\n")
            future.set_result(1)
            return future
        limits = {"seconds": float(words[-1])} if words[-2] == "--seconds" else {}
        options = {"method": None, "limits": limits, "network": {}, "estimate": "quick"}
        Manifest(
            problem={"sha256": hashlib.sha256(file.read_bytes()).hexdigest()},
            command={**options, "assigned": {}},
            machine={"cpu": "a"},
            versions={"torch": "2"},
            outcome="converged",
            ended=now(),
            result={"error": self.error, "seconds": 1.0, "steps": 3, "method": "mine"},
        ).written(folder)
        future.set_result(0)
        return future


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Three problems, one of which fails, and where they are solved."""
    (tmp_path / "mine").mkdir()
    for name in ("bad", "heat", "wave"):
        (tmp_path / "mine" / f"{name}.py").write_text("problem = Problem(one)\n")
    made = Solving()
    monkeypatch.setattr("siren_pde.cli.bench.local", lambda jobs: made)
    return made


def test_cells_are_run_once_and_failures_are_rows(place, tmp_path):
    words = (tmp_path / "mine", "--seeds", 2, "--out", tmp_path / "out", "--json")
    result = call(*words)
    assert result.exit_code == 1, result.output
    said = json.loads(result.stdout.splitlines()[-1])
    assert (said["cells"], said["failed"], len(place.labels)) == (6, 2, 6)
    assert said["failures"][0] == {
        "cell": "bad,seed=0",
        "failure": {"type": "RuntimeError", "message": "no memory"},
    }
    assert {row["problem"]: row["error_worst"] for row in said["rows"]}["heat"] == 1e-4
    again = call(*words[:-1])
    assert again.exit_code == 1 and place.labels[6:] == ["bad,seed=0", "bad,seed=1"]
    assert "2 of 6 cells have no result." in again.stdout
    assert len((tmp_path / "out" / "results.jsonl").read_text().splitlines()) == 6
    assert "RuntimeError: no memory" in (tmp_path / "out" / "index.html").read_text()


def test_only_some_are_run_and_the_page_keeps_the_others(place, tmp_path):
    words = (tmp_path / "mine", "--seeds", 1, "--out", tmp_path / "out")
    assert call(*words, "--only", "heat").exit_code == 0
    assert call(*words, "--only", "wa*").exit_code == 0
    assert place.labels == ["heat,seed=0", "wave,seed=0"]
    page = (tmp_path / "out" / "index.html").read_text()
    assert "<td>heat</td>" in page and "<td>wave</td>" in page
    assert call(*words, "--only", "wave", "--force").exit_code == 0
    assert call(*words, "--only", "wave", "--budget", 9).exit_code == 0
    assert place.labels[2:] == ["wave,seed=0", "wave,seed=0"]


def test_what_has_ended_is_shown_where_the_rest_is_interrupted(place, tmp_path, monkeypatch):
    class Interrupted(Solving):
        def submit(self, function, command):
            if command.log.parent.name.startswith("heat"):
                return Solving.submit(self, function, command)
            return SimpleNamespace(done=lambda: False, cancel=lambda: None)

    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("siren_pde.cli.bench.local", lambda jobs: Interrupted())
    monkeypatch.setattr("siren_pde.suites.sweep.time.sleep", interrupt)
    assert call(tmp_path / "mine", "--seeds", 1, "--out", tmp_path / "out").exit_code != 0
    page = (tmp_path / "out" / "index.html").read_text()
    assert "<td>heat</td>" in page and "<td>wave</td>" not in page


def test_an_earlier_run_shows_what_is_worse(place, tmp_path):
    words = (tmp_path / "mine", "--seeds", 1, "--only", "heat", "--out")
    call(*words, tmp_path / "before")
    place.error = 1e-2
    result = call(*words, tmp_path / "now", "--compare", tmp_path / "before", "--json")
    assert result.exit_code == 0
    (change,) = json.loads(result.stdout.splitlines()[-1])["changes"]
    assert change["worse"] == ["error"] and change["problem"] == "heat"
    assert "worse: error" in (tmp_path / "now" / "index.html").read_text()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("quik",), "no suite `quik`"),
        (("sdf",), "--data FOLDER"),
        (("quick", "--only", "poison"), "`--only poison` is no problem"),
        (("quick", "--compare", "none"), "no results"),
        (("quick", "--budget", "0"), "--budget"),
        (("quick", "--seeds", "0"), "--seeds"),
        (("mine.toml",), "cannot read the suite"),
        (("quick", "--peer", "nobody"), "no peer `nobody`"),
        (("scaling", "--peers"), "leave `--peers` out"),
    ],
)
def test_mistakes_are_explained_before_anything_is_run(place, tmp_path, monkeypatch, words, says):
    monkeypatch.chdir(tmp_path)
    result = call(*words, "--out", tmp_path / "out")
    assert result.exit_code == 2 and says in " ".join(result.stderr.split())
    assert not place.labels and not (tmp_path / "out").exists()


PEER = """
from protocol import Run

if __name__ == "__main__":
    run = Run.asked()
    run.ended(lambda p: 0 * p[:, 0], parameters=0, recipe="nothing", packages=["numpy"])
"""


@pytest.mark.slow
def test_peers_are_run_beside_ours(tmp_path, monkeypatch):
    """Ours finds what its file states, the peer finds nothing, and the table says so: seconds."""
    folder = tmp_path / "benchmarks" / "peers"
    folder.mkdir(parents=True)
    (tmp_path / "problems").mkdir()
    (tmp_path / "problems" / "wave.py").write_text(LINE)
    (folder / "idle.py").write_text(PEER)
    for name in ("protocol", "problems"):
        shutil.copy(Path(__file__).parents[2] / "benchmarks" / "peers" / f"{name}.py", folder)
    monkeypatch.setattr("siren_pde.cli.bench.repository", lambda suite: tmp_path)
    words = (tmp_path / "problems", "--seeds", 1, "--out", tmp_path / "out")
    result = call(*words, "--peers", "--budget", 5)
    assert result.exit_code == 0, result.output
    assert "| wave | idle | 1.0e+00 |" in result.stdout
    said = json.loads(call(*words, "--peer", "idle", "--budget", 5, "--json").stdout)
    assert said["cells"] == 2 and [row["peer"] for row in said["peers"]] == ["idle"]
    assert len((tmp_path / "out" / "results.jsonl").read_text().splitlines()) == 2


@pytest.mark.slow
def test_being_interrupted_loses_nothing(tmp_path):
    """A small suite in processes of its own, stopped while the second cell waits: seconds."""
    (tmp_path / "a.py").write_text(LINE)
    (tmp_path / "b.py").write_text(GATED + LINE)
    (tmp_path / "gate").touch()
    suite = 'problems = ["a.py", "b.py"]\nseeds = 1\nestimate = "none"'
    (tmp_path / "mine.toml").write_text(suite)
    words = [sys.executable, "-m", "siren_pde", "bench", tmp_path / "mine.toml", "--jobs", "1"]
    words += ["--out", tmp_path / "out"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    begun = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment)
    assert begun.stderr is not None
    for line in begun.stderr:
        if "1/2  a,seed=0: converged" in line:
            begun.send_signal(signal.SIGINT)
            break
    assert "stopped" in begun.communicate()[1] and begun.returncode == 130
    results = tmp_path / "out" / "results.jsonl"
    first = results.read_text()
    assert len(first.splitlines()) == 1
    (tmp_path / "gate").unlink()
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0 and "1 of 2 members have ended before" in done.stderr
    assert results.read_text().startswith(first)
    lines = [json.loads(line) for line in results.read_text().splitlines()]
    assert [line["label"] for line in lines] == ["a,seed=0", "b,seed=0"]
    for line in lines:
        assert line["error"] < 1e-6 and line["error_max"] < 1e-5 and line["memory"] > 1e7
        assert line["curve"][-1][1] == pytest.approx(line["error"], rel=1e-5)
        assert line["machine"]["threads"] >= 1 and line["versions"]["torch"]
    assert "data:image/webp" in (tmp_path / "out" / "index.html").read_text()
