"""Statements of problems as strangers write them, and what is said about each."""

import re

from siren_pde import check
from siren_pde.cli.script import read_script


def said(folder, text: str) -> list[str]:
    """Each finding about a problem given as a file's text, as `severity kind: message`."""
    path = folder / "mine.py"
    path.write_text("from siren_pde import *\n" + text)
    script = read_script(path)
    findings = check(script.problem, script.field, quadrature=script.quadrature)
    return [f"{f.severity} {f.kind}: {f.message}" for f in findings]


def severe(lines: list[str]) -> list[str]:
    """Those that are more than notes."""
    return [line for line in lines if not line.startswith("note")]


def says(lines: list[str], pattern: str) -> bool:
    """Whether one of the findings matches."""
    return any(re.search(pattern, line) for line in lines)
