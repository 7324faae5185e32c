"""The results of a suite: lines that only grow, survive a kill, and say all that a page needs."""

import json
import math
import re
from pathlib import Path

import pytest

from siren_pde.errors import DataFileError
from siren_pde.files.json_values import JSON
from siren_pde.runs.manifest import Manifest, now
from siren_pde.suites.cells import Cell, Solve
from siren_pde.suites.outcomes import FAILED, Row
from siren_pde.suites.script_child import measured as run_script
from siren_pde.suites.store import NAME, Store, failure, line_of, numbers_in, older


def cell(tmp_path, seed=0):
    file = tmp_path / "mine.py"
    file.write_text("problem = 1")
    return Cell("mine", "own", "adam", seed, Solve(file, "adam"))


def ended(tmp_path, seed=0, error=1e-4):
    """The row of a cell that has ended, and its run."""
    one = cell(tmp_path, seed)
    folder = tmp_path / "cells" / one.label
    folder.mkdir(parents=True)
    said = Manifest(
        outcome="converged",
        machine={"cpu": "a", "threads": 2},
        versions={"torch": "2"},
        ended=now(),
        result={"method": "Adam", "error_max": 2e-4, "memory": 10, "parameters": 7},
    )
    said.written(folder)
    steps = [{"step": 0, "error": 1.0}, {"step": 1}, {"step": 2, "error": 0.01}]
    lines = "".join(json.dumps(each) + "\n" for each in steps)
    (folder / "metrics.jsonl").write_text(lines)
    clock = [{"step": n, "seconds": n / 2} for n in range(3)]
    (folder / "clock.jsonl").write_text("".join(json.dumps(each) + "\n" for each in clock))
    return Row(one, folder, "converged", error, estimate=3e-4, seconds=1.5, steps=2)


def test_a_line_says_what_the_run_does(tmp_path):
    line = line_of("mine", ended(tmp_path), tmp_path)
    assert line["cell"] == {"problem": "mine", "field": "own", "method": "adam", "seed": 0}
    assert line["curve"] == [[0.0, 1.0], [1.0, 0.01], [1.5, 1e-4]]
    assert (line["error"], line["error_max"], line["estimate"]) == (1e-4, 2e-4, 3e-4)
    assert (line["memory"], line["parameters"], line["ran"]) == (10, 7, "Adam")
    assert (
        line["machine"] == {"cpu": "a", "threads": 2} and line["folder"] == "cells/mine,adam,seed=0"
    )


def test_every_field_of_a_line_is_documented(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "suites.md").read_text()
    heads = " ".join(re.findall(r"^\| (`.*?) \|", page, re.M))
    assert {*line_of("mine", ended(tmp_path), tmp_path)} <= {*re.findall(r"`(\w+)`", heads)}


def test_a_failure_is_a_line_with_its_type(tmp_path):
    one = cell(tmp_path)
    reason = "exit code 2; ConfigError: no such method; take another"
    line = line_of("mine", Row(one, tmp_path / "cells" / "a", FAILED, reason=reason), tmp_path)
    assert line["failure"] == {"type": "ConfigError", "message": "no such method; take another"}
    assert line["curve"] == [] and line["error"] is None and line["machine"]
    assert failure("killed by signal 9; it has said nothing")["type"] == ""


def test_the_last_line_of_a_cell_counts_and_is_added_once(tmp_path):
    store = Store.opened(tmp_path)
    first, second = ended(tmp_path), ended(tmp_path, 1)
    for row in (first, second, first):
        store.add(line_of("mine", row, tmp_path))
    assert len((tmp_path / NAME).read_text().splitlines()) == 2
    store.add({**line_of("mine", first, tmp_path), "error": 5.0})
    assert len((tmp_path / NAME).read_text().splitlines()) == 3
    assert [line["error"] for line in store.latest().values()] == [5.0, 1e-4]


def test_half_a_line_of_a_kill_is_cut_off(tmp_path):
    store = Store.opened(tmp_path)
    store.add(line_of("mine", ended(tmp_path), tmp_path))
    with open(tmp_path / NAME, "ab") as file:
        file.write(b'{"label": "half')
    again = Store.opened(tmp_path)
    again.add(line_of("mine", ended(tmp_path, 1), tmp_path))
    assert len(again.latest()) == 2 == len((tmp_path / NAME).read_text().splitlines())


def test_results_of_an_earlier_run_are_asked_for_by_name(tmp_path):
    with pytest.raises(DataFileError, match="no results"):
        older(tmp_path)
    (tmp_path / NAME).write_text('{"format": 1')
    with pytest.raises(DataFileError, match="no results of a suite that this version reads"):
        older(tmp_path)
    (tmp_path / NAME).write_text("no JSON\n")
    with pytest.raises(DataFileError, match="holds no results"):
        older(tmp_path)


def test_numbers_of_scripts_are_named_by_their_paths():
    rows: list[JSON] = [{"case": "width 64", "ratio": 2.0, "more": [1, True]}, {"ratio": math.pi}]
    assert numbers_in({"rows": rows, "all": 3}) == [
        ("width 64: ratio", 2.0),
        ("width 64: more: 1", 1),
        ("2: ratio", math.pi),
        ("all", 3),
    ]
    twice: list[JSON] = [{"case": "a", "ratio": 1}, {"case": "a", "ratio": 2}]
    assert dict(numbers_in(twice)) == {"a, 1: ratio": 1, "a, 2: ratio": 2}


def test_the_last_line_of_a_script_becomes_a_result(tmp_path: Path):
    script = tmp_path / "ratios.py"
    script.write_text("import sys\nprint('a table')\nprint(sys.argv[1])")
    assert run_script(tmp_path, script, ['[{"case": "a", "ratio": 2}]']) == 0
    said = Manifest.read(tmp_path)
    assert said.finished and said.result["measured"] == {"rows": [{"case": "a", "ratio": 2}]}
    assert run_script(tmp_path, script, ["no JSON"]) == 1
    script.write_text("raise SystemExit(3)")
    assert run_script(tmp_path, script, []) == 3
