"""Kills at random moments: of writers, and of commands that are resumed afterwards."""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from siren_pde.runs.folder import Run
from siren_pde.runs.manifest import Manifest

ENVIRONMENT = {
    **os.environ,
    "OMP_NUM_THREADS": "1",
    "PYTHONPATH": str(Path(__file__).parents[1]),
}
COMMON = """
from siren_pde import *
square, strip = Box(x=(0, 1), y=(0, 1)), Box(x=(-1, 1), t=(0, 1))

@on(square)
def poisson(p, u):
    return lap(u) + sin(3 * p.x)

@on(square.boundary)
def edge(p, u):
    return u

@on(strip)
def burgers(p, u):
    return d(u, p.t) + u * d(u, p.x) - 0.05 * d(u, p.x, p.x)

@on(strip.at(t=0))
def start(p, u):
    return u + sin(pi * p.x)

@on(strip.at(x=-1) | strip.at(x=1))
def walls(p, u):
    return u

"""
RUNS = {
    "Adam": "field, method = Siren(2, width=32, depth=2), Adam(batch=512)\n"
    "budget, problem = Budget(steps=300), Problem(poisson, edge)\n",
    "Gauss-Newton": "field, method = Siren(2, width=12, depth=2), GaussNewton()\n"
    "budget, problem = Budget(steps=40), Problem(poisson, edge)\n",
    "march": "method = Marching(features=200, tolerance=1e-6)\n"
    "problem, budget = Problem(burgers, start, walls), Budget(steps=60)\n",
}


def command(*words: str) -> list[str]:
    """A command of the package, as words for `subprocess`."""
    return [sys.executable, "-m", "siren_pde", *words]


def writers(kills: int) -> tuple[int, int]:
    """Writers killed at random moments: whatever is there is whole, and no older than the last."""
    kept, rng = 0, random.Random(0)
    for _ in range(kills):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "run"
            read, write = os.pipe()
            child = os.fork()
            if not child:
                _write(folder, write)
            os.close(write)
            os.read(read, 1)  # the first checkpoint is there
            time.sleep(rng.random() * 0.05)
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            os.close(read)
            with Run.opened(folder) as opened:
                latest, damaged = opened.checkpoints.latest()
                rows = opened.metrics.rows()
            whole = latest.about["step"] == latest.step == int(latest.groups["a"]["a"][0])
            behind = rows[-1]["step"] - latest.step  # type: ignore[operator]
            kept += whole and not damaged and behind <= 1 and not [*folder.rglob("*.tmp")]
    return kept, kills


def _write(folder: Path, told: int) -> None:
    """Write one checkpoint after the other, until killed."""
    with Run.made(folder) as made:
        made.describe(Manifest())
        for step in range(10**9):
            numbers = np.full(20_000, step, dtype=np.int64)
            made.record({"step": step, "loss": 1.0}, 0.0)
            made.checkpoints.save(step, {"step": step}, {"a": {"a": numbers}})
            if not step:
                os.write(told, b"x")


def commands(each: int, surfaces: int) -> tuple[int, int]:
    """Commands killed at random moments end, resumed, where undisturbed ones do."""
    kills, kept, rng = 0, 0, random.Random(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for title, code in RUNS.items():
            file = folder / f"{title.lower().replace('-', '_')}.py"
            file.write_text(COMMON + code)
            solving = ["solve", file.name, "--checkpoint-every", "5", "--out"]
            began = time.monotonic()
            done = run(command(*solving, "whole-" + title), folder)
            takes = time.monotonic() - began
            assert done.returncode in (0, 3), done.stderr
            for _ in range(each):
                kills += 1
                out = f"{title}-{kills}"
                _killed(command(*solving, out), folder, out, rng.random() * takes)
                again = run(command("resume", out), folder)
                ends = [
                    (folder / o / "metrics.jsonl").read_bytes() for o in ("whole-" + title, out)
                ]
                kept += again.returncode == done.returncode and ends[0] == ends[1]
        for _ in range(surfaces):
            kills += 1
            kept += _surface(folder, kills, rng)
    return kept, kills


def _killed(words: list[str], folder: Path, out: str, seconds: float) -> None:
    """Start a command, and kill it some seconds after its first checkpoint is there; sooner, where
    it has written its end by then.
    """
    with subprocess.Popen(
        words, cwd=folder, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as child:
        while child.poll() is None and not [*(folder / out / "checkpoints").glob("step-*.h5")]:
            time.sleep(0.01)
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            if not Manifest.read(folder / out).ended:
                return
    shutil.rmtree(folder / out)
    _killed(words, folder, out, seconds / 2)


def _surface(folder: Path, number: int, rng: random.Random) -> bool:
    """Whether a surface whose fit was killed is there in the end."""
    points = np.random.default_rng(number).normal(size=(3000, 3))
    points /= np.linalg.norm(points, axis=1)[:, None]
    cloud = folder / f"ball-{number}.xyz"
    np.savetxt(cloud, np.concatenate([points, points], 1))
    mesh = folder / f"ball-{number}.ply"
    words = ["sdf", cloud.name, "--out", mesh.name, "--seconds", "8", "--resolution", "32"]
    words += ["--checkpoint-every", "10"]
    _killed(command(*words), folder, f"ball-{number}.run", 3 * rng.random())
    done = run(command("resume", f"ball-{number}.run"), folder)
    return done.returncode == 0 and mesh.is_file()


def run(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """A command, to its end, and what it has said."""
    return subprocess.run(
        words, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
