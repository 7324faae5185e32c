"""STL: triangles without vertices, as text or as bytes; corners at the same place become one."""

from __future__ import annotations

import numpy as np

from siren_pde.io.readers.source import Arrays, Floats, Line, Source, shown

_HEAD, _ROW = 84, 50
_TEXT = 1024
"""So many bytes of text hold no zero, while counts and coordinates have some."""
_FACET = [b"facet", b"outer", b"vertex", b"vertex", b"vertex", b"endloop", b"endfacet"]
_ROWS = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])


def read_stl(source: Source) -> Arrays:
    """The different corners and the triangles; their normals and attributes are passed over.

    Files of bytes may begin with `solid` too: they are known by their length, and by zeros.
    """
    size = len(source.data)
    count = int.from_bytes(source.data[80:_HEAD], "little")
    whole = size >= _HEAD and size == _HEAD + _ROW * count
    text = source.data.lstrip()[:5].lower() == b"solid" and b"\0" not in source.data[:_TEXT]
    if text and not whole:
        return merged(_read_text(source))
    if size < _HEAD:
        seen = f"{size} bytes, fewer than the {_HEAD} before the first triangle"
        raise source.broken("the whole file", seen)
    if _HEAD + _ROW * count > size:
        seen = f"{count} triangles of {_ROW} bytes are declared, {size - _HEAD} bytes are left"
        raise source.broken("byte 80", seen)
    left = source.data[_HEAD + _ROW * count :]
    if left and not left.isspace():
        seen = f"{len(left)} bytes beyond the {count} triangles declared"
        raise source.broken(f"byte {_HEAD + _ROW * count}", seen)
    table = np.frombuffer(source.data, _ROWS, count, _HEAD)
    return merged(table["corners"].astype(np.float64))


def _read_text(source: Source) -> Floats:
    """The corners (f, 3, 3) between `solid` and `endsolid`, of which there may be several."""
    lines = source.lines(comment=b"\n")
    if _word(lines[-1]) != b"endsolid":
        raise source.broken(f"line {lines[-1].number}", "the text ends before `endsolid`")
    facets = [line for line in lines if _word(line) not in (b"solid", b"endsolid")]
    for i, line in enumerate(facets):
        if _word(line) != _FACET[i % len(_FACET)]:
            seen = f"{shown(line.text)} where `{_FACET[i % len(_FACET)].decode()}` was expected"
            raise source.broken(f"line {line.number}", seen)
    if len(facets) % len(_FACET):
        raise source.broken(f"line {lines[-1].number}", "a facet that does not end")
    corners = [Line(x.number, x.text[6:]) for x in facets if _word(x) == b"vertex"]
    return source.rows(corners, 3).reshape(-1, 3, 3)


def _word(line: Line) -> bytes:
    return line.text.split(maxsplit=1)[0].lower()


def merged(corners: Floats) -> Arrays:
    """Corners (f, 3, 3) that are equal as one vertex, in the order they first appear."""
    flat = corners.reshape(-1, 3) + 0.0  # + 0.0 makes one of both zeros
    order = np.lexsort(flat.T)
    ordered = flat[order]
    new = np.append(True, (ordered[1:] != ordered[:-1]).any(1))[: len(flat)]
    first = order[new]  # sorting is stable, so of equal corners the first
    label = np.empty_like(order)
    label[order] = np.argsort(np.argsort(first))[np.cumsum(new) - 1]
    return Arrays(flat[np.sort(first)], faces=label.reshape(-1, 3) if len(label) else None)
