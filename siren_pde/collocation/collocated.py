"""Where a problem's residuals are taken, and their values r(θ) there.

Rows are scaled by √(weight · w_i / Σw), so that ½‖r‖² is half the sum of weighted mean squares over
the domains. The heavy half of every value, θ ↔ channels, belongs to the field; the light half,
channels ↔ residual, to `siren_pde.collocation.residual`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Literal, Self

import torch
from torch import Tensor, nn

from siren_pde.calculus.points import Points
from siren_pde.collocation.quadrature import Quadrature, Sobol
from siren_pde.collocation.residual import Light
from siren_pde.collocation.sampling import (
    Sample,
    Sampling,
    drawn_to_residuals,
    require_matching,
    shares,
)
from siren_pde.errors import ConfigError
from siren_pde.fields.base import Evaluation, Field
from siren_pde.fields.derived.stretched import GridStretching
from siren_pde.fields.engine.workspace import Workspace
from siren_pde.problem import Condition, Problem
from siren_pde.random_features import evolution as slabs

Evaluations = Mapping[str, Evaluation]
Purpose = Literal["products", "gradient", "output"]

NEAR, FAR = 4 << 20, 256 << 20
"""Bytes of a layer's channels for one block of points: on a processor, and on other devices."""
SHARE = 64
"""What part of the memory given a layer's channels may take: a few of them are held."""
ROUNDING = 1e4
"""Below this curvature, relative to the rounding unit, residuals count as affine in the field."""


