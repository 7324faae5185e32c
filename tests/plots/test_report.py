"""Pages about runs: whole, safe, without a network, and true to what their folders hold."""

import itertools
import json
import os
import socket
from html.parser import HTMLParser

import numpy as np
import pytest
from typer.testing import CliRunner

from siren_pde import Box, Budget, GaussNewton, Problem, Siren, lap, on, pi, sin, solve
from siren_pde.cli.app import app
from siren_pde.errors import ConfigError, StorageError
from siren_pde.plots import write_comparison, write_report
from siren_pde.plots.advice import advice
from siren_pde.plots.compare import curves, differing, labels, numbers
from siren_pde.plots.history import Course, draw_course
from siren_pde.plots.pages import number, seconds
from siren_pde.plots.style import spread
from siren_pde.plots.told_runs import GRADES, ToldRun

LINE = Box(x=(0, 1))
HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script>&amp;'


def exact(p):
    return sin(pi * p.x)


@on(LINE)
def poisson(p, u):
    return lap(u) + pi**2 * exact(p)


@on(LINE.boundary, weight=3.0)
def rim(p, u):
    return u


class Page(HTMLParser):
    """What a page loads, and what is text in it."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def harmless(path):
    """The page at a path, which loads nothing and runs nothing."""
    text = path.read_text()
    page = Page(text)
    for tag, attributes in page.tags:
        assert tag not in ("script", "iframe", "object", "embed", "link", "base", "form"), tag
        assert not any(name.startswith("on") for name in attributes), attributes
        for name in ("src", "srcset", "data", "action", "background", "poster"):
            assert attributes.get(name, "data:").startswith("data:"), attributes
        assert ":" not in attributes.get("href", ""), attributes
    style = text[text.index("<style>") : text.index("</style>")]
    assert "url(" not in style and "@import" not in style
    return page


def solved(folder, steps, **choices):
    problem = Problem(poisson, rim, exact=exact)
    method, budget = GaussNewton(), Budget(steps=steps)
    return solve(
        problem, Siren(1, width=6), method, budget=budget, run=folder, quiet=True, **choices
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run that was solved from Python, without pictures."""
    place = tmp_path_factory.mktemp("runs") / "one"
    solved(place, 3, estimate="none")
    return place


def with_manifest(folder, to, **changes):
    """A copy of a run that says something else of itself."""
    to.mkdir()
    for name in ("metrics.jsonl", "clock.jsonl"):
        (to / name).write_bytes((folder / name).read_bytes())
    said = {**json.loads((folder / "manifest.json").read_text()), **changes}
    (to / "manifest.json").write_text(json.dumps(said))
    return to


def test_a_report_tells_all_of_a_run(folder):
    page = harmless(write_report(folder))
    run = ToldRun.read(folder)
    assert page.text.startswith("poisson")
    headings = ("The answer", "The equation", "How it went", "Each condition", "What was chosen")
    for heading in (*headings, "What to try next", "How to reproduce it"):
        assert heading in page.text
    assert "def poisson(p, u): return lap(u) + pi**2 * exact(p)" in page.text
    assert "on Box(x=(0, 1)).boundary, weight 3" in page.text
    assert run.method == "Gauss-Newton" and run.steps == 3
    assert number(run.error) in page.text and "none was asked for" in page.text
    assert {"user", "automatic", "default"} <= set(page.words)
    assert any(tag == "img" for tag, _ in page.tags)  # the curves


