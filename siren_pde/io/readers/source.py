"""The bytes of a file, and how to say what is wrong with them."""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from siren_pde.errors import DataFileError, say

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Value = TypeVar("Value")

EXPORT_AGAIN = "The file may be truncated or damaged: copy or export it again."
LONGEST_LINE = 1 << 20
"""Bytes of a line of text: more than any row of numbers has, and few enough to be looked at."""

GZIP, UTF8_MARK, UTF16_MARKS = b"\x1f\x8b", b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")
"""How files begin that are packed, or are text as some spreadsheets write it."""
PACKED, MOST_PACKED = 32, 48 << 20
"""So many times its size, and so many bytes more, may come out of a packed file: tables of numbers
shrink tenfold at best, while zeros shrink a thousandfold and would fill the memory.
"""


@dataclass(frozen=True, eq=False)
class Arrays:
    """What a file holds: positions (n, 3), perhaps normals (n, 3) and faces (f, 3), and further
    columns (n,) by name.
    """

    positions: Floats
    normals: Floats | None = None
    faces: Integers | None = None
    columns: dict[str, Floats] = field(default_factory=dict)

    @classmethod
    def of_columns(
        cls, columns: Mapping[str, npt.NDArray[Any]], faces: Integers | None = None
    ) -> Arrays:
        """Sort columns (n,) by their names: x y z, nx ny nz, colours (0 to 255), and the rest."""
        rest = dict(columns)
        positions = _side_by_side([rest.pop(axis) for axis in ("x", "y", "z")])
        normals = None
        if {"nx", "ny", "nz"} <= set(rest):
            normals = _side_by_side([rest.pop(axis) for axis in ("nx", "ny", "nz")])
        if {"red", "green", "blue"} <= set(rest):
            rest |= _to_255({name: rest[name] for name in ("red", "green", "blue")})
        return cls(positions, normals, faces, {n: v.astype(np.float64) for n, v in rest.items()})


def as_declared(column: Floats, kind: str) -> npt.NDArray[Any]:
    """A column of text as the kind of number that a header declares: whole ones tell bytes from
    shares where colours are 0 or 1.
    """
    whole = kind[0] in "iu" and bool((np.mod(column, 1) == 0).all())
    return column.astype(np.int64) if whole and np.abs(column).max(initial=0) < 2**53 else column


def _side_by_side(columns: Sequence[npt.NDArray[Any]]) -> Floats:
    """Columns of any kind of number as one array, without a copy of each in between."""
    table = np.empty((len(columns[0]), len(columns)))
    for i, column in enumerate(columns):
        table[:, i] = column
    return table


