"""Peers: cells of their own beside ours, their lines as runs, and failures as rows."""

import shutil
from pathlib import Path

import pytest

from siren_pde.errors import ConfigError
from siren_pde.suites import peer_child
from siren_pde.suites.cells import Cell, Solve
from siren_pde.suites.outcomes import FAILED
from siren_pde.suites.peers import PEER, PROBLEMS, PeerSolve, peer_cells
from siren_pde.suites.places import local
from siren_pde.suites.store import line_of
from siren_pde.suites.sweep import Sweep
from tests.typed import module_at

ROOT = Path(__file__).parents[2]
DIFFERENCES = """
import numpy as np
from protocol import Run
from scipy.interpolate import RegularGridInterpolator

run = Run.asked()
with run.uncounted("imported"):
    import scipy.interpolate


def solved(n):
    x = np.linspace(-1, 1, n + 2)
    one, line = np.eye(n), np.eye(n, k=1) + np.eye(n, k=-1) - 2 * np.eye(n)
    matrix = (np.kron(line, one) + np.kron(one, line)) / (x[1] - x[0]) ** 2 + np.eye(n * n)
    u = np.zeros((n + 2, n + 2))
    f = run.problem.source(np, *np.meshgrid(x, x, indexing="ij"))[1:-1, 1:-1]
    u[1:-1, 1:-1] = np.linalg.solve(matrix, f.ravel()).reshape(n, n)
    return RegularGridInterpolator((x, x), u)


for n in (5, 11, 23):
    values = solved(n)
    run.measure(values)
run.ended(values, parameters=n * n, recipe=f"{n} differences", packages=["numpy"])
if __name__ == "__main__":
    pass
"""
BROKEN = 'if __name__ == "__main__":\n    raise FloatingPointError("after 2 s it is not finite")\n'
SILENT = "# ends at once, in __main__\n"
ENDLESS = "# in __main__\nimport signal\nsignal.pause()\n"


@pytest.fixture
def repository(tmp_path):
    """A clone with one problem, a peer that solves it, one that fails, one not installed."""
    folder = tmp_path / "clone" / "benchmarks" / "peers"
    folder.mkdir(parents=True)
    for name in ("protocol", "problems"):
        shutil.copy(ROOT / "benchmarks" / "peers" / f"{name}.py", folder)
    scripts = {"differences": DIFFERENCES, "broken": BROKEN, "absent": BROKEN}
    for name, text in scripts.items():
        (folder / f"{name}.py").write_text(text)
    (folder / "requirements").mkdir()
    (folder / "requirements" / "absent.txt").write_text("absent==1.0\n")
    base = tmp_path / "clone"
    (base / "problems").mkdir()
    shutil.copy(ROOT / "problems" / "helmholtz.py", base / "problems")
    return base


def ours(base, name="helmholtz"):
    return Cell(name, "own", "own", 0, Solve((base / "problems" / f"{name}.py").resolve()))


def run(cells, root):
    sweep = Sweep([cell.job(root, 1) for cell in cells], 1)
    return [line_of("mine", row, root) for row in sweep.run(local(1), 1, lambda text: None)]


def test_peers_are_given_the_problems_that_they_know():
    known = module_at(ROOT / "benchmarks" / "peers" / "problems.py", "problems").PROBLEMS
    assert tuple(known) == PROBLEMS
    assert all((ROOT / "problems" / f"{name}.py").is_file() for name in PROBLEMS)


def test_a_peer_solves_what_is_in_its_own_folder_too(repository):
    folder = repository / "benchmarks" / "broken"
    folder.mkdir()
    mine = folder / "mine.py"
    shutil.copy(ROOT / "problems" / "helmholtz.py", mine)
    cells = [ours(repository), Cell("mine", "own", "own", 0, Solve(mine.resolve()))]
    solved = [(cell.problem, cell.method) for cell in peer_cells(cells, repository, seeds=1)]
    assert ("mine", "broken") in solved and len(solved) == 4
    assert all(method == "broken" for problem, method in solved if problem == "mine")
    (one,) = peer_cells(cells[1:], repository, seeds=1)
    assert isinstance(one.task, PeerSolve) and one.task.problem == "mine"


