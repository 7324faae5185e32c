"""Waves all over space march first; where their crossings do not come close, boxes of space do."""

from __future__ import annotations

import math
import time as clock
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, final

import torch

from siren_pde.local_features.lines import FITTED, LocalLines
from siren_pde.local_features.lines_boxes import unsuited_lines
from siren_pde.optimisers.base import Architecture, Iterate, Method, Residuals, Spent
from siren_pde.optimisers.outcome import Outcome
from siren_pde.random_features.lines import MethodOfLines

CLOSE = 1e-5
"""Crossings that differ by less than this are not doubted."""
PATIENCE, LEAST = 4.0, 5.0
"""Boxes have so many times the seconds that waves took, and so many seconds at least."""
BRIEF, SLABS, FIRST = 100.0, 15.0, 0.4
"""With fewer seconds left than the first, boxes cross all of time before slabs follow a steep
solution, and those are not begun with fewer than the second: their first slab takes as long. Boxes
that have not crossed it in the third share of what was left will hardly do so.
"""


@dataclass(frozen=True, eq=False)
class Turn:
    """The problem, the iterates of waves and of boxes, and the seconds each have had; and whether
    boxes are only to cross before waves `go_on`, in the seconds `allowed`.
    """

    origin: Residuals
    waves: Iterate[Any]
    boxes: Iterate[Any] | None = None
    seconds: tuple[float, float] = (0.0, 0.0)
    go_on: bool = False
    allowed: float = math.inf


@final
@dataclass(frozen=True)
class Marches(Method[Turn]):
    """The method of lines, with waves all over space, and where it ends with crossings that do not
    come close, on boxes of space.

    Where small values grow, as ahead of a front, what waves leave all over space grows with them,
    and finer crossings stop coming closer; boxes have no say in each other's small values. The
    answer is that whose crossings came closer.
    """

    waves: MethodOfLines = field(default_factory=MethodOfLines)
    boxes: LocalLines = field(default_factory=LocalLines)
    name: str = MethodOfLines.name
    dtype: torch.dtype = torch.float64
    architecture: Architecture = Architecture(1, 1)
    descends: ClassVar[bool] = False

    def points(self, parameters: int) -> int:
        """As many as waves take."""
        return self.waves.points(parameters)

    def start(self, objective: Residuals) -> Iterate[Turn]:
        """Where waves start."""
        at: Iterate[Any] = self.waves.start(objective)
        return replace(at, state=Turn(objective, at))

    def step(self, at: Iterate[Turn], spent: Spent) -> Iterate[Turn]:
        """A step of the method whose turn it is."""
        began, turn = clock.monotonic(), at.state
        if turn.boxes is None or (turn.go_on and turn.boxes.reached is None):
            return self._with_waves(turn, spent)
        own = self.boxes.step(turn.boxes, spent)
        seconds = turn.seconds[1] + clock.monotonic() - began
        turn = replace(turn, boxes=own, seconds=(turn.seconds[0], seconds))
        if turn.go_on and own.reached is None:
            late = own.finished or spent.after(clock.monotonic() - began).left < SLABS
            turn = replace(turn, go_on=not late)
        elif turn.go_on and (seconds > turn.allowed or own.finished):
            turn = replace(turn, boxes=None, go_on=False)
            return replace(turn.waves, state=turn, note="boxes of space take too long")
        better = self._better(turn)
        if own.finished or (not turn.go_on and seconds > max(PATIENCE * turn.seconds[0], LEAST)):
            outcome = better.outcome
            if not better.finished:
                outcome = Outcome.converged if _apart(better) < FITTED else Outcome.budget
            return replace(better, state=turn, finished=_reason(turn, better), outcome=outcome)
        return replace(better, state=turn, finished="", note=own.note)

    def _with_waves(self, turn: Turn, spent: Spent) -> Iterate[Turn]:
        """A step of waves; what boxes have found is the answer until they get through."""
        began, calm = clock.monotonic(), turn.waves.state.steep is None
        own: Iterate[Any] = self.waves.step(turn.waves, spent)
        seconds = clock.monotonic() - began
        turn = replace(turn, waves=own, seconds=(turn.seconds[0] + seconds, turn.seconds[1]))
        left = spent.after(seconds).left
        if turn.boxes is not None:
            if not own.finished:
                return replace(turn.boxes, state=turn, note=own.note, finished="")
            better = own if own.outcome is Outcome.converged else turn.boxes
            return replace(better, state=turn, finished=own.finished, outcome=own.outcome)
        steep = calm and own.state.steep is not None
        if steep and left < BRIEF and not unsuited_lines(turn.origin):
            boxes, allowed = self.boxes.start(turn.origin), FIRST * left
            turn = replace(turn, boxes=boxes, go_on=True, allowed=allowed)
            return replace(own, state=turn, note="boxes of space cross first")
        if not own.finished or not self._doubted(turn, left):
            return replace(own, state=turn)
        turn = replace(turn, boxes=self.boxes.start(turn.origin))
        return replace(own, state=turn, finished="", note="boxes of space are next")

    def ran(self, at: Iterate[Turn]) -> str:
        """The method whose answer it is."""
        boxes = at.state.boxes
        local = boxes is not None and at.objective is boxes.objective
        return self.boxes.name if local else self.waves.name

    def _doubted(self, turn: Turn, left: float) -> bool:
        """Whether waves have an answer that boxes may better in the seconds left."""
        state, known = turn.waves.state, turn.waves.outcome is not Outcome.impossible
        if not known or state.steep is not None or unsuited_lines(turn.origin):
            return False
        return _apart(turn.waves) > CLOSE and left > turn.seconds[0]

    def _better(self, turn: Turn) -> Iterate[Any]:
        """The answer whose crossings came closer; without any, the one that reached further."""
        assert turn.boxes is not None
        waves, boxes = turn.waves, turn.boxes
        if waves.reached is None or boxes.reached is None:
            through = waves.reached is not None or _apart(boxes) < _apart(waves)
            return boxes if boxes.reached is None and through else waves
        return boxes if boxes.reached.value > waves.reached.value else waves


def _apart(at: Iterate[Any]) -> float:
    """How far the last two crossings of a march are apart."""
    best = at.state.best
    return math.inf if best is None else float(best.difference)


def _reason(turn: Turn, better: Iterate[Any]) -> str:
    """Why the better answer is the last, and how close crossings of the other method came."""
    assert turn.boxes is not None
    other, name = (
        (turn.boxes, LocalLines.name) if better is turn.waves else (turn.waves, MethodOfLines.name)
    )
    apart = _apart(other)
    came = f"came within {apart:.1e}" if math.isfinite(apart) else "came to no second one"
    best = better.state.best
    text = better.finished or (f"stopped at {better.reached}" if best is None else best.text)
    return f"{text}; crossings of the {name} {came}"
