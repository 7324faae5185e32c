"""Sweeps: every member once, what was interrupted goes on, failures are rows like others."""

import csv
import hashlib
import io
import json
import subprocess
import sys
from concurrent.futures import Future
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from siren_pde.errors import ConfigError
from siren_pde.runs.manifest import Manifest, now
from siren_pde.suites import places, summary
from siren_pde.suites.members import Member, members
from siren_pde.suites.outcomes import Row, Statement, groups
from siren_pde.suites.places import CHILDREN, Children, Command, Cores, slurm, solved
from siren_pde.suites.sweep import Job, Sweep

OPTIONS: dict[str, Any] = {"method": "adam", "limits": {"steps": 3}}
EVERY = members({"nu": [0.1, 0.01], "size": [(1, 2)]}, 3)


def manifest(file, member, error=1e-3, **changes):
    """What `siren-pde solve` writes in the end."""
    said = Manifest(
        problem={"name": "mine", "sha256": hashlib.sha256(file.read_bytes()).hexdigest()},
        command=json.loads(json.dumps({**OPTIONS, "assigned": dict(member.values)})),
        outcome="converged",
        ended=now(),
        result={"error": error, "estimate": {"total": 2 * error}, "seconds": 1.5, "steps": 3},
    )
    return replace(said, **changes)


class Here:
    """A place that solves at once, as it is told: by a function of the command's words."""

    def __init__(self, work):
        self.work, self.commands = work, []

    def submit(self, function, command):
        assert function is solved
        self.commands.append(command)
        future: Future[int] = Future()
        try:
            future.set_result(self.work(command))
        except Exception as error:
            future.set_exception(error)
        return future


@pytest.fixture
def suite(tmp_path):
    """A sweep over all members, whose places write manifests, and what it says."""
    file = tmp_path / "mine.py"
    file.write_text("nu = 1")
    said: list[str] = []
    by_folder = {str(member.folder(tmp_path / "runs")): member for member in EVERY}

    def work(command):
        folder = command.log.parent
        folder.mkdir(parents=True, exist_ok=True)
        manifest(file, by_folder[str(folder)]).written(folder)
        return 0

    def run(place=None, **options):
        jobs = [
            Job(
                member=each,
                label=each.label,
                folder=each.folder(tmp_path / "runs"),
                statement=Statement.of(file, {**OPTIONS, "assigned": dict(each.values)}),
                anew=("solve", each.label),
                go_on=("resume", each.label),
            )
            for each in EVERY
        ]
        told: list[Row[Member]] = []
        place = place or Here(work)
        rows = Sweep(jobs, 2, **options).run(place, 2, said.append, told.append)
        assert sorted(told, key=rows.index) == rows
        return rows, place

    return SimpleNamespace(run=run, work=work, said=said, file=file, root=tmp_path / "runs")


def test_every_combination_is_a_member():
    assert [each.label for each in EVERY[:2]] == [
        "nu=0.1,size=_1,_2_,seed=0~" + EVERY[0].label[-8:],
        "nu=0.1,size=_1,_2_,seed=1~" + EVERY[1].label[-8:],
    ]
    assert members({"nu": [0.1]}, 1)[0].label == "nu=0.1,seed=0"
    assert members({}, 1) == [Member((), 0)] and members({}, 1)[0].label == "seed=0"
    odd = members({"a": ["../x", "/", ".x", "é", "x" * 500, "_._x"]}, 1)
    labels = [each.label for each in odd]
    assert len({*labels}) == len(odd)
    assert all("/" not in label and len(label) < 140 and label[0] == "a" for label in labels)
    with pytest.raises(ConfigError, match=r"0\.1 twice"):
        members({"nu": [0.1, 0.1]}, 1)
    with pytest.raises(ConfigError, match="at least one seed"):
        members({}, 0)


