"""A problem as it is stated: the text of each condition, for those who read of a run later."""

from __future__ import annotations

import inspect
import textwrap

from siren_pde.files.json_values import JSON
from siren_pde.problem import Condition, Problem

LINES, LETTERS = 60, 300
"""Longer residuals and descriptions of domains are cut off."""


def stated(problem: Problem) -> dict[str, JSON]:
    """The source of each condition's residual, null where Python has none, its domain and weight;
    by its name.
    """
    return {
        condition.name: {
            "source": _source(condition),
            "domain": _cut(" ".join(repr(condition.domain).split())),
            "weight": condition.heaviest,
        }
        for condition in problem.conditions
    }


def _source(condition: Condition) -> str | None:
    """The text of a residual, as it stands in its file or in a cell of a notebook."""
    try:
        lines = inspect.getsource(condition.residual).splitlines()
    except (OSError, TypeError):  # typed into a console, or a callable object
        return None
    more = ["…"] if len(lines) > LINES else []
    return textwrap.dedent("\n".join([*lines[:LINES], *more]))


def _cut(text: str) -> str:
    return text if len(text) <= LETTERS else f"{text[: LETTERS - 1]}…"
