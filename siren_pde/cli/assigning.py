"""Names of a problem file that are given on the command line, `--set nu=0.1`: other values for
assignments of its own.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from siren_pde.errors import ConfigError
from siren_pde.files.literals import Literal, literals


def assignments(given: Sequence[str]) -> dict[str, list[Literal]]:
    """The values of each name, from texts such as `nu=0.1,0.01`.

    They are parsed, never evaluated. Raises ConfigError for texts of another form.
    """
    values: dict[str, list[Literal]] = {}
    for text in given:
        name, equals, listed = text.partition("=")
        name = name.strip()
        try:
            if not (name.isidentifier() and equals):
                raise ValueError("there is no name before `=`")
            several = literals(listed)
            if not several:
                raise ValueError("there is no value after `=`")
        except ValueError as cause:
            raise ConfigError(
                f"`--set {text}` cannot be read: {cause}. Write a name of the file and plain "
                "values, as in `--set nu=0.1,0.01`."
            ) from cause
        if name in values:
            raise ConfigError(f"`--set` gives `{name}` twice. Write all its values after one name.")
        values[name] = several
    return values


def single(given: Sequence[str]) -> dict[str, Literal]:
    """As `assignments`, where each name has one value. Raises ConfigError for several."""
    values = assignments(given)
    several = [name for name, each in values.items() if len(each) > 1]
    if several:
        raise ConfigError(
            f"`--set` gives `{several[0]}` {len(values[several[0]])} values, and a solve has one. "
            "For a solve with each of them write `siren-pde sweep`."
        )
    return {name: each[0] for name, each in values.items()}


def reassigned(source: str, place: Path, values: Mapping[str, Literal]) -> ast.Module:
    """The tree of a file in which each name has another value, from its own assignment on.

    Raises ConfigError for names that the file does not assign once at its top level, SyntaxError
    for what is no Python.
    """
    tree = ast.parse(source, filename=str(place))
    own = list(_assigned(tree.body))
    names = [name for name, _ in own]
    for name, value in values.items():
        if names.count(name) != 1:
            seen = f"assigns `{name}` {names.count(name)} times" if name in names else "has no such"
            known = dict.fromkeys(n for n in names if names.count(n) == 1 and not n.startswith("_"))
            raise ConfigError(
                f"`--set {name}=…` changes the assignment of a name at the top level, `{name} = …` "
                f"once, and `{place.name}` {seen}. Its names are {', '.join(known) or 'none'}."
            )
        statement = next(each for each_name, each in own if each_name == name)
        new = ast.parse(repr(value), mode="eval").body
        for node in ast.walk(new):
            ast.copy_location(node, statement.value or statement)
        statement.value = new
    return tree


def _assigned(body: Iterable[ast.stmt]) -> Iterable[tuple[str, ast.Assign | ast.AnnAssign]]:
    """Assignments to a single name, in order."""
    for statement in body:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            if isinstance(statement.targets[0], ast.Name):
                yield statement.targets[0].id, statement
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            if isinstance(statement.target, ast.Name):
                yield statement.target.id, statement
