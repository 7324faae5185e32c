"""What is continuous on faces where coefficients jump: fluxes, in place of normal derivatives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from siren_pde.calculus.fluxes import fluxes_noted
from siren_pde.calculus.jets import Jet
from siren_pde.calculus.points import Points
from siren_pde.collocation.collocated import Collocated
from siren_pde.collocation.evaluation import Rows
from siren_pde.collocation.expression import Expression
from siren_pde.collocation.residual import BoundResidual
from siren_pde.local_features.columns import Columns, Parts
from siren_pde.numerics.box_tree import BoxTree

ASIDE, ULPS = 1e-10, 64
"""Coefficients on a face are taken this share of the way to the middle of the box of their side, or
so many rounding units away.
"""
POWER = 0.5
"""Of the coefficient: energies are quadratic."""
JUMPS = 1e-6
"""Coefficients that differ more than this beside their size jump."""

Output = tuple[str, int]
"""An unknown and one of its outputs."""


@dataclass(frozen=True, eq=False)
class Flux:
    """A component of `residual` that is continuous at n nodes with the coordinates `axes`, both
    sides of which are seen from `x` (2, n, d).

    `factor` (n,) makes it as large as the normal derivative of the unknown that it belongs to.
    """

    residual: BoundResidual
    component: int
    axes: tuple[str, ...]
    x: Tensor
    factor: Tensor

    def at(self, nodes: Tensor | slice) -> Flux:
        """At some of the nodes."""
        return replace(self, x=self.x[:, nodes], factor=self.factor[nodes])

    def points(self, side: Tensor | int, nodes: Tensor | slice) -> Points:
        """Some of the nodes, each seen from a side."""
        x = self.x[side, nodes]
        return Points(self.axes, x, torch.ones_like(x[:, 0]))

    def linearised(
        self, columns: Columns, parts: Parts, points: Points, boxes: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The flux (n,) at points in boxes, its derivatives (n, width) by the coefficients of each
        point's box, and those by the constants (n, constants).
        """
        r, own, constants = columns.linearised(self.residual, parts, points, boxes)
        return r[:, self.component], own[:, self.component], constants[:, self.component]

    def apart(self, columns: Columns, parts: Parts, sides: Tensor) -> Tensor:
        """By how much (n,) both sides (2, n) differ, made as large as normal derivatives."""
        below, above = (
            columns.residual(self.residual, parts, self.points(i, slice(None)), boxes)
            for i, boxes in enumerate(sides)
        )
        return self.factor * (below - above)[:, self.component]


Fluxes = Mapping[Output, Flux]

Weights = Mapping[Output, Tensor]
"""What the rows of outputs count by box (K,); outputs without one count 1."""


def aside(x: Tensor, boxes: Tensor, *, tree: BoxTree, axis: int) -> Tensor:
    """Points x (n, d) on faces across an axis, moved a little into the boxes of a side."""
    x = x.clone()
    way = tree.centre[boxes, axis] - x[:, axis]
    least = ULPS * torch.finfo(x.dtype).eps * x[:, axis].abs()
    x[:, axis] += way.sign() * torch.maximum(ASIDE * way.abs(), torch.minimum(least, way.abs()))
    return x


def fluxes_across(
    collocated: Collocated, axis: int, *, sides: Tensor, x: Tensor, tree: BoxTree
) -> Iterator[tuple[Fluxes, Tensor]]:
    """Which outputs have a flux that is not their normal derivative, and at which nodes (n,).

    The nodes lie at `x` (2, N, d) on both `sides` (2, N) of faces across an axis.
    """
    fluxes: dict[Output, Flux] = {}
    differs = torch.zeros_like(sides[0], dtype=torch.bool)
    at = torch.stack([aside(p, k, tree=tree, axis=axis) for p, k in zip(x, sides, strict=True)])
    for rows in collocated.rows:
        if rows.condition.domain.dimension == x.shape[2] and not rows.points.data:
            bound = flux_along(rows, axis)
            for output, flux in (
                () if bound is None else _jumping(bound, rows.points.axes, at, axis)
            ):
                if output not in fluxes:
                    fluxes[output], mask = flux
                    differs |= mask
    nodes = differs.nonzero()[:, 0]
    if len(nodes):
        yield {output: flux.at(nodes) for output, flux in fluxes.items()}, nodes
    others = (~differs).nonzero()[:, 0]
    if len(others):
        yield {}, others


