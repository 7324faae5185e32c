"""The rows of PINNacle: each file of the folder is in the table of what was published."""

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "benchmarks" / "pinnacle"
ROWS = tomllib.loads((FOLDER / "published.toml").read_text())
FILES = sorted(path.relative_to(ROOT).as_posix() for path in FOLDER.glob("*.py"))


def test_rows_are_22_and_have_errors():
    assert len(ROWS) == 22
    assert all(0 < row["error"] < 1 for row in ROWS.values())


def test_each_row_has_a_file():
    assert not [row["file"] for row in ROWS.values() if not (ROOT / row["file"]).is_file()]


@pytest.mark.parametrize("file", FILES)
def test_each_file_is_one_row_and_says_which(file):
    (name,) = (name for name, row in ROWS.items() if row["file"] == file)
    assert f"PINNacle's {name}:" in (ROOT / file).read_text().splitlines()[0]