def test_what_has_ended_is_not_done_again(suite):
    rows, place = suite.run()
    assert [command.words[1] for command in place.commands] == [each.label for each in EVERY]
    assert [row.member for row in rows] == EVERY and {row.error for row in rows} == {1e-3}
    assert "left" in suite.said[0] and suite.said[-1].startswith("6/6")
    again, place = suite.run()
    assert not place.commands and again == rows
    forced, place = suite.run(force=True)
    assert len(place.commands) == 6 and forced == rows


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": "interrupted"},
        {"outcome": "failed"},
        {"outcome": "running", "ended": ""},
        {"result": {}},
        {"problem": {"sha256": "another file"}},
        {"command": {**OPTIONS, "method": "lbfgs", "assigned": {}}},
    ],
)
def test_other_runs_are_no_members(suite, change):
    suite.run()
    folder = EVERY[2].folder(suite.root)
    manifest(suite.file, EVERY[2], **change).written(folder)
    _, place = suite.run()
    assert [command.words for command in place.commands] == [("solve", EVERY[2].label)]


def test_what_was_interrupted_goes_on(suite):
    folder = EVERY[1].folder(suite.root)
    folder.mkdir(parents=True)
    begun = {"outcome": "interrupted", "result": {}, "progress": {"step": 40}}
    manifest(suite.file, EVERY[1], **begun).written(folder)
    _, place = suite.run()
    assert place.commands[1].words == ("resume", EVERY[1].label)
    assert place.commands[1].otherwise == ("solve", EVERY[1].label)
    assert not place.commands[0].otherwise and place.commands[0].threads == 2


def test_failures_are_rows_and_tried_again(suite):
    def work(command):
        if command.words[1] == EVERY[0].label:
            command.log.parent.mkdir(parents=True, exist_ok=True)
            command.log.write_text("a\nConfigError: there is no method `newton`\nand a note\n")
            return 2
        if command.words[1] == EVERY[4].label:
            raise RuntimeError("the job was killed")
        return suite.work(command)

    rows, _ = suite.run(Here(work))
    assert [row.outcome for row in rows].count("failed") == 2
    assert rows[0].reason == "exit code 2; ConfigError: there is no method `newton`"
    assert rows[4].reason.startswith("RuntimeError: the job was killed; it has said nothing")
    assert "no method `newton`" in summary.table(rows)
    _, place = suite.run()
    assert [command.words[1] for command in place.commands] == [EVERY[0].label, EVERY[4].label]


def test_being_stopped_stops_all(suite, monkeypatch):
    stopped, cancelled = [], []
    monkeypatch.setattr(Children, "stop", lambda self: stopped.append(self))

    class Waiting(Here):
        def submit(self, function, command):
            if len(self.commands) == 2:
                raise KeyboardInterrupt
            self.commands.append(command)
            return SimpleNamespace(done=lambda: False, cancel=lambda: cancelled.append(command))

    with pytest.raises(KeyboardInterrupt):
        suite.run(Waiting(None))
    assert len(cancelled) == 2 and stopped == [CHILDREN]


# ── processes ─────────────────────────────────────────────────────────────────────────────────────


def python(code):
    return (sys.executable, "-c", code)


def test_a_member_that_cannot_go_on_begins_anew(tmp_path):
    log = tmp_path / "a" / "log.txt"
    anew = python("import os; print('begun', os.environ['OMP_NUM_THREADS'])")
    assert solved(Command(python("raise SystemExit(2)"), anew, log, 3)) == 0
    assert log.read_text() == "begun 3\n"
    assert solved(Command(python("raise SystemExit(130)"), anew, log, 3)) == 130


