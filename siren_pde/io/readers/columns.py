"""What the columns of a table are: by their names, or by what can only be one thing."""

from __future__ import annotations

import warnings

import numpy as np

from siren_pde.errors import InputWarning
from siren_pde.io.readers.source import Arrays, Floats, Source

POSITION, NORMAL, COLOUR = ("x", "y", "z"), ("nx", "ny", "nz"), ("red", "green", "blue")
_REMEDY = "Give three columns x y z, six with nx ny nz, or name the columns in a first line."
UNIT = 0.05
"""How far from one lengths of normals are that were written with two decimals, and some more."""


def of_table(source: Source, table: Floats, names: list[str], where: str) -> Arrays:
    """Rows of a table (n, k) as points: by the names of its columns, else x y z and perhaps three
    more, which are normals if their lengths are one, and colours if they are whole numbers up to
    255.

    Raises DataFileError for anything else.
    """
    rows, count = table.shape
    if not names:
        if count not in (3, 6):
            if rows in (3, 6) and rows < count:
                seen = f"{rows} rows of {count} numbers, with the points in its columns"
                raise source.broken(where, seen, "Write one point per row: transpose the table.")
            raise source.broken(where, f"{count} columns", _REMEDY)
        return _unnamed(source, table, where)
    if len(names) != count or len(set(names)) != len(names):
        seen = f"{count} columns under {len(set(names))} different names"
        raise source.broken(where, seen, _REMEDY)
    if not set(POSITION) <= set(names):
        seen = f"columns named {', '.join(f'`{name[:24]}`' for name in names[:8])}, not x, y, z"
        raise source.broken(where, seen, "Name the three coordinates x, y and z.")
    return Arrays.of_columns(dict(zip(names, table.T, strict=True)))


def _unnamed(source: Source, table: Floats, where: str) -> Arrays:
    if table.shape[1] == 3:
        return Arrays(table)
    positions, rest = np.ascontiguousarray(table[:, :3]), table[:, 3:]
    lengths = np.sqrt(np.einsum("nk,nk->n", rest, rest))
    if bool((np.abs(lengths - 1) < UNIT).all()):
        return Arrays(positions, np.ascontiguousarray(rest))
    usable = np.isfinite(rest).all(axis=1) & ~np.equal(rest, 0).all(axis=1)
    if bool((np.abs(lengths[usable] - 1) < UNIT).all()) and usable.any():
        return Arrays(positions, np.ascontiguousarray(rest))
    if bool(((rest >= 0) & (rest <= 255) & np.equal(rest, np.floor(rest))).all()):
        warnings.warn(
            f"`{source.name}`: columns 4-6 are 0-255: taken for colours, red, green and blue. Name "
            "the columns in a first line if they are not.",
            InputWarning,
            stacklevel=7,
        )
        return Arrays(positions, columns=dict(zip(COLOUR, rest.T.copy(), strict=True)))
    if not usable.any():
        return Arrays(positions, np.ascontiguousarray(rest))
    low, high = lengths[usable].min(), lengths[usable].max()
    raise source.broken(
        where,
        f"columns 4-6 are neither normals, as their lengths are {low:.3g} to {high:.3g}, nor "
        "colours, whole numbers up to 255",
        "Scale normals to length one, leave these columns out, or name them in a first line.",
    )
