"""Files that earlier versions wrote are read, and mean what they meant: `tools/golden.py` adds."""

import json
from pathlib import Path

import numpy as np
import pytest

from siren_pde import load
from siren_pde.files.sealed import FORMATS
from siren_pde.references import read_reference
from siren_pde.scans.signed_distance import SignedDistance
from tests.evaluated import evaluated

FOLDER = Path(__file__).parents[1] / "golden"
FILES = sorted(FOLDER.glob("solution-*.h5"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_results_have_the_values_that_they_had(path: Path) -> None:
    known = json.loads(path.with_suffix(".json").read_text())
    values = evaluated(load(path), known["points"])
    np.testing.assert_allclose(values, known["values"], rtol=1e-6, atol=1e-6)


def test_open_surfaces_are_as_open_as_they_were() -> None:
    for path in FOLDER.glob("solution-*-open.h5"):
        held = load(path)
        assert isinstance(held, SignedDistance) and held.cloud.rim is not None
        assert (np.abs(held.cloud.rim.outward).sum(1) > 0).tolist() == [True] * 3 + [False] * 5
        assert not held.cloud.has_sides


def test_references_have_the_values_that_they_had() -> None:
    for path in FOLDER.glob("reference-*.h5"):
        held, grid = read_reference(path), np.linspace(0, 1, 4)
        np.testing.assert_allclose(held.values["u"], np.outer(grid, grid**2), atol=1e-6)
        assert (held.axes, held.method, held.accuracy) == (("x", "t"), "made up", 1e-3)


def test_every_format_that_is_written_has_files_here() -> None:
    number = FORMATS.get("solution", 1)
    names = {path.stem for path in FILES}
    for name in ("siren", "single", "system", "cosines", "refined", "distance", "open"):
        assert f"solution-{number}-{name}" in names, "run tools/golden.py"
    assert (FOLDER / f"reference-{FORMATS.get('reference', 1)}.h5").exists()
