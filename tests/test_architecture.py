"""The house rules that a machine can check."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import siren_pde
from tests.costs import imported_by
from tests.imports import circles, imports

PACKAGE = Path(siren_pde.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(PACKAGE)))
def test_a_file_has_one_idea(file):
    text = file.read_text()
    assert len(text.splitlines()) <= 300
    assert ast.get_docstring(ast.parse(text)), "a module opens with a sentence saying its idea"


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(PACKAGE)))
def test_no_device_is_assumed_and_nothing_is_unpickled(file):
    text = file.read_text()
    for banned in (r"\.cuda\(", r"torch\.load\(", r"\bpickle\b(?! anywhere)", r"allow_pickle=True"):
        assert not re.search(banned, re.sub(r'""".*?"""', "", text, flags=re.S)), banned
    assert not re.search(r"\bTODO\b|\bFIXME\b", text)


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(PACKAGE)))
def test_least_squares_name_their_driver(file):
    """The default of `torch.linalg.lstsq`, gelsy, begins with a table of pivots that nobody has
    filled in: equal problems have unequal last digits.
    """
    calls = re.findall(r"torch\.linalg\.lstsq\([^\n]*", file.read_text())
    assert all(re.search(r'driver="gels[ds]?"', call) for call in calls)


def test_every_public_name_exists_and_is_documented():
    for name in siren_pde.__all__:
        value = getattr(siren_pde, name)
        if callable(value):
            assert value.__doc__, name
    assert "Siren" in dir(siren_pde)
    with pytest.raises(AttributeError, match="Sirne"):
        _ = siren_pde.Sirne  # type: ignore[attr-defined]


def test_no_module_reaches_itself():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    assert circles(imports()) == []


def test_few_files_stand_beside_the_wings():
    assert len(list(PACKAGE.glob("*.py"))) <= 7


def test_importing_the_package_costs_nothing():
    code = "import sys, siren_pde; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_help_is_instant():
    said, packages = imported_by("-m", "siren_pde", "--help")
    assert "solve" in said and "sdf" in said
    assert not packages & {"torch", "numpy", "scipy", "h5py", "matplotlib", "skimage"}
