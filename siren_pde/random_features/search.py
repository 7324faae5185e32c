"""The search for the bandwidth and number of frozen features: what to try next, given how it
went.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

COMMON, AXIS, GROWTH = 1.6, 1.5, 1.5
"""By how much a step stretches all axes, one axis, and the number of features."""

WIDENING = 0.28
"""Bands grow with the number of features to this power."""
FASTEST, DEAR = 3.5, 2000
"""The most by which features grow at once, up to so many; beyond, they double."""
AXIS_BY_AXIS, MOST_AXES = 3, 2
"""Up to how many axes bands are found axis by axis, and beyond, how many a wave has at most but for
all."""

AFRESH = 2.5
"""By how much features grow where no band resolved anything."""
RESOLVED, BLIND = 0.02, 0.3
"""Below the first relative residual, the features are taken to resolve the solution at all; above
the second, they do not tell one axis from another.
"""
COARSE = 1e-3
"""Above this residual, features are added four times in vain before growth ends, else twice."""
ROUNDED = 1e-9
"""Where more features gain little and the residual is below this, rounding errors are what is left.
"""


@dataclass(frozen=True)
class Trial:
    """A bandwidth per axis (radians per half-length of the box) and a number of features.

    Each wave varies along `order` axes at most, 0 for all of them.
    """

    bandwidth: tuple[float, ...]
    features: int
    order: int = 0

    def stretched(self, axis: int | None, factor: float) -> Trial:
        """With the band of one axis, or of all, times `factor`."""
        band = (k * factor if axis in (None, i) else k for i, k in enumerate(self.bandwidth))
        return replace(self, bandwidth=tuple(band))


@dataclass(frozen=True)
class Search:
    """A climb along one direction after the other, all axes together first, then growth.

    `trial` is next, None when there is no more to try. `best` is the trial of the lowest relative
    `residual` so far, `smaller` the one that it has outgrown, and its residual. A direction is left
    when steps along it, in one sense and then in the other, are no better. Beyond three axes, the
    climb begins with waves along one axis, along pairs, and along all (direction −1): solutions
    there are often sums of functions of few coordinates.
    """

    trial: Trial | None
    best: Trial
    residual: float = math.inf
    direction: int = 0
    upwards: bool = True
    moved: bool = False
    strikes: int = 0
    smaller: tuple[int, float] | None = None

    @staticmethod
    def starting(trial: Trial, *, fixed: bool) -> Search:
        """A search from `trial` on; with `fixed` bandwidth only the number of features grows."""
        axes = len(trial.bandwidth)
        if axes > AXIS_BY_AXIS and not fixed:
            first = replace(trial, order=1)
            return Search(first, first, direction=-1)
        return Search(trial, trial, direction=axes + 1 if fixed else 0)

    def after(self, residual: float, tolerance: float, most: int) -> Search:
        """The search after `trial` gave `residual`: it ends below `tolerance` or above `most`."""
        assert self.trial is not None
        first, better = math.isinf(self.residual), residual < self.residual
        gained = residual < self.residual / 3
        s = replace(self, best=self.trial, residual=residual) if better else self
        if residual < tolerance:
            return replace(s, trial=None)
        if s.direction < 0:
            return s._widened()
        if s.direction > len(s.best.bandwidth):
            last = (self.best.features, self.residual)
            s = replace(s, smaller=last if better and not first else s.smaller)
            strikes = 0 if gained else s.strikes + 1
            if strikes and s.residual < ROUNDED:
                return replace(s, trial=None, strikes=strikes)
            return s._grown(strikes, tolerance, most)
        if better:
            return replace(s, moved=not first, strikes=0)._stepped(s.best)
        allowed = 1
        if s.direction == 0 and s.upwards:  # while nothing is resolved, worse says little
            allowed = 2 if s.residual < RESOLVED else 4
        if s.strikes + 1 < allowed:
            return replace(s, strikes=s.strikes + 1)._stepped(self.trial)
        if s.upwards and not s.moved:
            return replace(s, upwards=False, strikes=0)._stepped(s.best)
        return s._turned(tolerance, most)

    def _stepped(self, origin: Trial) -> Search:
        axis, factor = (None, COMMON) if self.direction == 0 else (self.direction - 1, AXIS)
        return replace(self, trial=origin.stretched(axis, factor if self.upwards else 1 / factor))

    def _turned(self, tolerance: float, most: int) -> Search:
        axes = len(self.best.bandwidth)
        last = self.direction == (axes if 1 < axes <= AXIS_BY_AXIS else 0)
        s = replace(self, upwards=True, moved=False, strikes=0)
        many = int(AFRESH * s.best.features)
        few = s.residual > (RESOLVED if last else BLIND)
        if few and many <= most:  # too few features to tell: climb once more
            again = replace(s.best, features=many)
            return Search(again, again)
        if not last:
            return replace(s, direction=self.direction + 1)._stepped(s.best)
        return replace(s, direction=axes + 1)._grown(0, tolerance, most)

    def _widened(self) -> Search:
        """Waves along more axes, and then the climb from the order that was best."""
        assert self.trial is not None
        if self.trial.order:
            order = self.trial.order + 1 if self.trial.order < MOST_AXES else 0
            return replace(self, trial=replace(self.trial, order=order))
        return replace(self, direction=0, moved=True)._stepped(self.best)

    def _fastest(self) -> float:
        """By how much features may grow at once, less so where they are expensive."""
        return max(2.0, min(FASTEST, DEAR / self.best.features))

    def _grown(self, strikes: int, tolerance: float, most: int) -> Search:
        """More features and, as they allow it, a wider band; failures in a row end it.

        How many follows from how the residual fell when they last grew, to reach the tolerance.
        """
        factor = GROWTH ** (1 + strikes)
        if self.smaller is not None and not strikes:
            features, residual = self.smaller
            rate = math.log(residual / self.residual) / math.log(self.best.features / features)
            wanted = math.log(2 * self.residual / tolerance) / max(rate, 1e-3)
            factor = math.exp(min(max(wanted, math.log(1.2)), math.log(self._fastest())))
        features = int(factor * self.best.features)
        if features > most > 1.2 * self.best.features:
            features, factor = most, most / self.best.features
        if strikes > (1 if self.residual < COARSE else 3) or features > most:
            return replace(self, trial=None, strikes=strikes)
        trial = replace(self.best, features=features).stretched(None, factor**WIDENING)
        return replace(self, trial=trial, strikes=strikes)
