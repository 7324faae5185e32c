"""Scans as they come: repeated, flat, huge, far away or broken, each is named for what it is."""

import warnings
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from siren_pde import PointCloud, read_points
from siren_pde.cli.app import app
from siren_pde.errors import DataFileError, InputWarning, NonFiniteError, SirenPDEError
from siren_pde.scans import fit, prepare
from siren_pde.scans.fit import fit_sdf
from siren_pde.scans.prepare import deduplicated
from tests.costs import calls_of, peak_of
from tests.typed import known

RNG = np.random.default_rng(0)
BALL = RNG.standard_normal((1000, 3))
BALL /= np.linalg.norm(BALL, axis=1, keepdims=True)
LINE = np.linspace(0, 1, 100)[:, None] * [1.0, 2.0, -3.0]
PLANE = np.column_stack([RNG.random((500, 2)), np.zeros(500)]) @ np.linalg.qr(BALL[:3])[0]

HOPELESS = {
    "nothing": np.empty((0, 3)),
    "one point": BALL[:1],
    "three points": BALL[:3],
    "one point, often": np.repeat(BALL[:1], 100, 0),
    "two places": np.repeat(BALL[:2], 50, 0),
    "a line": LINE,
    "a line far away": LINE + 1e6,
    "not a number": np.where(np.arange(1000)[:, None] == 7, np.nan, BALL),
    "infinity": np.where(np.arange(1000)[:, None] == 7, np.inf, BALL),
    "two columns": BALL[:, :2],
}


@pytest.fixture
def untrained(monkeypatch):
    """Nothing may be trained."""

    def trained(*_, **__):
        raise AssertionError("a hopeless cloud is trained on")

    monkeypatch.setattr(fit, "solve", trained)


@pytest.mark.parametrize("name", HOPELESS)
def test_what_is_no_surface_is_refused_by_type(name, untrained):
    with pytest.raises(SirenPDEError):
        fit_sdf(PointCloud(HOPELESS[name]), seconds=30)


@pytest.mark.parametrize("name", HOPELESS)
@pytest.mark.parametrize("ending", ["npy", "xyz"])
def test_and_on_the_command_line_in_one_message(name, ending, tmp_path, untrained):
    path = tmp_path / f"cloud.{ending}"
    if ending == "npy":
        np.save(path, HOPELESS[name])
    else:
        np.savetxt(path, HOPELESS[name])
    arguments = ["sdf", str(path), "--out", str(tmp_path / "mesh.ply"), "--seconds", "30"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2, result.output
    assert "Error: " in result.stderr and "Traceback" not in result.stderr
    assert not (tmp_path / "mesh.ply").exists()


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "empty"),
        ("1 2 3\n1 2 x\n", "line 2"),
        ("1 2 3\n1 2\n", "line 2"),
        ("ply\nformat", "header"),
    ],
)
def test_broken_files_are_named(text, where, tmp_path):
    path = tmp_path / ("cloud.ply" if text.startswith("ply") else "cloud.xyz")
    path.write_text(text)
    with pytest.raises(DataFileError, match=where):
        read_points(path)


def test_points_in_a_plane_are_fitted_with_a_warning():
    options: dict[str, Any] = {"seconds": None, "steps": 2, "width": 8, "depth": 1}
    with (
        pytest.warns(InputWarning, match="open surface"),
        pytest.warns(UserWarning, match="in one plane"),
    ):
        found = fit_sdf(PointCloud(PLANE), **options)
    assert found.is_open and np.isfinite(found(PLANE)).all()
    with pytest.warns(UserWarning, match="in one plane"):
        assert not fit_sdf(PointCloud(PLANE), is_open=False, **options).is_open


def test_every_point_counts_once():
    twice = np.concatenate([BALL, BALL[:500]])
    cloud = deduplicated(PointCloud(twice, normals=twice))
    np.testing.assert_array_equal(cloud.positions, BALL)
    np.testing.assert_allclose(known(cloud.normals), BALL, atol=1e-15)
    whole = PointCloud(BALL)
    assert deduplicated(whole) is whole
    assert (
        len(deduplicated(PointCloud(np.concatenate([0.0 * BALL[:1], -0.0 * BALL[:1], BALL]))))
        == 1001
    )


