"""What is shown of a solve while it runs: its rows, on a terminal as in a notebook."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeAlias

from siren_pde.solving.report import Report

TERMS_EVERY = 2.0
"""Seconds between two readings of the conditions' terms: each costs an evaluation."""

Terms: TypeAlias = Callable[[Report], dict[str, float]]


def cells(report: Report, terms: dict[str, float]) -> list[tuple[str, str]]:
    """What is shown, by labels that may come twice: a condition may be called `loss` or `left`."""
    rows = [("step", str(report.step)), ("elapsed", _clock(report.seconds))]
    if report.used:
        left = report.seconds * (1 - report.used) / report.used
        rows += [("budget", f"{report.used:.0%}"), ("left", f"≤ {_clock(left)}")]
    rows.append(("loss", f"{report.loss:.2e}"))
    rows += [(name, f"{value:.1e}") for name, value in terms.items()]
    if report.iterate.note:
        rows.append(("note", report.iterate.note))
    return rows


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def remembered() -> Terms:
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
