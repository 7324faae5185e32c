"""A command that is asked to stop does so at once, with the exit code that shells expect, and goes
on from there as if it had not been stopped.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from siren_pde.runs.manifest import Manifest
from siren_pde.runs.signals import Stopped, caught, check, deferred

STOPS = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}
PLACES = (
    *("file", "residual", "start", "step", "callback", "checkpoint"),
    *("estimate", "truth", "drawing"),
)
PROBLEM = """
import ctypes, os, signal, sys, threading
from siren_pde import *
from siren_pde.cli import solve as command
from siren_pde.runs import checkpoints, lines, signals
from siren_pde.solving import answer, loop

counts = {}

def stop(place, first=1):
    counts[place] = counts.get(place, 0) + 1
    if counts[place] != first or os.environ.get("PLACE") != place:
        return
    for name in os.environ["SIGNALS"].split():
        try:
            os.kill(os.getpid(), getattr(signal, name))
        except KeyboardInterrupt:
            if "DEAF" not in os.environ:
                raise
    if "STUCK" in os.environ:  # in a call of C, as LAPACK's, which sees no signals
        signals._ACTIVE.patience = 0.1
        sys.setswitchinterval(1000)  # so that the other thread goes on once this one is in there
        signal.pthread_sigmask(signal.SIG_BLOCK, list(signal.valid_signals()))
        there, pause = threading.Event(), ctypes.CDLL(None).pause
        def kill():
            there.wait()
            os.kill(os.getpid(), getattr(signal, os.environ["STUCK"]))
        threading.Thread(target=kill).start()
        there.set()
        pause()
    if "DEAF" in os.environ:
        threading.Event().wait()

def told(module, name, place, first=1):
    inner = getattr(module, name)
    def outer(*arguments, **options):
        stop(place, first)
        return inner(*arguments, **options)
    setattr(module, name, outer)

line = Box(x=(0, 1))

@on(line)
def bratu(p, u):
    stop("residual", 90)
    return d(u, p.x, p.x) + u**2 - sin(pi * p.x)

@on(line.boundary)
def ends(p, u):
    return u

def truth(p):
    stop("truth", 4)
    return p.x * (1 - p.x) / 8

problem = Problem(bratu, ends, exact=truth)
field, method, budget = Siren(1, width=6, depth=2), Adam(batch=32), Budget(steps=150)
told(Adam, "start", "start")
told(Adam, "step", "step", 70)
told(answer, "estimated", "estimate")
told(command, "_draw", "drawing")
told(checkpoints, "pack", "checkpoint")
told(loop, "_called", "callback")
told(os, "replace", "rename", 9)
told(lines, "line", "row", 5)
stop("file")
"""


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "siren_pde", *arguments],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def solved(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    (folder / "mine.py").write_text(PROBLEM)
    return run(
        folder, "solve", "mine.py", "--checkpoint-every", "50", "--out", "out", **environment
    )


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The course of a solve that nothing stops."""
    folder = tmp_path_factory.mktemp("undisturbed")
    done = solved(folder)
    assert done.returncode == 3, done.stderr
    return (folder / "out" / "metrics.jsonl").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
def test_a_stopped_command_goes_on(place, undisturbed, tmp_path: Path) -> None:
    name = list(STOPS)[PLACES.index(place) % len(STOPS)]
    done = solved(tmp_path, PLACE=place, SIGNALS=name)
    assert done.returncode == STOPS[name], done.stderr
    assert "Traceback" not in done.stderr
    if place == "file":  # nothing has begun
        assert not (tmp_path / "out").exists()
        return
    said = Manifest.read(tmp_path / "out")
    assert not (said.finished and said.ended)
    assert not list((tmp_path / "out").rglob("*.tmp"))
    again = run(tmp_path, "resume", "out")
    assert again.returncode == 3, again.stderr
    assert (tmp_path / "out" / "metrics.jsonl").read_bytes() == undisturbed
    assert Manifest.read(tmp_path / "out").ended


@pytest.mark.slow
@pytest.mark.parametrize("place", ["step", "checkpoint", "rename", "row", "drawing"])
def test_a_killed_command_goes_on(place, undisturbed, tmp_path: Path) -> None:
    done = solved(tmp_path, PLACE=place, SIGNALS="SIGKILL")
    assert done.returncode == -signal.SIGKILL
    assert run(tmp_path, "resume", "out").returncode == 3
    assert (tmp_path / "out" / "metrics.jsonl").read_bytes() == undisturbed
    assert not list((tmp_path / "out").rglob("*.tmp"))


@pytest.mark.slow
def test_a_step_that_sees_no_signal_is_left_behind(undisturbed, tmp_path: Path) -> None:
    done = solved(tmp_path, PLACE="step", SIGNALS="", STUCK="SIGTERM")
    assert done.returncode == 143 and "middle of a step" in done.stderr
    said = Manifest.read(tmp_path / "out")
    assert (said.outcome, said.progress["step"]) == ("interrupted", 69)
    assert run(tmp_path, "resume", "out").returncode == 3
    assert (tmp_path / "out" / "metrics.jsonl").read_bytes() == undisturbed


@pytest.mark.slow
def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    done = solved(tmp_path, PLACE="drawing", SIGNALS="SIGTERM SIGINT", DEAF="1")
    assert done.returncode == 130


def test_a_signal_waits_for_what_is_being_written() -> None:
    written = []
    with pytest.raises(Stopped) as stopped, caught():
        with deferred():
            os.kill(os.getpid(), signal.SIGTERM)
            written.append("whole")
        written.append("never")
    assert written == ["whole"] and stopped.value.code == 143


def test_handlers_are_as_before_and_lost_signals_are_raised_later() -> None:
    def mine(*_):
        raise ValueError

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN), signal.signal(signal.SIGTERM, mine)
    try:
        with caught() as signals:
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN  # as `nohup` wants it
            try:
                os.kill(os.getpid(), signal.SIGTERM)
            except Stopped:
                pass  # as C does with an exception of a function it calls
            assert signals.received == signal.SIGTERM
            check()  # raised once, and not again
        assert signal.getsignal(signal.SIGTERM) is mine
        assert signal.set_wakeup_fd(-1) == -1
    finally:
        signal.signal(signal.SIGHUP, before[0])
        signal.signal(signal.SIGTERM, before[1])
