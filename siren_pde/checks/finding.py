"""A finding: what is wrong or doubtful in a problem, where, and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is."""

    error = "error"
    """The problem cannot be solved as it stands, or its solution is not what is meant."""
    warning = "warning"
    """It can be solved, but probably neither well nor to what is meant."""
    note = "note"
    """Worth knowing, and often meant."""


@dataclass(frozen=True)
class Finding:
    """One sentence about a problem.

    `kind` names the check that found it, `where` the condition or unknown concerned, or "".
    """

    severity: Severity
    kind: str
    where: str
    message: str


def error(kind: str, where: str, message: str) -> Finding:
    """A finding that is an error."""
    return Finding(Severity.error, kind, where, message)


def warning(kind: str, where: str, message: str) -> Finding:
    """A finding that is a warning."""
    return Finding(Severity.warning, kind, where, message)


def note(kind: str, where: str, message: str) -> Finding:
    """A finding that is a note."""
    return Finding(Severity.note, kind, where, message)
