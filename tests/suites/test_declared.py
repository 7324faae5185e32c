"""Suites as they are declared: every combination is a cell, and mistakes are told by their line."""

import re
from pathlib import Path

import pytest

from siren_pde.cli.methods import CLASSES, SHORT
from siren_pde.errors import ConfigError, DataFileError
from siren_pde.suites import sources
from siren_pde.suites.cells import OWN, Script, Solve
from siren_pde.suites.declared import NAMES, Wanted, suite_of

PROBLEM = "problem = Problem(one)\n"


@pytest.fixture
def write(tmp_path):
    """Write a suite beside two problems and a file that states none."""
    for name in ("heat", "wave"):
        (tmp_path / f"{name}.py").write_text(PROBLEM)
    (tmp_path / "other.py").write_text("a = 1\n")

    def written(text):
        (tmp_path / "mine.toml").write_text(text)
        return str(tmp_path / "mine.toml")

    return written


def of(given, **wanted):
    return suite_of(given, Wanted(methods=(*SHORT, *CLASSES), **wanted))


def test_cells_are_problems_by_fields_by_methods_by_seeds(write):
    text = """
    about = "mine"
    problems = ["*.py"]
    methods = ["own", "adam"]
    seeds = 2
    [fields.own]
    [fields.wide]
    width = 256
    """
    suite = of(write(text.replace('"*.py"', '"heat.py", "wave.py"')))
    assert len(suite.cells) == 2 * 2 * 2 * 2 == len({cell.label for cell in suite.cells})
    assert (suite.name, suite.about) == ("mine", "mine")
    assert [cell.label for cell in suite.cells[:5]] == [
        "heat,seed=0",
        "heat,seed=1",
        "heat,adam,seed=0",
        "heat,adam,seed=1",
        "heat,wide,seed=0",
    ]
    task = suite.cells[6].task
    assert isinstance(task, Solve)
    assert (task.method, task.network, task.limits) == ("adam", {"width": 256}, {})
    words = task.anew(Path("there"), 1, 2)
    assert words[3:6] == ("solve", str(task.file), "--out")
    assert " ".join(words).endswith(
        "--seed 1 --threads 2 --estimate quick --method adam --width 256"
    )


def test_the_command_line_has_the_last_word(write):
    suite = of(write('problems = ["heat.py"]\nseeds = 5\nseconds = 9'), seeds=1, seconds=2.0)
    (cell,) = suite.cells
    assert isinstance(cell.task, Solve) and cell.task.limits == {"seconds": 2.0}


def test_groups_have_what_the_whole_says_unless_they_say_so(write):
    text = """
    seconds = 9
    seeds = 1
    [[group]]
    problems = ["heat.py"]
    [[group]]
    problems = ["wave.py"]
    seconds = 3
    set = { nu = [0.1, 0.2] }
    """
    first, second, third = of(write(text)).cells
    assert isinstance(first.task, Solve) and isinstance(third.task, Solve)
    assert first.task.limits["seconds"] == 9 and third.task.limits["seconds"] == 3
    assert (second.label, third.task.values) == ("wave,nu=0.1,seed=0", (("nu", 0.2),))
    assert "nu=0.2" in third.task.anew(Path("there"), 0, 1)