def test_nothing_in_a_run_breaks_its_pages(folder, tmp_path):
    words = dict.fromkeys(("name", "file", "sha256", "source"), HOSTILE)
    about = {"source": HOSTILE, "domain": HOSTILE, "weight": 1}
    hostile = with_manifest(
        folder,
        tmp_path / "a",
        problem={**words, "conditions": {HOSTILE: about, "odd": 7}},
        command={"file": HOSTILE, "method": HOSTILE, "machine": {HOSTILE: HOSTILE}, "network": 3},
        call={HOSTILE: {"value": HOSTILE, "origin": HOSTILE}, "odd": None},
        versions={HOSTILE: HOSTILE},
        machine={HOSTILE: HOSTILE},
        started=HOSTILE,
        outcome=HOSTILE,
        reason=f"`{HOSTILE}` {HOSTILE}",
        why=HOSTILE,
        result={
            "residuals": {HOSTILE: 1.0},
            "method": HOSTILE,
            "truth": HOSTILE,
            "estimate": {"why": HOSTILE},
            "steps": HOSTILE,
        },
        artefacts={HOSTILE: {"sha256": HOSTILE, "bytes": HOSTILE}},
    )
    row = {"step": 0, "loss": 1.0, "terms": {HOSTILE: 1.0}, "note": HOSTILE}
    (hostile / "metrics.jsonl").write_text(json.dumps(row) + "\n")
    assert HOSTILE in "".join(harmless(write_report(hostile)).words)
    write_comparison([hostile, folder], tmp_path / "both.html")
    assert HOSTILE in "".join(harmless(tmp_path / "both.html").words)


def test_a_killed_run_says_so(folder, tmp_path):
    killed = with_manifest(folder, tmp_path / "a", outcome="running", result={}, ended="")
    page = harmless(write_report(killed))
    assert ToldRun.read(killed).status == "killed" and "killed" in page.words
    assert "This run has not ended" in page.text and "siren-pde resume" in page.text
    assert "in step 3" in page.text
    own = {"pid": os.getpid(), "host": socket.gethostname()}
    (killed / ".lock").write_text(json.dumps(own))
    assert f"under way in process {os.getpid()} on this machine" in ToldRun.read(killed).unfinished
    (killed / ".lock").write_text(json.dumps({"pid": 1, "host": "elsewhere"}))
    assert "process 1 on elsewhere" in ToldRun.read(killed).unfinished
    (killed / ".lock").write_text("half a li")
    assert "has not ended" in ToldRun.read(killed).unfinished


def test_a_run_before_its_first_row_has_a_page(folder, tmp_path):
    early = with_manifest(folder, tmp_path / "a", outcome="running", result={}, call={}, ended="")
    (early / "metrics.jsonl").write_text('{"step": 0, "lo')
    (early / "clock.jsonl").unlink()
    assert "has not ended" in harmless(write_report(early)).text


def test_a_partial_answer_is_said_to_be_one(folder, tmp_path):
    result = {"reached": 0.25, "complete": False, "error": 1e-4, "method": "time slabs"}
    short = with_manifest(folder, tmp_path / "a", outcome="budget", result=result)
    text = harmless(write_report(short)).text
    assert "1.00e-04, up to 0.25" in text and "0.25, no further" in text
    assert "It is solved up to 0.25 only." in text


@pytest.mark.parametrize("outcome", GRADES)
def test_every_outcome_has_advice(folder, tmp_path, outcome):
    run = ToldRun.read(with_manifest(folder, tmp_path / "a", outcome=outcome))
    tips = advice(run)
    assert tips and all(tip.endswith(".") for tip in tips)


def test_what_is_no_run_is_said(tmp_path, folder):
    with pytest.raises(StorageError, match="Give the folder of a run"):
        write_report(tmp_path)
    with pytest.raises(StorageError, match=r"pages are written as \.html"):
        write_report(folder, tmp_path / "a.png")
    with pytest.raises(ConfigError, match="two folders or more"):
        write_comparison([folder], tmp_path / "a.html")


@pytest.fixture(scope="module")
def several(folder, tmp_path_factory):
    """The run, and another one with more steps and another seed, in a folder of the same name."""
    other = tmp_path_factory.mktemp("others") / "one"
    solved(other, 5, estimate="none", seed=4)
    return [ToldRun.read(folder), ToldRun.read(other)]


def test_runs_are_put_side_by_side(several, tmp_path):
    folders = [run.folder for run in several]
    write_report(folders[1])
    assert [len(label.split("/")) for label in labels(several)] == [2, 2]
    assert set(differing(several)) == {"budget", "seed"}
    assert differing(several)["seed"] == ["0", "4"]
    assert [each["steps"] for each in numbers(several)] == [3, 5]
    told = write_comparison(folders, tmp_path / "both.html")
    page = harmless(tmp_path / "both.html")
    assert [run.folder for run in told] == folders and "2 runs side by side" in page.text
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    assert (folders[1] / "report.html").resolve() in [(tmp_path / a).resolve() for a in links]
    figure = curves(several)
    assert figure is not None
    assert [len(axes.lines) for axes in figure.axes] == [2, 2]  # loss and error of both


