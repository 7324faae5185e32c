"""A condition under examination: what its residual makes of given values of the unknowns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from siren_pde.calculus.derivatives import Key, Laplace
from siren_pde.calculus.points import Points
from siren_pde.collocation.expression import Expression, Site
from siren_pde.collocation.quadrature import Quadrature
from siren_pde.collocation.residual import BoundResidual
from siren_pde.domains.base import Domain
from siren_pde.fields.base import Field
from siren_pde.problem import Condition, Problem

Channels = dict[Site, Tensor]
AFFINE = 1e-8
"""Below this curvature a residual counts as affine in the unknowns."""


def root_mean_square(values: Tensor) -> Tensor:
    """√(mean v²), whose squares neither under- nor overflow."""
    largest = values.abs().max() if values.numel() else values.new_zeros(())
    if not bool(torch.isfinite(largest)) or not bool(largest):
        return largest
    return largest * (values / largest).square().mean().sqrt()


@dataclass(frozen=True)
class Slot:
    """A derivative of one output of one unknown, at the points or elsewhere, and its channel."""

    site: Site
    output: int
    key: Key
    channel: int

    @property
    def unknown(self) -> str:
        """The name of the unknown."""
        return self.site.network

    def order(self, axis: int) -> int:
        """How often it is differentiated along an axis."""
        if isinstance(self.key, Laplace):
            return 2 if axis in self.key.axes else 0
        return self.key.count(axis)

    def growth(self, frequency: Tensor) -> Tensor:
        """By how much differentiating multiplies a wave of the given frequencies (d,)."""
        if isinstance(self.key, Laplace):
            return frequency[list(self.key.axes)].square().sum()
        return frequency[list(self.key)].prod()


@dataclass(frozen=True, eq=False)
class Probe:
    """A condition with its residual bound to a field's structure, at sample points."""

    condition: Condition
    bound: BoundResidual
    points: Points

    @staticmethod
    def of(condition: Condition, field: Field, points: Points) -> Probe:
        """Plan a condition for a field. Raises ResidualError as `BoundResidual.planned` does."""
        bound = BoundResidual.planned(Expression.of(condition), field, points)
        return Probe(condition, bound, points)

    @property
    def name(self) -> str:
        """Its name."""
        return self.condition.name

    @property
    def domain(self) -> Domain:
        """Where it holds."""
        return self.condition.domain

    @property
    def measured(self) -> bool:
        """Whether it holds at given points, or uses what is known at points only."""
        return self.domain.is_data or bool(self.points.data)

    def moved(self, positions: Tensor) -> Probe:
        """The same condition at other positions, without normals and data."""
        weights = positions.new_full((len(positions),), 1 / max(len(positions), 1))
        return replace(self, points=Points(self.points.axes, positions, weights))

    # ── values of the unknowns ────────────────────────────────────────────────────────────────

    @property
    def zero(self) -> Channels:
        """Unknowns that vanish with all their derivatives."""
        return self.bound.zero_channels(self.points)

    def random(self, seed: int) -> Channels:
        """Positive random values for all derivatives of the unknowns."""
        generator = torch.Generator(device=self.points.positions.device).manual_seed(seed)
        return {
            name: 0.5 + torch.rand(z.shape, generator=generator, dtype=z.dtype, device=z.device)
            for name, z in self.zero.items()
        }

    def constant(self, values: Mapping[str, Tensor]) -> Channels:
        """Unknowns that are constant, each given by its outputs (k,)."""
        channels = self.zero
        for site, z in channels.items():
            z[0] = values[site.network].to(z)
        return channels

    def indicator(self, slot: Slot) -> Channels:
        """Unknowns of which one derivative is 1, and all others 0."""
        channels = self.zero
        channels[slot.site][slot.channel, :, slot.output] = 1.0
        return channels

    # ── what the residual makes of them ───────────────────────────────────────────────────────

    def residual(self, channels: Channels) -> Tensor:
        """The residual (n, m)."""
        with torch.no_grad():
            return self.bound.residual(self.bound.structure, self.points, channels)

    @cached_property
    def data(self) -> Tensor:
        """The residual of the zero field (n, m): sources, boundary and initial values."""
        return self.residual(self.zero)

    @cached_property
    def affine(self) -> bool:
        """Whether the residual is affine in the unknowns, to rounding."""
        return self.bound.curvature < AFFINE

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        """All derivatives of unknowns that its plans carry."""
        networks = self.bound.structure.networks()
        return tuple(
            Slot(site, output, key, channel)
            for site, plan in self.bound.plans.items()
            for channel, key in enumerate(plan.keys)
            for output in range(networks[site.network].outputs)
        )

    @cached_property
    def uses(self) -> tuple[frozenset[Slot], ...]:
        """For each component of the residual, the derivatives it depends on."""
        _, seeds = self.bound.seeds(self.bound.structure, self.points, self.random(0))
        return tuple(
            frozenset(
                slot
                for slot in self.slots
                if bool(seed[slot.site][slot.channel, :, slot.output].abs().amax() > 0)
            )
            for seed in seeds
        )

    @cached_property
    def used(self) -> frozenset[Slot]:
        """The derivatives that any component depends on."""
        return frozenset().union(*self.uses)

    def concerning(self, unknown: str, output: int) -> list[frozenset[Slot]]:
        """Of each component that depends on one output of an unknown, on which derivatives."""
        mine = ({s for s in c if (s.unknown, s.output) == (unknown, output)} for c in self.uses)
        return [frozenset(slots) for slots in mine if slots]

    def sizes(self, frequency: Tensor) -> dict[Slot, float]:
        """The root mean square of each term, for an unknown of size 1 with frequencies (d,)."""
        _, seeds = self.bound.seeds(self.bound.structure, self.points, self.random(0))
        largest = {}
        for slot in self.used:
            columns = [seed[slot.site][slot.channel, :, slot.output] for seed in seeds]
            size = root_mean_square(torch.stack(columns)) * len(columns) ** 0.5
            largest[slot] = float(size * slot.growth(frequency))
        return largest


