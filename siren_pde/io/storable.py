"""What a file holds of a solution, going in and coming out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from siren_pde.domains.base import Domain
from siren_pde.domains.homes import Homes
from siren_pde.estimates.estimate import Estimate
from siren_pde.estimates.verdict import Verdict
from siren_pde.fields.base import Field
from siren_pde.optimisers.outcome import Outcome
from siren_pde.optimisers.reached import Reached
from siren_pde.problem import Problem
from siren_pde.solving.history import History


class Storable(Verdict, Protocol):
    """What is stored of a solution."""

    @property
    def field(self) -> Field:
        """The fitted field."""
        ...

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of the coordinates."""
        ...

    @property
    def problem(self) -> Problem | None:
        """What it solves, of which the name is stored."""
        ...

    def home(self, unknown: str) -> Domain:
        """Where an unknown lives."""
        ...

    @property
    def loss(self) -> float:
        """The loss at the end."""
        ...

    @property
    def history(self) -> History:
        """The course of the solve."""
        ...

    @property
    def part(self) -> Reached | None:
        """What is solved, None if that is everything."""
        ...


@dataclass(frozen=True, eq=False)
class Stored:
    """What a file holds of a solution."""

    field: Field
    axes: tuple[str, ...]
    method: str
    why: str
    outcome: Outcome
    stop_reason: str
    seconds: float
    loss: float
    history: History
    estimate: Estimate
    residuals: Mapping[str, float]
    homes: Homes
    part: Reached | None