def _to_255(colours: dict[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    """Colours that were stored as numbers up to 1, or up to 65535, on the scale of bytes."""
    least = min(float(column.min(initial=0)) for column in colours.values())
    largest = max(float(column.max(initial=0)) for column in colours.values())
    whole = all(column.dtype.kind in "iu" for column in colours.values())
    factor = 255.0 if largest <= 1 and not whole else 255 / 65535 if 255 < largest <= 65535 else 1.0
    if factor == 1.0 or least < 0:  # NaN among them: they stay as they are
        return colours
    return {name: column * factor for name, column in colours.items()}


class Line(NamedTuple):
    """A line of text and its number in the file, from 1."""

    number: int
    text: bytes


@dataclass(frozen=True)
class Source:
    """A whole file in memory, unpacked if it was packed by gzip.

    `columns` are the names that a user gives its columns, if any; where `points_only`, faces that
    make no sense are left out with a word.
    """

    name: str
    data: bytes
    columns: tuple[str, ...] | None = None
    points_only: bool = False

    @classmethod
    def of(
        cls, path: Path, columns: tuple[str, ...] | None = None, points_only: bool = False
    ) -> Source:
        """Read a file; `DataFileError` when there is none, or nothing in it."""
        try:
            if not path.is_file():
                raise FileNotFoundError(2, "there is no such file")
            data = path.read_bytes()
        except (OSError, ValueError) as cause:
            reason = cause.strerror if isinstance(cause, OSError) else cause
            raise DataFileError(
                f"cannot read `{path}`: {reason}. Check the spelling and the permissions."
            ) from cause
        source = cls(str(path), data, columns, points_only)
        if data.startswith(GZIP):
            source = replace(source, data=inflated(source))
        if not source.data or source.data.isspace():
            raise DataFileError(f"`{path}` is empty. {EXPORT_AGAIN}")
        return source

    @property
    def text(self) -> Source:
        """The same in UTF-8 without a mark before it, which other encodings of text begin by."""
        if self.data.startswith(UTF8_MARK):
            return replace(self, data=self.data[len(UTF8_MARK) :])
        if self.data.startswith(UTF16_MARKS):
            try:
                return replace(self, data=self.data.decode("utf-16").encode())
            except UnicodeError as cause:
                raise self.broken("byte 0", f"text in UTF-16 that is damaged: {cause}") from None
        return self

    @property
    def suffix(self) -> str:
        """What the name ends in, before `.gz`: it tells the format."""
        return Path(self.name.lower().removesuffix(".gz")).suffix

    def tolerated(self, faces: Callable[[], Value]) -> Value | None:
        """The faces, or none where they make no sense and points are all that is wanted."""
        try:
            return faces()
        except DataFileError as error:
            if not self.points_only:
                raise
            say(f"{str(error).removesuffix(EXPORT_AGAIN).strip()} Its faces are left out.")
            return None

    def broken(self, where: str, seen: str, remedy: str = EXPORT_AGAIN) -> DataFileError:
        """The error that names the file, the place in it, what was seen there and what to do."""
        return DataFileError(f"`{self.name}`, {where}: {seen}. {remedy}")

    def require_short_lines(self, start: int = 0) -> None:
        """Refuse text of which a line is longer than any row of numbers, before it is split."""
        size = len(self.data)
        while size - start > LONGEST_LINE:
            end = max(self.data.rfind(sign, start, start + LONGEST_LINE) for sign in (b"\n", b"\r"))
            if end < 0:
                raise self.broken(f"byte {start}", f"a line of more than {LONGEST_LINE} bytes")
            start = end + 1

    def lines(self, start: int = 0, first: int = 1, comment: bytes = b"#") -> list[Line]:
        """The lines from byte `start`, where line `first` is, without comments and empty ones."""
        self.require_short_lines(start)
        lines = []
        for number, text in enumerate(self.data[start:].splitlines(), start=first):
            text = text.partition(comment)[0].strip()
            if text:
                lines.append(Line(number, text))
        return lines

    def rows(self, lines: Sequence[Line], columns: int | None = None) -> Floats:
        """Lines of numbers as an array (lines, columns); without `columns`, as many as line one."""
        if not lines:
            return np.empty((0, columns or 0))
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="loadtxt: input contained no data")
                table = np.loadtxt([line.text for line in lines], comments=None, ndmin=2)
        except ValueError as cause:
            raise self._first_bad_row(lines, columns, str(cause)) from None
        if table.shape != (len(lines), columns or table.shape[1]):  # it passes over blanks
            raise self._first_bad_row(lines, columns, f"a table of shape {table.shape}")
        return table

    def _first_bad_row(
        self, lines: Sequence[Line], columns: int | None, otherwise: str
    ) -> DataFileError:
        columns = columns or len(lines[0].text.split())
        for line in lines:
            words = line.text.split()
            for word in words:
                try:
                    float(word)
                except ValueError:
                    return self.broken(f"line {line.number}", f"{shown(word)} is not a number")
            if len(words) != columns:
                seen = f"{len(words)} numbers where {columns} were expected"
                return self.broken(f"line {line.number}", seen)
        return self.broken(
            f"from line {lines[0].number}", f"numbers that cannot be read: {otherwise}"
        )

    def whole(self, word: bytes, where: str) -> int:
        """A word as an integer of at most 15 digits."""
        digits = word[1:] if word[:1] in (b"-", b"+") else word
        if not digits.isdigit() or len(digits) > 15:
            raise self.broken(where, f"{shown(word)} is not an index or a count")
        return int(word)


def inflated(source: Source) -> bytes:
    """What a file packed by gzip holds, in one part or several."""
    left, packed = PACKED * len(source.data) + MOST_PACKED, source.data
    parts = []
    while packed.startswith(GZIP):
        stream = zlib.decompressobj(wbits=31)
        try:
            parts.append(stream.decompress(packed, left))
        except zlib.error as cause:
            raise source.broken("what gzip has packed", str(cause)) from None
        left -= len(parts[-1])
        if stream.unconsumed_tail or left <= 0:
            seen = (
                f"more than {sum(map(len, parts))} bytes, which no table of numbers shrinks to this"
            )
            raise source.broken("what gzip has packed", seen, "Unpack it by `gunzip` first.")
        if not stream.eof:
            raise source.broken("what gzip has packed", "it ends too early")
        packed = stream.unused_data
    if packed.strip(b"\0"):
        raise source.broken("what gzip has packed", f"{len(packed)} bytes after it that are not")
    return b"".join(parts)


def shown(word: bytes) -> str:
    """A word of a file as it can be printed, shortened."""
    text = word[:24].decode("ascii", errors="backslashreplace")
    return (
        f"`{''.join(c if c.isprintable() else '?' for c in text)}{'…' if len(word) > 24 else ''}`"
    )


def fans(polygons: Sequence[Sequence[int]]) -> Integers:
    """Polygons of at least three corners as triangles around their first corner, (f, 3)."""
    lengths = np.array([len(polygon) for polygon in polygons], dtype=np.int64)
    triangles, owners = [np.empty((0, 3), dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for length in np.unique(lengths).tolist():
        owner = np.flatnonzero(lengths == length)
        triangles.append(fan(np.array([polygons[i] for i in owner.tolist()], dtype=np.int64)))
        owners.append(np.repeat(owner, length - 2))
    order = np.argsort(np.concatenate(owners), kind="stable")
    return np.asarray(np.concatenate(triangles)[order])


def fan(polygons: Integers) -> Integers:
    """Polygons that all have k corners, (m, k), as triangles (m (k − 2), 3)."""
    first = np.broadcast_to(polygons[:, :1], (len(polygons), polygons.shape[1] - 2))
    parts = np.stack([first, polygons[:, 1:-1], polygons[:, 2:]], axis=2)
    return np.asarray(parts.reshape(-1, 3))
