"""Solutions that nobody solved for, of any field: what tests of files, pictures and scans need."""

from siren_pde.optimisers.outcome import Outcome
from siren_pde.solving.history import History
from siren_pde.solving.solution import Solution


def told(field, axes=("x", "y"), **story):
    """A solution of this field with a story, parts of which may be given."""
    default = {
        "problem": None,
        "method": "Adam",
        "why": "for a test",
        "outcome": Outcome.budget,
        "stop_reason": "the steps are over",
        "seconds": 0.0,
        "loss": 0.0,
        "history": History(),
    }
    return Solution(field=field, axes=axes, **{**default, **story})
