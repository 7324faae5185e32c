"""Tables of numbers: columns of text, or a plain NumPy array."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from siren_pde.errors import say
from siren_pde.io.readers.byte_order import require_declared_order
from siren_pde.io.readers.columns import of_named, of_table
from siren_pde.io.readers.guess import counts_up
from siren_pde.io.readers.layout import FRACTION, HEAD, ONE_SIGN, Layout, is_number, layout_of
from siren_pde.io.readers.names import COLOUR, INTENSITY, LEFT_OUT, NORMAL, POSITION
from siren_pde.io.readers.npy import npy_array, npy_fields
from siren_pde.io.readers.source import Arrays, Floats, Source, shown

_FORMATS = {
    (".xyzn", 6): (*POSITION, *NORMAL),
    (".pwn", 6): (*POSITION, *NORMAL),
    (".xyzrgb", 6): (*POSITION, *COLOUR),
    (".xyzi", 4): (*POSITION, INTENSITY),
    (".pts", 7): (*POSITION, INTENSITY, *COLOUR),
}
"""What the columns are in files of these names, where they have so many."""
_QUOTED = re.compile(rb'"[ \t]*([-+]?\d*),(\d+(?:[eE][-+]?\d+)?)[ \t]*"')
_NAN = re.compile(rb"[-+]?(?:nan\(\w*\)|1\.#(?:QNAN|SNAN|IND|INF)\d*)", re.IGNORECASE)
"""Numbers with a comma in quotes, and what is no number as the libraries of C write it."""
_COUNT = re.compile(rb"^[ \t]*(\d{1,15})[ \t]*\n", re.MULTILINE)

_HALVES = {
    6: "six whole numbers or three",
    8: "eight whole numbers or four",
    12: "twelve whole numbers or six",
    14: "fourteen whole numbers or seven",
}


@dataclass(frozen=True)
class TextTable:
    """The numbers (n, k) of a text, the names of its columns, if any, and where rows begin."""

    values: Floats
    names: list[str]
    where: str
    declared: int | None


def read_text(source: Source) -> Arrays:
    """Columns apart by blanks, commas or semicolons, as they are named or for what they hold.

    The first lines may name the columns, or hold the number of points.
    """
    table = text_table(source)
    values, names = table.values, table.names
    if table.declared is not None and table.declared != len(values):
        if source.suffix == ".pwn" and len(values) == 2 * table.declared and values.shape[1] == 3:
            return Arrays(values[: table.declared].copy(), values[table.declared :].copy())
        seen = f"`{table.declared}` points are declared, {len(values)} lines follow"
        raise source.broken("line 1", seen)
    if source.columns is not None:
        kept = tuple(name for name in source.columns if name != LEFT_OUT)
        return of_table(replace(source, columns=kept), values, [], table.where)
    usual = _FORMATS.get((source.suffix, values.shape[1]), ())
    return of_table(source, values, names or usual, table.where)


def _unquoted(source: Source, data: bytes) -> bytes:
    """Decimal points for the commas of quoted numbers, unless these may group thousands."""
    cells = [whole + b"," + rest for whole, rest in _QUOTED.findall(data)]
    if not cells:
        return data
    if not any(FRACTION.search(cell) for cell in cells):
        seen = (
            f"numbers such as {shown(cells[0])} in quotes, with a comma for decimals or thousands"
        )
        raise source.broken("its numbers", seen, ONE_SIGN)
    say(f"`{source.name}`: commas within numbers are read as decimal points.")
    return _QUOTED.sub(rb"\1.\2", data)


def text_table(source: Source) -> TextTable:
    """What a text holds; of the columns that a user names, those that are not left out."""
    source = source.text
    source.require_short_lines()
    data = source.data
    if b"\0" in data[:HEAD]:
        raise source.broken("byte " + str(data.index(b"\0")), "bytes that are no text")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b'"' in data:
        data = _unquoted(source, data)
    if b".#" in data:  # else a comment would start within a number
        data = _usual(data)
    source = replace(source, data=data)
    layout = layout_of(source)
    sign = layout.separator
    named = len(layout.names) == len(layout.cells)
    if sign and layout.first.text.endswith(sign) and not named:  # 1, 2, 3,
        trimmed = source.data.replace(sign + b"\n", b"\n")
        source = replace(source, data=trimmed.removesuffix(sign))
        layout = layout_of(source)
    if layout.commas:
        source, layout = _with_points(source, layout)
        say(f"`{source.name}`: commas within numbers are read as decimal points.")
    if layout.commented:
        say(f"`{source.name}`: columns are named by a comment: {' '.join(layout.names)}.")
    used, names = _used(source, layout)
    values, layout = _numbers(source, layout, used)
    if len(names) == values.shape[1] - 1 and names and counts_up(values[:, 0]):
        names = ["", *names]  # R writes no name above those of rows
    _require_decimal_points(source, layout, len(layout.cells))
    return TextTable(values, names, f"line {layout.first.number}", layout.declared)


def _with_points(source: Source, layout: Layout) -> tuple[Source, Layout]:
    """The text with decimal points instead of commas."""
    head, body = source.data[: layout.offset], source.data[layout.offset :]
    if b"." in body:
        number = layout.first.number + body.count(b"\n", 0, body.index(b"."))
        raise source.broken(f"line {number}", "both `,` and `.` in numbers", ONE_SIGN)
    first = layout.first._replace(text=layout.first.text.replace(b",", b"."))
    changed = replace(source, data=head + body.replace(b",", b"."))
    return changed, replace(layout, first=first, commas=False)


def _used(source: Source, layout: Layout) -> tuple[list[int] | None, list[str]]:
    """The columns that are read, None for all, and their names: text is left out with a word."""
    cells, names = layout.cells, layout.names
    if source.columns is not None:
        if len(cells) != len(source.columns):
            raise source.broken(
                f"line {layout.first.number}",
                f"{len(cells)} columns, but `{','.join(source.columns)}` names "
                f"{len(source.columns)}",
                "Name every one, in their order, and write `_` for what is to be left out.",
            )
        return [i for i, name in enumerate(source.columns) if name != LEFT_OUT], []
    texts = [i for i, cell in enumerate(cells) if cell and not is_number(_usual(cell))]
    if len(names) != len(cells) or not texts or len(texts) == len(cells):
        return None, names
    words = ", ".join(f"`{names[i][:40]}`" for i in texts)
    say(f"`{source.name}`: {words} {'is' if len(texts) == 1 else 'are'} text, and left out.")
    used = [i for i in range(len(cells)) if i not in texts]
    return used, [names[i] for i in used]


def _usual(text: bytes) -> bytes:
    return _NAN.sub(b"nan", text)


def _numbers(source: Source, layout: Layout, used: list[int] | None) -> tuple[Floats, Layout]:
    """All rows (n, k), by NumPy's parser in C, which holds no line longer than it needs."""
    try:
        return _parsed(source.data, layout, used), layout
    except ValueError as cause:
        error = cause
    mended, declared = _mended(source, layout)
    if mended is not None:
        try:
            return _parsed(mended, layout, used), replace(layout, declared=declared)
        except ValueError as cause:
            source, error = replace(source, data=mended), cause
    raise _first_bad_row(source, layout, str(error)) from None


