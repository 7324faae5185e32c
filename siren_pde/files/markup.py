"""Parts of HTML pages, everything in them escaped: names and notes may hold anything."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable


def escaped(value: object) -> str:
    """A value as text that is nothing but text, in a page and in an attribute."""
    return html.escape(str(value), quote=True)


def table(rows: Iterable[tuple[object, object]]) -> str:
    """A table of names and values."""
    lines = (f"<tr><th>{escaped(n)}</th><td>{escaped(v)}</td></tr>" for n, v in rows)
    return f"<table>{''.join(lines)}</table>"


def image(png: bytes, alt: str) -> str:
    """A PNG inside of the page."""
    data = base64.b64encode(png).decode()
    return f'<img alt="{escaped(alt)}" src="data:image/png;base64,{data}">'
