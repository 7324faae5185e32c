"""A fit of a distance that was stopped goes on, in both of its stages."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from siren_pde import Every, PointCloud, Stop, fit_sdf
from siren_pde.runs.manifest import Manifest
from tests.typed import loaded

HOOK = """
import os, signal, sys
from siren_pde.cli import sdf
from siren_pde.scans import fit
from siren_pde.optimisers.adam import Adam

def told(owner, name, place, first):
    inner, count = getattr(owner, name), 0
    def outer(*arguments, **options):
        nonlocal count
        count += 1
        if count == first and os.environ.get("PLACE") == place:
            os.kill(os.getpid(), getattr(signal, os.environ["SIGNAL"]))
        return inner(*arguments, **options)
    setattr(owner, name, outer)

told(Adam, "step", "step", 6)
told(fit, "refined", "refined", 1)
told(sdf, "write_mesh", "mesh", 1)
from siren_pde.cli.app import app
sys.argv[0] = "siren-pde"
app()
"""


def sphere(n: int = 300) -> np.ndarray:
    k = np.arange(n) + 0.5
    z, angle = 1 - 2 * k / n, np.pi * (1 + 5**0.5) * k
    r = np.sqrt(1 - z**2)
    return np.stack([r * np.cos(angle), r * np.sin(angle), z], 1)


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", HOOK, *arguments],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "name", "code"),
    [("step", "SIGTERM", 143), ("refined", "SIGINT", 130), ("mesh", "SIGKILL", -9)],
)
def test_a_stopped_fit_goes_on(place, name, code, tmp_path: Path) -> None:
    np.savetxt(tmp_path / "points.xyz", np.hstack([sphere(), sphere()]))
    few = ["--seconds", "3", "--resolution", "24"]
    given = ["sdf", "points.xyz", "--out", "mesh.ply", *few, "--checkpoint-every", "3"]
    done = run(tmp_path, *given, PLACE=place, SIGNAL=name)
    assert done.returncode == code, done.stderr
    assert not (tmp_path / "mesh.ply").exists()
    said = Manifest.read(tmp_path / "mesh.run")
    assert said.kind == "sdf" and not (said.ended and said.finished)
    again = run(tmp_path, "resume", "mesh.run")
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "mesh.ply").is_file() and Manifest.read(tmp_path / "mesh.run").ended
    assert "has ended" in run(tmp_path, "resume", "mesh.run").stdout


def test_a_resumed_fit_equals_an_undisturbed_one(tmp_path: Path) -> None:
    cloud = PointCloud(sphere(), normals=sphere())
    given: dict[str, Any] = {"seconds": None, "steps": 6, "width": 16, "depth": 1}
    whole = fit_sdf(cloud, **given)

    def stop(report):
        return Stop("enough") if report.step == 3 else None

    fit_sdf(cloud, run=tmp_path, callbacks=[Every(steps=1)(stop)], **given)
    again = fit_sdf(cloud, resume=tmp_path, **given)
    x = sphere(20) * 0.9
    assert np.array_equal(again(x), whole(x))
    assert loaded(tmp_path / "results.h5").history.steps[-1] == 6
