"""The search for the bandwidth and number of frozen features: what to try next, given how it
went.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

COMMON, AXIS, GROWTH = 1.6, 1.5, 1.5
"""By how much a step stretches all axes, one axis, and the number of features."""

AFRESH = 2.5
"""By how much features grow where no band resolved anything."""
RESOLVED = 0.05
"""Below this relative residual, the features are taken to resolve the solution at all."""


@dataclass(frozen=True)
class Trial:
    """A bandwidth per axis (radians per half-length of the box) and a number of features."""

    bandwidth: tuple[float, ...]
    features: int

    def stretched(self, axis: int | None, factor: float) -> Trial:
        """With the band of one axis, or of all, times `factor`."""
        band = (k * factor if axis in (None, i) else k for i, k in enumerate(self.bandwidth))
        return replace(self, bandwidth=tuple(band))


@dataclass(frozen=True)
class Search:
    """A climb along one direction after the other, all axes together first, then growth.

    `trial` is next, None when there is no more to try. `best` is the trial of the lowest relative
    `residual` so far. A direction is left when steps along it, in one sense and then in the
    other, are no better.
    """

    trial: Trial | None
    best: Trial
    residual: float = math.inf
    direction: int = 0
    upwards: bool = True
    moved: bool = False
    strikes: int = 0

    @staticmethod
    def starting(trial: Trial, *, fixed: bool) -> Search:
        """A search from `trial` on; with `fixed` bandwidth only the number of features grows."""
        return Search(trial, trial, direction=len(trial.bandwidth) + 1 if fixed else 0)

    def after(self, residual: float, tolerance: float, most: int) -> Search:
        """The search after `trial` gave `residual`: it ends below `tolerance` or above `most`."""
        assert self.trial is not None
        first, better = math.isinf(self.residual), residual < self.residual
        gained = residual < self.residual / 3
        s = replace(self, best=self.trial, residual=residual) if better else self
        if residual < tolerance:
            return replace(s, trial=None)
        if s.direction > len(s.best.bandwidth):
            return s._grown(0 if gained else s.strikes + 1, most)
        if better:
            return replace(s, moved=not first, strikes=0)._stepped(s.best)
        allowed = 1
        if s.direction == 0 and s.upwards:  # while nothing is resolved, worse says little
            allowed = 2 if s.residual < RESOLVED else 4
        if s.strikes + 1 < allowed:
            return replace(s, strikes=s.strikes + 1)._stepped(self.trial)
        if s.upwards and not s.moved:
            return replace(s, upwards=False, strikes=0)._stepped(s.best)
        return s._turned(most)

    def _stepped(self, origin: Trial) -> Search:
        axis, factor = (None, COMMON) if self.direction == 0 else (self.direction - 1, AXIS)
        return replace(self, trial=origin.stretched(axis, factor if self.upwards else 1 / factor))

    def _turned(self, most: int) -> Search:
        axes = len(self.best.bandwidth)
        last = self.direction == (axes if axes > 1 else 0)
        s = replace(self, upwards=True, moved=False, strikes=0)
        if not last:
            return replace(s, direction=self.direction + 1)._stepped(s.best)
        many = int(AFRESH * s.best.features)
        if s.residual > RESOLVED and many <= most:  # too few features to tell: climb once more
            again = replace(s.best, features=many)
            return Search(again, again)
        return replace(s, direction=axes + 1)._grown(0, most)

    def _grown(self, strikes: int, most: int) -> Search:
        """More features and, as they allow it, a wider band; two failures in a row end it."""
        features = int(GROWTH ** (1 + strikes) * self.best.features)
        if strikes > 1 or features > most:
            return replace(self, trial=None, strikes=strikes)
        grown = replace(self.best, features=features).stretched(None, 1.12)
        return replace(self, trial=grown, strikes=strikes)
