"""References: grids of values as a truth, on disk and beside solutions."""

from typing import Any

import numpy as np
import pytest
import torch

from siren_pde import Box, LeastSquares, Problem, Siren, errors, lap, on, pi, plot, sin, solve
from siren_pde.plots.slices import slice_of
from siren_pde.references import read_reference
from siren_pde.solving.truths import Beside
from siren_pde.types import Reference
from tests.typed import known

TICKS = {"x": np.linspace(0, 1, 21), "y": np.linspace(0, 1, 17)}
square = Box(x=(0, 1), y=(0, 1))


def wave(x, y):
    return np.sin(np.pi * x) * np.sin(np.pi * y)


def made(scale=1.0, offset=0.0, **changes):
    values = scale * wave(*np.meshgrid(*TICKS.values(), indexing="ij")) + offset
    values[:3] = np.nan  # a part of the domain where nothing is known
    options = {"ticks": TICKS, "values": {"u": values}, "method": "by hand", "accuracy": 1e-16}
    return Reference(**{**options, **changes})


def problem(truth):
    @on(square)
    def poisson(p, u):
        return lap(u) + 2 * pi**2 * sin(pi * p.x) * sin(pi * p.y)

    @on(square.boundary)
    def dirichlet(p, u):
        return u

    return Problem(poisson, dirichlet, truth=truth)


@pytest.fixture(scope="module")
def solution():
    return solve(problem(made()), method=LeastSquares(features=200), quiet=True)


def test_a_reference_comes_back_from_its_file(tmp_path):
    given = made(affine=True)
    given.save(tmp_path / "wave.h5")
    found = read_reference(tmp_path / "wave.h5")
    assert found.axes == ("x", "y") and (found.method, found.accuracy) == ("by hand", 1e-16)
    assert found.affine
    np.testing.assert_array_equal(found.values["u"], given.values["u"])
    np.testing.assert_array_equal(found.positions, given.positions)


def test_a_problem_file_finds_the_references_beside_it(tmp_path):
    (tmp_path / "references").mkdir()
    made().save(tmp_path / "references" / "wave.h5")
    file = tmp_path / "mine.py"
    file.write_text("from siren_pde import reference\ntruth = reference('wave')\n")
    space: dict[str, Any] = {"__file__": str(file)}
    exec(compile(file.read_text(), file, "exec"), space)
    assert space["truth"].axes == ("x", "y")


def test_damaged_and_missing_references_are_typed_errors(tmp_path, solution):
    made().save(tmp_path / "wave.h5")
    data = bytearray((tmp_path / "wave.h5").read_bytes())
    data[-100] ^= 1
    (tmp_path / "wave.h5").write_bytes(data)
    with pytest.raises(errors.DataFileError, match="damaged"):
        read_reference(tmp_path / "wave.h5")
    with pytest.raises(errors.DataFileError, match="make references"):
        read_reference(tmp_path / "none.h5")
    solution.save(tmp_path / "solution.h5")
    with pytest.raises(errors.DataFileError, match="not a reference"):
        read_reference(tmp_path / "solution.h5")


def test_errors_are_relative_to_the_reference(solution):
    assert solution.error() < 1e-5
    bent = solve(
        problem(made(scale=0.5)), method=LeastSquares(features=200), quiet=True
    )  # twice the truth
    assert bent.error() == pytest.approx(1.0, abs=1e-4)


def test_the_largest_error_is_relative_to_the_largest_value(solution):
    """Beside 2 · wave + 1, whose largest value is 3, the wave lacks at most 2."""
    truth = made(scale=2.0, offset=1.0)
    assert Beside(solution.field, problem(truth), None).largest(1, 0) == pytest.approx(2 / 3, 1e-4)
    exact = Problem(*solution.problem.conditions, exact=lambda p: 2 * sin(pi * p.x) * sin(pi * p.y))
    assert Beside(solution.field, exact, None).largest(500, 0) == pytest.approx(0.5, 1e-4)


def test_affine_references_leave_scale_and_offset_open():
    truth = made(scale=-3.0, offset=7.0, affine=True)
    found = solve(problem(truth), method=LeastSquares(features=200), quiet=True)
    assert found.error() < 1e-5


def test_slices_lie_on_the_reference(solution):
    cut = slice_of(solution)
    assert cut.truth == "reference"
    (output,) = cut.outputs
    exact = known(output.exact)
    assert output.values.shape == exact.shape == (21, 17)
    given = np.isfinite(exact)
    assert not given[:3].any() and given[3:].all() and np.isfinite(output.values).all()
    assert np.abs(output.values - exact)[given].max() < 1e-5


def test_slices_of_space_and_time_take_the_nearest_tick():
    ticks = {**TICKS, "t": np.array([0.0, 0.3, 1.0])}
    x, y, t = np.meshgrid(*ticks.values(), indexing="ij")
    reference = Reference(ticks, {"u": x + 10 * y + 100 * t}, "sums", 0.0)
    found = reference.slice("u", ("y", "x"), {"t": 0.5})[..., 0]
    np.testing.assert_allclose(found, (x + 10 * y + 100 * 0.3)[:, :, 0].T)


def test_pictures_show_the_reference(solution, tmp_path):
    figure = plot(solution, tmp_path / "field.png")
    titles = [axes.get_title() for axes in figure.axes]
    assert "reference" in titles and (tmp_path / "field.png").exists()


def test_shapes_and_coordinates_must_fit():
    with pytest.raises(errors.ConfigError, match=r"\(21, 17\)"):
        Reference(TICKS, {"u": np.zeros((17, 21))}, "wrong", 0.0)
    with pytest.raises(errors.ConfigError, match="not finite"):
        Reference(TICKS, {"u": np.full((21, 17), np.nan)}, "wrong", 0.0)
    with pytest.raises(errors.ConfigError, match="ascending"):
        Reference({"x": TICKS["x"][::-1]}, {"u": np.zeros(21)}, "wrong", 0.0)
    other = Reference({"x": TICKS["x"]}, {"u": np.zeros(21)}, "another space", 0.0)
    with pytest.raises(errors.ConfigError, match="own coordinates"):
        problem(other)


def test_values_of_a_field_in_single_precision_are_compared_too():
    field = Siren(2, width=8, depth=1, dtype=torch.float32)
    found = solve(problem(made()), field, LeastSquares(features=200), quiet=True)
    assert found.error() < 1e-2
