"""What peers are measured with is said to the last digit."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks" / "peers"
FILES = [pytest.param(file, id=file.stem) for file in (FOLDER / "requirements").glob("*.txt")]
HIJACKED = {"lightning": ("2.6.2", "2.6.3")}
"""Releases that ran a stranger's code (GHSA-w37p-236h-pfx3)."""


def pins(file):
    lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
    found = [re.fullmatch(r"([a-z0-9-]+)==([0-9a-z.]+)", line) for line in lines]
    assert all(found), lines
    return {match[1]: match[2] for match in found if match}


@pytest.mark.parametrize("file", FILES)
def test_every_requirement_is_one_release(file):
    for name, release in pins(file).items():
        assert release not in HIJACKED.get(name, ())


@pytest.mark.parametrize("file", FILES)
def test_a_peer_says_which_release_of_its_library_ran(file):
    script = (FOLDER / file.name).with_suffix(".py").read_text()
    library, *_ = [name for name in pins(file) if name != "torch"]
    assert f'"{library}"' in script