def test_every_peer_is_a_cell_for_each_seed(repository):
    every = peer_cells([ours(repository)], repository)
    assert [cell.label for cell in every[:3]] == [
        "helmholtz,peer,absent,seed=0",
        "helmholtz,peer,absent,seed=1",
        "helmholtz,peer,broken,seed=0",
    ]
    assert len(every) == 6 and {cell.field for cell in every} == {PEER}
    few = peer_cells([ours(repository)], repository, ["broken"], seeds=1, seconds=7)
    assert [cell.task for cell in few] == [PeerSolve(few[0].task.script, "helmholtz", 7)]  # type: ignore[attr-defined]


def test_peers_may_say_what_they_solve(repository):
    script = repository / "benchmarks" / "peers" / "broken.py"
    script.write_text(f'PROBLEMS = ("wave", "burgers")\n{BROKEN}')
    every = peer_cells([ours(repository)], repository, seeds=1)
    assert [cell.method for cell in every] == ["absent", "differences"]


def test_what_cannot_be_compared_is_a_mistake(repository):
    with pytest.raises(ConfigError, match=r"no peer `deepx` in .*absent, broken, differences"):
        peer_cells([ours(repository)], repository, ["deepx"])
    with pytest.raises(ConfigError, match="leave `--peers` out"):
        peer_cells([ours(repository, "heat")], repository)


@pytest.mark.slow
def test_what_peers_say_becomes_results_and_failures_are_rows(repository, tmp_path):
    cells = peer_cells([ours(repository)], repository, seeds=1)
    absent, broken, line = run(cells, tmp_path / "out")
    errors = [error for _, error in line["curve"]]
    assert errors[0] > 2 * errors[1] > 4 * errors[2] > 0
    assert len(errors) == 4 and line["error"] == pytest.approx(errors[-1], rel=1e-5)
    assert line["error"] < 0.1 < 2 * line["error_max"] + 0.1
    assert line["cell"] == {
        "problem": "helmholtz",
        "field": PEER,
        "method": "differences",
        "seed": 0,
    }
    assert (line["parameters"], line["ran"], line["outcome"]) == (
        529,
        "23 differences",
        "converged",
    )
    assert line["peer"]["imported"] >= 0 and line["peer"]["compiled"] is None
    assert [*line["peer"]["versions"]] == ["numpy"] and line["seconds"] > 0
    assert (absent["outcome"], broken["outcome"]) == (FAILED, FAILED)
    assert "`absent` is not installed" in absent["reason"] and "make peers" in absent["reason"]
    assert broken["failure"] == {
        "type": "FloatingPointError",
        "message": "after 2 s it is not finite",
    }


@pytest.mark.slow
def test_peers_are_run_once(repository, tmp_path):
    def said(**options):
        run(peer_cells([ours(repository)], repository, ["differences"], 1, **options), tmp_path)
        return (tmp_path / "cells" / "helmholtz,peer,differences,seed=0" / "said.jsonl").stat()

    first = said()
    assert said().st_mtime_ns == first.st_mtime_ns
    assert said(seconds=60).st_mtime_ns > first.st_mtime_ns


def child(repository, tmp_path, text):
    script = repository / "benchmarks" / "peers" / "mine.py"
    script.write_text(text)
    return peer_child.main([str(tmp_path), str(script), "helmholtz", "1", "0", "1"])


def test_a_peer_has_to_say_how_it_ended(repository, tmp_path, capsys):
    assert child(repository, tmp_path, SILENT) == 1
    assert "StorageError: the peer `mine` has ended without" in capsys.readouterr().err


def test_a_peer_that_does_not_end_is_ended(repository, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(peer_child, "STARTING", -2.0)
    assert child(repository, tmp_path, ENDLESS) == 1
    assert "TimeoutError: it did not end in 1 s" in capsys.readouterr().err
