"""Progress is shown where one looks for it, and rarely enough to cost nothing."""

import io
import itertools
from dataclasses import dataclass, field
from typing import Any

import pytest

from siren_pde import Adam, Box, Budget, Problem, Siren, on, solve
from siren_pde.plots import watching
from siren_pde.solving import progress


@dataclass
class Noted:
    """An iterate of which nothing is looked at but the note."""

    note: str


@dataclass
class Fake:
    """A report whose terms are counted."""

    seconds: float
    used: float = 0.0
    step: int = 7
    loss: float = 0.5
    iterate: Any = field(default_factory=lambda: Noted("λ = 1"))
    method: Adam = field(default_factory=Adam)
    read: list[float] = field(default_factory=list)

    def terms(self):
        self.read.append(self.seconds)
        return {"poisson": 0.25}


watched: Any = watching
"""What shows reports, and takes a fake for one."""


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_line_says_all():
    def line(report: Any, terms: dict[str, float]) -> str:
        return progress.line(report, terms)

    text = line(Fake(90.0, used=0.25), {"poisson": 0.25})
    assert text == (
        "Adam  step 7  elapsed 1:30  budget 25%  left ≤ 4:30  loss 5.00e-01  poisson 2.5e-01  "
        "note λ = 1"
    )
    assert "1:00:01" in line(Fake(3601.4), {}) and "left" not in line(Fake(1.0), {})


def test_conditions_may_be_called_like_labels():
    terms = dict.fromkeys(("step", "left", "loss", "note"), 0.25)
    anything: Any = Fake(90.0, used=0.25)
    text = progress.line(anything, terms)
    assert "step 7" in text and "left ≤ 4:30" in text and "loss 5.00e-01" in text
    assert all(f"{name} 2.5e-01" in text for name in terms) and text.endswith("note λ = 1")


def test_lines_are_rare_and_terms_rarer_than_reports():
    stream = io.StringIO()
    read: list[float] = []
    with watched(stream) as report:
        for i in range(61):
            report(Fake(i / 2, read=read))
    lines = stream.getvalue().splitlines()
    assert [text.split()[4] for text in lines] == [f"0:{s:02}" for s in range(5, 31, 5)]
    assert all(b - a >= 2 for a, b in itertools.pairwise(read))


def test_a_terminal_gets_a_panel(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    read: list[float] = []
    with watched(stream) as report:
        for i in range(9):
            report(Fake(i / 2, used=0.5, read=read))
    assert "Adam" in stream.getvalue() and "poisson" in stream.getvalue()
    assert read == [0.0, 2.0, 4.0]


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_a_solve_can_be_watched(stream, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    interval = Box(x=(0, 1))

    @on(interval)
    def one(p, u):
        return u**2 - 1

    with watching(stream) as report:
        solution = solve(
            Problem(one),
            Siren(1, width=4),
            Adam(batch=16),
            budget=Budget(steps=3),
            callbacks=[report],
            quiet=True,
        )
    assert solution.history.steps[-1] == 3
    # a line comes every five seconds, a panel at once
    assert ("Adam" in stream.getvalue()) == stream.isatty()
