"""What is said about a release, in all places, is the same."""

import re
import tomllib
from pathlib import Path

import siren_pde

ROOT = Path(__file__).parents[1]


def text(name: str) -> str:
    return (ROOT / name).read_text()


def test_one_version_is_told_everywhere() -> None:
    version = siren_pde.__version__
    assert re.search(rf"^version: {re.escape(version)}$", text("CITATION.cff"), re.M)
    newest = re.search(r"^## (\S+)", text("CHANGELOG.md"), re.M)
    assert newest is not None and newest[1] == version
    project = tomllib.loads(text("pyproject.toml"))
    assert "version" in project["project"]["dynamic"]
    assert project["tool"]["hatch"]["version"]["path"] == "siren_pde/__init__.py"


def test_every_tool_of_the_tests_is_pinned() -> None:
    project = tomllib.loads(text("pyproject.toml"))["project"]
    names = project["dependencies"] + project["optional-dependencies"]["test"]
    pinned = {line.split("==")[0].lower() for line in text("constraints.txt").splitlines()}
    assert {re.split(r"[>=<]", name)[0].lower() for name in names} <= pinned
