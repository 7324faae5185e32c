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
    ):
        assert text in line
    assert line.count("|") - line.count("\\|") == 8  # seven columns
