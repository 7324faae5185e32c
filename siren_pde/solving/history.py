"""The course of a solve: one row per report."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, eq=False)
class History:
    """The run, one row per report: step number, seconds since the start, loss, the method's
    note.
    """

    steps: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def append(self, step: int, seconds: float, loss: float, note: str) -> None:
        """Add a row."""
        self.steps.append(step)
        self.seconds.append(seconds)
        self.losses.append(loss)
        self.notes.append(note)
