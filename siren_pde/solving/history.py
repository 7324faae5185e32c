"""The course of a solve: one row per so many steps, the same whenever the solve is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, eq=False)
class History:
    """The run, one row per `Method.interval` steps, and one for its end: step number, seconds since
    the start, loss, the method's note, and the mean square of each condition in `terms`, by name
    (NaN where it is not known, as while a march has slabs before it).
    """

    steps: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    terms: dict[str, list[float]] = field(default_factory=dict)

    def append(
        self,
        step: int,
        seconds: float,
        loss: float,
        *,
        note: str = "",
        terms: Mapping[str, float] | None = None,
    ) -> None:
        """Add a row."""
        terms = terms or {}
        for name in terms:
            self.terms.setdefault(name, [math.nan] * len(self.steps))
        for name, column in self.terms.items():
            column.append(terms.get(name, math.nan))
        self.steps.append(step)
        self.seconds.append(seconds)
        self.losses.append(loss)
        self.notes.append(note)

    def first(self, rows: int) -> History:
        """A copy of so many rows."""
        return History(
            self.steps[:rows],
            self.seconds[:rows],
            self.losses[:rows],
            self.notes[:rows],
            {name: column[:rows] for name, column in self.terms.items()},
        )