class Collocation:
    """The residuals of a problem for a field at collocation points, as a function of flat θ (p,).

    `points` is the number of points of each condition, by the condition or its name, and `rule` the
    quadrature that places them; dtype and device are the field's. At most `block` points are
    evaluated at once; left out, so many that a network's channels stay near the processor.
    All that products need beyond points and results fits into `memory` bytes, if given.
    `frequencies` are those the problem's data suggest. The points lie in `slab`, if one is given.

    Raises ResidualError, naming the condition, if a residual cannot be evaluated.
    """

    def __init__(
        self,
        problem: Problem,
        field: Field,
        points: Mapping[Condition | str, int] | None = None,
        *,
        rule: Quadrature | None = None,
        seed: int = 0,
        block: int | None = None,
        memory: int | None = None,
        frequencies: tuple[float, ...] | None = None,
        slab: slabs.Slab | None = None,
    ) -> None:
        self.problem, self.field = problem, field
        self.block, self.memory = block, memory
        self.frequencies = frequencies
        self._spaces: dict[str, Workspace] = {}
        rule = rule or Sobol(1024)
        given = {c if isinstance(c, str) else c.name: n for c, n in (points or {}).items()}
        require_matching(problem, field, given)
        counts = {**shares(problem, rule.n), **given}
        self.sampling = Sampling(problem, rule, counts, seed, move=slab)
        self.samples = self.sampling.draw(lambda c, p: Light.of(c, field, p), self._ordered()[0])

    # ── where the residuals are taken ─────────────────────────────────────────────────────────

    @property
    def seed(self) -> int:
        """The seed of the points."""
        return self.sampling.seed

    def _with(self, **changes: object) -> Self:
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__, **changes)
        return copy

    def _sampled(self, sampling: Sampling) -> Self:
        lights = {s.condition.name: s.light for s in self.samples}
        samples = sampling.draw(lambda condition, _: lights[condition.name], self._ordered()[0])
        return self._with(sampling=sampling, samples=samples)

    def redrawn(self, seed: int, used: float = 1.0) -> Self:
        """The same residuals at fresh points, weighted as when a share of the budget is `used`."""
        return self._sampled(replace(self.sampling, seed=seed, used=used))

    def with_count(self, n: int) -> Self:
        """The same residuals at n interior points, as `Sampling.with_count` says."""
        return self._sampled(self.sampling.with_count(n))

    def with_points(self, points: Mapping[str, Points]) -> Self:
        """The same residuals, at other points for the conditions named."""
        samples = (
            self.sampling.sample(s.light, points.get(s.condition.name, s.points))
            for s in self.samples
        )
        return self._with(samples=tuple(samples))

    def weighted_boundaries(self, weight: float) -> Self:
        """The same residuals, those on boundaries times √weight."""
        sampling = self.sampling.weighted_boundaries(self.samples, weight)
        samples = tuple(sampling.sample(s.light, s.points) for s in self.samples)
        return self._with(sampling=sampling, samples=samples)

    def resampled_adaptively(self, theta: Tensor, share: float, seed: int) -> Self:
        """Fresh points, in the interior a `share` of them where residuals at θ are large.

        They come from four times as many candidates and have equal weights: the loss stresses what
        is not yet solved.
        """
        fresh, pool = self.redrawn(seed), 4
        candidates = self._sampled(replace(self.sampling.times(pool), seed=seed)).samples
        chosen = {}
        for name, s in self.sampling.interior(candidates).items():
            r = torch.linalg.vector_norm(self._residual(theta, s.light, s.points), dim=1)
            index = drawn_to_residuals(r, max(len(r) // pool, 1), share, seed)
            chosen[name] = replace(s.points.select(index), weights=torch.ones_like(r[index]))
        return fresh.with_points(chosen)

    def rows(self) -> dict[str, slice]:
        """Which rows of r belong to which condition."""
        sizes = [len(s.points) * s.light.components for s in self.samples]
        ends = list(itertools.accumulate(sizes))
        names = [s.condition.name for s in self.samples]
        return {n: slice(e - k, e) for n, e, k in zip(names, ends, sizes, strict=True)}

    def with_random_features(
        self, width: int, frequency: Tensor, seed: int = 0, order: int = 0
    ) -> Self:
        """The residuals of frozen features in place of the networks ."""
        return self.with_field(self.field.with_random_features(width, frequency, seed, order))

    def with_field(self, field: Field) -> Self:
        """The residuals of another field of the same structure, at the same points."""
        lights = (replace(s.light, field=field) for s in self.samples)
        samples = (replace(s, light=x) for s, x in zip(self.samples, lights, strict=True))
        return self._with(samples=tuple(samples), field=field)

    # ── θ and its leaves ──────────────────────────────────────────────────────────────────────

    @property
    def parameters(self) -> Tensor:
        """The field's own parameters as one vector θ (p,)."""
        return torch.cat([q.detach().flatten() for q in self._ordered()])

    def _ordered(self) -> list[nn.Parameter]:
        return [q for network in self.field.networks().values() for q in network.parameters()]

    def install(self, theta: Tensor) -> Field:
        """Write θ into the field's parameters, and return the field."""
        start = 0
        for q in self._ordered():
            q.data.copy_(theta[start : start + q.numel()].view_as(q))
            start += q.numel()
        return self.field

    def _split(self, theta: Tensor) -> dict[str, Tensor]:
        networks = self.field.networks()
        sizes = [sum(q.numel() for q in network.parameters()) for network in networks.values()]
        return dict(zip(networks, theta.split(sizes), strict=True))

    def _evaluate(
        self, theta: Tensor, light: Light, points: Points, *, purpose: Purpose = "products"
    ) -> dict[str, Evaluation]:
        """The leaves' channels, and tapes good for any product, one gradient, or the output layer:
        until the next evaluation.
        """
        networks, parts, found = self.field.networks(), self._split(theta), {}
        for name, plan in light.plans.items():
            network, given = networks[name], (parts[name], points.positions, plan)
            if purpose == "output":
                found[name] = network.evaluate_output(*given)
            else:
                space = self._spaces.setdefault(name, Workspace())
                at = network.evaluate_once if purpose == "gradient" else network.evaluate
                found[name] = at(*given, space)
        return found

    def _blocks(self) -> Iterator[tuple[Light, Points, Tensor]]:
        for s in self.samples:
            for points, scale in s.blocks(self._block(s)):
                yield s.light, points, scale

    def _block(self, sample: Sample) -> int:
        """How many points are evaluated at once."""
        if self.block is not None:
            return self.block
        like, networks = sample.points.positions, self.field.networks()
        widest = max(networks[n].breadth * len(p.keys) for n, p in sample.light.plans.items())
        near = NEAR if like.device.type == "cpu" else FAR
        near = near if self.memory is None else min(near, self.memory // SHARE)
        return max(near // (widest * like.element_size()), 1)

    def curvature(self) -> float:
        """How far the residuals are from affine in the field, relative to their size."""
        device = self.samples[0].points.positions.device
        generator = torch.Generator(device=device).manual_seed(self.seed)
        few = [(s.light, s.points.select(slice(0, 64))) for s in self.samples]
        return max(light.curvature(points, generator) for light, points in few)

    @cached_property
    def affine(self) -> bool:
        """Whether the residuals are affine in the field, to rounding."""
        return self.curvature() < ROUNDING * torch.finfo(next(self.field.parameters()).dtype).eps

    def has_default_layers(self) -> bool:
        """Whether all leaves may be replaced by frozen features: the user fixed no layers."""
        return not any(network.has_given_layers for network in self.field.networks().values())

    # ── residuals and the products with their Jacobian ────────────────────────────────────────

    def residual(self, theta: Tensor) -> Tensor:
        """All scaled residuals r(θ), shape (N,): condition by condition, point by point."""
        return torch.cat([r.flatten() for _, r in self._residuals(theta)])

    def _residuals(self, theta: Tensor) -> Iterator[tuple[Sample, Tensor]]:
        for s in self.samples:
            rows = [
                w[:, None] * self._residual(theta, s.light, p) for p, w in s.blocks(self._block(s))
            ]
            yield s, torch.cat(rows)

    def _residual(self, theta: Tensor, light: Light, points: Points) -> Tensor:
        """Unscaled residuals (n, m) of one condition at any points."""
        channels = channels_of(self._evaluate(theta, light, points, purpose="output"))
        with torch.no_grad():
            return light.residual(points, channels)

    def loss(self, theta: Tensor) -> Tensor:
        """½‖r(θ)‖², a tensor without axes."""
        return 0.5 * self.residual(theta).square().sum()

    def terms(self, theta: Tensor) -> dict[str, Tensor]:
        """The weighted mean square of each condition; the loss is half their sum."""
        return {s.condition.name: r.square().sum() for s, r in self._residuals(theta)}

    def require_finite(self, theta: Tensor) -> None:
        """Raise NonFiniteError, naming condition and point, unless all residuals are finite."""
        for s, r in self._residuals(theta):
            s.light.require_finite(r / s.scale[:, None], s.points)

    # ── slabs of time ─────────────────────────────────────────────────────────────────────────

    @cached_property
    def evolution(self) -> slabs.Evolution | None:
        """The axis of time, its interval and the order of the problem in it, if there is one."""
        if not all(network.inputs for network in self.field.networks().values()):
            return None  # a constant is the same in all slabs
        plans = [plan for s in self.samples for plan in s.light.plans.values()]
        return slabs.evolution(self.problem, plans, self.field)

    def slab(
        self, begin: float, end: float, stretch: tuple[GridStretching, ...], before: Field | None
    ) -> Self:
        """The residuals in begin ≤ t ≤ end, starting from where the field `before` has ended."""
        slab = self._slab(begin, end, stretch)
        return self._asking(slabs.slab_problem(self.problem, slab, before), slab)

    def still(
        self, begin: float, end: float, stretch: tuple[GridStretching, ...], before: Field | None
    ) -> Self:
        """What a slab begins with, asked of all its time."""
        slab = self._slab(begin, end, stretch)
        whole = slabs.slab_problem(self.problem, slab, before)
        return self._asking(slabs.still_problem(whole, slab.evolution.axis), slab)

    def stretch(
        self, begin: float, end: float, before: Field | None, ends: tuple[float, ...]
    ) -> tuple[GridStretching, ...]:
        """How axes are to be stretched: where `before` is steep at `begin`, and at `ends`."""
        return slabs.steep(self.problem, self._slab(begin, end), before, ends)

    def corners(self, initial: Field) -> tuple[float, ...]:
        """The ends of space where the field `initial` breaks a boundary condition."""
        time = self.evolution
        return slabs.corners(self.problem, self.samples, time.axis, initial) if time else ()

    def _slab(
        self, begin: float, end: float, stretch: tuple[GridStretching, ...] = ()
    ) -> slabs.Slab:
        if self.evolution is None:
            raise ConfigError(f"{self.problem!r} is no evolution, so it has no slabs of time.")
        return slabs.Slab(self.evolution, begin, end, stretch)

    def _asking(self, problem: Problem, slab: slabs.Slab) -> Self:
        rule = self.sampling.rule.with_count(max(self.sampling.counts.values()))
        copy = type(self)(problem, self.field, rule=rule, seed=self.seed, slab=slab)
        return copy._with(block=self.block, memory=self.memory)


def channels_of(at: Evaluations) -> dict[str, Tensor]:
    """The channels of each leaf."""
    return {name: evaluation.channels for name, evaluation in at.items()}
