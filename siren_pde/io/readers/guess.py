"""What unnamed columns are: by what they hold, where that can only be one thing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from siren_pde.errors import DataFileError
from siren_pde.io.readers.names import COLOUR, INTENSITY, LEFT_OUT, NORMAL, POSITION
from siren_pde.io.readers.source import Floats, Source

REMEDY = (
    "Give three columns x y z, six with nx ny nz, name the columns in a first line, or say what "
    "they are by `--columns x,y,z,nx,ny,nz,_,r,g,b`, with `_` for what is left out."
)
OTHERWISE = "Say otherwise by `--columns x,y,z,…`, or by `columns=` of `read_points`."
"""The remedy wherever columns were understood by what they hold."""
UNIT = 0.05
"""How far from one lengths of normals are that were written with two decimals, and some more."""
NEARLY_ALL = 0.98
"""The share of usable triples that have length one where they are normals: programs that estimate
them leave a few odd ones, while of colours between 0 and 1 hardly one in ten is as long by chance.
"""
_ENOUGH = 5
"""So many rows that count up by ones do so on purpose."""
_SAMPLE = 200_000
"""Rows that are looked at."""
_FLAT = 1e-3
"""The extent along a plane's normal, beside the largest, that scans of it keep below."""


@dataclass(frozen=True)
class Guess:
    """What each column is, and in words why."""

    roles: tuple[str, ...]
    reasons: tuple[str, ...] = ()


def guessed(source: Source, table: Floats, where: str) -> Guess:
    """What the columns of a table (n, k) without names are.

    x y z come first, perhaps after a number that counts the points. Of what follows, three numbers
    of length one are normals, three from 0 to 255 (whole), or from 0 to 1, are colours, and one is
    an intensity, in any order. Raises DataFileError for anything else.
    """
    rows = table[:: -(-len(table) // _SAMPLE) or 1]
    if table.shape[1] > 3 and counts_up(table[:, 0]):
        rest = guessed(source, table[:, 1:], where)
        first = "column 1 numbers the points and is left out"
        return Guess((LEFT_OUT, *rest.roles), (first, *_moved(rest.reasons)))
    further = rows[:, 3:]
    if table.shape[1] < 3 or further.shape[1] > 7 or further.shape[1] in (2, 5):
        raise source.broken(where, f"{table.shape[1]} columns", REMEDY)
    offsets = [
        j for j in range(further.shape[1] - 2) if _are_directions(further[:, j : j + 3], rows)
    ]
    pieces: list[Guess | None]
    if len(offsets) == 1:
        j = offsets[0]
        normals = Guess(NORMAL, (f"columns {j + 4}-{j + 6} have length one: taken for normals",))
        pieces = [_piece(further[:, :j], 4), normals, _piece(further[:, j + 3 :], j + 7)]
    else:
        pieces = [_piece(further, 4)]
    understood = [piece for piece in pieces if piece is not None]
    roles = tuple(role for piece in understood for role in piece.roles)
    doubled = len(set(roles) - {LEFT_OUT}) < len([r for r in roles if r != LEFT_OUT])
    if len(understood) < len(pieces) or doubled or len(offsets) > 1:
        raise _not_understood(source, further, where)
    reasons = [reason for piece in understood for reason in piece.reasons]
    return Guess((*POSITION, *roles), tuple(reasons))


def counts_up(column: Floats) -> bool:
    """Whether a column is 0, 1, 2 … or 1, 2, 3 …."""
    if (
        len(column) < _ENOUGH
        or column[0] not in (0, 1)
        or column[-1] != column[0] + len(column) - 1
    ):
        return False
    return bool((np.diff(column) == 1).all())


def _moved(reasons: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"of those after it, {reason}" for reason in reasons)


def _are_directions(triple: Floats, rows: Floats) -> bool:
    """Whether nearly all vectors (n, 3) have length one; zero and NaN may be among them."""
    lengths = np.sqrt(np.einsum("nk,nk->n", triple, triple))
    usable = lengths[np.isfinite(lengths) & (lengths > 0)]
    if 2 * len(usable) <= len(triple) or (np.abs(usable - 1) < UNIT).mean() < NEARLY_ALL:
        return False
    same = bool((triple == triple[0]).all()) and len(triple) > 1
    return not same or bool((triple[0] % 1).any()) or _is_flat(rows[:, :3], triple[0])


def _is_flat(positions: Floats, normal: Floats) -> bool:
    """Whether points (n, 3) lie in a plane of this normal: pure red is a unit vector as well."""
    extents = positions.max(axis=0) - positions.min(axis=0)
    along = positions @ normal
    return bool(along.max() - along.min() <= _FLAT * extents.max())


def _piece(columns: Floats, first: int) -> Guess | None:
    """What columns beside normals are, the first of them being number `first` of all."""
    count = columns.shape[1]
    if count == 0:
        return Guess(())
    if count == 1:
        return Guess((INTENSITY,), (f"column {first}: taken for intensity",))
    if count == 3:
        return _triple(columns, first)
    if count != 4:
        return None
    before, after = _colours(columns[:, :3], first), _colours(columns[:, 1:], first + 1)
    alpha = bool((columns[:, 3] == columns[0, 3]).all()) and columns[0, 3] in (1, 255)
    if before is not None and (after is None or alpha):  # r g b and what is the same everywhere
        last = (
            Guess((LEFT_OUT,)) if alpha and after is not None else _piece(columns[:, 3:], first + 3)
        )
        return (
            Guess((*before.roles, *last.roles), (*before.reasons, *last.reasons)) if last else None
        )
    if after is None:
        return None
    one = f"column {first}: taken for intensity"
    return Guess((INTENSITY, *after.roles), (one, *after.reasons))


def _triple(columns: Floats, first: int) -> Guess | None:
    finite = np.isfinite(columns).all(axis=1)
    if not finite.any():
        said = f"columns {first}-{first + 2} hold NaN or infinity everywhere and are left out"
        return Guess((LEFT_OUT,) * 3, (said,))
    return _colours(columns, first)


def _colours(columns: Floats, first: int) -> Guess | None:
    low, high = columns.min(), columns.max()
    where = f"columns {first}-{first + 2}"
    if 0 <= low and high <= 1:  # whole ones, too: all that is brightest is 1, as `_to_255` has it
        return Guess(COLOUR, (f"{where} are between 0 and 1: taken for colours",))
    if 0 <= low and high <= 255 and bool((columns % 1 == 0).all()):
        return Guess(COLOUR, (f"{where} are 0-255: taken for colours",))
    return None


def _not_understood(source: Source, further: Floats, where: str) -> DataFileError:
    if further.shape[1] != 3:
        return source.broken(
            where, f"{further.shape[1] + 3} columns that could be several things", REMEDY
        )
    lengths = np.sqrt(np.einsum("nk,nk->n", further, further))
    lengths = lengths[np.isfinite(lengths) & (lengths > 0)]
    low, high = lengths.min(initial=np.inf), lengths.max(initial=0.0)
    return source.broken(
        where,
        f"columns 4-6 are neither normals, as their lengths are {low:.3g} to {high:.3g}, nor "
        "colours, whole numbers up to 255 or numbers up to 1",
        "Say what they are by `--columns x,y,z,nx,ny,nz` or `x,y,z,_,_,_`, name them in a first "
        "line, or leave them out.",
    )
