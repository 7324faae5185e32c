"""Long tables of text, read by NumPy's parser without an object for each line."""

from __future__ import annotations

from io import BytesIO

import numpy as np

from siren_pde.io.readers.source import Floats, Source

MANY = 20_000
"""Rows from which on lines are not kept one by one, which takes three times the memory."""


def long_table(source: Source, offset: int, shape: tuple[int, int]) -> tuple[Floats, int] | None:
    """The rows of numbers from byte `offset` on, of this shape, and the byte after them.

    None where there are few, or anything is unusual: then whoever reads line by line says what.
    """
    count, columns = shape
    if count < MANY:
        return None
    source.require_short_lines(offset)
    if source.data.count(b"\n", offset) < count - 1:
        return None
    file = BytesIO(source.data)
    file.seek(offset)
    try:
        table = np.loadtxt(file, comments=None, ndmin=2, max_rows=count)
    except ValueError:
        return None
    return (table, file.tell()) if table.shape == (count, columns) else None
