"""A run's folder: one writer, files that are whole, and failures that say what is there."""

import itertools
import json
import multiprocessing
import os
import shutil
import stat
import subprocess
import sys
import threading
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import torch

from siren_pde import Adam, Budget, Every, solve
from siren_pde.errors import CheckpointError, RunLockedError, StorageError
from siren_pde.files.atomic import atomic_write
from siren_pde.runs.folder import Run
from siren_pde.runs.manifest import Manifest
from tests.decay import problem, small

GIVEN: dict[str, Any] = {"checkpoint_every": Every(steps=10), "estimate": "none", "quiet": True}


def fit(steps=35, **options):
    return solve(problem, small, Adam(batch=8), budget=Budget(steps=steps), **GIVEN, **options)


def parameters(solution):
    return torch.cat([q.flatten() for q in solution.field.parameters()])


def locked(path, ready, done):
    """Another process that writes the run."""
    with Run.opened(path):
        ready.set()
        done.wait()


def test_a_second_writer_is_told_who_the_first_is(tmp_path: Path) -> None:
    fit(run=tmp_path)
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    other = context.Process(target=locked, args=(tmp_path, ready, done))
    other.start()
    ready.wait()
    for _ in range(100):
        with pytest.raises(RunLockedError, match=f"process {other.pid} on "):
            Run.opened(tmp_path)
    with pytest.raises(RunLockedError):
        fit(run=tmp_path)  # and nothing of the other's is touched
    assert Manifest.read(tmp_path).outcome == "budget"
    other.kill()  # a lock dies with its process
    other.join()
    with Run.opened(tmp_path), pytest.raises(RunLockedError, match=f"process {os.getpid()} "):
        Run.made(tmp_path)
    Run.opened(tmp_path).close()


def test_leftovers_of_killed_writers_are_swept(tmp_path: Path) -> None:
    fit(run=tmp_path)
    for folder in (tmp_path, tmp_path / "checkpoints"):
        (folder / ".manifest.json.0123abcd.tmp").write_bytes(b"half")
        (folder / "mine.tmp").write_bytes(b"not ours")
    Run.opened(tmp_path).close()
    assert sorted(path.name for path in tmp_path.rglob("*.tmp")) == ["mine.tmp", "mine.tmp"]


def test_links_and_permissions_of_old_files_stay(tmp_path: Path) -> None:
    target, link = tmp_path / "elsewhere", tmp_path / "link"
    atomic_write(target, b"old")
    target.chmod(0o640)
    link.symlink_to(target)
    atomic_write(link, b"new")
    assert link.is_symlink() and target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    dangling = tmp_path / "dangling"
    dangling.symlink_to(tmp_path / "made")
    atomic_write(dangling, b"made")
    assert dangling.is_symlink() and (tmp_path / "made").read_bytes() == b"made"
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StorageError, match="device"):
        atomic_write(tmp_path / "pipe", b"x")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_readers_see_whole_files_and_whole_lines(tmp_path: Path) -> None:
    fit(steps=1, run=tmp_path)
    ends, seen = threading.Event(), list[Manifest]()

    def read() -> None:
        while not ends.is_set():
            seen.append(Manifest.read(tmp_path))
            steps = [row["step"] for row in run.metrics.rows()]
            assert steps == [*range(len(steps))]

    with Run.opened(tmp_path) as run:
        run.metrics.started()
        reader = threading.Thread(target=read)
        reader.start()
        for step in range(300):
            run.record({"step": step, "note": "x" * (step % 7) * 40}, 0.1 * step)
            if step % 30 == 0:
                run.describe(run.manifest)
        ends.set()
        reader.join()
    assert seen


def test_half_a_line_is_nobodys(tmp_path: Path) -> None:
    fit(steps=1, run=tmp_path)
    with Run.opened(tmp_path) as run:
        before = run.metrics.rows()
        with open(tmp_path / "metrics.jsonl", "ab") as file:
            file.write(b'{"step": 9, "lo')
        assert run.metrics.rows() == before
        run.metrics.keep(99)
        run.metrics.append({"step": 2, "loss": float("nan")})
        assert run.metrics.rows() == [*before, {"step": 2, "loss": None}]


