"""The search for bandwidths finds the best of smooth landscapes in few trials."""

import math

import pytest

from siren_pde.random_features.search import Search, Trial


def climbed(search, landscape, most=2000, tolerance=1e-12):
    """The search when a trial's residual is given by `landscape`, and the number of trials."""
    count = 0
    while search.trial is not None:
        count += 1
        assert count < 60
        search = search.after(landscape(search.trial), tolerance, most)
    return search, count


@pytest.mark.parametrize("best", [(5.0,), (3.0, 20.0), (8.0, 8.0, 2.0)])
def test_the_valley_is_found(best):
    def landscape(trial):
        apart = sum(math.log(a / b) ** 2 for a, b in zip(trial.bandwidth, best, strict=True))
        return 1e-3 * (1 + apart)

    start = Trial((6.0,) * len(best), 200)
    search, _ = climbed(Search.starting(start, fixed=False), landscape)
    for found, wanted in zip(search.best.bandwidth, best, strict=True):
        assert abs(math.log(found / wanted)) < 0.75 * math.log(1.6)


def test_growth_continues_while_it_pays_and_ends_below_the_tolerance():
    start = Trial((4.0, 4.0), 200)
    search, count = climbed(Search.starting(start, fixed=True), lambda t: 10 ** (-t.features / 60))
    assert search.residual < 1e-12
    assert search.best.features < 1.6 * 720
    assert count < 6


def test_growth_ends_where_it_no_longer_pays():
    start = Trial((4.0, 4.0), 200)
    search, count = climbed(Search.starting(start, fixed=True), lambda t: 1e-5)
    assert (search.best, count) == (start, 3)


def test_fixed_features_are_tried_once_and_left_alone():
    start = Trial((4.0,), 300)
    search, count = climbed(Search.starting(start, fixed=True), lambda t: 0.1, most=300)
    assert (search.best, count) == (start, 1)


def test_many_axes_begin_with_waves_along_few():
    def landscape(trial):
        return {1: 0.5, 2: 1e-3, 0: 0.1}[trial.order]

    tried = []

    def watched(trial):
        tried.append(trial.order)
        return landscape(trial)

    start = Trial((4.0,) * 6, 600)
    search, _ = climbed(Search.starting(start, fixed=False), watched)
    assert tried[:3] == [1, 2, 0] and set(tried[3:]) == {2} and search.best.order == 2


def test_growth_aims_at_the_tolerance():
    """A residual that falls as a power of the features is met in the fewest steps."""
    start = Trial((4.0, 4.0), 200)
    fall = lambda t: (t.features / 100) ** -12.0  # noqa: E731
    search, count = climbed(Search.starting(start, fixed=True), fall, tolerance=1e-10)
    assert search.residual < 1e-10 and count <= 4
    assert search.best.features < 1.3 * 100 * 10 ** (10 / 12)
