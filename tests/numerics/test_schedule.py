"""Weights that follow the budget."""

import numpy as np
import pytest
import torch

from siren_pde import Adam, Box, Budget, Problem, Schedule, Siren, on, solve
from siren_pde.collocation.objective import objective_of
from siren_pde.errors import ConfigError
from siren_pde.extend import Spent


def test_schedules_are_linear_between_their_pairs():
    schedule = Schedule((0.2, 3), (0.4, 1), (1, 4))
    shares, values = [0, 0.2, 0.3, 0.4, 0.7, 1], [3, 3, 2, 1, 2.5, 4]
    assert [schedule(share) for share in shares] == pytest.approx(values)
    assert schedule.largest == 4


@pytest.mark.parametrize(
    "pairs",
    [
        (),
        [(0, 0), (1, 0)],
        [(0.5, 1), (0.5, 2)],
        [(0, -1), (1, 1)],
        [(0, 1), (2, 1)],
        [(0, np.nan)],
    ],
)
def test_schedules_that_make_no_sense_are_refused(pairs):
    with pytest.raises(ConfigError, match=r"zero|pairs"):
        Schedule(*pairs)


def test_a_scheduled_weight_multiplies_its_term():
    @on(Box(x=(0, 1)), weight=Schedule((0, 8), (1, 2)))
    def scheduled(p, u):
        return u - 1

    @on(Box(x=(0, 1)))
    def plain(p, u):
        return u - 1

    field = Siren(1, width=8)
    at = {c: Adam().start(objective_of(Problem(c), field)) for c in (plain, scheduled)}
    for used, weight in ((0.0, 8), (0.5, 5), (1.0, 2)):
        follow, stay = (Adam().step(at[c], Spent(used)) for c in (scheduled, plain))
        assert torch.allclose(follow.loss, weight * stay.loss)
    assert torch.allclose(at[scheduled].loss, 2 * at[plain].loss)


def test_a_constant_schedule_is_a_weight():
    def solved(weight):
        @on(Box(x=(0, 1)), weight=weight)
        def one(p, u):
            return u - 1

        field = Siren(1, width=8)
        return solve(Problem(one), field, Adam(batch=16), budget=Budget(steps=20), quiet=True)

    assert solved(Schedule((0.3, 3))).loss == solved(3).loss


def test_a_schedule_is_written_as_it_is_made():
    assert repr(Schedule((0.0, 8.0), (1.0, 2.0))) == "Schedule((0.0, 8.0), (1.0, 2.0))"
