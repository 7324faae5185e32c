"""Watching a solve: one live panel on a terminal, a plain line every few seconds elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from siren_pde.solving.report import Callback, Report

if TYPE_CHECKING:
    from rich.panel import Panel

TERMS_EVERY = 2.0
"""Seconds between two readings of the conditions' terms: each costs an evaluation."""
LINE_EVERY = 5.0
"""Seconds between two lines where there is no terminal."""

Terms = Callable[[Report], dict[str, float]]


@contextmanager
def watching(stream: TextIO | None = None) -> Iterator[Callback]:
    """Show how a solve proceeds, on `stream` (standard error if left out).

    `with watching() as report: solve(problem, callbacks=[report])`
    """
    from rich.console import Console
    from rich.live import Live

    stream = stream or sys.stderr
    console, terms = Console(file=stream), _remembered()
    if console.is_terminal:
        with Live(console=console, transient=True, redirect_stdout=False) as live:
            yield lambda report: live.update(_panel(report, terms(report)))
    else:
        yield _lines(stream, terms)


def line(report: Report, terms: dict[str, float]) -> str:
    """The state of a solve in one line."""
    cells = _cells(report, terms)
    return "  ".join([report.method.name, *(f"{name} {value}" for name, value in cells)])


def _lines(stream: TextIO, terms: Terms) -> Callback:
    last = 0.0

    def show(report: Report) -> None:
        nonlocal last
        if report.seconds - last >= LINE_EVERY:
            last = report.seconds
            print(line(report, terms(report)), file=stream, flush=True)

    return show


def _panel(report: Report, terms: dict[str, float]) -> Panel:
    from rich.panel import Panel
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    for name, value in _cells(report, terms):
        table.add_row(f"[dim]{name}[/dim]", value)
    table.add_row("", ProgressBar(total=1.0, completed=report.used, width=40))
    return Panel(table, title=report.method.name, title_align="left", expand=False)


def _cells(report: Report, terms: dict[str, float]) -> list[tuple[str, str]]:
    """What is shown, by labels that may come twice: a condition may be called `loss` or `left`."""
    cells = [("step", str(report.step)), ("elapsed", _clock(report.seconds))]
    if report.used:
        left = report.seconds * (1 - report.used) / report.used
        cells += [("budget", f"{report.used:.0%}"), ("left", f"≤ {_clock(left)}")]
    cells.append(("loss", f"{report.loss:.2e}"))
    cells += [(name, f"{value:.1e}") for name, value in terms.items()]
    if report.iterate.note:
        cells.append(("note", report.iterate.note))
    return cells


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _remembered() -> Terms:
    """The terms of the conditions, evaluated seldom enough to cost at most a few percent."""
    latest: dict[str, float] = {}
    due = 0.0

    def terms(report: Report) -> dict[str, float]:
        nonlocal latest, due
        if report.seconds >= due:
            started = time.monotonic()
            latest = report.terms()
            due = report.seconds + max(TERMS_EVERY, 30 * (time.monotonic() - started))
        return latest

    return terms
