"""Problem files leave method, field and sizes to `solve`; the few that do not give their reason."""

import ast
import importlib
from pathlib import Path

import pytest

from siren_pde.extend import Method

FOLDER = Path(__file__).parents[1] / "problems"
FILES = sorted(FOLDER.glob("*.py"))
MOST = 8
"""So many files may choose."""
EXPERT = {"Enriched", "Mapped", "Cosines"}
"""Fields that hold what somebody knows of the solution."""
SIZES = {"features", "frequency", "width", "depth", "most", "oversampling", "tolerance"}
"""What networks and methods are told of their size; an absorbing layer has a width too."""
GEOMETRY = {"AbsorbingLayer"}


def choices(text: str) -> list[str]:
    """The methods, expert fields and sizes that the text of a file names."""
    tree = ast.parse(text)
    names = imported(tree)
    chosen = [name for name, value in names.items() if is_method(value) or name in EXPERT]
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        called = call.func.id if isinstance(call.func, ast.Name) else ""
        if called not in GEOMETRY:
            chosen += [f"{key.arg}=" for key in call.keywords if key.arg in SIZES]
    return chosen


def imported(tree: ast.Module) -> dict[str, object]:
    """What a file imports by name from the package."""
    return {
        alias.asname or alias.name: getattr(importlib.import_module(node.module), alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def is_method(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Method)


CHOOSING = {file.stem for file in FILES if choices(file.read_text())}


def test_few_files_choose() -> None:
    assert len(CHOOSING) <= MOST, sorted(CHOOSING)


@pytest.mark.parametrize("name", sorted(CHOOSING))
def test_files_that_choose_say_why_in_their_first_line(name: str) -> None:
    line = (FOLDER / f"{name}.py").read_text().splitlines()[0]
    assert " since " in line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from siren_pde import LeastSquares as L\nmethod = L(3)", ["L"]),
        ("from siren_pde.images import Cosines\nfield = Cosines((2, 2))", ["Cosines"]),
        ("from siren_pde import Siren\nfield = Siren(2, width=8)", ["width="]),
        ("from siren_pde import Siren\nfield = Siren(2, 2, period=(1, None))", []),
        ("from siren_pde.scattering import AbsorbingLayer\nAbsorbingLayer(box, width=1)", []),
    ],
)
def test_choices_are_read_from_the_text(text: str, expected: list[str]) -> None:
    assert choices(text) == expected
