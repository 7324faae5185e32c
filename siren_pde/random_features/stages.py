"""Residuals at lines in space and stages in time, as functions of the coefficients of waves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.collocation.evaluation import Rows
from siren_pde.collocation.expression import Site
from siren_pde.fields.base import Field
from siren_pde.numerics.least_squares import least_norm
from siren_pde.random_features.waves import Waves, terms_of

Parts = Sequence[Tensor]
"""Coefficients (s, Q) of the values at s stages, and of each derivative in time."""


@dataclass(frozen=True, eq=False)
class Basis:
    """The functions of space of all networks: coefficients (…, Q) hold those of one network after
    the other, output by output.
    """

    field: Field
    waves: Mapping[str, Waves]

    @property
    def slices(self) -> dict[str, slice]:
        """Which coefficients are whose."""
        start, slices = 0, {}
        for name, network in self.field.networks().items():
            size = network.outputs * self.waves[name].count
            slices[name] = slice(start, start + size)
            start += size
        return slices

    @property
    def size(self) -> int:
        """Q."""
        networks = self.field.networks()
        return sum(networks[name].outputs * waves.count for name, waves in self.waves.items())

    def split(self, c: Tensor) -> dict[str, Tensor]:
        """The coefficients (…, outputs, q) of each network."""
        networks = self.field.networks()
        return {
            name: c[..., part].view(*c.shape[:-1], networks[name].outputs, self.waves[name].count)
            for name, part in self.slices.items()
        }

    def moved(self, c: Tensor, other: Basis, x: Tensor) -> Tensor:
        """Coefficients (…, Q) of nearly the same functions at x (n, d) in another basis."""
        parts, each = self.split(c), []
        for name, part in parts.items():
            values, table = part @ self.waves[name].values(x).T, other.waves[name].values(x)
            right = values.flatten(0, -2).T
            fitted = least_norm(table, right)
            each.append(fitted.T.view(*part.shape[:-1], -1))
        return torch.cat([part.flatten(-2) for part in each], -1)

    def sizes(self, c: Tensor, x: Tensor) -> Tensor:
        """The root mean squares (…, networks) over places x (n, d) of the functions."""
        parts = self.split(c)
        each = [
            (part @ self.waves[name].values(x).T).square().sum(-2).mean(-1).sqrt()
            for name, part in parts.items()
        ]
        return torch.stack(each, -1)


@dataclass(frozen=True, eq=False)
class Lines:
    """Conditions at lines: `rows` at places in space, whose times are set stage by stage.

    `order` is that in time, along the axis `time`.
    """

    basis: Basis
    rows: tuple[Rows, ...]
    time: int
    order: int

    @property
    def count(self) -> int:
        """N, the rows of one stage."""
        return sum(rows.count for rows in self.rows)

    def residual(self, times: Tensor, parts: Parts) -> Tensor:
        """The scaled residuals (s, N) at s times."""
        each = []
        for rows in self.rows:
            points, channels = self._at(rows, times), self._channels(rows, parts)
            with torch.no_grad():
                r = rows.residual.residual(self.basis.field, points, channels)
            each.append((r.view(len(times), *_each(rows)) * rows.scale[:, None]).flatten(1))
        return torch.cat(each, 1)

    def linearised(
        self, times: Tensor, parts: Parts, *, mean: bool = False
    ) -> tuple[Tensor, list[Tensor]]:
        """The residuals, and their derivatives (s, N, Q) by the coefficients of each order; if
        `mean`, of all stages together (1, N, Q).
        """
        residuals = []
        slopes = [[] for _ in parts]  # type: list[list[Tensor]]
        for rows in self.rows:
            points, channels = self._at(rows, times), self._channels(rows, parts)
            r, seeds = rows.residual.seeds(self.basis.field, points, channels)
            residuals.append((r.view(len(times), *_each(rows)) * rows.scale[:, None]).flatten(1))
            own = self._slopes(rows, seeds, len(times), len(parts), mean)
            for part, slope in zip(slopes, own, strict=True):
                part.append(slope)
        return torch.cat(residuals, 1), [torch.cat(part, 1) for part in slopes]

    def components(self) -> list[slice]:
        """The rows of each component of each condition, strided."""
        start, each = 0, []
        for rows in self.rows:
            m = rows.residual.components
            each += [slice(start + j, start + rows.count, m) for j in range(m)]
            start += rows.count
        return each

    def _at(self, rows: Rows, times: Tensor) -> Points:
        """The places of a condition, once for each time."""
        n, s, p = len(rows.points), len(times), rows.points
        positions = p.positions.repeat(s, 1)
        positions[:, self.time] = times.repeat_interleave(n)
        normals = None if p.normals is None else p.normals.repeat(s, 1)
        return Points(p.axes, positions, p.weights.repeat(s), normals)

    def _channels(self, rows: Rows, parts: Parts) -> dict[Site, Tensor]:
        networks, x = self.basis.field.networks(), rows.points.positions
        channels = {}
        split = [self.basis.split(part) for part in parts]
        for site, plan in rows.residual.plans.items():
            s, outputs = len(parts[0]), networks[site.network].outputs
            at = x.new_zeros((len(plan.keys), s, len(x), outputs))
            for i in plan.required:
                for order, alpha in terms_of(plan.keys[i], self.time):
                    table = self.basis.waves[site.network].values(x, alpha)
                    at[i] += (split[order][site.network] @ table.T).transpose(1, 2)
            channels[site] = at.flatten(1, 2)
        return channels

    def _slopes(
        self, rows: Rows, seeds: list[dict[Site, Tensor]], stages: int, orders: int, mean: bool
    ) -> list[Tensor]:
        """Derivatives (s or 1, n m, Q) by the coefficients of each order in time."""
        x, m, many = rows.points.positions, rows.residual.components, 1 if mean else stages
        slopes = [x.new_zeros((many, len(x), m, self.basis.size)) for _ in range(orders)]
        split = [self.basis.split(slope) for slope in slopes]
        for j, seed in enumerate(seeds):
            for site, plan in rows.residual.plans.items():
                by = seed[site].reshape(len(seed[site]), stages, len(x), -1) * rows.scale[:, None]
                by = by.mean(1, keepdim=True) if mean else by
                for i in plan.required:
                    for order, alpha in terms_of(plan.keys[i], self.time):
                        table = self.basis.waves[site.network].values(x, alpha)
                        part = split[order][site.network][:, :, j]
                        part += by[i][..., None] * table[:, None, :]
        return [slope.flatten(1, 2) for slope in slopes]


def _each(rows: Rows) -> tuple[int, int]:
    return len(rows.points), rows.residual.components


def at_lines(rows: Rows, time: int, scale: Tensor | None = None) -> Rows:
    """A condition at its different places in space, at the start of time."""
    positions = rows.points.positions.clone()
    positions[:, time] = 0.0
    normals = rows.points.normals
    keys = positions if normals is None else torch.cat([positions, normals], 1)
    _, inverse = torch.unique(keys, dim=0, return_inverse=True)
    first = torch.full((int(inverse.max()) + 1,), len(inverse)).scatter_reduce(
        0, inverse, torch.arange(len(inverse)), "amin"
    )
    weights = positions.new_zeros(len(first)).index_add(0, inverse, rows.points.weights)
    points = replace(rows.points.select(first), positions=positions[first], weights=weights)
    own = (weights / weights.sum()).sqrt() if scale is None else scale
    return replace(rows, points=points, scale=own)