@pytest.mark.slow
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_units_and_places_do_not_matter(scale, offset):
    """A power of two times the points, moved by a whole number of them: the same fit."""
    unit = 2.0 ** round(np.log2(scale))
    here = np.round(BALL * 2**20) / 2**20  # so that moving them loses no digit
    there = unit * (here + offset)
    options: dict[str, Any] = {"seconds": None, "steps": 3, "width": 8, "depth": 1}
    one = fit_sdf(PointCloud(here, normals=BALL), **options)
    other = fit_sdf(PointCloud(there, normals=BALL), **options)
    np.testing.assert_allclose(other(there) / unit, one(here), rtol=1e-4, atol=1e-5)


def test_too_many_points_are_thinned_with_a_warning(monkeypatch):
    monkeypatch.setattr(prepare, "MOST", 300)
    with pytest.warns(UserWarning, match="300 drawn at random"):
        cloud = deduplicated(PointCloud(BALL, normals=BALL))
    assert len(cloud) == 300
    assert torch.allclose(cloud.positions, known(cloud.normals), rtol=1e-14)


@pytest.mark.parametrize("most", [100, 240])
def test_of_very_many_points_some_are_compared(most, monkeypatch):
    """Those drawn are different; where nearly all are the same, all are compared."""
    monkeypatch.setattr(prepare, "MOST", most)
    with pytest.warns(UserWarning, match=f"of 1000 points, {most} drawn at random"):
        cloud = deduplicated(PointCloud(BALL, normals=BALL))
    assert len(np.unique(cloud.positions, axis=0)) == len(cloud) == most
    assert torch.allclose(cloud.positions, known(cloud.normals), rtol=1e-14)
    copies = np.tile(BALL[: most // 2], (20, 1))
    kept = deduplicated(PointCloud(copies, normals=copies))
    np.testing.assert_array_equal(kept.positions, BALL[: most // 2])


def test_missing_and_wrong_normals():
    wrong = BALL.copy()
    wrong[5] = 0
    with pytest.raises(SirenPDEError, match="length zero"):
        PointCloud(BALL, normals=wrong)
    with pytest.raises(NonFiniteError):
        PointCloud(BALL, normals=wrong * np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = fit_sdf(PointCloud(BALL), seconds=None, steps=2, width=8, depth=1)
    assert np.isfinite(found(BALL)).all()


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_normals_that_contradict_each_other_are_said(share):
    signs = np.where(RNG.random(len(BALL)) < share, -1.0, 1.0)
    with pytest.warns(InputWarning, match="opposite to those of the nearest.*Leave the normals"):
        fit_sdf(
            PointCloud(BALL, normals=signs[:, None] * BALL), seconds=None, steps=2, width=8, depth=1
        )


def test_half_of_the_points_given_twice_change_nothing():
    options: dict[str, Any] = {"seconds": None, "steps": 3, "width": 8, "depth": 1}
    once = fit_sdf(PointCloud(BALL, normals=BALL), **options)
    both = np.concatenate([BALL, BALL])
    twice = fit_sdf(PointCloud(both, normals=both), **options)
    np.testing.assert_allclose(twice(BALL), once(BALL), rtol=1e-12)


def test_points_at_the_end_of_the_digits_are_fitted_or_refused():
    """At 10¹², a unit has four digits left: a sphere is still one; at 10¹⁷ it is a point."""
    options: dict[str, Any] = {"seconds": None, "steps": 2, "width": 8, "depth": 1}
    far = fit_sdf(PointCloud(BALL + 1e12, normals=BALL), **options)
    assert np.isfinite(far(BALL + 1e12)).all()
    with pytest.raises(SirenPDEError):
        fit_sdf(PointCloud(BALL + 1e17, normals=BALL), **options)


@pytest.mark.slow
def test_turning_the_points_turns_the_distance():
    """A quarter turn swaps axes, and the box with them: the same shape, fitted anew."""
    options: dict[str, Any] = {"seconds": None, "steps": 200, "width": 24, "depth": 2}
    turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    shape = BALL * [1.0, 0.7, 0.5]
    normals = BALL / [1.0, 0.7, 0.5]
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    here = fit_sdf(PointCloud(shape, normals=normals), **options)
    there = fit_sdf(PointCloud(shape @ turn.T, normals=normals @ turn.T), **options)
    query = shape * np.random.default_rng(3).uniform(0.9, 1.1, (1000, 1))
    apart = there(query @ turn.T) - here(query)
    assert np.sqrt(np.mean(apart**2)) < 0.02


def test_many_points_are_made_ready_as_a_whole():
    cloud = PointCloud(np.random.default_rng(1).standard_normal((200_000, 3)))
    assert calls_of(lambda: deduplicated(cloud)) < 1000  # and no call for each point
    assert peak_of(lambda: deduplicated(cloud)) < 10 * cloud.positions.nbytes
