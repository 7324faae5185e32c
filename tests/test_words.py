"""The words of the field: what the glossary of CONTRIBUTING replaces does not come back."""

import io
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "siren_pde").rglob("*.py"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]

PARTS = {  # of identifiers, and where else than everywhere they are not wanted
    "leaf": "",
    "leaves": "",
    "featured": "",
    "emphasised": "",
    "crowded": "",
    "crowding": "",
    "stray": "",
    "strays": "",
    "ghost": "",
    "ghosts": "",
    "nearness": "",
    "demand": "",
    "demands": "",
    "push": "",
    "pull": "",
    "pullback": "",
    "begin": "",
    "trainer": "",
    "wall": "fields|domains|solving|collocation",
    "bend": "fields|domains|solving|optimisers",
}
WHOLE = {"Light", "placed", "towards", "adapted", "output_rows"}
"""Identifiers that are not wanted, though their words are."""
PROSE = [
    r"\b[Ll]eaf\b",
    r"\bleaves\(",
    r"\b(light|heavy) half\b",
    r"\bmay_be_featured\b",
    r"\b[Ss]trays?\b",
    r"\b[Gg]hosts?\b",
    r"\b[Nn]earness\b",
    r"(?<!on )\bdemands?\b",
    r"\bpull(s|ed)? (it |them |back)|pullback",
    r"\b[Cc]rowd(ed|ing)\b",
    r"\btrainer\b",
    r"(?<!refine_)\btowards=",
]


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def parts(name: str) -> set[str]:
    """The words of an identifier, in lower case."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def names(text: str) -> list[tuple[str, int]]:
    """The identifiers of a file, and their lines."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return [(t.string, t.start[0]) for t in tokens if t.type == tokenize.NAME]


@pytest.mark.parametrize("file", FILES, ids=shown)
def test_identifiers_are_words_of_the_field(file: Path) -> None:
    where = shown(file).removeprefix("siren_pde/")
    old = {word for word, place in PARTS.items() if re.match(place, where)}
    seen = [
        f"{name}, line {line}"
        for name, line in names(file.read_text())
        if name in WHOLE or parts(name) & old
    ]
    assert not seen


def without_glossary(text: str) -> str:
    """A page without its section of words, which holds the old ones."""
    return re.sub(r"^## Words\n.*?(?=^## |\Z)", "", text, flags=re.M | re.S)


@pytest.mark.parametrize("file", [*FILES, *PAGES], ids=shown)
def test_sentences_use_the_words_of_the_field(file: Path) -> None:
    lines = without_glossary(file.read_text()).splitlines()
    seen = [
        f"line {number}: {line.strip()}"
        for number, line in enumerate(lines, start=1)
        for pattern in PROSE
        if re.search(pattern, line)
    ]
    assert not seen


def test_old_words_are_recognised() -> None:
    assert parts("_leaf_names") & {"leaf"} and parts("BoundLeaf") & {"leaf"}
    assert not parts("leaflet") & {"leaf"} and not parts("pulled") & {"pull"}
    assert any(re.search(p, "on(box, towards=corner)") for p in PROSE)
    assert not any(re.search(p, "what the network leaves over: refine_towards=0") for p in PROSE)
