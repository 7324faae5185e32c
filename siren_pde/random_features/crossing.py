"""One crossing of all of time by the method of lines, at one tolerance."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from siren_pde.numerics.radau import Radau
from siren_pde.random_features.implicit import Collocation, Level, Linear, Stages, parts_of
from siren_pde.random_features.lines_field import Piece
from siren_pde.random_features.lines_measures import (
    difference,
    error_in_space,
    error_in_time,
    places,
    rate,
    sampled,
    scales,
)
from siren_pde.random_features.lines_start import Discretised
from siren_pde.random_features.marching_state import blow_up_time

LONGEST, SHORTEST, SAFE = 5.0, 0.2, 0.9
"""By how much slabs grow or shrink at once, and what share of the length allowed is taken."""
SLABS, CAREFUL = 20, 0.1
"""The first slab is one of so many at most, and a share of the time in which the error of a smooth
solution would reach the tolerance.
"""
PATIENT, HELPED = 5, 0.8
"""After so many attempts, a shorter slab should have lowered the error to this share; else it is
not one in time.
"""
FAILED = 0.25
"""Slabs are shortened by this where Newton's method does not converge."""
LIKELY = 8
"""Slabs tried, ever shorter, to see how large functions become that start from zero."""
SMALLEST, LAST = 1e-13, 1e-12
"""No slab becomes a smaller share of the whole time, and what is left of it at the end is nothing.
"""
LIKE = 1.25
"""Slabs that would grow by less than this keep their length, and with it their factors."""
KEPT = 0.1
"""Newton's steps that shrink by this keep their matrix for the next slab."""
FAR = 1.6
"""Slabs so much longer than the one before do not begin as that would go on."""
FLOOR, TINY = 1e-10, 1e-300
"""Functions are no smaller than this share of the largest one: less is rounding."""
MARGINAL, MORE = 1.0, 1.3
"""How much of the tolerance waves may leave of a slab, and by how much they become more then."""
COARSE, HUGE = 1e-8, 1e4
"""A crossing whose solution grows without bound is given up above this tolerance, as small errors
may grow where the solution does not; where it is cheap, only after it has grown by so much.
"""
SAMPLES = 2001
"""Times at which crossings are compared."""


