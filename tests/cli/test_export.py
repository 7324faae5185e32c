"""`siren-pde export`: runs to files, and mistakes in one message."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from siren_pde import Ball, Box, Problem, Siren, on, save
from siren_pde.cli.app import app
from tests.told import told

PLATE = Box(x=(0, 2), y=(0, 1)) - Ball(x=0.7, y=0.5, radius=0.25)


@on(PLATE)
def nothing(p, u):
    return u


@pytest.fixture
def call(tmp_path):
    """Export a run in a folder of its own."""
    folder = tmp_path / "run"
    folder.mkdir()
    field = Siren(2, width=5, frequency=2.0)
    save(told(field, problem=Problem(nothing)), folder / "results.h5")

    def run(to, *options, source="run"):
        arguments = ["export", tmp_path / source, "--to", tmp_path / to, *options]
        return CliRunner().invoke(app, list(map(str, arguments)))

    return run


def test_a_run_and_its_results_are_exported_alike(call, tmp_path):
    options = ["--derivatives", "u_x, lap", "--resolution", 8]
    assert call("a.npz", *options).exit_code == 0
    answer = json.loads(call("b.npz", *options, "--json", source="run/results.h5").stdout)
    assert answer == {"files": [str(tmp_path / "b.npz")]}
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with np.load(tmp_path / "a.npz") as held:
        assert set(held) == {"x", "y", "u", "u_x", "lap"} and np.isnan(held["u"]).any()


@pytest.mark.parametrize("name", ["a.vtu", "a.vti", "a.vts", "a.nc"])
def test_every_format_is_written(call, tmp_path, name):
    result = call(name, "--resolution", 6)
    assert result.exit_code == 0 and name in result.stdout and (tmp_path / name).stat().st_size


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("a.doc",), "suffix names no known format"),
        (("a.npz", "--derivatives", "u_q"), "no derivative `u_q`"),
        (("a.npz", "--at", "x"), "`--at x` is no list"),
        (("a.npz", "--at", "x=7"), "x from 0 to 2"),
        (("a.npz", "--complex", "u"), "takes two outputs"),
    ],
)
def test_mistakes_are_explained(call, arguments, says):
    result = call(*arguments)
    assert result.exit_code == 2 and says in result.stderr


def test_missing_runs_are_named(call):
    result = call("a.npz", source="nowhere")
    assert result.exit_code == 2 and "nowhere" in result.stderr
