"""The page of a suite: all that the results say, in one file that needs no network."""

import re
from html.parser import HTMLParser

import matplotlib.image as images
import numpy as np
import pytest

from siren_pde.suites.answers import as_values, shown
from siren_pde.suites.page import write_suite
from siren_pde.suites.svg import Axis, Curve, drawing
from tests.suites.results import failed, result

VOID = {"meta", "img", "br", "input", "link"}
LINES = [
    *(result(p, m, s) for p in ("heat", "<wave>") for m in ("own", "adam") for s in range(2)),
    failed("torus"),
    result("ratios", kind="script", seed=0, outcome="measured", measured={"a: ratio": 2.0}),
    result("ratios", kind="script", seed=1, outcome="measured", measured={"a: ratio": 2.2}),
    result("bunny", kind="sdf", measured={"eikonal": 0.02, "sdf_rmse_rel": 3e-3, "components": 1}),
]


class Balanced(HTMLParser):
    """Raises where elements are not closed in order; counts them."""

    def __init__(self):
        HTMLParser.__init__(self)
        self.open, self.count = [], {}

    def handle_starttag(self, tag, attrs):
        self.count[tag] = self.count.get(tag, 0) + 1
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.count[tag] = self.count.get(tag, 0) + 1

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def written(tmp_path, *lines, before=()):
    text = write_suite(tmp_path / "index.html", "mine", "`of` <all>", lines, before).read_text()
    parser = Balanced()
    parser.feed(text)
    assert not parser.open
    assert not re.search(r"https?:|//cdn|<link|src=\"(?!data:)", text)
    return text, parser.count


def test_everything_is_on_the_page(tmp_path):
    text, count = written(tmp_path, *LINES)
    assert "<wave>" not in text and "&lt;wave&gt;" in text and "<all>" not in text
    assert "<code>of</code> &lt;all&gt;" in text
    assert "&lt;b&gt;broken&lt;/b&gt;" in text and "1 failed" in text and "12 cells" in text
    assert count["tr"] == 1 + 5 + 2 + 2 + 4  # solves, fits, a script, machine and versions
    assert count["svg"] == 3 + 3 + 2  # profiles, shares by seconds, problems with errors
    assert "own<small>least squares</small>" in text and "adam<small>" not in text
    assert "Performance profiles" in text and "Dolan" in text
    assert "10.0%" in text  # how far two runs of a script are apart
    assert text.count("1.0e-04") >= 4 and "a processor" in text and "earlier run" not in text


def test_a_single_solver_has_no_profile(tmp_path):
    text, _ = written(tmp_path, result(), result("wave"))
    assert "Performance profiles" not in text and "Solved by seconds" in text


def test_suites_without_errors_or_results_have_pages(tmp_path):
    for lines in ([failed()], [result(error=None, estimate=None)], [result(error=0.0)], []):
        text, _ = written(tmp_path, *lines)
        assert "mine" in text


def test_what_is_worse_than_before_stands_first(tmp_path):
    before = [result("heat"), result("wave"), result("gone")]
    text, count = written(tmp_path, result("heat"), result("wave", error=1e-3), before=before)
    assert "1 of 2 are worse" in text and text.count("worse: error") == 2
    assert "Not in this run: gone, own, own." in text
    slow = result("ratios", kind="script", error=None, seconds=9.0, outcome="measured")
    slow = {**slow, "measured": {"a: ratio": 2.0}}
    late, _ = written(tmp_path, slow, before=[{**slow, "seconds": 2.0}])
    assert "1 of 1 are worse" in late and "worse: time" in late and ">1 cell<" in late
    assert "0.0%" not in late
    same, _ = written(tmp_path, result("heat"), before=[result("heat")])
    assert "Nothing is worse" in same and ">alike<" in same


def test_mixed_machines_are_told(tmp_path):
    other = result("wave", machine={"cpu": "another"})
    text, _ = written(tmp_path, result(), other)
    assert "2 different machines" in text and "different versions" not in text


def test_pictures_of_runs_are_on_the_page_and_small(tmp_path):
    folder = tmp_path / "cells" / "heat,seed=0"
    folder.mkdir(parents=True)
    images.imsave(folder / "field.png", np.random.default_rng(0).random((600, 1500, 3)))
    text, count = written(tmp_path, result())
    assert count["img"] == 1 and 'alt="the solution of heat"' in text
    assert len(text) < (folder / "field.png").stat().st_size / 2
    surface = tmp_path / "cells" / "bunny,seed=0"
    surface.mkdir()
    (surface / "mesh.png").write_bytes((folder / "field.png").read_bytes())
    fit, count = written(tmp_path, result("bunny", kind="sdf"))
    assert count["img"] == 1 and 'alt="the solution of bunny"' in fit and "500 MB" in fit
    (folder / "field.png").write_bytes(b"\x89PNG\r\n half")
    assert "img" not in written(tmp_path, result())[1]


def test_tables_tell_the_same_to_people_and_programs():
    told = shown(LINES, [result("heat", error=1e-6)])
    assert "heat     own     2      1.0e-04" in told and "torus,seed=0: exit code 1" in told
    assert "heat own own: worse in error" in told and "ratios" in told
    values = as_values("mine", LINES, [])
    assert values["cells"] == 12 and values["failed"] == 1 and values["changes"] == []
    rows, measured = values["rows"], values["measured"]
    assert isinstance(measured, list) and measured[1]["numbers"] == {"a: ratio": 2.0}
    assert isinstance(rows, list) and rows[0]["seconds_to"]["0.001"] == 1.0
    assert rows[0]["error_worst"] == 1e-4 and rows[-1]["outcome"] == "failed"


@pytest.mark.parametrize("axis", [Axis.decades, Axis.close])
def test_axes_hold_their_numbers_in_order(axis):
    for values in ([1e-15, 1.0], [2.0, 2.0], [0.03, 47.0], [1e-3], [9.99, 10.01]):
        made = axis("seconds", values)
        shares = [made.share(v) for v in sorted(values)]
        assert 0 <= shares[0] <= shares[-1] <= 1 and made.low < made.high
        assert [made.share(v) for v, _ in made.ticks] == sorted(
            made.share(v) for v, _ in made.ticks
        )
        assert made.ticks or axis is Axis.close


def test_steps_rise_where_their_points_are():
    x, y = Axis.decades("τ", [1.0, 100.0]), Axis.shares("share")
    steps = drawing([Curve("a", "red", [(1.0, 0.0), (10.0, 1.0)], steps=True)], x, y, "alt")
    line = drawing([Curve("a", "red", [(1.0, 0.0), (10.0, 1.0)]), Curve("b", "blue", [])], x, y, "")
    assert re.search(r"d=\"M50.0 [\d.]+H[\d.]+V10.0\"", steps) and "circle" not in steps
    assert line.count("<circle") == 2 and "<title>b" not in line and "10²" in line