class Full:
    """A disk that is full from the n-th time on that something is written to it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, left: int) -> None:
        self.left, self.seen = left, 0
        for module, name in (("files.atomic", "fsync"), ("runs.lines", "write")):
            inner = getattr(os, name)
            fake: Any = type("os", (), {**vars(os), name: staticmethod(self.wrapped(inner))})
            monkeypatch.setattr(f"siren_pde.{module}.os", fake)

    def wrapped(self, inner):
        def outer(handle, *data):
            if stat.S_ISREG(os.fstat(handle).st_mode):
                self.seen += 1
                if self.seen > self.left:
                    raise OSError(28, "No space left on device")
            return inner(handle, *data)

        return outer


def test_a_full_disk_is_named_and_leaves_what_was_there(tmp_path: Path, monkeypatch) -> None:
    whole = fit(run=tmp_path / "whole")
    with monkeypatch.context() as patch:
        disk = Full(patch, 10**6)
        fit(run=tmp_path / "counted")
    assert disk.seen > 20
    for left in range(disk.seen):
        folder = tmp_path / str(left)
        with monkeypatch.context() as patch:
            Full(patch, left)
            with pytest.raises(StorageError, match=r"cannot write `.*` \(\d+ bytes\): No space"):
                fit(run=folder)
        assert not list(folder.rglob("*.tmp"))
        if not (folder / "manifest.json").exists():
            continue
        assert not Manifest.read(folder).ended
        again = solve(
            problem, small, Adam(batch=8), resume=folder, budget=Budget(steps=35), **GIVEN
        )
        assert torch.equal(parameters(again), parameters(whole))
        assert (folder / "metrics.jsonl").read_bytes() == (
            tmp_path / "whole" / "metrics.jsonl"
        ).read_bytes()


@pytest.mark.slow
def test_files_may_not_grow_beyond_what_the_system_allows(tmp_path: Path) -> None:
    """The same by the system itself: no file may be larger than some bytes."""
    code = """
    import resource, sys
    from tests.runs.test_folder import fit
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
    fit(run=sys.argv[1])
    """
    for most in (0, 500, 3000, 20_000):
        command = [sys.executable, "-c", dedent(code), str(tmp_path / "run"), str(most)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 1 and "StorageError: cannot " in done.stderr, done.stderr
        assert "File too large" in done.stderr


def test_a_folder_that_cannot_be_written_or_goes_away_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StorageError, match="cannot make the folder"):
        fit(run=tmp_path / "file" / "run")
    with pytest.raises(StorageError, match="cannot make the folder"):
        fit(run=tmp_path / "file")

    def remove(report):
        if report.step == 20:
            shutil.rmtree(tmp_path / "run")

    with pytest.raises(StorageError, match=r"run/.*No such file"):
        fit(run=tmp_path / "run", callbacks=[Every(steps=1)(remove)])
    with pytest.raises(StorageError, match="Give the folder of a run"):
        solve(problem, resume=tmp_path)
    assert not (tmp_path / ".lock").exists()


def test_an_error_on_the_way_keeps_what_was_reached(tmp_path: Path) -> None:
    def fail(report):
        if report.step == 25:
            raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError) as error:
        fit(run=tmp_path, callbacks=[Every(steps=1)(fail)])
    assert str(tmp_path) in error.value.__notes__[0]
    said = Manifest.read(tmp_path)
    assert (said.outcome, said.reason) == ("failed", "ZeroDivisionError: mine")
    assert said.progress["step"] == 25 and (tmp_path / "results.h5").is_file()
    again = solve(problem, small, Adam(batch=8), resume=tmp_path, **GIVEN)
    assert torch.equal(parameters(again), parameters(fit()))


def test_a_run_says_what_it_was(tmp_path: Path) -> None:
    solution = fit(run=tmp_path)
    said = json.loads((tmp_path / "manifest.json").read_text())
    origins = {name: each["origin"] for name, each in said["call"].items()}
    assert origins["field"] == origins["method"] == origins["budget"] == "user"
    assert origins["quadrature"] == "automatic" and origins["seed"] == "default"
    assert said["result"]["loss"] == solution.loss and said["outcome"] == "budget"
    assert set(said["artefacts"]) == {
        *("metrics.jsonl", "clock.jsonl", "results.h5"),
        *("checkpoints/step-35.h5", "checkpoints/step-30.h5", "checkpoints/best.h5"),
    }
    for name, each in said["artefacts"].items():
        assert each["bytes"] == (tmp_path / name).stat().st_size
    rows = [json.loads(row) for row in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [0, 35] and "rate" in rows[1]
    assert set(rows[0]["terms"]) == {"decay", "first"}


@pytest.mark.parametrize("flips", [40])
def test_flipped_bits_are_noticed(flips, tmp_path: Path) -> None:
    fit(run=tmp_path)
    paths = sorted((tmp_path / "checkpoints").glob("step-*.h5"))
    sound = [path.read_bytes() for path in paths]
    for k in range(flips):
        for path, data in zip(paths, sound, strict=True):
            bits = bytearray(data)
            place = (k * 7919) % (8 * len(bits))
            bits[place // 8] ^= 1 << place % 8
            path.write_bytes(bits)
        with pytest.raises(CheckpointError, match="no checkpoint in"):
            solve(problem, small, Adam(batch=8), resume=tmp_path, **GIVEN)
    for path, data in itertools.zip_longest(paths, sound):
        path.write_bytes(data)
