"""What tests themselves must not do."""

import re
from pathlib import Path

import pytest

FILES = sorted(path for path in Path(__file__).parent.rglob("*.py") if path != Path(__file__))
BANNED = {
    "reads a clock": r"^import time\b|^from time\b|perf_counter|process_time|\bgetrusage\b",
    "waits": r"\bsleep\(",
    "draws without a seed": r"\bdefault_rng\(\)|\bRandom\(\)|\bnp\.random\.(rand|randn|seed)\b",
    "leaves things to chance": r"\bflaky\b|\breruns\b",
    "is switched off": r"pytest\.mark\.(skip|xfail)\b|pytest\.(skip|xfail)\(",
}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_test_depends_on_nothing_but_the_code(file: Path) -> None:
    text = file.read_text()
    seen = [name for name, banned in BANNED.items() if re.search(banned, text, re.M)]
    assert not seen


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_test_asserts(file: Path) -> None:
    """An assertion, an expected error or warning, a law, or a helper that has one."""
    text = file.read_text()
    laws = r"\b(obey|check_(domain|field|method|problem|quadrature))\("
    helpers = set(re.findall(r"^def (\w+)\([^\n]*\n(?:    [^\n]*\n|\n)*?    +assert\b", text, re.M))
    checks = "|".join([r"\bassert", "raises", "warns", laws, *(rf"\b{name}\(" for name in helpers)])
    bodies = re.split(r"^(?=(?:@|def |class ))", text, flags=re.M)
    tests = [b for b in bodies if re.match(r"def test_", b)]
    idle = [b.split("(")[0] for b in tests if not re.search(checks, b)]
    assert not idle
