"""Pages about runs: one HTML file each, light and clear, that needs no network."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from siren_pde.errors import StorageError
from siren_pde.files.atomic import atomic_write
from siren_pde.files.markup import escaped, image

_SHELL = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<main>
{body}
<footer>Made by siren_pde {version}. This page needs no network: everything in it is in this file.
</footer>
</main>
</body>
</html>
"""


def stylesheet() -> str:
    """The style that all pages share."""
    return files("siren_pde.plots").joinpath("style.css").read_text("utf-8")


def page(title: str, body: str) -> str:
    """A page of this title; its body is HTML already."""
    return _SHELL.format(
        title=escaped(title), style=stylesheet(), body=body, version=escaped(version("siren-pde"))
    )


def write(path: Path, text: str) -> None:
    """Write a page, all of it or nothing. Raises StorageError if it cannot be written."""
    if path.suffix.lower() not in (".html", ".htm"):
        raise StorageError(f"pages are written as .html, got `{path}`. Write `{path.stem}.html`.")
    atomic_write(path, text.encode(errors="replace"))


def card(heading: str, *content: str) -> str:
    """A part of a page under a heading; its content is HTML already."""
    inner = "\n".join(content)
    return f'<section class="card padded"><h2>{escaped(heading)}</h2>\n{inner}</section>'


def pictured(png: bytes, alt: str) -> str:
    """A picture, which is moved under the finger where a screen is narrow."""
    return f'<div class="scroll">{image(png, alt)}</div>'


def chip(text: object, grade: str = "") -> str:
    """A word that stands out."""
    return f'<span class="chip {escaped(grade)}">{escaped(text)}</span>'


def marked(text: str) -> str:
    """A sentence whose parts between backticks are code."""
    pieces = enumerate(text.split("`"))
    return "".join(f"<code>{escaped(s)}</code>" if i % 2 else escaped(s) for i, s in pieces)


def listed(items: Iterable[str]) -> str:
    """A list of sentences, with code in backticks."""
    return f"<ul>{''.join(f'<li>{marked(item)}</li>' for item in items)}</ul>"


def wide(head: Sequence[str], rows: Iterable[Sequence[str]], *, marked_up: bool = False) -> str:
    """A table of several columns, whose cells are HTML already.

    Its head is so too if it is `marked_up`, and then columns are alike.
    """
    top = "".join(f"<th>{name if marked_up else escaped(name)}</th>" for name in head)
    first = ' class="name"'
    lines = (
        "".join(f"<td{'' if i else first}>{cell}</td>" for i, cell in enumerate(row))
        for row in rows
    )
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    kind = "wide even" if marked_up else "wide"
    whole = f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="{kind}">{whole}</div>'


def code(text: str) -> str:
    """Lines of code."""
    return f"<pre>{escaped(text)}</pre>"


def number(value: object, digits: int = 2) -> str:
    """A number as people write it, or a dash."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    plainly = value == 0 or 1e-2 <= abs(value) < 1e3
    return f"{value:.{digits + 1}g}" if plainly else f"{value:.{digits}e}"


def seconds(value: object) -> str:
    """A time as people write it, or a dash."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return "–"
    if value < 120:
        return f"{value:.1f} s" if value < 10 else f"{value:.0f} s"
    minutes = round(value / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
