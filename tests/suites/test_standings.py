"""What results come to: medians over seeds, times to errors, profiles, and what has changed."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siren_pde.suites.profiles import Steps, compared, performance_ratios, reached
from siren_pde.suites.regressions import ERROR, FAILS, RUNS, TIME, changes, missing
from siren_pde.suites.standings import results_of, standings
from tests.suites.results import failed, result

TIMES = st.one_of(st.floats(1e-3, 1e3), st.just(math.inf))
TAUS = [1.0, 1.5, 2.0, 10.0, 1e3, 1e9]


def of(*lines):
    return standings(results_of(lines))


def test_seeds_are_taken_together():
    errors, seconds = [1e-4, 1e-2, 1e-3], [3.0, 1.0, 2.0]
    pairs = enumerate(zip(errors, seconds, strict=True))
    lines = [result(seed=i, error=e, seconds=s) for i, (e, s) in pairs]
    (one,) = of(*lines)
    assert (one.over("error"), one.over("error", max), one.over("seconds")) == (1e-3, 1e-2, 2.0)
    assert one.outcome == "converged" and one.key == ("heat", "own", "own")
    assert len(of(*lines, result("wave"), result(method="adam"))) == 3


def test_a_failure_leaves_the_numbers_of_other_seeds():
    (one,) = of(result(error=1e-4), failed(seed=1), result(seed=2, error=1e-2))
    assert one.over("error") == pytest.approx(5.05e-3) and one.outcome == "converged 2, failed 1"
    assert "broken" in one.reason and len(one.failed) == 1
    (unknown,) = of(result(error=None), result(seed=1))
    assert math.isnan(unknown.over("error"))


def test_a_time_to_an_error_is_the_first_and_the_median_of_all_seeds():
    curve = [(1.0, 1.0), (2.0, 1e-4), (3.0, 1e-2), (4.0, 1e-7)]
    first, never = result(curve=curve), result(seed=1, error=0.1)
    (one,) = of(first, result(seed=1, curve=[(9.0, 1e-8)]), result(seed=2, curve=curve))
    assert (one.time_to(1e-3), one.time_to(1e-6), one.time_to(1e-9)) == (2.0, 4.0, math.inf)
    (half,) = of(first, never)  # the median of two is the worse one
    assert half.time_to(1e-3) == math.inf


@given(st.lists(st.tuples(TIMES, TIMES, TIMES), min_size=1, max_size=12))
def test_profiles_rise_to_the_share_that_is_solved(rows):
    times = {name: [row[i] for row in rows] for i, name in enumerate("abc")}
    profiles = performance_ratios(times)
    for name, steps in profiles.items():
        shares = [steps.at(tau) for tau in TAUS]
        assert shares == sorted(shares) and 0 <= shares[0] and shares[-1] <= 1
        solved = sum(math.isfinite(t) for t in times[name]) / len(rows)
        assert steps.at(math.inf) == steps.last == pytest.approx(solved)
        assert steps.at(0.999) == 0
    solvable = sum(any(map(math.isfinite, row)) for row in rows) / len(rows)
    assert sum(steps.at(1.0) for steps in profiles.values()) >= solvable - 1e-12
    scaled = {name: [8 * t for t in row] for name, row in times.items()}
    assert performance_ratios(scaled) == profiles


def test_a_profile_by_hand():
    """Dolan and Moré's ratios: a is fastest on two of three, b takes twice and half its time."""
    profiles = performance_ratios({"a": [1.0, 2.0, math.inf], "b": [2.0, 1.0, 5.0]})
    assert [profiles["a"].at(tau) for tau in (1, 2, 100)] == pytest.approx([1 / 3, 2 / 3, 2 / 3])
    assert [profiles["b"].at(tau) for tau in (1, 2)] == pytest.approx([2 / 3, 1.0])


def test_solvers_are_compared_on_what_all_were_given():
    lines = [result(p, m) for p in ("heat", "wave") for m in ("own", "adam")]
    lines += [result("only"), failed("wave", "lbfgs"), failed("heat", "lbfgs")]
    times = compared(results_of(lines), 1e-3)
    assert times == {"own": [1.0, 1.0], "adam": [1.0, 1.0], "lbfgs": [math.inf, math.inf]}
    assert compared(results_of([result()]), 1e-3) == {} == compared([], 1e-3)
    assert compared(results_of([result("a"), result("b", "adam")]), 1e-3) == {}
    shares = reached(results_of(lines), 1e-3)
    assert shares["own"].at(0.9) == 0 and shares["own"].at(1.0) == 1 and shares["lbfgs"].last == 0
    assert Steps.of([]).last == 0 == Steps.of([]).at(1)


@pytest.mark.parametrize(
    ("before", "after", "worse", "better"),
    [
        ({"error": 1e-4}, {"error": 2.9e-4}, (), ()),
        ({"error": 1e-4}, {"error": 3.1e-4}, (ERROR,), ()),
        ({"error": 3.1e-4}, {"error": 1e-4}, (), (ERROR,)),
        ({"error": 1e-15}, {"error": 9e-13}, (), ()),
        ({"error": 1e-15}, {"error": 4e-12}, (ERROR,), ()),
        ({"seconds": 2.0}, {"seconds": 2.9}, (), ()),
        ({"seconds": 2.0}, {"seconds": 3.1}, (TIME,), ()),
        ({"seconds": 3.1}, {"seconds": 2.0}, (), (TIME,)),
        ({"seconds": 0.05}, {"seconds": 0.2}, (), ()),
        ({"error": None}, {"error": 1.0}, (), ()),
    ],
)
def test_what_is_worse_is_marked(before, after, worse, better):
    (change,) = changes(of(result(**after)), of(result(**before)))
    assert (change.worse, change.better) == (worse, better)


def test_new_failures_are_marked_and_what_is_missing_is_told():
    (change,) = changes(of(result(), failed(seed=1)), of(result(), result(seed=1)))
    assert change.worse == (FAILS,)
    (back,) = changes(of(result()), of(failed()))
    assert back.better == (RUNS,) and not back.worse
    now, before = of(result("heat"), result("new")), of(result("heat"), result("old"))
    assert [change.key[0] for change in changes(now, before)] == ["heat"]
    assert missing(now, before) == [("old", "own", "own")]
