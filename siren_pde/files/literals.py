"""Plain values as Python writes them, read from texts that are parsed and never evaluated."""

from __future__ import annotations

import ast
from typing import TypeAlias

Literal: TypeAlias = "bool | int | float | str | tuple[Literal, ...] | None"


def literal(node: ast.expr) -> Literal:
    """A number, text, truth value, None, or tuple of these. Raises ValueError for all else."""
    return _plain(ast.literal_eval(node))


def literals(text: str) -> list[Literal]:
    """Values between commas, such as `0.1, 0.01` or `(1, 2), (3, 4)`. Raises ValueError."""
    try:
        tree = ast.parse(f"[{text}\n]", mode="eval").body
    except (SyntaxError, RecursionError, MemoryError) as cause:
        raise ValueError(f"{text!r} is no list of plain values") from cause
    if not isinstance(tree, ast.List):
        raise ValueError(f"{text!r} is no list of plain values")
    return [literal(each) for each in tree.elts]


def _plain(value: object) -> Literal:
    if isinstance(value, list | tuple):
        return tuple(_plain(each) for each in value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise ValueError(f"{value!r} is no number, text or tuple")
