"""The header of a PLY file: which tables follow, with which columns, in which encoding."""

from __future__ import annotations

import re
from dataclasses import dataclass

from siren_pde.io.readers.source import Source, shown

_KINDS = {
    **{"char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4"},
    **{"float": "f4", "double": "f8", "int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2"},
    **{"int32": "i4", "uint32": "u4", "int64": "i8", "uint64": "u8"},
    **{"float32": "f4", "float64": "f8"},
}
_BYTE_ORDER = {"binary_little_endian": "<", "binary_big_endian": ">"}
_LONGEST_HEADER = 1 << 20
_END = re.compile(rb"[\r\n]end_header[ \t]*(?:\r\n|\n|\r|\Z)")


@dataclass(frozen=True)
class Property:
    """A column: its name, the numpy kind of its entries and, for a list, of their number."""

    name: str
    kind: str
    length: str | None


@dataclass(frozen=True)
class Element:
    """A table: its name, how many rows are declared, and its columns."""

    name: str
    count: int
    properties: tuple[Property, ...]

    @property
    def has_lists(self) -> bool:
        """Whether rows may differ in size."""
        return any(p.length for p in self.properties)

    @property
    def least_bytes(self) -> int:
        """The bytes of a row whose lists are empty."""
        return sum(int((p.length or p.kind)[1]) for p in self.properties)


def header(source: Source) -> tuple[str | None, list[Element], int]:
    """The byte order (None for text), the declared elements and the byte where the data start."""
    if not re.match(rb"ply[ \t]*[\r\n]", source.data):
        raise source.broken("line 1", f"{shown(source.data[:8])} instead of `ply`")
    end = _END.search(source.data, 0, _LONGEST_HEADER)
    if end is None:
        raise source.broken("header", "no line `end_header`")
    order, elements, known = None, list[Element](), False
    lines = source.data[: end.start()].decode("utf-8", errors="replace").splitlines()
    for number, line in enumerate(lines[1:], start=2):
        where = f"line {number}"
        match line.split():
            case [] | ["comment" | "obj_info", *_]:
                continue
            case ["format", kind, "1.0"] if kind == "ascii" or kind in _BYTE_ORDER:
                order, known = _BYTE_ORDER.get(kind), True
            case ["element", name, count]:
                if name in {e.name for e in elements}:
                    raise source.broken(where, f"a second element `{name[:40]}`")
                elements.append(Element(name, source.whole(count.encode(), where), ()))
            case ["property", *words] if elements and (described := _property(words)):
                last = elements[-1]
                if described.name in {p.name for p in last.properties}:
                    raise source.broken(where, f"a second property `{described.name[:40]}`")
                elements[-1] = Element(last.name, last.count, (*last.properties, described))
            case _:
                raise source.broken(where, f"{shown(line.encode())} cannot stand in a PLY header")
    if not known:
        raise source.broken("header", "no line `format` with a known format")
    for element in elements:
        if element.count < 0 or (element.count and not element.properties):
            raise source.broken(
                "header",
                f"{element.count} rows of `{element.name[:40]}`, which"
                f" has {len(element.properties)} properties",
            )
    return order, elements, end.end()


def _property(words: list[str]) -> Property | None:
    match words:
        case [kind, name] if kind in _KINDS:
            return Property(name, _KINDS[kind], None)
        case ["list", length, kind, name] if kind in _KINDS and _KINDS.get(length, "f")[0] in "iu":
            return Property(name, _KINDS[kind], _KINDS[length])
    return None