def flux_along(rows: Rows, axis: int) -> BoundResidual | None:
    """The fluxes along an axis that a residual takes the divergence of, if any."""
    settled = rows.residual.expression

    def along(p: Points, *unknowns: object) -> list[Jet]:
        with fluxes_noted() as noted:
            settled.function(p, *unknowns)
        return [flux.value for flux in noted if flux.axis == axis]

    points = rows.points.select(slice(0, 4))
    with fluxes_noted() as noted:
        rows.residual.zero_field_residual(rows.residual.structure, points)
    if not any(flux.axis == axis for flux in noted):
        return None
    expression = Expression(settled.name, along, settled.arguments)
    bound = BoundResidual.planned(expression, rows.residual.structure, points)
    return bound if any((axis,) in plan.keys for plan in bound.plans.values()) else None


def by_normal(
    bound: BoundResidual, axes: tuple[str, ...], x: Tensor, axis: int
) -> list[dict[Output, Tensor]]:
    """The derivative (n,) of each flux by the normal derivative of each output, where all channels
    are 1.
    """
    points = Points(axes, x, torch.ones_like(x[:, 0]))
    ones = {site: torch.ones_like(c) for site, c in bound.zero_channels(points).items()}
    _, seeds = bound.seeds(bound.structure, points, ones)
    out: list[dict[Output, Tensor]] = []
    for seed in seeds:
        own: dict[Output, Tensor] = {}
        for site, s in seed.items():
            keys = bound.plans[site].keys
            if (axis,) in keys:
                for o in range(s.shape[2]):
                    own[site.network, o] = s[keys.index((axis,)), :, o]
        out.append(own)
    return out


def _jumping(
    bound: BoundResidual, axes: tuple[str, ...], x: Tensor, axis: int
) -> Iterator[tuple[Output, tuple[Flux, Tensor]]]:
    """Each flux whose coefficients jump, the output it belongs to, and at which nodes (n,)."""
    pair = [by_normal(bound, axes, side, axis) for side in x]
    for component, (below, above) in enumerate(zip(*pair, strict=True)):
        sizes = {o: torch.maximum(below[o].abs(), above[o].abs()) for o in below}
        if sizes:
            output = max(sizes, key=lambda o: float(sizes[o].sum()))
            mask = (below[output] - above[output]).abs() > JUMPS * sizes[output]
            factor = 1 / sizes[output].clamp_min(torch.finfo(x.dtype).tiny)
            if bool(mask.any()):
                yield output, (Flux(bound, component, axes, x, factor), mask)


def energy_weights(
    fluxes: Sequence[tuple[int, Fluxes]], x: Tensor, boxes: Tensor, k: int
) -> Weights:
    """The root of the coefficient of each output's flux beside its mean, in each of k boxes.

    Rows that are multiplied by it measure an answer by its energy ∫ a |∇u|², in which soft pieces
    follow stiff ones; `x` (n, d) are points of the `boxes` (n,), `fluxes` those across each axis.
    """
    logs: dict[Output, list[Tensor]] = {}
    for axis, each in fluxes:
        for output, flux in each.items():
            own = by_normal(flux.residual, flux.axes, x, axis)[flux.component][output].abs()
            logs.setdefault(output, []).append(own.clamp_min(torch.finfo(x.dtype).tiny).log())
    counts = torch.bincount(boxes, minlength=k).clamp_min(1)
    weights: dict[Output, Tensor] = {}
    for output, columns in logs.items():
        mean = torch.stack(columns).mean(0)
        by_box = x.new_zeros((k,)).index_add_(0, boxes, mean - mean.mean()) / counts
        weights[output] = (POWER * by_box).exp()
    return weights
