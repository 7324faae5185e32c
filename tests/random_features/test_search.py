"""The search for bandwidths finds the best of smooth landscapes, and tries nothing in vain."""

import math

import pytest

from siren_pde.random_features.search import HELD, Search, Trial
from tests.typed import known


def climbed(search, landscape, most=2000, tolerance=1e-12):
    """The search when a trial's residual is given by `landscape`, and the trials."""
    tried = []
    while search.trial is not None:
        tried.append(search.trial)
        assert len(tried) < 60
        search = search.after(landscape(search.trial), tolerance, most)
    return search, tried


def valley(best, floor=1e-3):
    """A residual that grows with the logarithmic distance from the band `best`."""

    def landscape(trial):
        pairs = zip(trial.bandwidth, best, strict=True)
        return floor * (1 + sum(math.log(a / b) ** 2 for a, b in pairs))

    return landscape


@pytest.mark.parametrize("best", [(5.0,), (3.0, 20.0), (8.0, 8.0, 2.0)])
@pytest.mark.parametrize("start", [1.5, 6.0, 15.0])
def test_the_valley_is_found_from_both_sides(best, start):
    most = 40_000  # features for every band on the way
    trial = Trial((start,) * len(best), most)
    search, _ = climbed(Search.starting(trial, fixed=False), valley(best), most)
    for found, wanted in zip(search.best.bandwidth, best, strict=True):
        assert abs(math.log(found / wanted)) < 0.75 * math.log(1.6)


@pytest.mark.parametrize("best", [(60.0, 60.0), (25.0, 40.0), (300.0, 2.0)])
def test_no_band_is_tried_that_the_features_cannot_hold(best):
    trial = Trial((10.0, 10.0), 200)
    _, tried = climbed(Search.starting(trial, fixed=False), valley(best, 0.3), most=1000)
    assert all(t.features >= HELD * t.freedom for t in tried)
    assert max(t.features for t in tried) > 200  # but at more features


def test_what_is_worse_than_the_zero_field_and_rises_ends_a_climb():
    trial = Trial((3.0, 3.0), 3000)
    rises = lambda t: 0.9 * max(t.bandwidth) ** 2 / 9  # noqa: E731
    _, tried = climbed(Search.starting(trial, fixed=False), rises, most=3000)
    above = [t for t in tried if max(t.bandwidth) > 1.7 * 3.0]
    assert len(above) <= 1


def test_one_residual_far_above_that_of_the_zero_field_ends_no_climb():
    """Few features of too low a band are large between points, by chance larger as it widens."""

    def over_a_hill(trial):
        width = max(trial.bandwidth)
        return (
            200.0 if 8 < width < 12 else valley((40.0, 40.0))(trial) * (1 if width > 12 else 3600)
        )

    search, _ = climbed(Search.starting(Trial((6.0, 6.0), 2500), fixed=False), over_a_hill, 2500)
    assert abs(math.log(search.best.bandwidth[0] / 40)) < 0.75 * math.log(1.6)


@pytest.mark.parametrize("seed", range(4))
def test_noise_tells_no_axis_from_another(seed):
    """Where nothing is resolved, residuals differ by a factor of two from draw to draw."""

    def noisy(trial):
        digits = hash((seed, *(round(1e3 * k) for k in trial.bandwidth), trial.features))
        return 0.2 * 2.0 ** (digits % 1000 / 1000)

    search, _ = climbed(Search.starting(Trial((6.0, 6.0), 200), fixed=False), noisy, most=3000)
    along = search.best.bandwidth
    assert along[0] == along[1]


def test_growth_continues_while_it_pays_and_ends_below_the_tolerance():
    start = Trial((4.0, 4.0), 200)
    falls = lambda t: 10 ** (-t.features / 60)  # noqa: E731
    search, tried = climbed(Search.starting(start, fixed=True), falls)
    assert search.residual < 1e-12
    assert search.best.features < 1.6 * 720
    assert len(tried) < 6


def test_growth_ends_where_it_no_longer_pays():
    start = Trial((4.0, 4.0), 200)
    search, tried = climbed(Search.starting(start, fixed=True), lambda t: 1e-5)
    assert (search.best, len(tried)) == (start, 3)


