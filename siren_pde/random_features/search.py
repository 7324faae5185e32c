"""The search for the band and number of frozen features: what to try next, given how it went."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

COMMON, AXIS, GROWTH = 1.6, 1.5, 1.5
"""By how much a step stretches all axes, one axis, and the number of features."""
HELD = 1.2
"""Features for each degree of freedom of a band at least: with fewer, they hold no wave of it."""
GAINED = 0.8
"""A step is better where nothing is resolved if it leaves less than this: from one draw of features
to the next, residuals differ as much.
"""
CLEARLY = 3.0
"""A residual this much larger than the best one needs no second look; nor is one axis told from
another by less where nothing is resolved.
"""
WIDENING = 0.28
"""Bands grow with the number of features to this power while that helps. If it does not, they grow
as degrees of freedom do: singular solutions have waves of every length.
"""
FASTEST, DEAR = 3.5, 2000
"""The most by which features grow at once, up to so many; beyond, they double."""
AXIS_BY_AXIS, MOST_AXES = 3, 2
"""Up to how many axes bands are found axis by axis; beyond, how many a wave has, if not all."""
AHEAD, HOPELESS, RACED = 3.0, 30.0, 2
"""Waves along few axes and along all are compared until one is so much better, the second unless it
is so much worse at first, at sizes that grow by the last.
"""
LOWER, LOWEST = 2.0, 0.1
"""By how much bands along all of many axes are narrowed, down to radians per half-length."""

AFRESH = 2.5
"""By how much features grow where no band resolved anything."""
RESOLVED, BLIND = 0.02, 0.3
"""Features resolve something below the first relative residual, and tell no axes above the second.
"""
COARSE = 1e-3
"""Above it, growth ends after four failures where something is resolved, else after two."""
ROUNDED = 1e-9
"""Where more features gain little and the residual is below this, rounding errors are what is left.
"""
FEWEST_TO_TELL = 1e-3
"""The least power of the features with which a residual is taken to fall."""


@dataclass(frozen=True)
class Trial:
    """A bandwidth per axis (radians per half-length of the box) and a number of features.

    Each wave varies along `order` axes at most, 0 for all of them.
    """

    bandwidth: tuple[float, ...]
    features: int
    order: int = 0

    @property
    def freedom(self) -> float:
        """The degrees of freedom of functions of the band in the box."""
        along = sorted((max(2 * k / math.pi, 1.0) for k in self.bandwidth), reverse=True)
        some = self.order or len(along)
        return math.comb(len(along), some) * math.prod(along[:some])

    @property
    def held(self) -> bool:
        """Whether the features are enough for the band."""
        return HELD * self.freedom <= self.features

    def stretched(self, axis: int | None, factor: float) -> Trial:
        """With the band of one axis, or of all, times `factor`."""
        band = (k * factor if axis in (None, i) else k for i, k in enumerate(self.bandwidth))
        return replace(self, bandwidth=tuple(band))


@dataclass(frozen=True)
class Search:
    """A climb along one direction after the other, all axes together first, then growth.

    `trial` is next, None when there is no more to try. `best` is the trial of the climb with the
    least relative `residual`, those that are hardly better left out, `last` the residual before the
    next trial, `smaller` the trial that growth has left behind, and its residual. A direction is
    left when steps along it, in one sense and then in the other, are no better; bands that the
    features cannot hold are not tried. `answer` is the best trial of all climbs, with the residual
    `lowest`.

    Beyond three axes, solutions are often sums of functions of few coordinates, or smooth: waves
    along one axis, along pairs, and along all in ever lower bands are raced (direction −1) at
    growing sizes until one kind leads; `raced` are the trials of a size and their residuals, and
    `pending` those to come.
    """

    trial: Trial | None
    best: Trial
    residual: float = math.inf
    direction: int = 0
    upwards: bool = True
    moved: bool = False
    strikes: int = 0
    last: float = math.inf
    smaller: tuple[int, float] | None = None
    answer: Trial | None = None
    lowest: float = math.inf
    raced: tuple[tuple[Trial, float], ...] = ()
    pending: tuple[Trial, ...] = ()

    @staticmethod
    def starting(trial: Trial, *, fixed: bool) -> Search:
        """A search from `trial` on; with `fixed` bandwidth only the number of features grows."""
        axes = len(trial.bandwidth)
        if axes > AXIS_BY_AXIS and not fixed:
            orders = [*range(1, MOST_AXES + 1), 0]
            first, *others = (replace(trial, order=order) for order in orders)
            return Search(first, first, direction=-1, pending=tuple(others))
        return Search(trial, trial, direction=axes + 1 if fixed else 0)

    @property
    def growing(self) -> bool:
        """Whether the band is found, and features are added."""
        return self.direction > len(self.best.bandwidth)

    @property
    def rate(self) -> float:
        """The power of the features with which the residual fell when they last grew, 0 if that is
        not known.
        """
        if self.smaller is None or not self.growing:
            return 0.0
        features, residual = self.smaller
        grown = math.log(self.best.features / features)
        return math.log(residual / self.residual) / grown if grown > 0 else 0.0

    def needed(self, residual: float) -> float:
        """How many features a residual would take, as it falls; infinite where it does not."""
        if self.residual <= residual:
            return float(self.best.features)
        rate = self.rate
        decades = math.log(self.residual / residual) / rate if rate > FEWEST_TO_TELL else math.inf
        return self.best.features * math.exp(decades) if decades < 100 else math.inf

    def after(
        self, residual: float, tolerance: float, most: int, *, hurried: bool = False
    ) -> Search:
        """The search after `trial` gave `residual`: it ends below `tolerance`, or where the next
        one would have more than `most` features. If `hurried`, it goes on with the best band.
        """
        assert self.trial is not None
        s = self
        if residual < self._enough():
            s = replace(s, best=self.trial, residual=residual)
        if residual < self.lowest:
            s = replace(s, answer=self.trial, lowest=residual)
        if residual < tolerance:
            return replace(s, trial=None)
        if s.growing:
            s = s._grown_after(self, residual, tolerance, most)
        elif hurried:
            s = s._growth(tolerance, most)
        elif s.direction < 0:
            s = s._raced_on(residual, tolerance, most)
        else:
            s = s._climbed(self, residual, tolerance, most)
        s = replace(s, last=residual)
        return replace(s, trial=None) if s.trial and s.trial.features > most else s

    # ── the climb ─────────────────────────────────────────────────────────────────────────────

    def _climbed(self, before: Search, residual: float, tolerance: float, most: int) -> Search:
        """A step on if `residual` is better than before, else back, or in another direction."""
        assert self.trial is not None
        if self.best is self.trial:
            first = math.isinf(before.residual)
            s = replace(self, moved=not first, strikes=0)._stepped(self.best)
        elif self.strikes + 1 < self._looks(residual):
            s = replace(self, strikes=self.strikes + 1)._stepped(self.trial)
        else:
            s = self._returned(tolerance, most)
        while s.trial is not None and not s.growing and s.upwards and not s.trial.held:
            s = s._returned(tolerance, most)
        return s

    def _enough(self) -> float:
        """Below which residual a trial is better than the best so far: on a climb that has not
        resolved anything, by more than what draws of features differ.
        """
        if self.growing or self.direction < 0 or self.residual < RESOLVED:
            return self.residual
        return self.residual * (1 / CLEARLY if self.direction else GAINED)

    def _looks(self, residual: float) -> int:
        """How many steps in a row may be no better: where nothing is resolved, worse says little,
        unless residuals are worse than those of the zero field, and rise.
        """
        clearly = residual > CLEARLY * self.residual
        if self.direction or not self.upwards:
            return 1
        if self.residual > RESOLVED:
            return 2 if clearly and residual > max(self.last, 1.0) else 4
        return 1 if clearly else 2

    def _returned(self, tolerance: float, most: int) -> Search:
        """Down from the best, unless it was found on the way up."""
        if self.upwards and not self.moved:
            return replace(self, upwards=False, strikes=0)._stepped(self.best)
        return self._turned(tolerance, most)

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
            return Search(again, again, answer=s.answer, lowest=s.lowest)
        if not last:
            return replace(s, direction=self.direction + 1)._stepped(s.best)
        return s._growth(tolerance, most)

    # ── the race ──────────────────────────────────────────────────────────────────────────────

    def _raced_on(self, residual: float, tolerance: float, most: int) -> Search:
        """The next of a size; once all are known, the next size, or on with the kind that leads."""
        assert self.trial is not None
        s = replace(self, raced=(*self.raced, (self.trial, residual)))
        if s.pending:
            return replace(s, trial=s.pending[0], pending=s.pending[1:])
        few, every = (
            min((r for r in s.raced if (r[0].order == 0) is whole), key=lambda r: r[1])
            for whole in (False, True)
        )
        lower = self.trial.stretched(None, 1 / LOWER)
        first = sum(t.order == 0 for t, _ in s.raced) == 1
        falls = residual < HOPELESS * few[1] if first else residual < GAINED * self.last
        if falls and max(lower.bandwidth) > LOWEST:
            return replace(s, trial=lower)
        (best, lowest), (_, other) = sorted((few, every), key=lambda r: r[1])
        larger = RACED * best.features
        if other > AHEAD * lowest or larger > most:
            s = replace(s, best=best, residual=lowest, raced=())
            if best.order:
                return replace(s, direction=0, moved=True)._stepped(best)
            return s._growth(tolerance, most)
        sums, all_axes = (replace(trial, features=larger) for trial, _ in (few, every))
        return replace(s, trial=sums, pending=(all_axes,), raced=())

    # ── growth ────────────────────────────────────────────────────────────────────────────────

    def _growth(self, tolerance: float, most: int) -> Search:
        s = replace(self, direction=len(self.best.bandwidth) + 1, strikes=0)
        return s._grown(0, tolerance, most)

    def _grown_after(self, before: Search, residual: float, tolerance: float, most: int) -> Search:
        better, first = residual < before.residual, math.isinf(before.residual)
        outgrown = (before.best.features, before.residual)
        s = replace(self, smaller=outgrown if better and not first else self.smaller)
        strikes = 0 if residual < before.residual / CLEARLY else s.strikes + 1
        if strikes and s.residual < ROUNDED:
            return replace(s, trial=None, strikes=strikes)
        if residual < GAINED * before.residual:  # slowly, but it falls
            strikes = min(strikes, 1)
        return s._grown(strikes, tolerance, most)

    def _fastest(self) -> float:
        """By how much features may grow at once, less so where they are expensive."""
        return max(2.0, min(FASTEST, DEAR / self.best.features))

    def _grown(self, strikes: int, tolerance: float, most: int) -> Search:
        """More features and, as they allow it, a wider band; failures in a row end it.

        How many follows from how the residual fell when they last grew, to reach the tolerance.
        """
        factor = GROWTH ** (1 + strikes)
        if self.smaller is not None and not strikes:
            wanted = math.log(2 * self.residual / tolerance) / max(self.rate, FEWEST_TO_TELL)
            factor = math.exp(min(max(wanted, math.log(1.2)), math.log(self._fastest())))
        features = int(factor * self.best.features)
        if features > most > 1.2 * self.best.features:
            features, factor = most, most / self.best.features
        vain = 3 if COARSE < self.residual < BLIND else 1
        again = strikes and self.trial is not None and features == self.trial.features
        if strikes > vain or features > most or again:
            return replace(self, trial=None, strikes=strikes)
        trial = replace(self.best, features=features)
        trial = trial.stretched(None, factor ** self._widening(strikes))
        return replace(self, trial=trial, strikes=strikes)

    def _widening(self, strikes: int) -> float:
        """Smooth functions of many coordinates stay in their low band."""
        axes = len(self.best.bandwidth)
        if axes > AXIS_BY_AXIS:
            return WIDENING if self.best.order else 0.0
        return max(WIDENING, 1 / axes) if strikes else WIDENING
