"""No false success: what has no answer ends otherwise, and says why; what has one is solved."""

import pytest

from siren_pde.cli.outcome import EXIT_CODES
from siren_pde.optimisers.outcome import Outcome
from tests.estimates.impossible_problems import IMPOSSIBLE
from tests.estimates.mis_scaled_problems import MIS_SCALED
from tests.estimates.undetermined_problems import UNDETERMINED
from tests.estimates.unresolved_problems import UNRESOLVED
from tests.estimates.well_posed_problems import WELL_POSED

ACCURATE, SOLVED = 1e-6, 1e-5
"""Relative L² errors of answers to problems in odd units, and to all others."""

NOT_SOLVED = {**IMPOSSIBLE, **UNRESOLVED, **UNDETERMINED}

pytestmark = pytest.mark.slow


def test_there_are_enough_of_each_kind():
    assert len(NOT_SOLVED) >= 60 and len(WELL_POSED) >= 20


@pytest.mark.parametrize("name", NOT_SOLVED)
def test_what_has_no_answer_is_not_solved(name):
    case = NOT_SOLVED[name]
    assert Outcome.converged not in case.allowed and case.word
    solution = case.solved()
    assert solution.outcome in case.allowed, solution.stop_reason
    assert case.word in solution.stop_reason
    assert EXIT_CODES[solution.outcome] not in (0, 1, 2)


@pytest.mark.parametrize("name", WELL_POSED)
def test_what_has_an_answer_is_solved(name):
    solution = WELL_POSED[name].solved()
    assert solution.outcome is Outcome.converged, solution.stop_reason
    assert solution.error() < SOLVED


@pytest.mark.parametrize("name", MIS_SCALED)
def test_odd_units_are_no_excuse(name):
    solution = MIS_SCALED[name].solved()
    if solution.outcome is Outcome.converged:
        assert solution.error() < ACCURATE
    else:
        assert any(word in solution.stop_reason for word in ("not solved", "finite"))
