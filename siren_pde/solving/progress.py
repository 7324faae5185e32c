"""Watching a solve: a live panel on a terminal or in a notebook, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from siren_pde.solving.notebook import NotebookPanel, in_notebook
from siren_pde.solving.progress_rows import Terms, cells, remembered
from siren_pde.solving.report import Callback, Report

if TYPE_CHECKING:
    from rich.panel import Panel

LINE_EVERY = 5.0
"""Seconds between two lines where there is no terminal."""


@contextmanager
def watching(stream: TextIO | None = None) -> Iterator[Callback]:
    """Show how a solve proceeds: on `stream`, or left out, in the notebook that this runs in, else
    on standard error.

    `with watching() as report: solve(problem, callbacks=[report])`
    """
    from rich.console import Console
    from rich.live import Live

    if stream is None and in_notebook():
        yield NotebookPanel()
        return
    stream = stream or sys.stderr
    console, terms = Console(file=stream), remembered()
    if console.is_terminal:
        with Live(console=console, transient=True, redirect_stdout=False) as live:
            yield lambda report: live.update(_panel(report, terms(report)))
    else:
        yield _lines(stream, terms)


def line(report: Report, terms: dict[str, float]) -> str:
    """The state of a solve in one line."""
    shown = (f"{name} {value}" for name, value in cells(report, terms))
    return "  ".join([report.method.name, *shown])


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
    for name, value in cells(report, terms):
        table.add_row(f"[dim]{name}[/dim]", value)
    table.add_row("", ProgressBar(total=1.0, completed=report.used, width=40))
    return Panel(table, title=report.method.name, title_align="left", expand=False)
