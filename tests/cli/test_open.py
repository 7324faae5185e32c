"""Whether a surface is open is left to its points, or said by the user."""

from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from siren_pde.cli import sdf
from siren_pde.cli.app import app


@pytest.mark.parametrize(
    ("words", "meant"),
    [((), None), (("--open", "auto"), None), (("--open", "yes"), True), (("--open", "no"), False)],
)
def test_open_is_what_the_user_says(words, meant, tmp_path, monkeypatch):
    seen: list[sdf.Arguments] = []

    def run(given: sdf.Arguments, **_: Any) -> tuple[str, int]:
        seen.append(given)
        return "", 0

    monkeypatch.setattr(sdf, "run", run)
    arguments = ["sdf", str(tmp_path / "points.npy"), "--out", str(tmp_path / "mesh.ply"), *words]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert seen[0].is_open is meant
    assert sdf.Arguments.read(seen[0].described()).is_open is meant  # so does a resumed run


def test_other_words_are_refused(tmp_path):
    result = CliRunner().invoke(app, ["sdf", "points.npy", "--out", "mesh.ply", "--open", "maybe"])
    assert result.exit_code == 2 and "auto" in result.stderr


@pytest.mark.slow
def test_an_open_mesh_is_written_and_said_to_be_open(tmp_path, monkeypatch):
    monkeypatch.setattr("siren_pde.cli.sdf_answers.INSPECTED", 2000)
    monkeypatch.setattr("siren_pde.plots.page.PIXELS", 21)
    x = np.random.default_rng(0).random((3000, 3)) * [2, 1, 0]
    x[:, 2] = 0.1 * np.sin(3 * x[:, 0])
    np.save(tmp_path / "points.npy", x)
    words = ["--seconds", "2", "--resolution", "48", "--json", "--out", tmp_path / "mesh.ply"]
    arguments = ["sdf", tmp_path / "points.npy", *words]
    result = CliRunner().invoke(app, list(map(str, arguments)))
    assert result.exit_code == 0, result.output
    assert "open surface" in result.stderr and "--open no" in result.stderr
    answer = result.stdout.splitlines()[-1]
    assert '"open": true' in answer and '"watertight": false' in answer
    assert '"boundary_loops": 1' in answer
    assert "white past its ends" in (tmp_path / "mesh.html").read_text()