def _parsed(data: bytes, layout: Layout, used: Sequence[int] | None) -> Floats:
    file = io.BytesIO(data)
    file.seek(layout.offset)
    sign = None if layout.separator is None else layout.separator.decode()
    quote = '"' if b'"' in data else None
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="loadtxt: input contained no data")
        return np.loadtxt(
            file, comments="#", delimiter=sign, ndmin=2, usecols=used, quotechar=quote
        )


def _mended(source: Source, layout: Layout) -> tuple[bytes | None, int | None]:
    """The text with what is no number in one spelling, and without counts between rows; or None."""
    head, body = source.data[: layout.offset], _usual(source.data[layout.offset :])
    declared = layout.declared
    if layout.separator and (layout.names or source.columns):  # cells may be left empty
        sign = re.escape(layout.separator)
        body = re.sub(rb"(?:(?<=%b)|^)(?=[ \t]*(?:%b|$))" % (sign, sign), b"nan", body, flags=re.M)
        body = re.sub(rb"^nan$", b"", body, flags=re.M)  # was an empty line
    if declared is not None and source.suffix == ".pts":  # one scan after another
        declared += sum(int(count) for count in _COUNT.findall(body))
        body = _COUNT.sub(b"\n", body)  # and each line keeps its number
    changed = head + body
    return (None if changed == source.data else changed), declared


def _first_bad_row(source: Source, layout: Layout, otherwise: str) -> Exception:
    columns, sign = len(layout.cells), layout.separator
    for line in source.lines(layout.offset, layout.first.number):
        words = [word.strip(b" \t\"'") for word in line.text.split(sign)]
        for word in words:
            if not is_number(_usual(word)):
                seen = f"{shown(word)} is not a number" if word else "a cell without a number"
                return source.broken(f"line {line.number}", seen)
        if len(words) != columns:
            seen = f"{len(words)} numbers where {columns} were expected"
            return source.broken(f"line {line.number}", seen)
    where = f"from line {layout.first.number}"
    return source.broken(where, f"numbers that cannot be read: {otherwise}")


def _require_decimal_points(source: Source, layout: Layout, columns: int) -> None:
    """Whole numbers apart by commas may be half as many with decimal commas."""
    head = source.data[layout.offset : layout.offset + HEAD]
    known = layout.names or source.columns or columns not in _HALVES
    if layout.separator != b"," or known or re.search(rb"[.eEnN]", head):
        return
    raise source.broken(
        f"line {layout.first.number}",
        f"{shown(layout.first.text)} has {_HALVES[columns]} with decimal commas",
        "Write decimal points, name the columns in a first line, or say `--columns x,y,z,…`.",
    )


def read_npy(source: Source) -> Arrays:
    """An (n, k) array of numbers as `numpy.save` writes it, or one of named columns; no pickle."""
    fields = npy_fields(source)
    if fields is not None:
        return of_named(source, fields, "its header")
    array = npy_array(source, "fiu", axes=2)
    require_declared_order(source, "its header", [array])
    return of_table(source, array.astype(np.float64, order="C"), [], "shape")
