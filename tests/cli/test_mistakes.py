"""Deliberate mistakes at the command line: one message each, and never a traceback."""

import os
import re
from pathlib import Path
from textwrap import dedent
from typing import Any, TypeAlias

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from siren_pde import errors
from siren_pde.cli.app import app

LINE = """
from siren_pde import *
line = Box(x=(0, 1))
@on(line)
def poisson(p, u):
    return lap(u) + sin(p.x)
@on(line.boundary)
def ends(p, u):
    return u
problem = Problem(poisson, ends)
"""
SQUARE = LINE.replace("x=(0, 1)", "x=(0, 1), y=(0, 1)")


Call: TypeAlias = tuple[dict[str, str | bytes], list[str]]
"""Files, and the words of the command."""


def solving(text: str, *options: str) -> Call:
    return {"mine.py": dedent(text)}, ["solve", "mine.py", *options]


def checking(text: str) -> Call:
    return {"mine.py": dedent(text)}, ["check", "mine.py"]


def fitting(name: str, content: str | bytes, *options: str) -> Call:
    return {name: content}, ["sdf", name, "--out", "mesh.ply", *options]


POINTS = "\n".join(" ".join(f"{v:.3f}" for v in row) for row in np.eye(3).repeat(4, 0) + 0.1)
MISTAKES: dict[str, tuple[Call, str]] = {  # name: (files, words), what the message must say
    "no command": (({}, ["solv"]), "No such command"),
    "no file": (({}, ["solve"]), "Missing argument"),
    "missing file": (({}, ["solve", "none.py"]), "DataFileError.*none.py"),
    "a folder": (({}, ["solve", "."]), "DataFileError"),
    "no option": (solving(LINE, "--stps", "3"), "No such option"),
    "word for number": (solving(LINE, "--steps", "many"), "--steps"),
    "no steps": (solving(LINE, "--steps", "0"), "--steps"),
    "no threads": (solving(LINE, "--threads", "0"), "--threads"),
    "no precision": (solving(LINE, "--dtype", "float8"), "--dtype"),
    "no effort": (solving(LINE, "--estimate", "huge"), "--estimate"),
    "no method": (solving(LINE, "--method", "newton"), "ConfigError.*no method `newton`"),
    "no module": (solving(LINE, "--method", "a.b:C"), "cannot be imported"),
    "no device": (solving(LINE, "--device", "abacus"), "--device abacus"),
    "not evolving": (solving(LINE, "--method", "marching"), "ConfigError.*evolution"),
    "folder in a file": (solving(LINE, "--out", "mine.py/x"), "StorageError"),
    "a layer too many": (
        solving(LINE, "--method", "least-squares", "--depth", "2", "--width", "9"),
        "ConfigError.*single layer",
    ),
    "a tab": (solving("if True:\n\tx = 1\n        y = 2"), "DataFileError.*mine.py"),
    "no import": (solving("import nothing_at_all"), "ModuleNotFoundError"),
    "division": (solving("1 / 0"), "ZeroDivisionError"),
    "recursion": (solving("def f(): return f()\nf()"), "RecursionError"),
    "exit": (solving("import sys; sys.exit(3)"), "SystemExit"),
    "no problem": (solving("x = 1"), "defines none"),
    "two problems": (
        solving(LINE + "other = Problem(poisson)\ndel problem\nx = Problem(ends)"),
        "several: other, x",
    ),
    "no condition": (solving(LINE + "problem = Problem()"), "mine.py|Error"),
    "empty box": (solving(LINE.replace("(0, 1)", "(1, 0)")), "DomainError.*low < high"),
    "NaN box": (solving(LINE.replace("(0, 1)", "(0, float('nan'))")), "DomainError"),
    "unknown axis": (solving(LINE.replace("p.x)", "p.t)")), "Error.*t"),
    "unknown function": (solving(LINE.replace("sin(", "sine(")), "name 'sine'"),
    "wrong arguments": (solving(LINE.replace("p, u", "p, u, v", 1)), "ResidualError.*poisson"),
    "no unknown": (solving(LINE.replace("lap(u) +", "")), "ResidualError.*poisson"),
    "wrong shape": (solving(LINE.replace("lap(u)", "lap(u)[:1]")), "Error"),
    "singular": (solving(LINE.replace("sin(p.x)", "1 / (p.x - p.x)")), "NonFiniteError.*poisson"),
    "NaN data": (solving(LINE.replace("return u", "return u - float('nan')")), "Error.*ends"),
    "a field of two": (solving(SQUARE + "field = Siren(1)"), "Error"),
    "checked syntax": (checking("def f(:"), "SyntaxError"),
    "checked nothing": (checking(""), "defines none"),
    "checked box": (checking(LINE.replace("(0, 1)", "(1, 1)")), "DomainError"),
    "no points": (({}, ["sdf", "none.ply", "--out", "mesh.ply"]), "DataFileError.*none.ply"),
    "no mesh format": (({"a.xyz": POINTS}, ["sdf", "a.xyz", "--out", "a.gltf"]), "mesh format"),
    "no such product": (fitting("a.xyz", POINTS, "--precision", "fp8"), "no precision 'fp8'"),
    "rounded curvature": (
        solving(LINE, "--method", "adam(precision='bf16')"),
        "derivatives of order 2: rounding would spoil them",
    ),
    "rounded squares": (
        solving(LINE, "--method", "least-squares(precision='bf16')"),
        "ConfigError.*precision",
    ),
    "no volume": (fitting("a.xyz", POINTS, "--volume", "v.raw"), "no VTK volume"),
    "no such format": (fitting("a.docx", POINTS), "cannot tell the format"),
    "an empty file": (fitting("a.xyz", ""), "is empty"),
    "two columns": (fitting("a.xyz", "0 0\n1 1\n"), "2 columns"),
    "decimal commas": (fitting("a.xyz", "1,500 2,500 3,500\n" * 4), "DataFileError.*both"),
    "too few columns": (fitting("a.xyz", POINTS, "--columns", "x,y"), "ConfigError.*lacks `z`"),
    "no such column": (fitting("a.xyz", POINTS, "--columns", "x,y,z,w"), "`w` is no column"),
    "one column too many": (fitting("a.xyz", POINTS, "--columns", "x,y,z,_"), "names 4. Name"),
    "columns of a solid": (fitting("a.stl", "solid", "--columns", "x,y,z"), "no columns that"),
    "a headline": (fitting("a.csv", "a,b,c\n1,2,3\n"), "Name the three coordinates"),
    "half a headline": (fitting("a.csv", "x,2,3\n1,2,3\n"), "`x` is not a number"),
    "NaN points": (fitting("a.xyz", POINTS + "\nnan 0 0"), "point 12: NaN"),
    "no ply": (fitting("a.ply", "plx\n"), "instead of `ply`"),
    "a cut ply": (fitting("a.ply", "ply\nformat ascii 1.0\nelement vertex 9\n"), "end_header"),
    "bytes": (fitting("a.obj", bytes(range(256))), "DataFileError"),
    "three points": (fitting("a.xyz", "0 0 0\n1 0 0\n0 1 0\n"), "four different points"),
    "one point": (fitting("a.xyz", "0 0 0\n" * 50), "four different points"),
    "a line": (fitting("a.xyz", "".join(f"{i} {i} {i}\n" for i in range(9))), "on one line"),
    "a mesh without faces": (fitting("a.xyz", POINTS, "--reference", "a.xyz"), "no faces"),
    "no cells": (fitting("a.xyz", POINTS, "--resolution", "1"), "--resolution"),
    "over the input": (
        ({"a.ply": POINTS}, ["sdf", "a.ply", "--out", "a.ply"]),
        "also read.*--force",
    ),
    "over a stranger": (
        ({"a.xyz": POINTS, "b.png": "mine"}, ["sdf", "a.xyz", "--out", "b.ply"]),
        "`b.png` is there already.*--force",
    ),
}