def test_growth_goes_on_to_the_end_while_the_residual_falls_slowly():
    start = Trial((4.0, 4.0), 200)
    slow = lambda t: 0.5 * t.features**-0.5  # noqa: E731
    search, _ = climbed(Search.starting(start, fixed=True), slow, most=3000)
    assert search.best.features > 3000 / 1.5**2


def test_growth_that_does_not_pay_is_tried_with_waves_of_every_length():
    start = Trial((4.0, 4.0), 200)
    _, tried = climbed(Search.starting(start, fixed=True), lambda t: 0.1, most=2000)
    _, narrow, wide = tried[:3]
    assert wide.freedom / start.freedom == pytest.approx(wide.features / 200, rel=0.02)
    assert narrow.freedom / start.freedom < 0.9 * narrow.features / 200


def test_fixed_features_are_tried_once_and_left_alone():
    start = Trial((4.0,), 300)
    search, tried = climbed(Search.starting(start, fixed=True), lambda t: 0.1, most=300)
    assert (search.best, len(tried)) == (start, 1)


def test_a_climb_that_is_hurried_goes_on_with_the_best_band():
    search = Search.starting(Trial((6.0, 6.0), 200), fixed=False).after(0.5, 1e-12, 2000)
    better = search.trial
    search = search.after(0.1, 1e-12, 2000, hurried=True)
    assert search.growing and search.best == better and known(search.trial).features > 200


def test_nothing_is_tried_that_is_too_large():
    search = Search.starting(Trial((6.0, 6.0), 200), fixed=False).after(0.5, 1e-12, 150)
    assert search.trial is None and search.answer is not None


def test_the_answer_is_the_best_of_all_climbs():
    """More features make it worse here."""
    residual = lambda t: 0.5 * t.features / 200  # noqa: E731
    search, _ = climbed(Search.starting(Trial((6.0, 6.0), 200), fixed=False), residual)
    assert search.answer.features == 200 and search.lowest == 0.5


@pytest.mark.parametrize("power", [1.0, 4.0])
def test_how_many_features_a_residual_takes_is_foreseen(power):
    start = Trial((4.0, 4.0), 200)
    falls = lambda t: (t.features / 100) ** -power  # noqa: E731
    search = Search.starting(start, fixed=True)
    assert search.needed(1e-6) == math.inf
    for _ in range(3):
        search = search.after(falls(search.trial), 1e-12, 10_000)
    assert search.rate == pytest.approx(power)
    assert search.needed(1e-6) == pytest.approx(100 * 10 ** (6 / power))
    assert search.needed(1.0) == search.best.features


def test_growth_aims_at_the_tolerance():
    """A residual that falls as a power of the features is met in the fewest steps."""
    start = Trial((4.0, 4.0), 200)
    fall = lambda t: (t.features / 100) ** -12.0  # noqa: E731
    search, tried = climbed(Search.starting(start, fixed=True), fall, tolerance=1e-10)
    assert search.residual < 1e-10 and len(tried) <= 4
    assert search.best.features < 1.3 * 100 * 10 ** (10 / 12)


# ── many axes ─────────────────────────────────────────────────────────────────────────────────────


def test_many_axes_begin_with_waves_along_few():
    def landscape(trial):
        return {1: 0.5, 2: 1e-3, 0: 0.1}[trial.order]

    start = Trial((4.0,) * 6, 600)
    search, tried = climbed(Search.starting(start, fixed=False), landscape)
    orders = [t.order for t in tried]
    assert orders[:3] == [1, 2, 0] and set(orders[3:]) == {2} and search.best.order == 2


def test_smooth_functions_of_many_coordinates_are_found_in_low_bands():
    """Pairs of coordinates explain nine tenths whatever the features; waves along all, in a low
    band, do the better the more there are.
    """

    def landscape(trial):
        if trial.order:
            return {1: 0.5, 2: 0.04}[trial.order]
        return 0.03 * (600 / trial.features) ** 2 * (1 + math.log(max(trial.bandwidth) / 0.6) ** 2)

    start = Trial((4.0,) * 6, 600)
    search, tried = climbed(Search.starting(start, fixed=False), landscape, most=5000)
    assert search.best.order == 0 and search.best.features > 3000
    assert 0.3 < max(search.best.bandwidth) < 1.2
    assert max(t.features for t in tried if t.order) < 3000  # the race is over by then
