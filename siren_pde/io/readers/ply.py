"""PLY: a header that declares tables, then the tables, as text or as bytes in either order."""

from __future__ import annotations

from itertools import islice

import numpy as np

from siren_pde.io.readers.byte_order import require_declared_order
from siren_pde.io.readers.columns import of_named
from siren_pde.io.readers.long_tables import long_table
from siren_pde.io.readers.names import known_as
from siren_pde.io.readers.ply_faces import Table, Vector, faces_of
from siren_pde.io.readers.ply_header import Element, header
from siren_pde.io.readers.source import Arrays, Floats, Line, Source, as_declared


def read_ply(source: Source) -> Arrays:
    """Vertices, normals, faces (as triangles) and all other scalar vertex properties."""
    source = source.text
    order, elements, offset = header(source)
    if order is None:
        tables = _read_text(source, elements, offset)
    else:
        tables = _read_binary(source, elements, order, offset)
    scalars = _scalars(tables.get("vertex", {}))
    if source.columns is None and not known_as(list(scalars)):
        raise source.broken("header", "no element `vertex` with properties x, y and z")
    if order is not None:
        places = [scalars[axis] for axis in ("x", "y", "z") if axis in scalars]
        require_declared_order(source, "header", places)
    faces = source.tolerated(lambda: faces_of(source, tables))
    return of_named(source, scalars, "header", faces)


def _scalars(table: Table) -> dict[str, Vector]:
    columns = table.items()
    return {name: c for name, c in columns if isinstance(c, np.ndarray) and c.ndim == 1}


def _read_binary(
    source: Source, elements: list[Element], order: str, offset: int
) -> dict[str, Table]:
    tables = {}
    for element in elements:
        left = len(source.data) - offset
        if element.count * element.least_bytes > left:
            raise source.broken(
                f"byte {offset}",
                f"{element.count} rows of `{element.name[:40]}` are declared, at least "
                f"{element.count * element.least_bytes} bytes, but {left} bytes are left",
            )
        table, offset = _binary_rows(source, element, order, offset)
        tables[element.name] = table
    rest = source.data[offset:]
    if rest and not rest.isspace():  # some end a file of bytes by an empty line
        raise source.broken(f"byte {offset}", f"{len(rest)} bytes beyond what the header declares")
    return tables


def _binary_rows(source: Source, element: Element, order: str, offset: int) -> tuple[Table, int]:
    """A table and the byte after it, in one piece if all rows have lists as long as the first."""
    if not element.count:
        return {}, offset
    cells, _ = _walk(source, element, order, offset, 1)
    lengths = [len(column[0]) for column in cells]
    fields: list[tuple[str, str] | tuple[str, str, tuple[int]]] = []
    for i, (p, length) in enumerate(zip(element.properties, lengths, strict=True)):
        if p.length:
            fields += [(f"{i} length", order + p.length), (f"{i}", order + p.kind, (length,))]
        else:
            fields.append((f"{i}", order + p.kind))
    row = np.dtype(fields)
    if element.count * row.itemsize <= len(source.data) - offset:
        table = np.frombuffer(source.data, row, element.count, offset)
        listed = [i for i, p in enumerate(element.properties) if p.length]
        if all((table[f"{i} length"] == lengths[i]).all() for i in listed):
            columns = {p.name: table[f"{i}"] for i, p in enumerate(element.properties)}
            return dict(columns), offset + element.count * row.itemsize
    cells, offset = _walk(source, element, order, offset, element.count)
    return _columns(element, cells), offset


def _walk(
    source: Source, element: Element, order: str, offset: int, rows: int
) -> tuple[list[list[Vector]], int]:
    """The first rows of a table one by one: its cells by column, and the byte after them."""
    cells: list[list[Vector]] = [[] for _ in element.properties]
    kinds = [
        (np.dtype(order + p.length) if p.length else None, np.dtype(order + p.kind))
        for p in element.properties
    ]
    for row in range(rows):
        for column, (length_kind, kind) in zip(cells, kinds, strict=True):
            try:
                length = 1
                if length_kind is not None:
                    length = int(np.frombuffer(source.data, length_kind, 1, offset)[0])
                    offset += length_kind.itemsize
                if not 0 <= length * kind.itemsize <= len(source.data) - offset:
                    raise ValueError(f"a list of {length} entries")
                column.append(np.frombuffer(source.data, kind, length, offset if length else 0))
            except ValueError as cause:
                where = f"byte {offset}, row {row} of `{element.name[:40]}`"
                raise source.broken(where, f"{cause}, beyond the end of the file") from None
            offset += length * kind.itemsize
    return cells, offset


def _columns(element: Element, cells: list[list[Vector]]) -> Table:
    return {
        p.name: column if p.length else np.concatenate(column)
        for p, column in zip(element.properties, cells, strict=True)
    }


def _read_text(source: Source, elements: list[Element], offset: int) -> dict[str, Table]:
    tables: dict[str, Table] = {}
    number = 1 + source.data.count(b"\n", 0, offset)
    if elements and not elements[0].has_lists:
        properties = elements[0].properties
        long = long_table(source, offset, (elements[0].count, len(properties)))
        if long is not None:
            tables[elements[0].name] = _declared(elements[0], long[0])
            offset, number, elements = long[1], number + elements[0].count, elements[1:]
    lines = source.lines(offset, first=number, comment=b"\n")
    for element in elements:
        mine, lines = lines[: element.count], lines[element.count :]
        if len(mine) < element.count:
            raise source.broken(
                "header",
                f"{element.count} rows of `{element.name[:40]}` are declared, but only "
                f"{len(mine)} lines are left",
            )
        if element.has_lists and mine:
            cells = [_words(source, element, line) for line in mine]
            tables[element.name] = _columns(element, [list(c) for c in zip(*cells, strict=True)])
        elif mine:
            values = source.rows(mine, len(element.properties))
            tables[element.name] = _declared(element, values)
    if lines:
        seen = f"{len(lines)} lines beyond what the header declares"
        raise source.broken(f"line {lines[0].number}", seen)
    return tables


def _declared(element: Element, values: Floats) -> Table:
    """The columns of rows of text (n, k), as the kinds of number that they are declared to be."""
    pairs = zip(element.properties, values.T, strict=True)
    return {p.name: as_declared(column, p.kind) for p, column in pairs}


def _words(source: Source, element: Element, line: Line) -> list[Vector]:
    """The cells of one line of a table with lists."""
    where = f"line {line.number}"
    words = iter(line.text.split())
    cells: list[Vector] = []
    for p in element.properties:
        length = source.whole(next(words, b""), where) if p.length else 1
        mine = list(islice(words, max(length, 0)))
        if len(mine) != length:
            raise source.broken(where, f"a list of {length} entries with {len(mine)} of them")
        if p.kind[0] in "iu":
            cells.append(np.array([source.whole(word, where) for word in mine], dtype=np.int64))
        else:
            cells.append(source.rows([Line(line.number, b" ".join(mine))]).ravel())
    if next(words, None) is not None:
        raise source.broken(where, "more numbers than the header declares")
    return cells
