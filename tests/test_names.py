"""What users import: few names, the same for Python and for type checkers."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import siren_pde

TEXT = Path(siren_pde.__file__).read_text()

USER = """
from siren_pde import Box, Problem, lap, on, pi, sin, solve
from siren_pde.types import Points, Solution

square = Box(x=(0, 1), y=(0, 1))


@on(square)
def poisson(p: Points, u):  # type: ignore[no-untyped-def]
    return lap(u) - sin(pi * p.x)


solution: Solution = solve(Problem(poisson), {argument})
error: {kind} = solution.error()
"""


def typed_imports():
    """The names given to type checkers, with the modules that they come from."""
    block = next(node for node in ast.parse(TEXT).body if isinstance(node, ast.If))
    return {
        alias.asname: str(node.module).removeprefix("siren_pde.")
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_type_checkers_see_the_names_that_python_loads():
    assert typed_imports() == siren_pde._HOME


def test_few_names_stand_at_the_top():
    assert len(siren_pde.__all__) <= 69
    assert len(set(siren_pde.__all__)) == len(siren_pde.__all__)


@pytest.mark.parametrize("space", siren_pde._NAMESPACES)
def test_namespaces_hold_what_they_list(space):
    module = getattr(siren_pde, space)
    for name in getattr(module, "__all__", ()):
        value = getattr(module, name)
        assert not isinstance(value, type) or value.__doc__, name


def test_what_is_elsewhere_is_said():
    with pytest.raises(AttributeError, match=r"write `from siren_pde\.images import Cosines`"):
        _ = siren_pde.Cosines  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("argument", "kind", "complaint"),
    [
        ("quiet=True", "float", None),
        ("nonsense=3", "float", 'Unexpected keyword argument "nonsense"'),
        ("quiet=True", "str", 'expression has type "float", variable has type "str"'),
        ("method=3", "float", 'incompatible type "int"'),
    ],
)
def test_types_reach_the_users_file(tmp_path, argument, kind, complaint):
    file = tmp_path / "users.py"
    file.write_text(USER.format(argument=argument, kind=kind))
    checked = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", str(file)]
    cache = Path(siren_pde.__file__).parents[1] / ".mypy_cache" / "users"
    done = subprocess.run(
        [*checked, "--cache-dir", str(cache)], capture_output=True, text=True, check=False
    )
    own = [
        line
        for line in done.stdout.splitlines()
        if line.startswith(str(file)) and ": error:" in line
    ]
    assert len(own) == (complaint is not None), done.stdout + done.stderr
    assert complaint is None or complaint in own[0]
