"""Ratios to peers: their best error, our time to it, and where both end."""

import math

import pytest

from siren_pde.suites.answers import as_values, shown
from siren_pde.suites.page import write_suite
from siren_pde.suites.ratios import as_markdown, besides
from siren_pde.suites.standings import results_of, standings
from tests.suites.results import failed, result


def peer(name, seed, curve, **changes):
    """A peer's result: its last error is not its best."""
    cell = {"problem": "heat", "field": "peer", "method": name, "seed": seed}
    seconds, error = curve[-1]
    label = f"heat,peer,{name},seed={seed}"
    changes = {"error": error, "seconds": seconds, **changes}
    return result(curve=curve, **{**changes, "cell": cell, "label": label})


OURS = [
    result("heat", seed=0, error=1e-8, seconds=4.0, curve=[(1, 1e-1), (2, 1e-3), (4, 1e-8)]),
    result("heat", seed=1, error=1e-8, seconds=3.0, curve=[(1, 1e-2), (3, 1e-8)]),
    result("heat", seed=2, error=1e-6, seconds=9.0, curve=[(1, 1e-1), (9, 1e-6)]),
]
THEIRS = [
    peer("slow", 0, [(10, 1e-1), (100, 1e-3), (180, 2e-3)]),
    peer("slow", 1, [(10, 1e-1), (180, 4e-3)]),
]
EXACT = [peer("exact", seed, [(0.5, 1e-12)]) for seed in range(2)]
GONE = [
    {**failed("heat", seed=0), "cell": {**THEIRS[0]["cell"], "method": "gone"}},
]
ALL = [*OURS, *THEIRS, *EXACT, *GONE]


def test_ratios_are_ours_by_theirs():
    slow, exact, gone = besides(standings(results_of(ALL)))
    assert slow.best == (1e-3, 100) and slow.seconds == 3.0  # of 2, 3 and 9
    assert slow.time_ratio == pytest.approx(0.03)
    assert slow.errors == pytest.approx((1e-8, 3e-3))
    assert slow.error_ratio == pytest.approx(1e-8 / 3e-3)
    assert exact.seconds == math.inf and exact.error_ratio == pytest.approx(1e4)
    assert math.isnan(gone.best[0]) and gone.row[2] == "failed"
    assert exact.values["our_seconds"] is None and exact.values["error"] == 1e-12


def test_peers_are_compared_with_the_own_solver():
    other = result("heat", "adam", error=1e-2)
    (beside,) = besides(standings(results_of([other, *OURS, *THEIRS])))
    assert beside.ours.first.solver == "own"
    (beside,) = besides(standings(results_of([other, *THEIRS])))
    assert beside.ours.first.solver == "adam"
    assert not besides(standings(results_of(THEIRS))) and not besides(standings(results_of(OURS)))


def test_ratios_are_a_table_of_markdown():
    lines = as_markdown(besides(standings(results_of(ALL)))).splitlines()
    assert {line.count("|") for line in lines} == {10} and len(lines) == 5
    assert (
        lines[2] == "| heat | slow | 1.0e-03 | 100 s | 3 s | 0.03 | 3.0e-03 | 1.0e-08 | 3.3e-06 |"
    )
    assert "never" in lines[3] and "| gone | failed | – |" in lines[4]


def test_ratios_are_told_and_shown(tmp_path):
    assert "| heat | slow | 1.0e-03 |" in shown(ALL, [])
    assert [row["peer"] for row in as_values("mine", ALL, [])["peers"]] == ["slow", "exact", "gone"]  # type: ignore[index, union-attr, call-overload]
    page = write_suite(tmp_path / "a.html", "mine", "about", ALL).read_text()
    assert "Beside peers" in page and 'data-v="1e999">never' in page
    assert "Beside peers" not in write_suite(tmp_path / "a.html", "mine", "", OURS).read_text()
