"""The page of problems is what was measured, and has a row for every file."""

import json
from pathlib import Path

from tests.typed import module_at

gallery = module_at(Path(__file__).parents[1] / "tools" / "gallery.py", "gallery_tool")


def results():
    return json.loads(gallery.RESULTS.read_text())


def test_every_problem_was_measured_and_nothing_else():
    assert sorted(results()) == gallery.names()


def test_the_page_is_the_measurements():
    assert gallery.TABLE.read_text() == gallery.table(results())


def test_a_row_says_worst_error_slowest_seed_and_truth():
    r = {
        "method": "least squares",
        "why": "least squares, since |r| is affine",
        "parameters": 1234,
        "errors": [1e-9, 3e-9],
        "seconds": [1.0, 2.5],
        "bar": {"outcome": "converged", "error": 1e-9, "interval": [6e-10, 2e-9], "why": ""},
        "truth": "finite elements",
        "truth_accuracy": 2e-7,
        "threads": 2,
        "machine": "a machine",
    }
    line = gallery.row("poisson", r)
    for text in (
        "−Δu = f",
        "3.0e-09",
        "| 2.5 (2 threads) |",
        "finite elements, accurate to 2e-07",
        "1,234",
        "converged; 6.0e-10 … 2.0e-09, in truth 1.0e-09",
    ):
        assert text in line
    assert line.count("|") - line.count("\\|") == 9  # eight columns


def test_a_row_says_why_there_is_no_error_bar():
    none = {"outcome": "unresolved", "error": 0.1, "interval": [None, None], "why": "kinks"}
    assert gallery.shown(none) == "unresolved; none: kinks" and gallery.shown(None) == ""