def test_the_command_compares(several, tmp_path):
    folders = [str(run.folder) for run in several]
    out = ["--out", str(tmp_path / "a.html")]
    shown = CliRunner().invoke(app, ["compare", *folders, *out])
    lines = shown.stdout.splitlines()
    assert shown.exit_code == 0 and lines[0].split()[0] == "run"
    assert next(line for line in lines if line.startswith("steps")).split() == ["steps", "3", "5"]
    answer = json.loads(CliRunner().invoke(app, ["compare", *folders, *out, "--json"]).stdout)
    assert [run["steps"] for run in answer["runs"]] == [3, 5] and "seed" in answer["differing"]
    one = CliRunner().invoke(app, ["compare", folders[0]])
    assert one.exit_code == 2 and "ConfigError" in one.stderr


def test_the_command_reports(folder, tmp_path):
    out = tmp_path / "a.html"
    shown = CliRunner().invoke(app, ["report", str(folder), "--out", str(out)])
    assert shown.exit_code == 0 and str(out) in shown.stdout.replace("\n", "")
    assert harmless(out).text.startswith("poisson")
    assert (folder / "field.png").is_file()  # a run from Python leaves none by itself
    none = CliRunner().invoke(app, ["report", str(tmp_path / "nothing")])
    assert none.exit_code == 2 and "StorageError" in none.stderr


def test_how_to_run_it_again_is_said(folder, tmp_path):
    command = {
        "file": "/my problems/a.py",
        "method": "adam",
        "network": {"width": 32},
        "limits": {"steps": 10},
        "estimate": "quick",
        "machine": {"seed": 3, "device": "cpu", "dtype": None, "threads": 1},
    }
    run = ToldRun.read(with_manifest(folder, tmp_path / "a", command=command))
    assert run.command == (
        "siren-pde solve '/my problems/a.py' --method adam --width 32 --steps 10 --seed 3 "
        "--threads 1"
    )
    assert ToldRun.read(folder).command == 'solve(problem, seed=0, run="…")'


def test_courses_name_their_curves():
    terms = {"first": [4.0, 2e-3], "second": [np.nan, 1e-3], "zero": [0.0, 0.0]}
    figure = draw_course(Course([0, 1], [0.0, 0.5], [2.0, 1e-3], terms, [1.0, 0.1]), "a")
    top, right, *below = figure.axes
    assert len(top.lines) == 4 and len(below) == 2
    assert {text.get_text() for text in right.texts} == {"loss", "first", "second"}
    colours = {text.get_text(): text.get_color() for text in right.texts}
    assert colours["first"] == top.lines[1].get_color()
    plain = draw_course(Course([0, 1], [0.0, 0.5], [2.0, 1e-3]), "a")
    assert len(plain.axes) == 2 and not plain.axes[1].texts


@pytest.mark.parametrize(
    "heights", [[], [0.5], [0.1, 0.11, 0.12, 0.9], [0.3] * 4, [0.2, 0.4, 0.41]]
)
def test_names_do_not_overlap(heights):
    places = spread(heights, 0.1)
    assert len(places) == len(heights)
    assert all(b - a >= 0.1 - 1e-12 for a, b in itertools.pairwise(places))
    if heights:
        assert np.mean(places) == pytest.approx(np.mean(heights))


def test_numbers_are_written_as_people_do():
    assert [number(v) for v in (0.158, 12.0, 3e-9, 1234, 0.0, None, True, np.nan)] == [
        "0.158",
        "12",
        "3.00e-09",
        "1,234",
        "0",
        "–",
        "–",
        "–",
    ]
    assert [seconds(v) for v in (0.25, 45.0, 300.0, 9000.0, None)] == [
        "0.2 s",
        "45 s",
        "5 min",
        "2 h 30 min",
        "–",
    ]