@dataclass(frozen=True)
class Examination:
    """A problem and the field it is to be solved for, with a probe of each condition that can be
    evaluated.

    `frequency` (d,) holds the angular frequencies found in the problem's data.
    """

    problem: Problem
    field: Field
    probes: tuple[Probe, ...]
    quadrature: Quadrature | None
    frequency: Tensor
    seed: int

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of the coordinates."""
        return self.problem.axes

    @property
    def equations(self) -> tuple[Probe, ...]:
        """The conditions that hold in domains as wide as their space."""
        return tuple(p for p in self.probes if p.domain.dimension == len(self.axes))

    @property
    def tolerance(self) -> float:
        """The distance at which points count as the same: rounding of the coordinates, and little
        beside the shortest range where units differ.
        """
        low, high = self.problem.bounds
        largest = max(abs(v) for side in (low, high) for v in side)
        spans = [b - a for a, b in zip(low, high, strict=True) if b > a]
        return max(1e-15 * largest, min([1e-9 * largest, *(1e-6 * span for span in spans)]))

    def outputs(self) -> list[tuple[str, int]]:
        """Every output of every unknown function."""
        networks = self.field.networks().items()
        return [
            (name, j)
            for name, network in networks
            if network.inputs
            for j in range(network.outputs)
        ]

    def called(self, unknown: str, output: int) -> str:
        """An output of an unknown as residuals write it: `u`, or `v[0]` of several."""
        outputs = self.field.networks()[unknown].outputs
        return unknown if outputs == 1 else f"{unknown}[{output}]"

    def measured(self, unknown: str) -> bool:
        """Whether an unknown is held to measured data."""
        return any(p.measured and unknown in p.bound.networks for p in self.probes)