def called(folder: Path, files: dict[str, str | bytes], words: list[str]) -> Result:
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        (folder / name).write_bytes(data)
    here = Path.cwd()
    os.chdir(folder)
    try:
        return CliRunner().invoke(app, words, env={"COLUMNS": "300"})
    finally:
        os.chdir(here)


def test_there_are_enough_of_them():
    assert len(MISTAKES) >= 41


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_have_one_message_and_no_traceback(name: str, tmp_path: Path) -> None:
    (files, words), message = MISTAKES[name]
    result = called(tmp_path, files, words)
    said = " ".join(re.sub(r"[│╭╮╰╯─]+", " ", result.output).split())
    assert result.exit_code == 2, said
    assert "Traceback" not in said and "unexpected" not in said
    assert re.search(message, said), said
    for path, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        assert (tmp_path / path).read_bytes() == data


def test_how_an_input_is_read_is_said_once(tmp_path: Path) -> None:
    points = "0 0 0 255 0 0\n1 0 0 0 255 0\n0 1 0 9 9 9\n"
    files, words = fitting("a.xyz", points)
    said = called(tmp_path, files, words).stderr.splitlines()
    assert [
        line.startswith("siren_pde: `a.xyz`: ") and "columns 4-6 are 0-255" in line for line in said
    ].count(True) == 1
    assert "Warning" not in " ".join(said) and "four different points" in said[-1]


