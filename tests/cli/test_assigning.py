"""`--set`: names of a file get other values, and what is no plain value is refused."""

import json

import pytest
from typer.testing import CliRunner

from siren_pde.cli.app import app
from siren_pde.cli.assigning import assignments, single
from siren_pde.cli.script import read_script
from siren_pde.errors import ConfigError, DataFileError

TEXT = """
from siren_pde import *

nu, other = 0.5, 3
rate = 2.0
size: tuple = (1, 1)
twice = 2 * rate
again = 1
again = 2
_own = 0
line = Box(x=(0, 1))

@on(line)
def one(p, u):
    return u - rate

problem = Problem(one, exact=lambda p: rate + 0 * p.x, name=f"{rate} {twice} {size}")
"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "mine.py").write_text(TEXT)
    return tmp_path / "mine.py"


@pytest.mark.parametrize(
    ("given", "values"),
    [
        (["nu=0.1,0.01"], {"nu": [0.1, 0.01]}),
        (["a=1", "b='x,y', None"], {"a": [1], "b": ["x,y", None]}),
        (["size=(1, 2), [3, 4],"], {"size": [(1, 2), (3, 4)]}),
        (["n=-3, 1e-3, True"], {"n": [-3, 1e-3, True]}),
    ],
)
def test_values_are_read_as_python_writes_them(given, values):
    assert assignments(given) == values


@pytest.mark.parametrize(
    "text",
    [
        "nu",
        "nu=",
        "=3",
        "1nu=3",
        "nu=open('x')",
        "nu=1 for x in y",
        "nu=1]+[2",
        "nu={1: 2}",
        "nu=1j",
        "nu=rate",
        "nu=" + "(" * 300 + ")" * 300,
        "nu=1\n2",
    ],
)
def test_what_is_no_plain_value_is_refused(text):
    with pytest.raises(ConfigError, match="cannot be read"):
        assignments([text])


def test_names_are_given_once():
    with pytest.raises(ConfigError, match="`nu` twice"):
        assignments(["nu=1", "nu=2"])
    with pytest.raises(ConfigError, match=r"2 values.*siren-pde sweep"):
        single(["nu=1,2"])


def test_the_file_goes_on_with_the_value(file):
    assert read_script(file).problem.name == "2.0 4.0 (1, 1)"
    changed = read_script(file, {"rate": 5.0, "size": (3, 4)})
    assert changed.problem.name == "5.0 10.0 (3, 4)"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nothing", "has no such.*names are rate, size, twice, line, problem"),
        ("nu", "has no such"),
        ("again", "assigns `again` 2 times"),
        ("one", "has no such"),
    ],
)
def test_only_names_of_the_file_are_set(file, name, says):
    with pytest.raises(ConfigError, match=says):
        read_script(file, {name: 1})


def test_mistakes_have_the_lines_of_the_file(file):
    file.write_text(TEXT.replace("twice = 2 * rate", "twice = 2 / rate"))
    with pytest.raises(DataFileError, match=r"line 7.*\n.*twice = 2 / rate"):
        read_script(file, {"rate": 0})


def test_a_solve_takes_values_and_remembers_them(file, tmp_path):
    few = ["--method", "least-squares", "--width", "9", "--json", "--estimate", "none"]
    arguments = ["solve", str(file), "--set", "rate=7", *few, "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, arguments)
    assert json.loads(result.stdout.splitlines()[-1])["error"] < 1e-6, result.output
    said = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert said["command"]["assigned"] == {"rate": 7}
    mistake = CliRunner().invoke(app, ["solve", str(file), "--set", "rat=7"])
    assert mistake.exit_code == 2 and "rate, size" in mistake.stderr