def test_children_end_with_the_sweep(tmp_path):
    """One ends on SIGINT, as commands do; the other one has to be killed; a third never starts."""
    children = Children()
    places_before, heeds = (
        places.PATIENCE,
        "import signal; print('ready', flush=True); signal.pause()",
    )
    ignores = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); " + heeds[15:]
    processes = []
    for code in (heeds, ignores):
        child = subprocess.Popen(
            python(code), stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
        assert child.stdout is not None and child.stdout.readline() == b"ready\n"
        children.running.add(child)
        processes.append(child)
    places.PATIENCE = 0.5
    try:
        children.stop()
    finally:
        places.PATIENCE = places_before
    codes = [child.wait() for child in processes]
    assert codes[1] == -9 and codes[0] != 0
    for child in processes:
        child.communicate()
    assert children.run(python("print(1)"), tmp_path / "log", 1) == 130


def test_cores_are_lent_to_one_at_a_time(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {1, 3, 5, 7})
    cores = Cores()
    with cores.some(2) as first, cores.some(2) as second:
        assert sorted(first) == [1, 3] and sorted(second) == [5, 7]
        with cores.some(1) as none_left:
            assert not none_left
    with cores.some(3) as three, cores.some(2) as too_many, cores.some(4) as everything:
        assert three == {1, 3, 5} and not too_many and not everything
    assert not cores.lent


def test_a_member_stays_on_its_cores(tmp_path, monkeypatch):
    pinned = []
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {1, 3})
    monkeypatch.setattr("os.sched_setaffinity", lambda process, cores: pinned.append(cores))
    children = Children()
    assert children.run(python("print(1)"), tmp_path / "log", 1) == 0
    assert children.run(python("print(1)"), tmp_path / "log", 2) == 0
    assert pinned == [{1}] and not children.cores.lent


def test_clusters_are_asked_through_submitit(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(ConfigError, match=r"submitit.*pip install \"siren-pde\[slurm\]\""):
        slurm(tmp_path, 2, 30)
    made: dict[str, Any] = {}

    class AutoExecutor:
        def __init__(self, folder):
            made["folder"] = folder

        def update_parameters(self, **options):
            made.update(options)

    module = ModuleType("submitit")
    monkeypatch.setattr(module, "AutoExecutor", AutoExecutor, raising=False)
    monkeypatch.setitem(sys.modules, "submitit", module)
    assert isinstance(slurm(tmp_path, 2, 30), AutoExecutor)
    assert made["cpus_per_task"] == 2 and made["timeout_min"] == 30


# ── what is left ──────────────────────────────────────────────────────────────────────────────────


def rows(tmp_path):
    """Two values, three seeds each; one error is unknown."""
    several = members({"nu": [0.1, "<b>"]}, 3)
    errors = [1e-3, 3e-3, 2e-3, 1e-5, float("nan"), 4e-5]
    return [
        Row(each, each.folder(tmp_path), "converged", error, seconds=1.0 + i, steps=i)
        for i, (each, error) in enumerate(zip(several, errors, strict=True))
    ]


def test_worst_and_median_are_over_seeds(tmp_path):
    first, second = groups(rows(tmp_path))
    assert (first.worst, first.median, first.seconds) == (3e-3, 2e-3, 2.0)
    assert second.worst != second.worst and second.seconds == 5.0


def test_a_summary_is_written_for_people_and_programs(tmp_path):
    every = rows(tmp_path)
    every[0].folder.mkdir()
    (every[0].folder / "report.html").write_text("")
    summary.write("<i>mine", every, tmp_path)
    said = json.loads((tmp_path / "sweep.json").read_text())
    assert said["groups"][0] == {
        "values": {"nu": 0.1},
        "seeds": 3,
        "worst": 3e-3,
        "median": 2e-3,
        "seconds": 2.0,
    }
    assert said["members"][4]["error"] is None and said["members"][5]["steps"] == 5
    lines = list(csv.DictReader(io.StringIO((tmp_path / "sweep.csv").read_text())))
    assert [line["nu"] for line in lines[2:4]] == ["0.1", "<b>"] and lines[4]["error"] == ""
    assert lines[1]["seed"] == "1" and float(lines[1]["error"]) == 3e-3
    page = (tmp_path / "sweep.html").read_text()
    assert "<b>" not in page and "<i>" not in page and page.count("<circle") == 5
    assert 'href="./nu=0.1,seed=0/report.html"' in page and page.count("href=") == 1
    assert "://" not in page and "3.00e-03" in page and "2.00e-03" in page
    told = summary.table(every)
    assert "nu=0.1    3      3.00e-03  2.00e-03  2.0" in told and "nu=0.1,seed=2" in told