@dataclass(frozen=True, eq=False)
class Crossing:
    """Where a crossing stands: the `level` that the next slab starts from, of some `length`.

    `scale` (orders, networks) are the largest sizes of functions and their slopes so far, `sizes`
    those at each level, `samples` the solution at `times` of the whole. `last` are the stages of
    the slab before, `linear` what they were solved with, `error` theirs beside the tolerance.
    `rejected` attempts at the next slab came before, the best with the error `refused`, the first
    of a length that was `wished`; after it has been `widened`, waves do not meet it exactly.
    `missed` is the relative residual of the initial values.
    """

    at: Discretised
    collocation: Collocation
    level: Level
    length: float
    scale: Tensor
    times: Tensor
    steady: bool
    most: int
    pieces: tuple[Piece, ...] = ()
    samples: tuple[Tensor, ...] = ()
    sizes: tuple[float, ...] = ()
    last: Stages | None = None
    linear: Linear | None = None
    error: float = 1.0
    rejected: int = 0
    refused: float = math.inf
    wished: float = math.inf
    widened: bool = False
    failed: bool = False
    missed: float = 0.0

    @staticmethod
    def starting(
        at: Discretised, level: Level, tolerance: float, stages: int, *, steady: bool, most: int
    ) -> Crossing:
        """At the start of time; `steady` equations share a matrix, and `most` functions of space
        are taken.
        """
        collocation = Collocation(Radau.of(stages), at.lasting, tolerance)
        high, low, scale = at.time.high, at.time.low, scales(at, level.parts)
        change = rate(at, level, scale[0])
        first = tolerance ** (1 / (stages + 1)) / change if change > 0 else math.inf
        length = min(CAREFUL * first, (high - low) / SLABS)
        usual = torch.stack([change**k * scale[0] for k in range(len(scale))])
        times = torch.linspace(low, high, SAMPLES, dtype=scale.dtype)
        crossing = Crossing(
            at,
            collocation,
            level,
            length,
            torch.maximum(scale, usual),
            times,
            steady,
            most,
            sizes=(float(scale[0].max()),),
        )
        return crossing if bool((scale[0] > 0).all()) else crossing._with_likely_scale()

    @property
    def done(self) -> bool:
        """Whether it has got through."""
        return self.level.time >= self.at.time.high

    @property
    def blow_up(self) -> float | None:
        """When the solution grows beyond all bounds, if it seems to."""
        times = [self.at.time.low, *(piece.end for piece in self.pieces[-3:])]
        return blow_up_time(times, (self.sizes[0], *self.sizes[1:][-3:]))

    @property
    def ended(self) -> bool:
        """Whether it has got through, or will not."""
        grown = self.sizes[-1] > (HUGE if self.at.top == 0 else 1.0) * self.sizes[0]
        coarse = self.collocation.tolerance > COARSE
        return self.done or self.failed or (coarse and grown and self.blow_up is not None)

    @property
    def unmoved(self) -> Piece:
        """What it starts with, for all of time."""
        still = torch.zeros_like(self.level.top).expand(self.collocation.radau.stages, -1)
        zeros = tuple(torch.zeros_like(part) for part in self.level.parts[1:])
        level = replace(self.level, parts=(self.level.parts[0], *zeros))
        return Piece(self.at.basis, level, self.at.time.high - self.at.time.low, still, zeros)

    def difference(self, other: Crossing) -> float:
        """How far apart two crossings are, relative to this one: the worst of the networks."""
        return difference(self.at.basis, torch.cat(self.samples), torch.cat(other.samples))

    # ── one slab ──────────────────────────────────────────────────────────────────────────────

    def advanced(self) -> Crossing:
        """After one more slab, or one more attempt at it."""
        left, length = self.at.time.high - self.level.time, self.length
        if left < 2 * length:
            length = left if left < 1.05 * length else left / 2
        guess, linear = self._guess(length), self._linear(length)
        scale = self._scale_with(guess, length)
        stages = self.collocation.solved(self.level, length, guess, scale[0], linear)
        if stages is None:
            if linear is not None and not self.steady:
                return replace(self, linear=None, length=length)
            return self._shortened(length, FAILED)
        scale = self._scale_with(stages.increments, length)
        error = error_in_time(self.at, self.collocation.radau, self.level, stages, scale)
        error /= self.collocation.tolerance
        if error <= 1 or self.widened:
            return self._accepted(stages, length, min(error, 1.0))
        if self.rejected >= PATIENT and error > HELPED * self.refused:
            return self._unhelped(stages, length)
        factor = SAFE * error ** (-1 / (self.collocation.radau.stages + 1))
        wished = self.wished if self.rejected else length
        shorter = self._shortened(length, max(factor, SHORTEST))
        return replace(shorter, refused=min(error, self.refused), wished=wished)

    def _linear(self, length: float) -> Linear | None:
        """The matrix of the slab before, if it serves a slab of this length."""
        linear, collocation = self.linear, self.collocation
        if linear is None or linear.length == length:
            return linear
        if not self.steady:
            return None
        return Linear.of(collocation.radau, collocation.lines, length, linear.slopes)

    def _guess(self, length: float) -> Tensor:
        """The increments of a slab as the one before would go on, or as slopes at its start say."""
        radau = self.collocation.radau
        if self.last is not None and self.pieces and not self.rejected:
            ratio = length / self.pieces[-1].length
            if ratio < FAR:
                z = self.last.increments
                return radau.at(1 + ratio * radau.nodes) @ z - z[-1]
        guess, factor = torch.zeros_like(self.level.top).expand(radau.stages, -1), 1.0
        for k, slope in enumerate((*self.level.parts[1:], self.level.top), 1):
            factor = factor * length / k
            guess = guess + factor * radau.nodes[:, None] ** k * slope
        return guess

    def _scale_with(self, increments: Tensor, length: float) -> Tensor:
        """The largest sizes so far, with those of a slab."""
        parts = parts_of(self.collocation.radau, self.level, increments, length)[:-1]
        ahead = torch.stack([scales(self.at, [part[k] for part in parts]) for k in (0, -1)])
        scale = torch.maximum(self.scale, torch.nan_to_num(ahead, posinf=0.0).amax(0))
        return torch.maximum(scale, FLOOR * scale.amax(1, keepdim=True)).clamp_min(TINY)

    def _with_likely_scale(self) -> Crossing:
        """With the sizes that functions have after a long slab, where they start from zero."""
        length = (self.at.time.high - self.at.time.low) / SLABS
        for _ in range(LIKELY):
            guess = self._guess(length)
            stages = self.collocation.solved(self.level, length, guess, self.scale[0], None)
            if stages is not None:
                ahead = scales(self.at, [part[-1] for part in stages.parts[:-1]])
                return replace(self, scale=torch.where(self.scale > 0, self.scale, ahead))
            length *= FAILED
        return self

    def _shortened(self, length: float, factor: float) -> Crossing:
        whole = self.at.time.high - self.at.time.low
        return replace(
            self,
            length=factor * length,
            linear=self.linear if self.steady else None,
            rejected=self.rejected + 1,
            failed=factor * length < SMALLEST * whole,
        )

    def _unhelped(self, stages: Stages, length: float) -> Crossing:
        """Where a shorter slab does not lower the error, it is waves that are missing; where there
        are no more, the error is what it is.
        """
        if not self._may_widen:
            return self._accepted(stages, length, 1.0)
        more = self._with_more_waves()
        return replace(more, length=self.wished, rejected=0, refused=math.inf)

    def _accepted(self, stages: Stages, length: float, error: float) -> Crossing:
        at, piece = self.at, Piece.of(self.at.basis, self.level, length, stages)
        left = at.time.high - piece.end
        end = piece.end if left > LAST * (at.time.high - at.time.low) else at.time.high
        *parts, top = (part[-1] for part in stages.parts)
        now = scales(at, parts)
        begun = (self.times > self.level.time) | (not self.pieces)
        times = self.times[begun & (self.times <= end)]
        following = replace(
            self,
            level=Level(end, tuple(parts), top),
            length=self._next_length(stages, length, error),
            scale=torch.maximum(self.scale, now),
            pieces=(*self.pieces, piece),
            samples=(*self.samples, sampled(at, self.collocation.radau, piece, times)),
            sizes=(*self.sizes, float(now[0].max())),
            last=stages,
            linear=stages.linear if self.steady or stages.contraction < KEPT else None,
            error=max(error, 1e-2),
            rejected=0,
            refused=math.inf,
            widened=False,
        )
        if not self._may_widen:
            return following
        left = error_in_space(self.collocation, self.level, stages, following.scale[0])
        few = left > MARGINAL * self.collocation.tolerance
        return following._with_more_waves() if few else following

    def _next_length(self, stages: Stages, length: float, error: float) -> float:
        """As long as errors of this slab and of the one before let expect (Gustafsson, 1994)."""
        power, error = 1 / (self.collocation.radau.stages + 1), max(error, 1e-12)
        factor = SAFE * error**-power
        if self.pieces:
            before = length / self.pieces[-1].length
            factor = min(factor, factor * before * (self.error / error) ** power)
        most = 1.0 if self.rejected else LONGEST
        factor = min(max(factor, SHORTEST), most) * (21 / (20 + stages.steps))
        return length if 1 <= factor < LIKE and self.at.top else factor * length

    @property
    def _may_widen(self) -> bool:
        return self.at.top > 0 and MORE * self.at.basis.size < self.most

    def _with_more_waves(self) -> Crossing:
        at = self.at
        wider = at.wider(MORE, self.collocation.tolerance)

        def moved(c: Tensor) -> Tensor:
            return at.basis.moved(c, wider.basis, places(wider))

        level = self.level
        return replace(
            self,
            at=wider,
            collocation=replace(self.collocation, lines=wider.lasting),
            level=Level(level.time, tuple(map(moved, level.parts)), moved(level.top)),
            last=None,
            linear=None,
            widened=True,
        )
