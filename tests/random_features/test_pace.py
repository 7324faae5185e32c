"""What trials cost is known from those before them."""

import math

import pytest

from siren_pde.random_features.features import Pace


def test_nothing_is_known_at_first():
    assert Pace().predicted(1000) == 0 and Pace().most(1e-9) == math.inf


@pytest.mark.parametrize("columns", [50, 900, 4000])
def test_as_many_columns_fit_as_are_predicted_to(columns):
    pace = Pace().after(600, 0.2)
    assert pace.predicted(600) == pytest.approx(0.2)
    seconds = pace.predicted(columns)
    assert 0.85 * columns < pace.most(seconds) < columns  # less, for other programs run beside
    assert pace.most(0) == pace.most(-1) == 0 and pace.most(math.inf) == math.inf


def test_work_grows_with_the_cube_of_many_columns():
    pace = Pace().after(600, 0.2)
    assert pace.predicted(80_000) / pace.predicted(40_000) == pytest.approx(8, rel=0.02)


def test_the_largest_trials_count_and_the_slowest_of_them():
    pace = Pace().after(600, 0.2).after(200, 9.0)
    assert pace.predicted(600) == pytest.approx(0.2)
    assert pace.after(600, 0.1) == pace
    assert pace.after(600, 0.3).predicted(600) == pytest.approx(0.3)
    assert pace.after(700, 0.1).predicted(700) == pytest.approx(0.1)
