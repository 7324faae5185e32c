"""`siren-pde sweep`: runs of one file in processes of their own, and mistakes in one message."""

import json

import pytest
from typer.testing import CliRunner

from siren_pde.cli.app import app

TEXT = """
from siren_pde import *

rate = 2.0
line = Box(x=(0, 1))

@on(line)
def one(p, u):
    return u - rate * p.x

problem = Problem(one, exact=lambda p: rate * p.x)
"""


@pytest.fixture
def call(tmp_path):
    (tmp_path / "mine.py").write_text(TEXT)

    def run(*options):
        arguments = ["sweep", tmp_path / "mine.py", "--out", tmp_path / "runs", *options]
        return CliRunner().invoke(app, list(map(str, arguments)))

    return run


@pytest.mark.slow
def test_members_are_runs_and_done_once(call, tmp_path):
    """Two processes, which import everything: seconds."""
    options = ["--set", "rate=1,3", "--jobs", 2, "--estimate", "none"]
    options += ["--method", "LeastSquares(features=20)", "--json"]
    result = call(*options)
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout.splitlines()[-1])
    assert [member["values"]["rate"] for member in said["members"]] == [1, 3]
    assert all(member["error"] < 1e-6 for member in said["members"])
    for name in ("rate=1,seed=0", "rate=3,seed=0"):
        assert (tmp_path / "runs" / name / "results.h5").is_file()
        command = json.loads((tmp_path / "runs" / name / "manifest.json").read_text())["command"]
        assert command["machine"]["threads"] >= 1
    again = call(*options)
    assert "2 of 2 members have ended before" in again.stderr
    assert json.loads(again.stdout.splitlines()[-1]) == said


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--set", "nu=1"), "has no such. Its names are rate, line, problem"),
        (("--set", "rate=1,"), None),
        (("--set", "rate"), "cannot be read"),
        (("--set", "rate=1,1"), "gives 1 twice"),
        (("--executor", "cloud"), "one of local, slurm"),
        (("--executor", "slurm"), "submitit"),
        (("--seeds", "0"), "--seeds"),
        (("--jobs", "0"), "--jobs"),
    ],
)
def test_mistakes_are_explained_before_anything_is_solved(
    call, tmp_path, monkeypatch, options, says
):
    monkeypatch.setattr("siren_pde.cli.sweep.Sweep.run", lambda *_: [])
    result = call(*options)
    if says is None:
        assert result.exit_code == 0
        return
    assert result.exit_code == 2 and says in " ".join(result.stderr.split())
    assert not list((tmp_path / "runs").glob("*/manifest.json"))


def test_missing_files_are_named(tmp_path):
    result = CliRunner().invoke(app, ["sweep", str(tmp_path / "none.py")])
    assert result.exit_code == 2 and "none.py" in result.stderr
