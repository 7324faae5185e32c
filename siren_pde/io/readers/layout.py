"""How a text of numbers is laid out: names, a count, the sign between columns, decimal commas."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from siren_pde.io.readers.names import known_as
from siren_pde.io.readers.source import Line, Source, shown

HEAD = 1 << 16
"""Bytes of the beginning that are looked at to tell how columns are apart."""
ONE_SIGN = "Write decimal points and separate columns by one kind of sign."
_COMMENTS = (b"#", b"//", b"%", b"!")
"""What lines before the numbers begin by that are no numbers."""
_UNIT = re.compile(r"\s*[\[(][^\])]*[\])]$")
_EXCEL = re.compile(rb'"?sep=.?"?', re.IGNORECASE)
"""A first line that tells Excel the sign between columns."""
_COMMA = re.compile(rb"[-+]?\d*,?\d+(?:[eE][-+]?\d+)?|[-+]?\d+,")
"""A number with a decimal comma, or a whole one."""
FRACTION = re.compile(rb"(?<!\d)[-+]?(?:0?|\d{4,}),\d|,(?!\d{3}(?!\d))\d")
"""What tells a decimal comma from one that groups thousands: these have one to three digits before
them, no zero alone, and three after them.
"""
_AROUND_TABS = b" \r\n"
_GAP = re.compile(rb"\t *(?:[\t\n]|\Z)|\n *\t")
"""A cell between tabs, or beside one, that is empty."""


@dataclass(frozen=True)
class Layout:
    """How a text is to be read: its names, how many rows it declares, its first row, the byte where
    rows begin, the sign between columns (None for blanks), whether decimals have commas, and
    whether names stand in a comment.
    """

    names: list[str]
    declared: int | None
    first: Line
    offset: int
    separator: bytes | None
    commas: bool = False
    commented: bool = False

    @property
    def cells(self) -> list[bytes]:
        """Those of the first row."""
        return [cell.strip(b" \t\"'") for cell in self.first.text.split(self.separator)]


def layout_of(source: Source) -> Layout:
    """What the first lines say: names, a number of points, and how numbers are apart."""
    opening = _opening(source)
    rows = _head(source, opening)
    tabs = _tabs_separate(source, opening)
    if not rows:
        raise source.broken(
            "the whole file", "no line with numbers" if opening.seen else "only comments"
        )
    if tabs:
        rows = _head(source, opening, _AROUND_TABS)
    separator, commas = _tabbed(source, rows) if tabs else _signs(source, rows)
    layout = Layout([], opening.declared, rows[0], opening.offset, separator, commas)
    count = len(layout.cells)
    names, commented = opening.names, False
    if opening.header is not None and len(names) != count:
        words = re.split(rb"[,;\s]+", opening.header.strip())
        names = _plain(words) if len(words) == count else names
    if opening.header is None and opening.comments:
        names = _commented(opening.comments, count)
        commented = bool(names)
    return replace(layout, names=names, commented=commented)


@dataclass(frozen=True)
class _Opening:
    """What comes before the rows: comments, names and their line, a count, and where it ends."""

    comments: list[bytes]
    names: list[str]
    header: bytes | None
    declared: int | None
    offset: int
    number: int
    seen: int


def _opening(source: Source) -> _Opening:
    comments, names, header, declared = list[bytes](), list[str](), None, None
    offset, seen, number = 0, 0, 0
    for number, raw in enumerate(io.BytesIO(source.data), start=1):
        text = raw.strip()
        if not number - 1 and _EXCEL.fullmatch(text):
            pass
        elif text.startswith(_COMMENTS) and not (named := _slashed(text)):
            comments.append(text.lstrip(b"#/%! \t"))
        elif text:
            line = Line(
                number, named if text.startswith(_COMMENTS) else text.partition(b"#")[0].strip()
            )
            seen += 1
            if (
                declared is None
                and line.text.isdigit()
                and b"\n" in source.data[offset + len(raw) :]
            ):
                declared = source.whole(line.text, f"line {number}")
            elif seen == 1 and (words := _names(source, line)):
                names, header = words, line.text
            else:
                return _Opening(comments, names, header, declared, offset, number, seen)
        offset += len(raw)
    return _Opening(comments, names, header, declared, offset, number + 1, seen)


def _slashed(text: bytes) -> bytes:
    """Names after `//`, as CloudCompare writes them; nothing where something else follows."""
    rest = text[2:].strip()
    return rest if text.startswith(b"//") and known_as(_plain(_split(rest))) else b""


def _head(source: Source, opening: _Opening, around: bytes | None = None) -> list[Line]:
    """The first rows, without what is `around` them, as `bytes.strip` has it."""
    rows = []
    head = source.data[opening.offset : opening.offset + HEAD]
    lines = head.split(b"\n")
    whole = lines[:-1] if len(source.data) > opening.offset + HEAD and len(lines) > 1 else lines
    for number, raw in enumerate(whole, start=opening.number):
        text = raw.partition(b"#")[0]
        if text.strip():
            rows.append(Line(number, text.strip(around)))
    return rows


def _tabs_separate(source: Source, opening: _Opening) -> bool:
    """Whether tabs are between all columns and somewhere a cell is empty, so that blanks, of which
    several are as good as one, would not do. Columns without a name are one word each, and not all
    empty: else tabs align columns, or end rows.
    """
    head = source.data[opening.offset : opening.offset + HEAD]
    if b"\t" not in head or not _GAP.search(source.data, max(opening.offset - 1, 0)):
        return False
    rows = [row.text.split(b"\t") for row in _head(source, opening, _AROUND_TABS)]
    count = len(rows[0]) if rows else 0
    if count < 3 or any(len(row) != count for row in rows):
        return False
    named = [name.strip() for name in (opening.header or b"").split(b"\t")]
    named = named if len(named) == count else [b""] * count
    for name, *column in zip(named, *rows, strict=True):
        words = max(len(cell.split()) for cell in column)
        if not name and words != 1:
            return False
    return True


def _tabbed(source: Source, rows: Sequence[Line]) -> tuple[bytes, bool]:
    """Tabs, and whether numbers between them have decimal commas."""
    mixed = next((line for line in rows if b"," in line.text), None)
    return b"\t", mixed is not None and _decimal_commas(source, rows, mixed, b"\t")[1]


def _signs(source: Source, rows: Sequence[Line]) -> tuple[bytes | None, bool]:
    """The sign between the numbers, None for blanks, and whether commas are decimal ones."""
    separator: bytes | None = None
    for line in rows:
        text = line.text
        if b"," in text and (b";" in text or _has_blanks(text)):
            return _decimal_commas(source, rows, line)
        sign = b";" if b";" in text else b"," if b"," in text else b"|" if b"|" in text else None
        if sign and any(len(cell.split()) > 1 for cell in text.split(sign)):
            seen = f"both `{sign.decode()}` and blanks between numbers"
            raise source.broken(f"line {line.number}", seen, ONE_SIGN)
        separator = separator or sign
    return separator, False


def _has_blanks(text: bytes) -> bool:
    """Whether blanks are apart from commas, so that they separate numbers."""
    return any(len(cell.split()) > 1 for cell in text.split(b","))


def _decimal_commas(
    source: Source, rows: Sequence[Line], mixed: Line, tab: bytes | None = None
) -> tuple[bytes | None, bool]:
    """The sign between numbers that have decimal commas, if that is what they are beyond doubt."""
    sign = tab or (b";" if any(b";" in line.text for line in rows) else None)
    fractions = False
    counts = set()
    for line in rows:
        cells = [cell.strip() for cell in line.text.rstrip(b"; ").split(sign)]
        counts.add(len(cells))
        if not all(_COMMA.fullmatch(cell) or (tab and not cell) for cell in cells):
            fractions = False
            break
        fractions = fractions or FRACTION.search(line.text) is not None
    if len(counts) == 1 and min(counts) >= 3 and fractions:
        return sign, True
    other = {b";": "`;`", b"\t": "tabs between numbers"}.get(sign or b"", "blanks between numbers")
    seen = f"both `,` and {other}, so that 1,5 could be one number or two"
    raise source.broken(f"line {mixed.number}", seen, ONE_SIGN)


def _split(text: bytes, sign: bytes | None = None) -> list[bytes]:
    """The cells of a line that may be quoted, whatever they are apart by."""
    sign = sign or next((s for s in (b";", b",", b"\t", b"|") if s in text), None)
    if b'"' in text:
        delimiter = (sign or b" ").decode()
        row = next(csv.reader([text.decode("utf-8", "replace")], delimiter=delimiter), [])
        return [cell.encode() for cell in row]
    return [cell.strip() for cell in text.split(sign)]


def _names(source: Source, line: Line) -> list[str]:
    """The names in a first line without numbers; none where it is a row of them."""
    words = [word.strip(b" \t\"'") for word in _split(line.text)]
    parts = [part for word in words for part in word.split()]
    if parts and all(is_number(part) or _COMMA.fullmatch(part) for part in parts):
        return []
    if words[0].lower() == b"ncols":
        seen = "a grid of heights, as ESRI's programs write it, and no list of points"
        raise source.broken(f"line {line.number}", seen, "Convert it by `gdal_translate -of XYZ`.")
    plain = [is_number(word) for word in words if word]
    if any(plain) and source.columns is not None:
        return []  # a row with text in it, of which the user says what it is
    if any(plain):
        word = next(word for word in words if word and not is_number(word))
        raise source.broken(
            f"line {line.number}",
            f"{shown(word)} is not a number, but others of its row are",
            "Name all columns in the first line, or none, or say what they are by `--columns`, "
            "with `_` for text.",
        )
    return _plain(words)


def _plain(words: Sequence[bytes]) -> list[str]:
    """Names in lower case, without units; empty ones stay, but not at the end."""
    joined = "\n".join(word.decode("utf-8", errors="replace") for word in words)
    texts = joined.lower().removeprefix("//").split("\n")
    names = [_UNIT.sub("", text.strip(" \t\"'")) for text in texts]
    while names and not names[-1]:
        names.pop()
    return names


def _commented(comments: Sequence[bytes], count: int) -> list[str]:
    """The names in the last comment that has as many words as rows have columns."""
    for text in reversed(comments):
        for words in (_split(text), re.split(rb"[,;\s]+", text)):
            names = _plain([word.strip() for word in words])
            if len(names) == count and len(set(names)) == count and known_as(names):
                return names
    return []


def is_number(word: bytes) -> bool:
    """Whether Python reads a number from it."""
    try:
        float(word)
    except ValueError:
        return False
    return True
