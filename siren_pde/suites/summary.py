"""What a sweep leaves for people and programs: a table, `sweep.json`, `sweep.csv`, `sweep.html`."""

from __future__ import annotations

import csv
import html
import io
import json
import math
import re
from collections.abc import Sequence
from pathlib import Path

from siren_pde.files.atomic import atomic_write
from siren_pde.files.json_values import JSON
from siren_pde.suites.members import Member
from siren_pde.suites.outcomes import Group, Row, groups

FILES = ("sweep.json", "sweep.csv", "sweep.html")
WIDTH, HEIGHT, MARGIN = 560, 36, 8
"""Of the drawing of errors, in pixels: a line for each group of values."""
STYLE = """
body { font: 15px/1.5 Georgia, serif; margin: 2rem auto; max-width: 60rem; color: #222; }
table { border-collapse: collapse; margin: 1rem 0; } td, th { padding: .2rem .8rem; }
th { text-align: left; border-bottom: 1px solid #888; } td { border-bottom: 1px solid #ddd; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
circle { fill: #2166ac; fill-opacity: .7; } line { stroke: #bbb; } text { font-size: 12px; }
.failed { color: #b2182b; }
@media (prefers-color-scheme: dark) { body { background: #181818; color: #ddd; }
td { border-color: #444; } text { fill: #ddd; } circle { fill: #92c5de; } a { color: #92c5de; } }
"""


def table(rows: Sequence[Row[Member]]) -> str:
    """Every member, then worst and median over the seeds of each group of values."""
    heads = ["member", "error", "estimate", "seconds", "steps", "outcome"]
    lines = [[r.member.label, *_numbers(r), str(r.steps), r.outcome] for r in rows]
    parts = [aligned([heads, *lines])]
    several = [each for each in groups(rows) if len(each.rows) > 1]
    if several:
        heads = ["values", "seeds", "worst", "median", "seconds"]
        lines = []
        for g in several:
            errors = [_number(g.worst), _number(g.median)]
            name = g.name or "as in the file"
            lines.append([name, str(len(g.rows)), *errors, _number(g.seconds, "{:.1f}")])
        parts.append(aligned([heads, *lines]))
    failed = [f"{r.member.label}: {r.reason}" for r in rows if r.outcome == "failed"]
    return "\n\n".join([*parts, *(["\n".join(failed)] if failed else [])])


def as_values(name: str, rows: Sequence[Row[Member]]) -> dict[str, JSON]:
    """The same as JSON values: numbers that are not known are null."""
    return {
        "sweep": name,
        "members": [
            {
                "values": dict(row.member.values),
                "seed": row.member.seed,
                "folder": row.member.label,
                "outcome": row.outcome,
                "error": _finite(row.error),
                "estimate": _finite(row.estimate),
                "seconds": _finite(row.seconds),
                "steps": row.steps,
                "reason": row.reason,
            }
            for row in rows
        ],
        "groups": [
            {
                "values": dict(group.rows[0].member.values),
                "seeds": len(group.rows),
                "worst": _finite(group.worst),
                "median": _finite(group.median),
                "seconds": _finite(group.seconds),
            }
            for group in groups(rows)
        ],
    }


def write(name: str, rows: Sequence[Row[Member]], root: Path) -> None:
    """Write all three files into the folder of a sweep. Raises StorageError."""
    values = as_values(name, rows)
    text = json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False)
    atomic_write(root / "sweep.json", text.encode())
    atomic_write(root / "sweep.csv", _csv(rows).encode())
    atomic_write(root / "sweep.html", page(name, rows).encode())


def _csv(rows: Sequence[Row[Member]]) -> str:
    names = [name for name, _ in rows[0].member.values] if rows else []
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*names, "seed", "error", "estimate", "seconds", "steps", "outcome", "folder"])
    for row in rows:
        numbers = [_finite(each) for each in (row.error, row.estimate, row.seconds)]
        given = [value for _, value in row.member.values]
        writer.writerow(
            [*given, row.member.seed, *numbers, row.steps, row.outcome, row.member.label]
        )
    return buffer.getvalue()


