"""Tables of numbers: columns of text, or a plain NumPy array."""

from __future__ import annotations

import io
import re
import warnings
from dataclasses import dataclass, replace

import numpy as np

from siren_pde.io.readers.byte_order import require_declared_order
from siren_pde.io.readers.columns import of_table
from siren_pde.io.readers.npy import npy_array
from siren_pde.io.readers.source import Arrays, Floats, Line, Source, shown

HEAD = 1 << 16
"""Bytes of the beginning that are looked at to tell how columns are apart."""
_MARK = b"\xef\xbb\xbf"
"""Before a text in UTF-8, as some spreadsheets write it."""
_ONE_SIGN = "Write decimal points and separate columns by one kind of sign."
_UNIT = re.compile(r"\s*[\[(][^\])]*[\])]$")


@dataclass(frozen=True)
class Layout:
    """How a text is to be read: its names, how many rows it declares, where rows begin, and the
    sign between columns (None for blanks).
    """

    names: list[str]
    declared: int | None
    first: Line
    offset: int
    separator: bytes | None


def read_text(source: Source) -> Arrays:
    """Columns apart by spaces, commas or semicolons: x y z, perhaps nx ny nz, or as named.

    The first line may name the columns, or hold the number of points.
    """
    table, names, where = text_table(source)
    return of_table(source, table, names, where)


def text_table(source: Source) -> tuple[Floats, list[str], str]:
    """The numbers (n, k) in a text, the names of its columns, if any, and where rows begin."""
    source.require_short_lines()
    if source.data.startswith(_MARK):
        source = replace(source, data=source.data[len(_MARK) :])
    if b"\r" in source.data:
        source = replace(source, data=source.data.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
    layout = _layout(source)
    if layout.separator and layout.first.text.endswith(layout.separator):  # 1, 2, 3,
        trimmed = source.data.replace(layout.separator + b"\n", b"\n")
        source = replace(source, data=trimmed.removesuffix(layout.separator))
        layout = _layout(source)
    table = _numbers(source, layout)
    if layout.declared is not None and layout.declared != len(table):
        seen = f"`{layout.declared}` points are declared, {len(table)} lines follow"
        raise source.broken("line 1", seen)
    _require_decimal_points(source, layout, table.shape[1])
    return table, layout.names, f"line {layout.first.number}"


def _layout(source: Source) -> Layout:
    """What the first lines say: names or a number of points, and the sign between columns."""
    names, declared, seen = list[str](), None, 0
    first: Line | None = None
    offset, separator = 0, None
    for number, line in enumerate(io.BytesIO(source.data), start=1):
        start, offset = offset, offset + len(line)
        text = line.partition(b"#")[0].strip()
        if not text:
            continue
        seen += 1
        if first is None:
            fields = _fields(source, Line(number, text))
            if seen == 1 and len(fields) == 1 and text.isdigit() and b"\n" in source.data[offset:]:
                declared = source.whole(text, f"line {number}")
                continue
            if seen == 1 and (named := _names(source, Line(number, text), fields)):
                names = named
                continue
            first, body = Line(number, text), start
        sign = _separator(source, Line(number, text))
        separator = separator or sign
        if offset > HEAD:
            break
    if first is None:
        raise source.broken("the whole file", "no line with numbers" if seen else "only comments")
    return Layout(names, declared, first, body, separator)


def _fields(source: Source, line: Line) -> list[bytes]:
    """The cells of a line, whatever they are apart by."""
    sign = _sign(source, line)
    return [cell.strip() for cell in line.text.split(sign)]


def _sign(source: Source, line: Line) -> bytes | None:
    if b";" in line.text and b"," in line.text:
        seen = "both `,` and `;`, so that 1,5 could be one number or two"
        raise source.broken(f"line {line.number}", seen, _ONE_SIGN)
    return b";" if b";" in line.text else b"," if b"," in line.text else None


def _separator(source: Source, line: Line) -> bytes | None:
    """The sign between the numbers of a line, which has one kind of it."""
    sign = _sign(source, line)
    if sign and any(len(cell.split()) > 1 for cell in line.text.split(sign)):
        seen = f"both `{sign.decode()}` and blanks between numbers, so that 1,5 could be one or two"
        raise source.broken(f"line {line.number}", seen, _ONE_SIGN)
    return sign


def _names(source: Source, line: Line, fields: list[bytes]) -> list[str]:
    """The names in a first line without numbers; none where it is a row of them."""
    words = [cell.strip(b"\"'") for cell in fields]
    numbers = [_is_number(word) for word in words if word]
    if all(_is_number(part) for word in words for part in word.split()) and numbers:
        return []
    if any(numbers):
        word = next(word for word in words if word and not _is_number(word))
        raise source.broken(
            f"line {line.number}",
            f"{shown(word)} is not a number, but others of its row are",
            "Name all columns in the first line, or none.",
        )
    joined = "\n".join(word.decode("utf-8", errors="replace") for word in words)
    texts = joined.lower().removeprefix("//").split("\n")
    return [_UNIT.sub("", text.strip(" \"'")) for text in texts if text]


def _is_number(word: bytes) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _numbers(source: Source, layout: Layout) -> Floats:
    """All rows (n, k), by NumPy's parser in C, which holds no line longer than it needs."""
    file = io.BytesIO(source.data)
    file.seek(layout.offset)
    sign = None if layout.separator is None else layout.separator.decode()
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="loadtxt: input contained no data")
            return np.loadtxt(file, comments="#", delimiter=sign, ndmin=2)
    except ValueError as cause:
        raise _first_bad_row(source, layout, str(cause)) from None


def _first_bad_row(source: Source, layout: Layout, otherwise: str) -> Exception:
    columns, sign = len(layout.first.text.split(layout.separator)), layout.separator
    for line in source.lines(layout.offset, layout.first.number):
        words = [word.strip() for word in line.text.split(sign)]
        for word in words:
            if not _is_number(word):
                seen = f"{shown(word)} is not a number" if word else "a cell without a number"
                return source.broken(f"line {line.number}", seen)
        if len(words) != columns:
            seen = f"{len(words)} numbers where {columns} were expected"
            return source.broken(f"line {line.number}", seen)
    where = f"from line {layout.first.number}"
    return source.broken(where, f"numbers that cannot be read: {otherwise}")


def _require_decimal_points(source: Source, layout: Layout, columns: int) -> None:
    """Six whole numbers apart by commas may be three with decimal commas."""
    head = source.data[layout.offset : layout.offset + HEAD]
    if layout.separator != b"," or columns != 6 or layout.names or re.search(rb"[.eEnN]", head):
        return
    raise source.broken(
        f"line {layout.first.number}",
        f"{shown(layout.first.text)} has six whole numbers or three with decimal commas",
        "Write decimal points, or name the columns in a first line.",
    )


def read_npy(source: Source) -> Arrays:
    """An (n, 3) or (n, 6) array of numbers as `numpy.save` writes it; never a pickle."""
    array = npy_array(source, "fiu", axes=2)
    require_declared_order(source, "its header", [array])
    return of_table(source, array.astype(np.float64, order="C"), [], "shape")
