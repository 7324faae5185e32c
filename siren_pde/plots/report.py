"""The page of a run: what was solved, the picture, the curves, why so, how right, and what next."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from siren_pde.files.markup import escaped, table
from siren_pde.plots.advice import advice
from siren_pde.plots.pages import (
    card,
    chip,
    code,
    listed,
    marked,
    number,
    page,
    pictured,
    seconds,
    wide,
    write,
)
from siren_pde.plots.told_runs import ToldRun, outcome_chip, part, real, words

NAME = "report.html"
SHORT = 16
"""Digits of a hash that tell it from others; all of them are in the manifest."""


def write_report(folder: str | os.PathLike[str], to: str | os.PathLike[str] | None = None) -> Path:
    """Write the page of the run in a folder, finished or not; returns where it is.

    Raises StorageError if the folder is none of a run, or the page cannot be written.
    """
    path = Path(folder) / NAME if to is None else Path(to)
    write(path, report(ToldRun.read(Path(folder))))
    return path


def report(run: ToldRun) -> str:
    """The page of a run, as HTML."""
    return page(run.name, "\n".join(_body(run)))


def _body(run: ToldRun) -> Iterator[str]:
    when = run.said.started.replace("T", " ").removesuffix("+00:00")
    lead = f"{run.method}, {seconds(run.seconds)}, begun {when} UTC"
    yield f'<div class="head"><h1>{escaped(run.name)}</h1>{outcome_chip(run)}</div>'
    yield f'<p class="lead">{escaped(lead)}</p>'
    yield '<div class="stack">'
    if run.unfinished:
        yield f'<div class="note">{marked(run.unfinished)}</div>'
    picture = run.picture("field.png")
    if picture is None:
        yield _answer(run)
    else:
        shown = card("The solution", pictured(picture, f"the solution of {run.name}"))
        yield f'<div class="grid">{shown}{_answer(run)}</div>'
    if run.said.kind == "solve":
        yield card("The equation", *_equation(run))
    yield from _course(run)
    yield card("What was chosen, and by whom", _choices(run))
    if tips := advice(run):
        yield card("What to try next", listed(tips))
    yield card("How to reproduce it", *_reproduce(run))
    yield "</div>"


def _answer(run: ToldRun) -> str:
    said = run.said.result
    missing = "unknown: no truth to compare with" if said else "not measured"
    error = number(run.error) if run.error == run.error else missing
    until = "" if run.reached is None else f", up to {run.reached:.4g}"
    rows: list[tuple[str, object]] = [
        ("outcome", run.status),
        ("relative error", f"{error}{until}" if run.error == run.error else error),
        ("compared with", words(said.get("truth"))),
        ("error bar", run.bar),
        ("solved up to", "" if run.reached is None else f"{run.reached:.6g}, no further"),
        ("loss", number(run.loss)),
        ("steps", number(run.steps)),
        ("time", seconds(run.seconds)),
        ("parameters", number(run.parameters)),
    ]
    why = f'<p class="caption">{marked(run.said.reason)}</p>' if run.said.reason else ""
    return card("The answer", table((name, v) for name, v in rows if v not in ("", "–")), why)


def _equation(run: ToldRun) -> Iterator[str]:
    """Each condition by its text, and the whole file to be opened."""
    conditions = part(run.said.problem.get("conditions"))
    for name, value in conditions.items():
        about = part(value)
        weight = real(about.get("weight"))
        heavy = "" if weight in (1.0,) or weight != weight else f", weight {weight:g}"
        where = f"on {words(about.get('domain'))}{heavy}"
        yield f"<h3>{escaped(name)} <small>{escaped(where)}</small></h3>"
        yield code(words(about.get("source")) or "(its text is not known)")
    if source := words(run.said.problem.get("source")):
        whole = f"<details><summary>the whole file</summary>{code(source)}</details>"
        yield whole if conditions else code(source)
    elif not conditions:
        yield '<p class="caption">The problem was made in Python, and its text is not known.</p>'


def _course(run: ToldRun) -> Iterator[str]:
    """The curves, and each condition by itself."""
    curves = run.curves()
    if curves is not None:
        known = " Below, the relative error." if run.course.knows_error else ""
        text = f"Half the sum of the conditions' mean squares is the loss.{known}"
        caption = f'<p class="caption">{escaped(text)}</p>'
        yield card("How it went", pictured(curves, "loss and conditions by seconds"), caption)
    shares, terms = part(run.said.result.get("residuals")), run.course.terms
    names = list(dict.fromkeys([*shares, *terms]))
    if names:
        rows = (
            [
                escaped(name),
                number(shares.get(name), 1),
                number(terms[name][0] if terms.get(name) else None, 1),
                number(terms[name][-1] if terms.get(name) else None, 1),
            ]
            for name in names
        )
        head = ("condition", "residual, as a share of its terms", "mean square at first", "at last")
        yield card("Each condition", wide(head, rows))


def _choices(run: ToldRun) -> str:
    why = f"<p>{escaped(run.said.why)}</p>" if run.said.why else ""
    rows = (
        [escaped(name), f"<code>{escaped(value)}</code>", chip(origin, origin)]
        for name, (value, origin) in run.choices.items()
    )
    return why + wide(("choice", "value", "whose"), rows)


def _reproduce(run: ToldRun) -> Iterator[str]:
    yield code(run.command)
    said = run.said
    facts = [*said.machine.items(), *((n, v) for n, v in said.versions.items() if v is not None)]
    yield wide(("machine and versions", ""), ([escaped(n), escaped(v)] for n, v in facts))
    hashes = [(words(said.problem.get("file")), said.problem)] if said.problem.get("file") else []
    hashes += [(name, part(value)) for name, value in said.artefacts.items()]
    rows = (
        [
            f"<code>{escaped(name)}</code>",
            f"<code>{escaped(words(about.get('sha256'))[:SHORT])}</code>",
            number(about.get("bytes")),
        ]
        for name, about in hashes
    )
    if hashes:
        yield wide(("file", "SHA-256 begins", "bytes"), rows)
