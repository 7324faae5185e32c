"""What is said of an answer wherever it is stored, drawn or told of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from siren_pde.estimates.estimate import Estimate
from siren_pde.optimisers.outcome import Outcome


class Verdict(Protocol):
    """How an answer was found, how that ended, and what it is worth."""

    @property
    def method(self) -> str:
        """The method's name."""
        ...

    @property
    def why(self) -> str:
        """Why it was chosen."""
        ...

    @property
    def outcome(self) -> Outcome:
        """How the solve ended."""
        ...

    @property
    def stop_reason(self) -> str:
        """The same in words."""
        ...

    @property
    def seconds(self) -> float:
        """How long it took."""
        ...

    @property
    def estimate(self) -> Estimate:
        """The error bar."""
        ...

    @property
    def residuals(self) -> Mapping[str, float]:
        """The relative residual of each condition."""
        ...