def test_a_folder_is_a_suite_of_the_problems_in_it(write, tmp_path):
    write("")
    (tmp_path / "broken.py").write_text("problem = (")
    cells = of(str(tmp_path)).cells
    assert list(dict.fromkeys(cell.problem for cell in cells)) == ["broken", "heat", "wave"]
    assert {(cell.field, cell.method) for cell in cells} == {(OWN, OWN)} and len(cells) == 9
    assert len(of(str(tmp_path / "heat.py"), seeds=1).cells) == 1
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match=r"no file of the folder .*empty.* states a problem"):
        of(str(tmp_path / "empty"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("problems = 3 4", "no TOML.*line 1"),
        ("\nproblem = ['heat.py']", "line 2: `problem` is no key.*Is `problems` meant"),
        ("problems = ['heat.py']\nseeds = 0", "line 2: `seeds` is 0.*positive whole number"),
        ("problems = ['heat.py']\nseeds = true", "line 2: `seeds` is True"),
        ("problems = ['heat.py']\nseconds = -1.0", "line 2: `seconds` is -1.0.*positive number"),
        ("problems = 'heat.py'", "line 1: `problems` is 'heat.py'.*list of texts"),
        ("problems = ['none.py']", "line 1: `problems` has `none.py`.*no such file"),
        ("problems = ['none*.py']", "line 1: `problems` has `none.*no such file"),
        ("problems = ['heat.py']\n\nmethods = ['newton']", "line 3: `methods` has `newton`.*lbfgs"),
        ("problems = ['heat.py']\n[fields.a]\nwide = 3", "line 3: `wide` of the field `a` is 3"),
        ("problems = ['heat.py']\n[set]\nnu = 1", "line 2: `set` is .*table of lists"),
        ("problems = ['heat.py']\n[set]\nnu = [{a = 1}]", "line 3: `nu` is .*plain values"),
        ("problems = ['heat.py']\nestimate = 'much'", "line 2: `estimate`.*none, quick or careful"),
        ("seeds = 1", "there is nothing to be done"),
        ("group = 3", "line 1: `group` is 3.*`..group..`"),
        ("[[group]]\nproblems = ['heat.py']\n[[group]]\nseed = 3", "line 4: `seed` is no key"),
        ("[[group]]\nname = 'a'", "line 2: `name` is no key"),
        ("seeds = 2\n[[group]]\nproblems = ['no.py']", "line 3: `problems` has `no.py`"),
        ("scripts = ['none.py --fast']", "line 1: `scripts` has `none.py --fast`"),
        ("scans = ['{data}']", "measures files of yours.*--data"),
        ("problems = ['heat.py']\n[[group]]\n[[group]]\nseconds = 3", "two cells `heat,seed=0`"),
    ],
)
def test_mistakes_are_told_by_line_and_key(write, text, says):
    with pytest.raises((ConfigError, DataFileError), match=f"(?s){says}"):
        of(write(text))


def test_what_is_no_suite_is_told(tmp_path):
    with pytest.raises(ConfigError, match=r"no suite `quik`.*quick, pde, pinnacle, .*sdf"):
        of("quik")
    with pytest.raises(DataFileError, match="cannot read the suite"):
        of(str(tmp_path / "none.toml"))
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(DataFileError, match="UTF-8"):
        of(str(tmp_path / "bytes.toml"))
    (tmp_path / "deep.toml").write_text("a = " + "[" * 100_000)
    with pytest.raises(DataFileError, match="no TOML"):
        of(str(tmp_path / "deep.toml"))


@pytest.mark.parametrize("name", [name for name in NAMES if name != "sdf"])
def test_suites_of_the_package_are_there(name):
    suite = of(name)
    assert suite.cells and suite.about and suite.alone == (name in ("speed", "scaling"))
    assert all(isinstance(cell.task, Solve | Script) for cell in suite.cells)


def test_files_that_were_not_installed_are_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "__file__", str(tmp_path / "a" / "b" / "sources.py"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="come with the repository and not with the installed"):
        of("quick")
    (tmp_path / "problems").mkdir()
    (tmp_path / "problems" / "poisson.py").write_text(PROBLEM)
    assert sources.repository("quick") == tmp_path


def test_the_suite_of_the_documentation_is_one(write, tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "suites.md").read_text()
    (text,) = re.findall(r"```toml\n(.*?)```", page, re.S)
    for folder in ("waves", "more"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{folder}.py").write_text(PROBLEM)
    cells = of(write(text)).cells
    assert len(cells) == 3 * 2 * 3 * 2 * 3
    assert all(f"| `{name}` |" in page for name in NAMES)
