"""PCD, files of the Point Cloud Library: a header of fields, then text, bytes, or packed bytes."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from siren_pde.errors import say
from siren_pde.io.readers.byte_order import require_declared_order
from siren_pde.io.readers.columns import of_named
from siren_pde.io.readers.long_tables import long_table
from siren_pde.io.readers.lzf import unpacked
from siren_pde.io.readers.names import COLOUR, POSITION
from siren_pde.io.readers.source import Arrays, Floats, Line, Source, as_declared, shown

Column = npt.NDArray[Any]

_LONGEST_HEADER = 1 << 16
_DATA = re.compile(rb"^DATA[ \t]+(\w+)[ \t]*\r?\n", re.MULTILINE | re.IGNORECASE)
_KINDS = {"F": {4: "f4", 8: "f8"}, "I": {1: "i1", 2: "i2", 4: "i4", 8: "i8"}} | {
    "U": {1: "u1", 2: "u2", 4: "u4", 8: "u8"}
}
_MOST_NUMBERS = 4096
"""Of a point: descriptors of some hundreds stand beside positions."""
_LARGEST_RATIO = 88
"""Three bytes of LZF copy 264 at most."""


@dataclass(frozen=True)
class _Field:
    """A column or several of one name; `_` fills up to round bytes."""

    name: str
    kind: str
    count: int

    @property
    def names(self) -> list[str]:
        """Of its columns."""
        return [self.name] if self.count == 1 else [f"{self.name}_{i}" for i in range(self.count)]

    @property
    def size(self) -> int:
        """Bytes of its columns together."""
        return np.dtype(self.kind).itemsize * self.count


@dataclass(frozen=True)
class _Header:
    fields: list[_Field]
    points: int
    data: str
    offset: int
    lines: int

    @property
    def row(self) -> int:
        """Bytes of a point."""
        return sum(field.size for field in self.fields)


def read_pcd(source: Source) -> Arrays:
    """Points, normals, colours (also packed in one number) and further fields of a PCD file.

    Points whose positions are NaN, which stand for no measurement there, are left out with a word.
    Source: The PCD file format, version 0.7, of the Point Cloud Library.
    """
    header = _header(source)
    readers = {"ascii": _text, "binary": _bytes, "binary_compressed": _packed}
    if header.data not in readers:
        raise source.broken("header", f"{shown(header.data.encode())} instead of ascii or binary")
    columns = readers[header.data](source, header)
    if header.data != "ascii":
        places = [columns[name] for name in POSITION if name in columns]
        require_declared_order(source, "header", places)
    return of_named(source, _measured(source, _painted(columns)), "header")


def _header(source: Source) -> _Header:
    end = _DATA.search(source.data, 0, _LONGEST_HEADER)
    if end is None:
        raise source.broken("header", "no line `DATA ascii`, `DATA binary` or alike")
    head = source.data[: end.end()].decode("ascii", errors="replace").splitlines()
    said: dict[str, list[str]] = {}
    for number, line in enumerate(head, start=1):
        word, *rest = line.partition("#")[0].split() or [""]
        if word.upper() in said:
            raise source.broken(f"line {number}", f"a second line {shown(word.encode())}")
        if word:
            said[word.upper()] = rest
    names = said.get("FIELDS", said.get("COLUMNS", []))
    sizes, counts = _wholes(source, said, "SIZE"), _wholes(source, said, "COUNT")
    counts = counts or [1] * len(names)
    kinds = [kind.upper() for kind in said.get("TYPE", [])]
    if not names or not len(names) == len(sizes) == len(kinds) == len(counts):
        numbers = f"{len(sizes)} sizes, {len(kinds)} types and {len(counts)} counts"
        seen = f"{len(names)} fields with {numbers}"
        raise source.broken("header", seen)
    fields = []
    for name, size, kind, count in zip(names, sizes, kinds, counts, strict=True):
        if size not in _KINDS.get(kind, {}) or not 0 < count <= _MOST_NUMBERS:
            seen = (
                f"{count} numbers of type {kind[:8]} and {size} bytes, named {shown(name.encode())}"
            )
            raise source.broken("header", seen)
        fields.append(_Field(name, _KINDS[kind][size], count))
    shape = _wholes(source, said, "POINTS") or [
        *_wholes(source, said, "WIDTH"),
        *(_wholes(source, said, "HEIGHT") or [1]),
    ]
    return _Header(fields, math.prod(shape), end[1].decode().lower(), end.end(), len(head))


def _wholes(source: Source, said: dict[str, list[str]], word: str) -> list[int]:
    numbers = [source.whole(text.encode(), f"header, {word}") for text in said.get(word, [])]
    if numbers and min(numbers) < 0:
        raise source.broken(f"header, {word}", f"{min(numbers)}, which is negative")
    return numbers


def _text(source: Source, header: _Header) -> dict[str, Column]:
    columns_of_text = sum(field.count for field in header.fields)
    long = long_table(source, header.offset, (header.points, columns_of_text))
    if long is not None and not source.data[long[1] :].strip():
        table = long[0]
    else:
        table = _short_table(source, header, columns_of_text)
    columns: dict[str, Column] = {}
    at = 0
    for field in header.fields:
        for name in field.names:
            column = table[:, at]
            plain = as_declared(column, field.kind)
            packed = name.lower() in _PACKED and field.kind in ("f4", "u4", "i4")
            _add(source, columns, name, _bits(column, field.kind) if packed else plain)
            at += 1
    return columns


def _short_table(source: Source, header: _Header, columns: int) -> Floats:
    lines = source.lines(header.offset, first=1 + header.lines)
    if len(lines) != header.points:
        seen = f"{header.points} points are declared, {len(lines)} lines follow"
        raise source.broken("header", seen)
    usual = [Line(line.number, line.text.replace(b"nan(ind)", b"nan")) for line in lines]
    return source.rows(usual, columns)


def _bits(column: Column, kind: str) -> Column:
    """Numbers in text as the four bytes that hold them."""
    with np.errstate(all="ignore"):
        return column.astype("<f4" if kind == "f4" else "<i8").astype(
            "<f4" if kind == "f4" else "<u4"
        )


def _bytes(source: Source, header: _Header) -> dict[str, Column]:
    left = len(source.data) - header.offset
    if header.points * header.row > left:
        seen = f"{header.points} points of {header.row} bytes are declared, {left} bytes are left"
        raise source.broken(f"byte {header.offset}", seen)
    kinds = [(f"{i}", "<" + f.kind, (f.count,)) for i, f in enumerate(header.fields)]
    table = np.frombuffer(source.data, np.dtype(kinds), header.points, header.offset)
    rest = source.data[header.offset + table.nbytes :]
    if rest.strip(b"\0 \r\n\t"):  # writers that map files into memory round up their size
        seen = f"{len(rest)} bytes beyond the {header.points} points declared"
        raise source.broken(f"byte {header.offset + table.nbytes}", seen)
    columns: dict[str, Column] = {}
    for i, field in enumerate(header.fields):
        for k, name in enumerate(field.names):
            _add(source, columns, name, table[f"{i}"][:, k])
    return columns


def _packed(source: Source, header: _Header) -> dict[str, Column]:
    """Fields one after the other, each with the numbers of all points, packed by LZF."""
    start = header.offset + 8
    sizes = np.frombuffer(source.data[header.offset : start].ljust(8, b"\0"), "<u4").tolist()
    needed = header.points * header.row
    if (
        sizes[1] != needed
        or sizes[0] > len(source.data) - start
        or needed > _LARGEST_RATIO * sizes[0]
    ):
        seen = (
            f"{sizes[0]} packed bytes of {sizes[1]} are declared, {len(source.data) - start} are "
            f"left, and {header.points} points need {needed}"
        )
        raise source.broken(f"byte {header.offset}", seen)
    try:
        data = unpacked(source.data[start : start + sizes[0]], needed)
    except ValueError as cause:
        raise source.broken(f"byte {start}", f"packed bytes that are damaged: {cause}") from None
    columns: dict[str, Column] = {}
    at = 0
    for field in header.fields:
        table = np.frombuffer(data, "<" + field.kind, header.points * field.count, at)
        at += field.size * header.points
        for k, name in enumerate(field.names):
            _add(source, columns, name, table.reshape(header.points, field.count)[:, k])
    return columns


def _add(source: Source, columns: dict[str, Column], name: str, column: Column) -> None:
    if name.startswith("_"):
        return
    if name in columns:
        raise source.broken("header", f"two fields {shown(name.encode())}")
    columns[name] = column


_PACKED = ("rgb", "rgba")


def _painted(columns: dict[str, Column]) -> dict[str, Column]:
    """Colours of three bytes in one number of four, as three columns."""
    plain = dict(columns)
    for name, column in columns.items():
        if name.lower() in _PACKED and column.dtype.itemsize == 4 and COLOUR[0] not in plain:
            bits = np.ascontiguousarray(column).view("<u4")
            del plain[name]
            for paint, shift in zip(COLOUR, (16, 8, 0), strict=True):
                plain[paint] = (bits >> np.uint32(shift) & np.uint32(255)).astype(np.uint8)
    return plain


def _measured(source: Source, columns: dict[str, Column]) -> dict[str, Column]:
    """The points that are there, without those whose positions are NaN."""
    places = [columns[name] for name in POSITION if name in columns]
    if len(places) < 3:
        return columns
    there = ~(np.isnan(places[0]) | np.isnan(places[1]) | np.isnan(places[2]))
    if there.all() or not there.any():
        return columns
    say(
        f"`{source.name}`: {int((~there).sum())} of {len(there)} points are NaN, which stands for "
        "no measurement, and left out."
    )
    return {name: column[there] for name, column in columns.items()}
