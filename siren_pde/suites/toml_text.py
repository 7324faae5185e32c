"""The text of a suite as tables of known keys: what is wrong in it is told by line and key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, final

from siren_pde.errors import ConfigError, DataFileError

GROUP = "group"
"""The name of the tables that a suite is made of."""
_GROUP = re.compile(r"^\s*\[\[\s*group\s*\]\]", re.M)

Kinds = Mapping[str, str]
"""What the values of keys have to be, by one of the words of `_is`."""


@final
@dataclass(frozen=True)
class Table:
    """A table of a suite's text: the whole for `group` 0, else one of its groups, from 1."""

    path: Path
    text: str
    values: Mapping[str, Any]
    group: int = 0

    @staticmethod
    def read(path: Path) -> Table:
        """The whole of a file. Raises DataFileError if it cannot be read, or is no TOML."""
        try:
            text = path.read_text(encoding="utf-8")
            return Table(path, text, tomllib.loads(text))
        except (OSError, UnicodeDecodeError) as cause:
            why = cause.strerror if isinstance(cause, OSError) else "it is no text in UTF-8"
            raise DataFileError(f"cannot read the suite `{path}`: {why or cause}.") from cause
        except (tomllib.TOMLDecodeError, RecursionError) as cause:
            raise DataFileError(f"the suite `{path}` is no TOML: {cause}.") from cause

    def groups(self, kinds: Kinds) -> list[Table]:
        """Its groups, which have what it says itself unless they say so; itself without any.

        Raises ConfigError for keys that groups do not have.
        """
        own = {key: value for key, value in self.values.items() if key != GROUP}
        several = []
        for i, each in enumerate(self.values.get(GROUP, []), 1):
            Table(self.path, self.text, each, i).require(kinds)
            several.append(Table(self.path, self.text, {**own, **each}, i))
        return several or [self]

    def require(self, kinds: Kinds) -> None:
        """Raise ConfigError unless all keys are known, and their values of their kinds."""
        for key, value in self.values.items():
            if key not in kinds:
                close = get_close_matches(key, kinds, 1)
                meant = f"Is `{close[0]}` meant?" if close else f"Keys are {', '.join(kinds)}."
                raise self.wrong(key, "is no key of a suite", meant)
            if not _is(value, kinds[key]):
                raise self.wrong(key, f"is {value!r:.60}", f"It has to be {kinds[key]}.")

    def wrong(self, key: str, why: str, instead: str) -> ConfigError:
        """What is wrong with a key, and where."""
        return ConfigError(f"`{self.path}`, line {self.line(key)}: `{key}` {why}. {instead}")

    def line(self, key: str) -> int:
        """The line that gives a key: in the group if it is there, else above all groups."""
        heads = [match.start() for match in _GROUP.finditer(self.text)]
        first = heads[0] if heads else len(self.text)
        spans = [(0, first)]
        if self.group and self.group <= len(heads):
            spans.insert(0, (heads[self.group - 1], [*heads, len(self.text)][self.group]))
        written = re.compile(rf"^\s*\[*\s*[\"']?{re.escape(key)}[\"']?\s*[\].=]", re.M)
        for start, end in spans:
            if match := written.search(self.text, start, end):
                return self.text.count("\n", 0, match.end()) + 1
        return self.text.count("\n", 0, spans[0][0]) + 1


def _is(value: object, kind: str) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    positive = number and 0 < value < float("inf")  # type: ignore[operator]
    tables = isinstance(value, Mapping)
    return {
        "a text": isinstance(value, str),
        "true or false": isinstance(value, bool),
        "a list of texts": isinstance(value, list) and bool(value) and _all(value, str),
        "a positive number": positive,
        "a positive whole number": positive and isinstance(value, int),
        "a table of lists": tables and _all(value.values(), list),  # type: ignore[attr-defined]
        "a list of tables, each under `[[group]]`": isinstance(value, list)
        and _all(value, Mapping),
        "a table of tables": tables and _all(value.values(), Mapping),  # type: ignore[attr-defined]
        "none, quick or careful": value in ("none", "quick", "careful"),
    }[kind]


def _all(values: Iterable[object], kind: type) -> bool:
    return all(isinstance(each, kind) for each in values)
