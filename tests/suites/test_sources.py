"""Where the files of suites come from: meshes are sampled and are the truth, scans have theirs."""

import json

import numpy as np
import pytest

from siren_pde import read_points
from siren_pde.errors import ConfigError
from siren_pde.io.writers import write_mesh
from siren_pde.meshes.mesh import Mesh
from siren_pde.suites import sources
from siren_pde.suites.cells import Cell, Fit, Script
from siren_pde.suites.declared import Wanted, suite_of
from siren_pde.suites.outcomes import Row
from siren_pde.suites.sources import ScanFile, problem_files, scan_files, states_problem
from siren_pde.suites.store import line_of

TETRAHEDRON = Mesh(
    np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]),
    np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]]),
)


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A folder with a mesh in it, a scan with a reference beside it, and one without."""
    monkeypatch.setattr(sources, "SAMPLES", 500)
    folder = tmp_path / "data"
    (folder / "scans").mkdir(parents=True)
    write_mesh(folder / "solid.ply", TETRAHEDRON)
    places = TETRAHEDRON.sample(50)[0]
    for name in ("cat_raw.xyz", "dog.xyz"):
        np.savetxt(folder / "scans" / name, places)
    write_mesh(folder / "scans" / "cat_reference.ply", TETRAHEDRON)
    (folder / "README.md").write_text("not a scan")
    return folder


def test_a_folder_of_meshes_and_scans_is_a_suite(data, tmp_path):
    wanted = Wanted(data=data, seeds=2, seconds=5.0, samples=tmp_path / "points")
    cells = suite_of("sdf", wanted).cells
    assert [cell.label for cell in cells[::2]] == ["cat_raw,seed=0", "dog,seed=0", "solid,seed=0"]
    scan, bare, mesh = (cell.task for cell in cells[::2])
    assert isinstance(scan, Fit) and isinstance(bare, Fit) and isinstance(mesh, Fit)
    assert scan.reference == data / "scans" / "cat_reference.ply" and bare.reference is None
    assert scan.points == data / "scans" / "cat_raw.xyz" and mesh.reference == data / "solid.ply"
    words = mesh.anew(tmp_path / "run", 1, 2)
    assert words[3:5] == ("sdf", str(mesh.points)) and "--seconds 5.0" in " ".join(words)
    assert words[-2:] == ("--reference", str(mesh.reference)) and "--fast" not in words
    assert mesh.go_on(tmp_path / "run")[3:] == ("resume", str(tmp_path / "run"), "--json")
    assert mesh.statement().options["reference"] == str(mesh.reference)


def test_points_of_a_mesh_are_the_same_for_the_same_seed(data, tmp_path):
    solid = ScanFile(data / "solid.ply")
    first, truth = solid.sampled(tmp_path / "points", 0)
    before = first.read_bytes()
    assert solid.sampled(tmp_path / "points", 0)[0].read_bytes() == before
    assert solid.sampled(tmp_path / "points", 1)[0].read_bytes() != before
    cloud = read_points(first)
    assert truth == solid.file and len(cloud) == 500 and cloud.normals is not None
    places, normals = TETRAHEDRON.sample(500, 0)
    assert np.array_equal(cloud.positions.numpy(), places)
    assert np.abs(cloud.normals.numpy() - normals).max() < 1e-12


def test_folders_without_anything_are_told(tmp_path):
    with pytest.raises(ConfigError, match="has no mesh or scan"):
        list(scan_files(tmp_path))
    assert [scan.name for scan in scan_files(tmp_path / "a.ply")] == ["a"]
    assert problem_files(tmp_path / "a.py", tmp_path) == [tmp_path / "a.py"]


@pytest.mark.parametrize(
    ("text", "states"),
    [
        ("problem = 3", True),
        ("problem: object = 3", True),
        ("heat = siren_pde.Problem(one)", True),
        ("heat = Problem(one)", True),
        ("def f():\n    problem = 3", False),
        ("a, problem_of = 1, 2", False),
        ("heat = things[0](Problem)", False),
        ("problem = (", True),
    ],
)
def test_files_that_state_problems_are_known_without_being_run(tmp_path, text, states):
    (tmp_path / "a.py").write_text(text)
    assert states_problem(tmp_path / "a.py") == states


def test_numbers_of_fits_and_scripts_are_in_the_store(tmp_path):
    folder = tmp_path / "cells" / "a"
    folder.mkdir(parents=True)
    said = {"format": 1, "kind": "sdf", "outcome": "converged", "ended": "now"}
    said |= {name: "" for name in ("why", "started", "reason")}
    said |= {name: {} for name in ("problem", "command", "call", "versions", "machine")}
    said |= {"progress": {}, "artefacts": {}, "result": {"eikonal": 0.1, "out": "mesh.ply"}}
    (folder / "manifest.json").write_text(json.dumps(said))
    for task, name in ((Fit(tmp_path, None), "sdf"), (Script(tmp_path), "script")):
        cell = Cell("a", "own", "own", 0, task)
        line = line_of("mine", Row(cell, folder, "converged", seconds=1.0), tmp_path)
        assert (line["kind"], line["curve"]) == (name, [])
        assert line["measured"] == ({"eikonal": 0.1} if name == "sdf" else {})
    assert Script(tmp_path / "a.py", ("--fast",)).anew(folder, 0, 1)[-3:] == (
        str(folder),
        str(tmp_path / "a.py"),
        "--fast",
    )
    assert Script(tmp_path).go_on(folder) == ()
