"""One crossing of all of time by the method of lines, at one tolerance."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from siren_pde.numerics.radau import Radau
from siren_pde.random_features.implicit import Collocation, Level, Linear, Stages, parts_of
from siren_pde.random_features.lines_field import Piece
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
SMALLEST = 1e-13
"""No slab becomes a smaller share of the whole time."""
LIKE = 1.25
"""Slabs that would grow by less than this keep their length, and with it their factors."""
KEPT = 0.1
"""Newton's steps that shrink by this keep their matrix for the next slab."""
FAR = 1.6
"""Slabs so much longer than the one before do not begin as that would go on."""
FLOOR = 1e-10
"""Functions are no smaller than this share of the largest one: less is rounding."""
MARGINAL = 1.0
"""How much of the tolerance waves may leave of a slab."""
MORE = 1.3
"""By how much waves become more where the last of them matter."""


@dataclass(frozen=True, eq=False)
class Crossing:
    """Where a crossing stands: the `level` that the next slab starts from, of some `length`.

    `scale` (orders, networks) are the largest sizes of functions and their slopes so far. `last`
    are the stages of the slab before, `linear` what they were solved with; `error` is that of the
    slab before, in tolerances. `samples` hold the solution at `times` of the whole.
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

    @staticmethod
    def starting(
        at: Discretised, level: Level, tolerance: float, stages: int, *, steady: bool, most: int
    ) -> Crossing:
        """At the start of time."""
        radau = Radau.of(stages)
        collocation = Collocation(radau, at.lasting, tolerance)
        high, low = at.time.high, at.time.low
        scale = _scales(at, level.parts)
        change = _rate(at, level, scale[0])
        first = tolerance ** (1 / (stages + 1)) / change if change > 0 else math.inf
        length = min(CAREFUL * first, (high - low) / SLABS)
        usual = torch.stack([change**k * scale[0] for k in range(len(scale))])
        scale = torch.maximum(scale, usual)
        times = torch.linspace(low, high, SAMPLES, dtype=scale.dtype)
        size = float(scale[0].max())
        crossing = Crossing(
            at, collocation, level, length, scale, times, steady, most, sizes=(size,)
        )
        return crossing if bool((scale[0] > 0).all()) else crossing._with_likely_scale()

    @property
    def unmoved(self) -> Piece:
        """What it starts with, for all of time."""
        still = torch.zeros_like(self.level.top).expand(self.collocation.radau.stages, -1)
        zeros = tuple(torch.zeros_like(part) for part in self.level.parts[1:])
        level = replace(self.level, parts=(self.level.parts[0], *zeros))
        time = self.at.time
        return Piece(self.at.basis, level, time.high - time.low, still, zeros)

    def _with_likely_scale(self) -> Crossing:
        """With the sizes that functions have after a long slab, where they start from zero."""
        length = (self.at.time.high - self.at.time.low) / SLABS
        for _ in range(LIKELY):
            guess = self._guess(length)
            stages = self.collocation.solved(self.level, length, guess, self.scale[0], None)
            if stages is not None:
                orders = len(self.level.parts)
                ends = [part[-1] for part in stages.parts[:orders]]
                ahead = _scales(self.at, ends)
                return replace(self, scale=torch.where(self.scale > 0, self.scale, ahead))
            length *= FAILED
        return self

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
        growing = self.collocation.tolerance > COARSE and self.blow_up is not None
        return self.done or self.failed or growing

    def difference(self, other: Crossing) -> float:
        """How far apart two crossings are, relative to this one: the worst of the networks."""
        here, there = torch.cat(self.samples), torch.cat(other.samples)
        outputs = [network.outputs for network in self.at.basis.field.networks().values()]
        each = here.shape[1] // sum(outputs)
        worst = 0.0
        for part, coarse in zip(
            here.split([each * k for k in outputs], 1),
            there.split([each * k for k in outputs], 1),
            strict=True,
        ):
            apart = float(torch.linalg.vector_norm(part - coarse))
            size = float(torch.linalg.vector_norm(part))
            worst = max(worst, apart / size if size else float(apart > 0))
        return worst

    def advanced(self) -> Crossing:
        """After one more slab, or one more attempt at it."""
        high, length = self.at.time.high, self.length
        left = high - self.level.time
        if left < 2 * length:
            length = left if left < 1.05 * length else left / 2
        guess = self._guess(length)
        scale = self._scale_with(guess, length)
        linear = self.linear
        if linear is not None and linear.length != length:
            linear = self._relinked(linear, length) if self.steady else None
        stages = self.collocation.solved(self.level, length, guess, scale[0], linear)
        if stages is None:
            if linear is not None and not self.steady:
                return replace(self, linear=None, length=length)
            return self._shortened(length, FAILED)
        error = self._error(stages, length, self._scale_with(stages.increments, length))
        if not error <= 1 and not self.widened:
            if self.rejected >= PATIENT and error > HELPED * self.refused:
                return self._unhelped(stages, length, error)
            factor = SAFE * error ** (-1 / (self.collocation.radau.stages + 1))
            shorter = self._shortened(length, max(factor, SHORTEST))
            if not self.rejected:
                return replace(shorter, refused=error, wished=length)
            return replace(shorter, refused=min(error, self.refused))
        return self._accepted(stages, length, min(error, 1.0))

    # ── one slab ──────────────────────────────────────────────────────────────────────────────

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

    def _scale_with(self, guess: Tensor, length: float) -> Tensor:
        parts = parts_of(self.collocation.radau, self.level, guess, length)
        orders = len(self.level.parts)
        ahead = torch.stack([_scales(self.at, [p[k] for p in parts[:orders]]) for k in (0, -1)])
        scale = torch.maximum(self.scale, torch.nan_to_num(ahead, posinf=0.0).amax(0))
        floor = FLOOR * scale.amax(1, keepdim=True)
        return torch.maximum(scale, floor).clamp_min(1e-300)

    def _relinked(self, linear: Linear, length: float) -> Linear:
        collocation = self.collocation
        return Linear.of(
            collocation.radau,
            collocation.lines,
            length,
            linear.slopes,
        )

    def _error(self, stages: Stages, length: float, scale: Tensor) -> float:
        """How large the error of a slab is beside the tolerance: that of the slope at its start."""
        radau, level = self.collocation.radau, self.level
        defects = []
        for part, known, slope in zip(
            stages.parts, level.parts, (*level.parts[1:], level.top), strict=False
        ):
            defects.append(length * slope - radau.first @ (part - known))
        e, worst = stages.linear.filtered(defects), 0.0
        for k, defect in enumerate(defects):
            sizes = self.at.basis.sizes(e, _places(self.at)) / scale[k]
            worst = max(worst, float(sizes.max()))
            e = radau.rate / length * e - defect / length
        return worst / self.collocation.tolerance if math.isfinite(worst) else math.inf

    def _shortened(self, length: float, factor: float) -> Crossing:
        whole = self.at.time.high - self.at.time.low
        failed = factor * length < SMALLEST * whole
        linear = self.linear if self.steady else None
        return replace(
            self,
            length=factor * length,
            linear=linear,
            rejected=self.rejected + 1,
            failed=failed,
        )

    def _unhelped(self, stages: Stages, length: float, error: float) -> Crossing:
        """Where a shorter slab does not lower the error, it is waves that are missing; where there
        are no more, the error is what it is.
        """
        if not self.at.top or MORE * self.at.basis.size > self.most:
            return self._accepted(stages, length, min(error, 1.0))
        more = self._with_more_waves()
        return replace(more, length=self.wished, rejected=0, refused=math.inf)

    def _accepted(self, stages: Stages, length: float, error: float) -> Crossing:
        piece = Piece.of(self.at.basis, self.level, length, stages)
        orders = len(self.level.parts)
        end = piece.end if piece.end < self.at.time.high * (1 - 1e-15) else self.at.time.high
        if self.at.time.high - end < 1e-12 * (self.at.time.high - self.at.time.low):
            end = self.at.time.high
        level = Level(end, tuple(p[-1] for p in stages.parts[:orders]), stages.parts[orders][-1])
        now = _scales(self.at, level.parts)
        following = replace(
            self,
            level=level,
            length=self._next_length(stages, length, error),
            scale=torch.maximum(self.scale, now),
            pieces=(*self.pieces, piece),
            samples=(*self.samples, self._sampled(piece)),
            sizes=(*self.sizes, float(now[0].max())),
            last=stages,
            linear=stages.linear if self.steady or stages.contraction < KEPT else None,
            error=max(error, 1e-2),
            rejected=0,
            widened=False,
        )
        if self.at.top and MORE * self.at.basis.size < self.most:
            if self._unresolved(stages, length, following.scale) > MARGINAL:
                return following._with_more_waves()
        return following

    def _next_length(self, stages: Stages, length: float, error: float) -> float:
        power = 1 / (self.collocation.radau.stages + 1)
        factor = SAFE * max(error, 1e-12) ** -power
        if self.pieces:
            before = length / self.pieces[-1].length
            factor = min(factor, factor * before * (self.error / max(error, 1e-12)) ** power)
        most = 1.0 if self.rejected else LONGEST
        factor = min(max(factor, SHORTEST), most) * (21 / (20 + stages.steps))
        return length if 1 <= factor < LIKE and self.at.top else factor * length

    # ── what it leaves behind ─────────────────────────────────────────────────────────────────

    def _sampled(self, piece: Piece) -> Tensor:
        """The solution (k, …) at the times sampled within a slab."""
        first = piece.start.time if self.pieces else -math.inf
        times = self.times[(self.times > first) & (self.times <= piece.end * (1 + 1e-15))]
        c = piece.at(self.collocation.radau, times)
        few = self.at.whole.collocated.interior[0].points.positions[:PLACED]
        parts = self.at.basis.split(c)
        each = [
            (part @ self.at.basis.waves[name].values(few).T).flatten(1)
            for name, part in parts.items()
        ]
        return torch.cat(each, 1)

    def _unresolved(self, stages: Stages, length: float, scale: Tensor) -> float:
        """What the residuals that waves leave do to the solution in a slab, beside the tolerance.
        """
        linear, lines = stages.linear, self.collocation.lines
        radau, worst = self.collocation.radau, 0.0
        r = lines.residual(self.level.time + length * radau.nodes, stages.parts)
        for rows in lines.components():
            slope, size = linear.slopes[-1][rows], 0.0
            for k, each in enumerate(linear.slopes):
                rate = (radau.rate / length) ** k
                size = max(size, rate * float(slope.norm())) if k + 1 == len(linear.slopes) else size
            if not size:
                size = float(linear.slopes[0][rows].norm())
            root = math.sqrt(len(slope))
            worst = max(worst, float(r[:, rows].norm()) * math.sqrt(slope.shape[1]) / max(size, 1e-300))
        return worst / (float(scale.max()) * self.collocation.tolerance)

    def _with_more_waves(self) -> Crossing:
        """More waves, where the last of them matter."""
        at = self.at
        wider = Discretised.of(
            at.whole, at.time, int(MORE * at.top) + 1, self.collocation.tolerance
        )
        x = _places(wider)

        def moved(c: Tensor) -> Tensor:
            return at.basis.moved(c, wider.basis, x)

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


COARSE = 1e-8
"""A crossing whose solution grows without bound is given up above this tolerance: small errors may
grow where the solution does not.
"""
SAMPLES, PLACED = 2001, 40
"""Times, and places in space, at which crossings are compared."""


def _rate(at: Discretised, level: Level, scale: Tensor) -> float:
    """How fast the solution begins to change, per unit of time and beside its size."""
    rates = [
        (at.basis.sizes(slope, _places(at)) / scale) ** (1 / k)
        for k, slope in enumerate((*level.parts[1:], level.top), 1)
    ]
    known = torch.stack(rates)[:, scale > 0]
    return float(known.max()) if known.numel() else 0.0


def _places(at: Discretised) -> Tensor:
    return at.lasting.rows[0].points.positions


def _scales(at: Discretised, parts: list[Tensor] | tuple[Tensor, ...]) -> Tensor:
    """The sizes (orders, networks) of functions and of their slopes."""
    return torch.stack([at.basis.sizes(part, _places(at)) for part in parts])
