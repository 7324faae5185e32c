"""OFF: a word, the counts, the vertices and the polygons."""

from __future__ import annotations

import re

from siren_pde.io.readers.names import COLOUR, NORMAL, POSITION
from siren_pde.io.readers.source import Arrays, Line, Source, fans, shown

_WORD = re.compile(rb"(ST)?(C)?(N)?OFF(\d*)")
"""ModelNet writes the first count behind the word, without a blank."""


def read_off(source: Source) -> Arrays:
    """Vertices, normals (NOFF), colours (COFF) and faces (as triangles); no texture."""
    source = source.text
    lines = source.lines()
    first, *words = lines[0].text.split() if lines else [b""]
    word = _WORD.fullmatch(first)
    if word is None:
        raise source.broken("line 1", f"{shown(first)} instead of `OFF`, `COFF` or `NOFF` as text")
    words = [word[4], *words] if word[4] else words
    counts = Line(lines[0].number, b" ".join(words)) if words else None
    body = lines[1:]
    if counts is None:
        if not body:
            raise source.broken("line 1", "no numbers of vertices and faces")
        counts, body = body[0], body[1:]
    where = f"line {counts.number}"
    numbers = [source.whole(w, where) for w in counts.text.split()[:3]]
    if len(numbers) < 2 or min(numbers) < 0:
        raise source.broken(where, f"{shown(counts.text)} instead of numbers of vertices and faces")
    vertices, faces = numbers[:2]
    if vertices + faces != len(body):
        seen = f"{vertices} vertices and {faces} faces are declared, {len(body)} lines are left"
        raise source.broken(where, seen)
    return _tables(source, body[:vertices], body[vertices:], word)


def _tables(
    source: Source, vertices: list[Line], faces: list[Line], word: re.Match[bytes]
) -> Arrays:
    """`word` is the first one of the file: letters in it declare what follows x y z."""
    table = source.rows(vertices, None if vertices else 3)
    columns, further = 6 if word[3] else 3, bool(word[1] or word[2])
    if table.shape[1] < columns or (table.shape[1] > columns and not further):
        seen = f"{table.shape[1]} numbers per vertex where {columns} were expected"
        remedy = "Begin by `NOFF` where normals follow x y z, by `COFF` where colours do."
        raise source.broken(f"line {vertices[0].number}", seen, remedy)
    triangles = source.tolerated(
        lambda: fans([_polygon(source, line) for line in faces]) if faces else None
    )
    named = dict(zip([*POSITION, *(NORMAL if word[3] else ())], table.T, strict=False))
    painted = table[:, columns : columns + 3]
    if word[2] and not word[1] and painted.shape[1] == 3:
        named |= dict(zip(COLOUR, painted.T, strict=True))
    return Arrays.of_columns(named, triangles)


def _polygon(source: Source, line: Line) -> list[int]:
    """`k i₁ … iₖ`, perhaps followed by a colour."""
    where = f"line {line.number}"
    words = line.text.split()
    count = source.whole(words[0], where)
    corners = [source.whole(word, where) for word in words[1 : 1 + max(count, 0)]]
    if count < 3 or len(corners) != count:
        raise source.broken(where, f"a face of {count} corners that lists {len(corners)}")
    return corners
