"""PTX, as Leica's programs write it: scans one after another, each where its matrix puts it."""

from __future__ import annotations

import numpy as np

from siren_pde.errors import say
from siren_pde.io.readers.long_tables import long_table
from siren_pde.io.readers.names import COLOUR, INTENSITY, POSITION
from siren_pde.io.readers.source import Arrays, Floats, Line, Source

_HEAD = 10
"""Lines before the points: two counts, where the scanner stood, its axes, and a matrix."""


def read_ptx(source: Source) -> Arrays:
    """The points of all scans together, with intensities and colours.

    What the scanner did not hit stands as 0 0 0 and is left out, with a word.
    """
    source = source.text
    offset, number, scans, missing = 0, 1, list[Floats](), 0
    while offset < len(source.data) and source.data[offset:].strip():
        scan, offset, number = _scan(source, offset, number)
        there = ~np.equal(scan[:, :3], 0).all(axis=1)
        missing += int((~there).sum())
        scans.append(scan[there])
    if len({scan.shape[1] for scan in scans}) > 1:
        raise source.broken("its scans", "some with colours and some without")
    if missing:
        say(f"`{source.name}`: {missing} directions without a point (0 0 0) are left out.")
    table = np.concatenate(scans)
    names = (*POSITION, INTENSITY, *COLOUR)[: table.shape[1]]
    return Arrays.of_columns(dict(zip(names, table.T, strict=True)))


def _scan(source: Source, offset: int, number: int) -> tuple[Floats, int, int]:
    """The rows of a scan moved by its matrix, the byte after it and the number of its line."""
    head = list[Line]()
    end = offset
    while len(head) < _HEAD:
        start, end = end, source.data.find(b"\n", end) + 1
        if not end:
            raise source.broken(f"line {number}", "the text ends within the head of a scan")
        head.append(Line(number, source.data[start:end].strip()))
        number += 1
    count = source.whole(head[0].text, f"line {head[0].number}")
    count *= source.whole(head[1].text, f"line {head[1].number}")
    if count <= 0:
        raise source.broken(f"line {head[0].number}", f"a scan of {count} points")
    source.rows(head[2:6], 3)
    matrix = source.rows(head[6:], 4)
    table, end = _rows(source, end, count, number)
    moved = table[:, :3] @ matrix[:3, :3] + matrix[3, :3]  # rows times matrix
    hit = ~np.equal(table[:, :3], 0).all(axis=1)
    table[hit, :3] = moved[hit]
    return table, end, number + count


def _rows(source: Source, offset: int, count: int, number: int) -> tuple[Floats, int]:
    columns = len(source.data[offset : source.data.find(b"\n", offset)].split())
    if columns not in (4, 7):
        raise source.broken(f"line {number}", f"{columns} numbers where 4 or 7 were expected")
    long = long_table(source, offset, (count, columns))
    if long is not None:
        return long
    lines, end = list[Line](), offset
    while len(lines) < count and end < len(source.data):
        start, end = end, (source.data.find(b"\n", end) + 1) or len(source.data)
        lines.append(Line(number + len(lines), source.data[start:end].strip()))
    if len(lines) < count:
        seen = f"{count} points are declared, {len(lines)} lines follow"
        raise source.broken(f"line {number}", seen)
    return source.rows(lines, columns), end
