"""What a command prints: one strict JSON object for programs, or a short table for people."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping


def as_json(answer: Mapping[str, object]) -> str:
    """One line of JSON; NaN and infinity, which JSON does not have, become null."""
    return json.dumps(_strict(answer), allow_nan=False, ensure_ascii=False)


def _strict(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {name: _strict(each) for name, each in value.items()}
    return [_strict(each) for each in value] if isinstance(value, list | tuple) else value


def as_table(rows: Mapping[str, object]) -> str:
    """One line per entry, aligned."""
    width = max(map(len, rows)) + 2
    return "\n".join(f"{name:<{width}}{value}" for name, value in rows.items())
