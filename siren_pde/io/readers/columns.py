"""From columns to points: by the names a user gives, by those in the file, or by what they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from siren_pde.errors import DataFileError, say
from siren_pde.io.readers.guess import OTHERWISE, REMEDY, Guess, guessed
from siren_pde.io.readers.names import (
    COLOUR,
    INTENSITY,
    LEFT_OUT,
    NORMAL,
    POSITION,
    are_angles,
    can_be_measured,
    is_numbering,
    known_as,
)
from siren_pde.io.readers.source import Arrays, Floats, Integers, Source

Column = npt.NDArray[Any]
_OWN = frozenset([*POSITION, *NORMAL, *COLOUR, INTENSITY])
_TABLES = (3, 4, 6, 7, 9, 10)
"""Numbers that a point may have without names."""


def of_table(source: Source, table: Floats, names: Sequence[str], where: str) -> Arrays:
    """Rows of a table (n, k) as points: by the names of its columns, else by what they hold.

    Raises DataFileError where that could be several things: see `guessed`.
    """
    if source.columns is not None:
        if table.shape[1] != len(table) == len(source.columns):
            table = table.T  # one point per column
        _require_all(source, where, table.shape[1])
        return _of_roles(table.T, source.columns)
    if names:
        count = table.shape[1]
        if len(names) != count or len(set(names)) != len(names):
            seen = f"{count} columns under {len(set(names))} different names"
            raise source.broken(where, seen, REMEDY)
        return of_named(source, dict(zip(names, table.T, strict=True)), where)
    table = _upright(source, table)
    guess = _guessed(source, table, where)
    if guess.reasons:
        say(f"`{source.name}`: x y z come first; {'; '.join(guess.reasons)}. {OTHERWISE}")
    if guess.roles == POSITION:
        return Arrays(table)  # no copy of what may be large
    return _of_roles(table.T, guess.roles)


def of_named(
    source: Source, columns: Mapping[str, Column], where: str, faces: Integers | None = None
) -> Arrays:
    """Columns (n,) of these names as points; what cannot be a measurement is left out by name."""
    if source.columns is not None:
        _require_all(source, where, len(columns))
        roles: Sequence[str] = source.columns
    else:
        roles = known_as(list(columns))
    if not roles:
        seen = f"columns named {', '.join(f'`{name[:24]}`' for name in list(columns)[:8])}"
        remedy = f"Name the three coordinates x, y and z. {OTHERWISE}"
        if are_angles(list(columns)):
            remedy = "Degrees are no lengths: project them into metres, for instance to UTM."
        raise source.broken(where, f"{seen}, not x, y, z", remedy)
    if source.columns is None:
        roles = _said(source, columns, roles)
    return _of_roles(list(columns.values()), roles, faces)


def _said(source: Source, columns: Mapping[str, Column], roles: Sequence[str]) -> list[str]:
    """Tell which columns are something under another name, and which are left out."""
    kept, left_out = list[str](), list[str]()
    for (name, column), role in zip(columns.items(), roles, strict=True):
        numbers = role not in _OWN and is_numbering(name) and _is_distinct(column)
        usable = role in _OWN or (can_be_measured(role) and bool(np.isfinite(column).all()))
        kept.append(role if usable and not numbers else LEFT_OUT)
        if kept[-1] == LEFT_OUT:
            left_out.append(f"`{name[:40]}`" if name else "a column without a name")
    known = {
        name: role
        for name, role in zip(columns, kept, strict=True)
        if role in _OWN and name.lower() not in (role, f"scalar_{role}")
    }
    words = [f"`{name[:24]}` as {role}" for name, role in known.items()]
    said = [f"reads {', '.join(words)}"] if words else []
    said += [f"leaves out {', '.join(left_out[:8])}"] if left_out else []
    if said:
        say(f"`{source.name}`: siren_pde {', and '.join(said)}. {OTHERWISE}")
    return kept


def _is_distinct(column: Column) -> bool:
    """Whether whole numbers are all different, as those that number points."""
    return bool((column % 1 == 0).all()) and len(np.unique(column)) == len(column)


def _require_all(source: Source, where: str, count: int) -> None:
    names = source.columns or ()
    if len(names) != count:
        raise source.broken(
            where,
            f"{count} columns, but `{','.join(names)}` names {len(names)}",
            "Name every one, in their order, and write `_` for what is to be left out.",
        )


def _of_roles(
    columns: Sequence[Column] | Column, roles: Sequence[str], faces: Integers | None = None
) -> Arrays:
    named = zip(columns, roles, strict=True)
    return Arrays.of_columns({role: c for c, role in named if role != LEFT_OUT}, faces)


def _upright(source: Source, table: Floats) -> Floats:
    """A table with one point per column, turned: no point has as many numbers as it has columns."""
    rows, count = table.shape
    if rows not in _TABLES or count <= max(_TABLES):
        return table
    say(f"`{source.name}`: {rows} rows of {count} numbers are read as {count} points side by side.")
    return np.ascontiguousarray(table.T)


def _guessed(source: Source, table: Floats, where: str) -> Guess:
    rows, count = table.shape
    try:
        return guessed(source, table, where)
    except DataFileError:
        if rows not in _TABLES or count <= rows:
            raise
        seen = f"{rows} rows of {count} numbers, with the points in its columns"
        raise source.broken(where, seen, "Write one point per row: transpose the table.") from None
