"""How a solve ended, as one of a few kinds that programs can tell apart."""

from __future__ import annotations

from enum import Enum, unique


@unique
class Outcome(Enum):
    """The kind of end of a solve; `stop_reason` of a solution says the same in its own words.

    The value of each is its meaning in one sentence, its name is what files and programs hold.
    """

    converged = "The method ended by itself or reached the target."
    budget = "The seconds or steps of the budget were used up before the method was done."
    stagnated = "The loss did not fall any more, though the method had not converged."
    unresolved = "The field has too few parameters for the detail of the solution."
    non_finite = "The loss became NaN or infinite, and the last finite state was kept."
    interrupted = "The user ended the solve, and what was reached until then was kept."
    impossible = "The conditions contradict each other, so that no field satisfies them all."
    ill_posed = (
        "Other fields satisfy the conditions as well, or nearly so: they do not determine the "
        "solution."
    )

    @property
    def meaning(self) -> str:
        """What it means, in one sentence."""
        return self.value
