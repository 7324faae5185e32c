"""What a process knows of who has started it, and what an attempt goes on with: no torchrun."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from torch.distributed import TCPStore  # type: ignore[attr-defined]
from typer.testing import CliRunner

from siren_pde import Adam, Budget, Siren, Sobol, solve
from siren_pde.cli.app import app
from siren_pde.processes import attempts, launched
from siren_pde.processes.attempts import begun, goes_on
from siren_pde.processes.meeting import agreed_name
from siren_pde.runs.folder import Run
from siren_pde.runs.manifest import Manifest
from tests.processes.problems import bent

TORCHRUN = {
    "TORCHELASTIC_RUN_ID": "none",
    "TORCHELASTIC_USE_AGENT_STORE": "True",
    "TORCHELASTIC_RESTART_COUNT": "0",
    "MASTER_ADDR": "127.0.0.1",
    "RANK": "0",
    "LOCAL_RANK": "0",
    "WORLD_SIZE": "1",
}
FILE = """
from siren_pde import *
line = Box(x=(0, 1))

@on(line)
def poisson(p, u):
    return d(u, p.x, p.x) + sin(300 * p.x)

problem, method = Problem(poisson), Adam(batch=16)
field, budget = Siren(1, width=4, depth=2), Budget(steps=2)
"""


class NoLinux:
    """In place of ctypes: a test is not to end with whoever has started it."""

    @staticmethod
    def CDLL(name):
        raise OSError


@pytest.fixture
def torchrun(monkeypatch):
    """As in the only process of a torchrun; begins the job again where it is called."""
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    monkeypatch.setattr(launched, "ctypes", NoLinux)
    for name, value in {**TORCHRUN, "MASTER_PORT": str(store.port)}.items():
        monkeypatch.setenv(name, value)

    def again(count):
        monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", str(count))
        monkeypatch.setattr(attempts, "PROCESS", f"{store.port} {count}")

    return again


def test_an_attempt_goes_on_with_what_the_job_has_begun(torchrun):
    one, other, third = Path("one"), Path("other"), Path("third")
    assert not goes_on(one) and not goes_on(other)
    begun(one)
    torchrun(1)
    assert goes_on(one) and not goes_on(other) and not goes_on(third)
    begun(third)
    torchrun(2)
    assert goes_on(third) and goes_on(one)


def test_of_runs_in_one_folder_the_last_goes_on(torchrun):
    place = Path("one")
    for _ in range(2):
        assert not goes_on(place)
        begun(place)
    torchrun(1)
    assert not goes_on(place)  # the second has replaced it
    assert goes_on(place)


def test_those_who_meet_have_a_name_that_nobody_had_before():
    server, names = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False), []
    for _ in range(3):  # in one store, which has the words of those before
        with ThreadPoolExecutor() as pool:
            clients = [TCPStore("127.0.0.1", server.port, is_master=False) for _ in range(3)]
            given = [(client, rank, 3, 30) for rank, client in enumerate(clients)]
            names.append([*pool.map(lambda each: agreed_name(*each), given)])
    assert all(len({*each}) == 1 for each in names) and len({each[0] for each in names}) == 3
    with pytest.raises(RuntimeError, match="rank 1, 2 of 3 did not come"):
        agreed_name(server, 0, 3, 0)
    with pytest.raises(RuntimeError, match="the first one did not answer"):
        agreed_name(server, 1, 3, 0)


def test_without_torchrun_nothing_goes_on():
    begun(Path("one"))
    assert not goes_on(Path("one"))


def test_a_job_begun_again_leaves_the_runs_of_earlier_ones(torchrun, tmp_path, capsys):
    def steps(count):
        solution = solve(
            bent,
            Siren(2, width=4, depth=2, seed=0),
            Adam(batch=16),
            run=tmp_path / "run",
            budget=Budget(steps=count),
            quadrature=Sobol(16),
            estimate="none",
        )
        return solution.history.steps[-1]

    with pytest.MonkeyPatch.context() as before:
        before.delenv("TORCHELASTIC_RUN_ID")
        assert steps(3) == 3
    torchrun(1)  # after a death before the run was begun
    capsys.readouterr()
    assert steps(2) == 2 and "goes on" not in capsys.readouterr().err
    torchrun(2)
    assert steps(4) == 4 and "goes on from step 2" in capsys.readouterr().err


@pytest.mark.parametrize("variable", launched.OTHERS)
def test_processes_of_other_launchers_are_told_that_they_share_nothing(variable):
    said = launched.by_others({variable: "4"})
    assert launched.OTHERS[variable] in said and "4 processes" in said and "torchrun" in said
    for harmless in ({variable: "1"}, {variable: "many"}, {**TORCHRUN, variable: "4"}):
        assert not launched.by_others(harmless)


def test_a_batch_script_is_one_process():
    assert not launched.by_others({"SLURM_NTASKS": "8", "SLURM_PROCID": "0"})


def test_solve_says_so_once(monkeypatch, capsys):
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "2")
    field, budget = Siren(2, width=4, depth=2), Budget(steps=1)
    solve(bent, field, Adam(batch=16), budget=budget, quadrature=Sobol(16), estimate="none")
    assert capsys.readouterr().err.count("srun has started 2 processes") == 1


def test_any_end_is_no_death_to_torchrun(torchrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("siren_pde.cli.solve._draw", lambda solution, folder: None)
    Path("mine.py").write_text(FILE)
    result = CliRunner().invoke(app, ["solve", "mine.py", "--out", "run"])
    assert result.exit_code == 0
    assert "exit code  3 (budget), by `siren-pde outcome run`" in result.stdout.splitlines()[-1]
    assert Manifest.read(Path("run")).result["exit_code"] == 3
    assert CliRunner().invoke(app, ["resume", "run"]).exit_code == 0
    told = CliRunner().invoke(app, ["outcome", "run"])
    assert told.exit_code == 3 and told.stdout.startswith("budget: the budget is used up")


@pytest.mark.parametrize("outcome", [("running", 1), ("failed", 1), ("interrupted", 130)])
def test_the_end_of_a_run_is_told_by_its_folder(tmp_path, outcome):
    name, code = outcome
    with Run.made(tmp_path / "run") as run:
        run.describe(Manifest(outcome=name, reason="" if name == "running" else "so it was"))
    told = CliRunner().invoke(app, ["outcome", str(tmp_path / "run")])
    assert told.exit_code == code and told.stdout.startswith(f"{name}: ")
    assert CliRunner().invoke(app, ["outcome", str(tmp_path)]).exit_code == 2
