"""In a notebook a solve shows its progress, and what it gives shows itself."""

import contextlib
import io
import sys
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from siren_pde import Box, Problem, Siren, on
from siren_pde.plots import plot_history, watching
from siren_pde.solving import notebook
from siren_pde.solving.notebook import NotebookPanel, in_notebook, markup, with_panel
from tests.told import told

CELLS = (
    """
from siren_pde import *
square = Box(x=(0, 1), y=(0, 1))

@on(square)
def poisson(p, u):
    return lap(u) + 2 * pi**2 * sin(pi * p.x) * sin(pi * p.y)

@on(square.boundary)
def rim(p, u):
    return u

problem = Problem(poisson, rim)
solution = solve(problem, Siren(2, width=16), GaussNewton(), budget=Budget(steps=4))
""",
    "solution",
    "solution.plot()",
    """
from siren_pde.plots import watching
with watching() as report:
    solve(problem, Siren(2, width=16), Adam(batch=32), budget=Budget(steps=4), callbacks=[report])
None
""",
)


@pytest.fixture(scope="module")
def outputs():
    """What the cells of a notebook leave below them."""
    cells = [nbformat.v4.new_code_cell(text) for text in CELLS]
    book = nbformat.v4.new_notebook(cells=cells)
    client = NotebookClient(book, timeout=120, kernel_name="python3")
    with contextlib.redirect_stderr(io.StringIO()):
        client.execute()
    return [
        [output.data for output in cell.outputs if output.output_type != "stream"]
        for cell in book.cells
    ]


@pytest.mark.slow
def test_a_solve_shows_its_progress_once(outputs):
    for cell, name in ((outputs[0], "Gauss-Newton"), (outputs[3], "Adam")):
        (shown,) = [data["text/html"] for data in cell if "<progress" in data.get("text/html", "")]
        rows = ("step", "elapsed", "budget", "loss", "poisson", "rim")
        assert name in shown and all(f"<th>{row}</th>" in shown for row in rows)


@pytest.mark.slow
def test_solutions_and_pictures_show_themselves(outputs):
    card, picture = outputs[1][0], outputs[2][0]
    rows = ("problem", "method", "why", "outcome", "error bar", "residual of rim", "parameters")
    assert all(f"<th>{row}</th>" in card["text/html"] for row in rows)
    assert 'src="data:image/png;base64,' in card["text/html"]
    assert len(picture["image/png"]) > 1000
    assert "<Figure" not in picture["text/plain"] and "icture of" in picture["text/plain"]


def reported(name="poisson", note="") -> Any:
    iterate = SimpleNamespace(note=note, finished="")
    method = SimpleNamespace(name="Adam")
    return SimpleNamespace(
        step=3,
        seconds=0.3,
        used=0.25,
        loss=0.5,
        iterate=iterate,
        method=method,
        terms=lambda: {name: 0.25},
    )


def test_names_cannot_break_the_panel():
    hostile = '<img src=x onerror="alert(1)">'
    shown = markup(reported(hostile, hostile), {hostile: 0.25})
    assert "<img" not in shown and shown.count("&lt;img") == 2
    assert '<progress value="0.250" max="1">' in shown


def test_outside_of_a_kernel_there_is_no_panel(monkeypatch):
    assert not in_notebook() and with_panel([], quiet=False) == []
    with watching(io.StringIO()) as report:
        assert not isinstance(report, NotebookPanel)
    shell = type("ZMQInteractiveShell", (), {})()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    own = NotebookPanel()
    assert in_notebook() and isinstance(with_panel([], quiet=False)[0], NotebookPanel)
    assert with_panel([own], quiet=False) == [own] and with_panel([], quiet=True) == []
    with watching() as report:
        assert isinstance(report, NotebookPanel)


def test_a_panel_stays_in_its_place(monkeypatch):
    shown: list[str] = []

    def display(text, display_id):
        shown.append(text)
        return SimpleNamespace(update=shown.append)

    fake = SimpleNamespace(HTML=str, display=display)
    monkeypatch.setattr(notebook, "import_module", lambda name: fake)
    panel = NotebookPanel()
    for _ in range(2):
        panel(reported())
    assert len(shown) == 2 and len(panel.place) == 1


def test_a_solution_without_a_problem_has_a_card_without_a_picture():
    card = told(Siren(2, width=3), why="<script>")._repr_html_()
    assert "<img" not in card and "&lt;script&gt;" in card and "none attached" in card


def test_pictures_say_what_they_show():
    @on(Box(x=(0, 1)))
    def half_of_it(p, u):
        return u

    solution = told(Siren(1, width=3), ("x",), problem=Problem(half_of_it))
    assert repr(solution.plot()).startswith("Picture of half of it, 3.9 × 2.6 inches")
    assert plot_history(solution)._repr_png_().startswith(b"\x89PNG")
