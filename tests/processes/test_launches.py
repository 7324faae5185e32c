"""Jobs of torchrun as users start them: what they are told, what goes on, and who remains."""

import json
import re
import socket

import pytest
from typer.testing import CliRunner

from siren_pde import load
from siren_pde.cli.app import app
from siren_pde.runs.folder import RESULTS
from siren_pde.runs.manifest import Manifest
from siren_pde.solving.solution import Solution
from tests.processes.dying import CTRL_C, KILLED, LEFT, ended, job, launched, script

OWN = """
import os, sys
import torch.distributed as dist
from siren_pde import *

dist.init_process_group("gloo")
for rank in range(2):
    dist.new_group([rank])
dist.new_group([dist.get_rank()], use_local_synchronization=True)
square = Box(x=(0, 1), y=(0, 1))

@on(square)
def poisson(p, u):
    return lap(u) + sin(3 * p.x)

def loss():
    field, method, budget = Siren(2, width=8, depth=2), Adam(batch=64), Budget(steps=3)
    return solve(Problem(poisson), field, method, budget=budget, estimate="none", quiet=True).loss

losses = [loss(), loss()]
for _ in range(2):
    dist.destroy_process_group()
    losses.append(loss())
os.write(1, f"same losses: {len({*losses}) == 1}\\n".encode())
if dist.get_rank() == 1:
    raise ValueError("between two solves")
os.write(1, f"not so: {loss()}\\n".encode())
"""


def parameters(run):
    """The parameters of what a run has left, network by network."""
    solution = load(run / RESULTS)
    assert isinstance(solution, Solution)
    return [p.tolist() for p in solution.field.parameters()]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The folder of a job that ends by its budget, and how it ended."""
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "mine.py").write_text(script())
    process = launched(folder, restarts=1)
    said, _ = process.communicate(timeout=250)
    return folder, ended(folder, process.returncode, said)


@pytest.mark.slow
def test_a_budget_that_is_used_up_is_told_and_begins_nothing_again(undisturbed):
    _, end = undisturbed
    assert end.code == 0 and len(end.started) == 2
    told = next(line for line in end.said.splitlines() if line.startswith("exit code"))
    assert told.startswith("exit code  3 (budget), by `siren-pde outcome run`")
    result = CliRunner().invoke(app, ["outcome", str(end.run), "--json"])
    assert json.loads(result.stdout)["exit_code"] == result.exit_code == 3


@pytest.mark.slow
@pytest.mark.parametrize("moment", [0, 90])
def test_a_job_begun_again_goes_on_with_its_own_run_alone(undisturbed, moment):
    folder, whole = undisturbed
    expected = parameters(whole.run)
    for name in ("started", "died"):
        (folder / name).unlink(missing_ok=True)
    end = job(folder, KILLED, rank=1, moment=moment, restarts=1)  # in the folder of an earlier run
    assert end.code == 0 and (folder / "died").exists() and not end.orphans
    goes_on = re.search(r"goes on from step (\d+)", end.said)
    lost = 20  # residuals before the first step, and steps since the last checkpoint
    assert goes_on is None if moment == 0 else goes_on and int(goes_on.group(1)) >= moment - lost
    assert parameters(end.run) == expected


@pytest.mark.slow
def test_machines_meet_again_that_have_counted_other_restarts(tmp_path):
    (tmp_path / "mine.py").write_text(script(KILLED, moment=30))
    with socket.create_server(("127.0.0.1", 0)) as free:
        place = f"localhost:{free.getsockname()[1]}"
    start = ["--nnodes", "2", "--rdzv-backend", "c10d", "--rdzv-endpoint", place, "--rdzv-id", "1"]
    machines = [launched(tmp_path, restarts=1, start=start) for _ in range(2)]
    said = "".join(each.communicate(timeout=250)[0] for each in machines)
    assert [each.returncode for each in machines] == [0, 0]
    assert "goes on from step" in said and (tmp_path / "died").exists()


@pytest.mark.slow
def test_a_script_may_have_groups_of_its_own_and_solve_often(tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    said, _ = launched(tmp_path, "own.py").communicate(timeout=250)
    assert said.count("same losses: True") == 2
    assert "ValueError: between two solves" in said and not re.search(r"not so: \d", said)


@pytest.mark.slow
@pytest.mark.parametrize("act", [CTRL_C, LEFT], ids=["Ctrl-C", "SIGKILL"])
def test_a_torchrun_that_is_stopped_leaves_no_process_and_a_run(tmp_path, act, monkeypatch):
    end = job(tmp_path, act, group=True)
    assert end.code != 0 and len(end.started) == 2 and not end.orphans
    said = Manifest.read(end.run)
    assert said.outcome == "interrupted"
    for name in ("RANK", "TORCHELASTIC_RESTART_COUNT"):  # which the file reads
        monkeypatch.setenv(name, "0")
    monkeypatch.setattr("siren_pde.cli.solve._draw", lambda solution, folder: None)
    words = ["resume", str(end.run), "--steps", str(int(str(said.progress["step"])) + 2)]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 3 and "goes on from step" in result.output
