"""A residual at its points: a pointwise function of a field's derivative channels.

This is the residual side of the engine. An expression is evaluated once, on placeholders at a few
points, to see which derivatives it requires (its plan). From then on it is evaluated on channels:
plain torch on a few numbers per point, whose derivatives by the channels (the seeds) come from
autograd.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from siren_pde.calculus.comparisons import BRANCHES
from siren_pde.calculus.derivatives import Key
from siren_pde.calculus.points import Points
from siren_pde.collocation.channels import channels_of
from siren_pde.collocation.expression import (
    Channels,
    Expression,
    MovableUnknowns,
    Plans,
    Site,
    network_jets,
)
from siren_pde.errors import NonFiniteError, ResidualError
from siren_pde.fields.base import Field
from siren_pde.fields.engine.plan import Plan

PLACEHOLDERS, PROBED = 4, 64
"""At how many points a residual is planned, and at how many its curvature is measured."""
BRANCHED = 0.1
"""The least curvature of a formula chosen by the field: far from affine, as kinks measured are."""


@dataclass(frozen=True, eq=False)
class BoundResidual:
    """An expression bound to the structure of a field: plans per network, and residual values from
    channels.

    It serves every field of the structure it was planned for: the same names, inputs and outputs of
    networks, and the same way to make unknowns of them. `structure` is such a field, and `sample`
    points to probe at. `places` are the axes along which each place named by `at` is elsewhere;
    `branches` says that it chooses among formulas by the field's values. With a `share` s < 1 of
    what is not linear in it, it is R_s(u) = (1 − s) (R(0) + R′(0) u) + s R(u).
    """

    expression: Expression
    plans: Plans
    components: int
    structure: Field
    sample: Points
    places: tuple[frozenset[int], ...] = ()
    branches: bool = False
    share: float = 1.0

    @staticmethod
    def planned(expression: Expression, field: Field, points: Points) -> BoundResidual:
        """Find the plans by evaluating the expression once, on placeholders at a few points.

        Raises ResidualError, naming the expression, if it takes unknown fields, returns another
        shape than (n,) or (n, m), or does not depend on the field at all.
        """
        few = points.select(slice(0, PLACEHOLDERS))
        required: defaultdict[Site, set[Key]] = defaultdict(set)
        generator = torch.Generator(device=few.positions.device).manual_seed(0)

        def placeholder(site: Site, output: int, key: Key) -> Tensor:
            required[site].add(key)
            return 0.5 + _uniform((len(few),), generator, few)

        movable = MovableUnknowns(field, few, placeholder)
        unknowns = movable.here()
        settled = expression.taking(unknowns)
        branches: list[str] = []
        token = BRANCHES.set(branches)
        try:
            components = settled.values(few, unknowns).shape[1]
        finally:
            BRANCHES.reset(token)
        if not required:
            raise ResidualError(
                f"condition `{expression.name}` does not depend on the field: it never took a "
                "value or derivative of it, so nothing could make it vanish. Return an expression "
                "in the unknown, such as `u - g(p)`."
            )
        order = [*field.networks()]
        sites = sorted(required, key=lambda site: (order.index(site.network), site.place))
        plans = {site: Plan.closing(required[site]) for site in sites}
        sample = points.select(slice(0, PROBED))
        places = tuple(frozenset(place.columns) for place in movable.places)
        return BoundResidual(
            settled, plans, components, field, sample, places=places, branches=bool(branches)
        )

    @property
    def name(self) -> str:
        """The name of the expression."""
        return self.expression.name

    @property
    def networks(self) -> frozenset[str]:
        """The names of the networks that it depends on."""
        return frozenset(site.network for site in self.plans)

    def fineness(self, field: Field, points: Points) -> Tensor:
        """What residuals (n,) count where waves are cut short: there, functions that are as large
        as elsewhere have larger derivatives.
        """
        x, networks = points.positions, field.networks()
        factors = [networks[s.network].fineness(x) ** p.order for s, p in self.plans.items()]
        return torch.stack(factors).amin(0)

    def positions(self, field: Field, points: Points) -> tuple[Tensor, ...]:
        """Where networks are evaluated, (n, d) each: at the points, and at each place.

        All are at the points themselves in a copy whose `places` are empty.
        """
        if not self.places:
            return (points.positions,) * (1 + max(site.place for site in self.plans))
        zero = points.positions.new_zeros(len(points))
        movable = MovableUnknowns(field, points, lambda *_: zero)
        with torch.no_grad():
            self.expression.values(points, movable.here())
        if len(movable.places) != len(self.places):
            raise ResidualError(
                f"condition `{self.name}` takes unknowns at {len(movable.places)} other places, "
                f"but when it was planned at {len(self.places)}. Name the same places, `at(u, …)`, "
                "in every call."
            )
        return movable.positions()

    def residual(self, field: Field, points: Points, channels: Channels) -> Tensor:
        """Residual values (n, m) from channels (S, n, outputs) of each site in `plans`."""
        if self.share == 1:
            return self._whole(field, points, channels)
        linear = self._linear(field, points, channels)
        if self.share == 0:
            return linear
        return torch.lerp(linear, self._whole(field, points, channels), self.share)

    def _linear(self, field: Field, points: Points, channels: Channels) -> Tensor:
        """R(0) + R′(0) u."""
        whole = replace(self, share=1.0)
        with torch.enable_grad():
            r, seeds = whole.seeds(field, points, self.zero_channels(points))
        terms = [
            torch.stack([(seed[site] * channels[site]).sum((0, 2)) for site in seed]).sum(0)
            for seed in seeds
        ]
        return r + torch.stack(terms, dim=1)

    def _whole(self, field: Field, points: Points, channels: Channels) -> Tensor:
        def derivative(site: Site, output: int, key: Key) -> Tensor:
            return self.plans[site].part(channels[site], key)[:, output]

        if self.places:
            movable = MovableUnknowns(field, points, derivative)
            return self.expression.values(points, movable.here())

        def here(name: str, output: int, key: Key) -> Tensor:
            return derivative(Site(name), output, key)

        jets = network_jets(field.networks(), points.axes, here)
        return self.expression.values(points, field.unknowns(points, jets))

    def seeds(
        self, field: Field, points: Points, channels: Channels
    ) -> tuple[Tensor, list[dict[Site, Tensor]]]:
        """Residuals (n, m), and for each component the derivatives by the channels of each site."""
        live = {name: c.detach().requires_grad_() for name, c in channels.items()}
        r = self.residual(field, points, live)
        each = [_gradient(r[:, j].sum(), live, keep=j + 1 < r.shape[1]) for j in range(r.shape[1])]
        return r.detach(), each

    def loss_seeds(
        self, field: Field, points: Points, channels: Channels, *, scale: Tensor
    ) -> tuple[Tensor, dict[Site, Tensor]]:
        """½ Σ (scale r)² and its derivatives by the channels, for the scale (n,) of the rows."""
        live = {name: c.detach().requires_grad_() for name, c in channels.items()}
        half = 0.5 * (scale[:, None] * self.residual(field, points, live)).square().sum()
        return half.detach(), _gradient(half, live, keep=False)

    def zero_field_residual(self, field: Field, points: Points) -> Tensor:
        """The residual (n, m) where all channels vanish: the data of the condition."""
        with torch.no_grad():
            return self.residual(field, points, self.zero_channels(points))

    def zero_channels(self, points: Points) -> dict[Site, Tensor]:
        """The channels (S, n, outputs) of networks that vanish."""
        like = points.positions
        return {n: like.new_zeros(shape) for n, shape in self._shapes(len(points)).items()}

    def random_channels(
        self, points: Points, generator: torch.Generator, size: float = 1.0
    ) -> dict[Site, Tensor]:
        """Independent normal channels (S, n, outputs), of standard deviation `size`."""
        like = points.positions
        kind = {"generator": generator, "dtype": like.dtype, "device": like.device}
        shapes = self._shapes(len(points)).items()
        return {name: size * torch.randn(shape, **kind) for name, shape in shapes}  # type: ignore[call-overload]

    def _shapes(self, n: int) -> dict[Site, tuple[int, int, int]]:
        networks = self.structure.networks()
        return {
            site: (len(plan.keys), n, networks[site.network].outputs)
            for site, plan in self.plans.items()
        }

    @cached_property
    def curvature(self) -> float:
        """How far the residual is from affine in the field, relative to its size; 0 if it is.

        Infinite where random values of the field leave the residual's domain of definition.

        Compares r at the midpoint of two random field values with the mean of r at both, for values
        of several sizes; at least `BRANCHED` for a residual that branches, as random values may
        all lie on one side.
        """
        points, worst = self.sample, BRANCHED if self.branches else 0.0
        generator = torch.Generator(device=points.positions.device).manual_seed(0)
        for size in (1.0, 30.0):
            ends = [self.random_channels(points, generator, size) for _ in range(2)]
            middle = {name: (ends[0][name] + ends[1][name]) / 2 for name in self.plans}
            with torch.no_grad():
                a, b, c = (self.residual(self.structure, points, at) for at in (*ends, middle))
            tiny = torch.finfo(a.dtype).tiny
            scale = torch.maximum(a.abs().max(), b.abs().max()).clamp_min(tiny)
            apart = float(((a + b) / 2 - c).abs().max() / scale)
            worst = max(worst, apart if math.isfinite(apart) else math.inf)
        return worst

    def require_finite(self, r: Tensor, points: Points) -> None:
        """Raise NonFiniteError naming the condition and the first point where r (n, m) is not
        finite.
        """
        bad = (~torch.isfinite(r).all(1)).nonzero()
        if len(bad):
            first = int(bad[0])
            place = ", ".join(
                f"{a}={x:.6g}"
                for a, x in zip(points.axes, points.positions[first].tolist(), strict=True)
            )
            raise NonFiniteError(
                f"condition `{self.name}` is {r[first].tolist()} at {place} "
                f"({len(bad)} of {len(r)} points are not finite). Look for a division by zero, a "
                "root or logarithm of a negative number, or NaN in the data there."
            )

    def at(self, field: Field, points: Points, *, block: int = 8192) -> Tensor:
        """The expression (n, m) for a field of this structure at n points, `block` at once."""
        networks, values = field.networks(), []
        theta = {
            name: torch.cat([q.detach().flatten() for q in network.parameters()])
            for name, network in networks.items()
        }
        for start in range(0, max(len(points), 1), block):
            part = points.select(slice(start, start + block))
            x, channels = self.positions(field, part), {}
            for site, plan in self.plans.items():
                given = (theta[site.network], x[site.place], plan)
                channels[site] = channels_of(networks[site.network], *given)
            with torch.no_grad():
                values.append(self.residual(field, part, channels))
        return torch.cat(values)


def evaluate(field: Field, expression: Expression, points: Points, *, block: int = 8192) -> Tensor:
    """An expression in the language of residuals, for a field at n points: (n, m)."""
    return BoundResidual.planned(expression, field, points).at(field, points, block=block)


def _uniform(shape: tuple[int, ...], generator: torch.Generator, like: Points) -> Tensor:
    x = like.positions
    return torch.rand(shape, generator=generator, dtype=x.dtype, device=x.device)


def _gradient(total: Tensor, live: dict[Site, Tensor], *, keep: bool) -> dict[Site, Tensor]:
    grads = torch.autograd.grad(total, list(live.values()), retain_graph=keep, allow_unused=True)
    return {
        name: torch.zeros_like(c) if g is None else g
        for (name, c), g in zip(live.items(), grads, strict=True)
    }