def page(name: str, rows: Sequence[Row[Member]]) -> str:
    """One page with the errors of all members drawn, and both tables; needs no network."""
    title = html.escape(name)
    body = [
        f"<h1>{title}</h1>",
        f"<p>{len(rows)} members. Errors are relative and in the L² norm.</p>",
        _drawing(groups(rows)),
        "<h2>Over seeds</h2>",
        _html_table(
            ["values", "seeds", "worst error", "median error", "median seconds"],
            [
                [
                    g.name or "as in the file",
                    len(g.rows),
                    g.worst,
                    g.median,
                    _number(g.seconds, "{:.1f}"),
                ]
                for g in groups(rows)
            ],
        ),
        "<h2>Members</h2>",
        _html_table(
            ["member", "error", "estimate", "seconds", "steps", "outcome", ""],
            [[r.member.label, *_numbers(r), r.steps, r.outcome, _links(r)] for r in rows],
        ),
    ]
    head = f'<meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
    return "\n".join(
        [
            "<!doctype html>",
            f'<html lang="en"><head>{head}</head><body>',
            *body,
            "</body></html>",
            "",
        ]
    )


class _Markup(str):
    """HTML that is not to be escaped."""


def _links(row: Row[Member]) -> _Markup:
    """What a member has left to be looked at."""
    label = html.escape(row.member.label, quote=True)
    shown = [n for n in ("report.html", "field.png", "log.txt") if (row.folder / n).is_file()]
    return _Markup(" ".join(f'<a href="./{label}/{n}">{n.partition(".")[0]}</a>' for n in shown))


def _html_table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    def cell(value: object) -> str:
        if isinstance(value, float):
            return f'<td class="number">{_number(value)}</td>'
        if isinstance(value, int):
            return f'<td class="number">{value}</td>'
        text = value if isinstance(value, _Markup) else html.escape(str(value))
        if re.fullmatch(r"[\d.]+(e[+-]\d+)?|–", text):
            return f'<td class="number">{text}</td>'
        return f"<td class={'failed' if text == 'failed' else 'text'}>{text}</td>"

    lines = ["<tr>" + "".join(map(cell, row)) + "</tr>" for row in rows]
    top = "".join(f"<th>{html.escape(each)}</th>" for each in heads)
    return f"<table><tr>{top}</tr>{''.join(lines)}</table>"


def _drawing(several: Sequence[Group]) -> str:
    """A line for each group with a dot for each seed, on a logarithmic scale; empty without any."""
    errors = [row.error for group in several for row in group.rows if row.error > 0]
    if not errors:
        return ""
    low, high = math.floor(math.log10(min(errors))), math.ceil(math.log10(max(errors)))
    high = max(high, low + 1)

    def place(error: float) -> float:
        return MARGIN + (WIDTH - 2 * MARGIN) * (math.log10(error) - low) / (high - low)

    parts = []
    for i, group in enumerate(several):
        y = HEIGHT * i + 26
        label = html.escape(group.name or "as in the file")
        parts.append(f'<text x="{MARGIN}" y="{y - 12}">{label}</text>')
        parts.append(f'<line x1="0" x2="{WIDTH}" y1="{y}" y2="{y}"/>')
        dots = [row for row in group.rows if row.error > 0]
        parts += [
            f'<circle cx="{place(row.error):.1f}" cy="{y}" r="5"><title>'
            f"{html.escape(row.member.label)}: {row.error:.1e}</title></circle>"
            for row in dots
        ]
    bottom = HEIGHT * len(several) + 20
    step = max(1, (high - low) // 6)
    parts += [
        f'<text x="{min(place(10.0**k), WIDTH - 34):.1f}" y="{bottom}">1e{k}</text>'
        for k in range(low, high + 1, step)
    ]
    return (
        f'<svg viewBox="0 0 {WIDTH} {bottom + 8}" width="{WIDTH}" role="img" '
        f'aria-label="errors">{"".join(parts)}</svg>'
    )


def _numbers(row: Row[Member]) -> list[str]:
    return [_number(row.error), _number(row.estimate), _number(row.seconds, "{:.1f}")]


def _number(value: float, form: str = "{:.2e}") -> str:
    return "–" if math.isnan(value) else form.format(value)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """A table in plain text."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