@pytest.mark.parametrize("words", [["--traceback", "check"], ["check", "--traceback"]])
def test_tracebacks_are_shown_when_asked_for(words: list[str], tmp_path: Path) -> None:
    result = called(tmp_path, {"mine.py": "x = 1"}, [*words, "mine.py"])
    assert result.exit_code == 2 and "Traceback (most recent call last)" in result.stderr
    assert "ConfigError: `mine.py` defines none." in result.stderr
    assert result.stderr.endswith(" [SP-CONFIG]\n")


def test_tracebacks_are_shown_where_the_environment_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("SIREN_PDE_TRACEBACK", "1")
    assert "Traceback" in called(tmp_path, {"mine.py": "x = 1"}, ["check", "mine.py"]).stderr


@pytest.mark.parametrize("error", [IndexError("no 7"), AssertionError(), MemoryError(), OSError(5)])
def test_unexpected_failures_say_where_to_report_them(error, tmp_path, monkeypatch):
    def fail(file, **_):
        raise error

    monkeypatch.setattr("siren_pde.cli.check.run", fail)
    result = called(tmp_path, {"mine.py": "x = 1"}, ["check", "mine.py"])
    assert result.exit_code == 1 and len(result.stderr.splitlines()) == 1
    assert f"failed unexpectedly: {type(error).__name__}" in result.stderr
    assert "Please report it at https://" in result.stderr and "Traceback" not in result.stderr
    shown = called(tmp_path, {"mine.py": "x = 1"}, ["check", "mine.py", "--traceback"])
    assert "Traceback" in shown.stderr and shown.exit_code == 1


CODES = {
    "SirenPDEError": "SP-ERROR",
    "ConfigError": "SP-CONFIG",
    "DomainError": "SP-DOMAIN",
    "DerivativeError": "SP-DERIVATIVE",
    "ResidualError": "SP-RESIDUAL",
    "NonFiniteError": "SP-NON-FINITE",
    "ProcessError": "SP-PROCESS",
    "DataFileError": "SP-DATA-FILE",
    "StorageError": "SP-STORAGE",
    "CheckpointError": "SP-CHECKPOINT",
    "RunLockedError": "SP-RUN-LOCKED",
    "InputWarning": "SP-INPUT",
}
"""Programs rely on these: a code is added for a new type, and none is ever changed."""


def test_every_error_has_a_code_of_its_own_that_never_changes():
    names: dict[str, Any] = {n: t for n, t in vars(errors).items() if isinstance(t, type)}
    types = {name: kind for name, kind in names.items() if issubclass(kind, Exception)}
    assert {name: kind.code for name, kind in types.items()} == CODES
    assert all("code" in vars(kind) for kind in types.values())
    assert len(set(CODES.values())) == len(CODES)
    page = (Path(__file__).parents[2] / "docs" / "errors.md").read_text()
    for name, code in CODES.items():
        assert f"| `{name}` | `{code}` |" in page
