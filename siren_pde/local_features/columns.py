"""The unknowns of a field on boxes as columns: of each box its own, and those all boxes share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from siren_pde.calculus.derivatives import Key
from siren_pde.calculus.points import Points
from siren_pde.collocation.expression import Site
from siren_pde.collocation.residual import BoundResidual
from siren_pde.fields.base import Field, Network
from siren_pde.fields.local_sines import LocalSines
from siren_pde.fields.parameters import parameters_of, split
from siren_pde.local_features.stage import Parts as Parts
from siren_pde.local_features.stage import Stage


@dataclass(frozen=True, eq=False)
class Columns:
    """Columns of a box are the coefficients of its waves, network after network; the constants are
    networks without a place, the same in all boxes. All are added to a `background`, a field on
    boxes of its own, if there is one: box k lies in box `parents[k]` of it, or is the same. In an
    evolution, a `stage` says what derivatives in time are.
    """

    field: Field
    background: Field | None = None
    parents: Tensor | None = None
    stage: Stage | None = None

    @cached_property
    def behind(self) -> dict[str, Network]:
        """The networks of the background."""
        return {} if self.background is None else self.background.networks()

    def waves_at(
        self, name: str, x: Tensor, boxes: Tensor, keys: Sequence[Key]
    ) -> Sequence[Tensor]:
        """Derivatives (n, m) of an unknown's waves at points in boxes."""
        net = self.local[name]
        if self.stage is None:
            return net.derivatives(x, boxes, keys)
        return self.stage.waves(net, x, boxes, keys)

    def behind_at(
        self, name: str, x: Tensor, boxes: Tensor, keys: Sequence[Key]
    ) -> Sequence[Tensor | float]:
        """Derivatives (n, outputs) of the background's network at points in boxes; 0 without."""
        if self.stage is not None:
            return self.stage.known(name, self.local[name], x, boxes, keys)
        net = self.behind.get(name)
        if not isinstance(net, LocalSines):
            return [0.0] * len(keys)
        boxes = boxes if self.parents is None else net.owner[self.parents[boxes]]
        c = net.coefficients.detach()[boxes]
        return [torch.einsum("nom,nm->no", c, wave) for wave in net.derivatives(x, boxes, keys)]

    @cached_property
    def local(self) -> dict[str, LocalSines]:
        """The networks on boxes."""
        networks = self.field.networks().items()
        return {name: net for name, net in networks if isinstance(net, LocalSines)}

    @cached_property
    def constants(self) -> dict[str, Network]:
        """The networks that are the same everywhere."""
        return {n: net for n, net in self.field.networks().items() if n not in self.local}

    @cached_property
    def of(self) -> dict[str, slice]:
        """The columns of each network in a box."""
        out, start = {}, 0
        for name, net in self.local.items():
            out[name] = slice(start, start + net.outputs * net.features)
            start = out[name].stop
        return out

    @cached_property
    def outputs(self) -> dict[tuple[str, int], slice]:
        """The columns of each output of each network in a box."""
        out = {}
        for name, net in self.local.items():
            for o in range(net.outputs):
                first = self.of[name].start + o * net.features
                out[name, o] = slice(first, first + net.features)
        return out

    @property
    def width(self) -> int:
        """How many columns a box has."""
        return sum(net.outputs * net.features for net in self.local.values())

    @property
    def features(self) -> int:
        """How many waves a box has."""
        return max(net.features for net in self.local.values())

    def split(self, theta: Tensor) -> Parts:
        """θ by network."""
        return split(self.field, theta)

    def residual(self, bound: BoundResidual, parts: Parts, points: Points, boxes: Tensor) -> Tensor:
        """The residuals (n, m) of a condition at points in boxes."""
        channels, _ = self._channels(bound, parts, points, boxes, waved=False)
        with torch.no_grad():
            return bound.residual(self.field, points, channels)

    def linearised(
        self, bound: BoundResidual, parts: Parts, points: Points, boxes: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Residuals (n, m) of a condition, their derivatives (n, m, width) by the coefficients of
        each point's box, and those by the constants (n, m, constants).
        """
        channels, waves = self._channels(bound, parts, points, boxes)
        r, seeds = bound.seeds(self.field, points, channels)
        names = list(self.constants)
        own = r.new_zeros((*r.shape, self.width))
        constants = r.new_zeros((*r.shape, len(names)))
        for j, seed in enumerate(seeds):
            for site, s in seed.items():
                if site in waves:
                    _add(own[:, j, self.of[site.network]], s, waves[site])
                else:
                    constants[:, j, names.index(site.network)] += s[0, :, 0]
        return r, own, constants

    def _channels(
        self,
        bound: BoundResidual,
        parts: Parts,
        points: Points,
        boxes: Tensor,
        *,
        waved: bool = True,
    ) -> tuple[dict[Site, Tensor], dict[Site, Sequence[Tensor]]]:
        """The channels of each site, and the waves (n, features) that they are made of; no waves
        that add nothing unless they are wanted (`waved`).
        """
        networks, channels = self.field.networks(), {}
        waves: dict[Site, Sequence[Tensor]] = {}
        for site, plan in bound.plans.items():
            net, theta = networks[site.network], parts[site.network]
            if isinstance(net, LocalSines):
                x = net.wrapped(points.positions)
                behind = self.behind_at(site.network, x, boxes, plan.keys)
                if not (waved or bool(theta.any())):
                    none = theta.new_zeros((len(x), net.outputs))
                    channels[site] = torch.stack([none + more for more in behind])
                    continue
                c = net.by_box(theta)[boxes]
                waves[site] = self.waves_at(site.network, x, boxes, plan.keys)
                values = [
                    torch.einsum("nom,nm->no", c, wave) + more
                    for wave, more in zip(waves[site], behind, strict=True)
                ]
                channels[site] = torch.stack(values)
            else:
                channels[site] = net.evaluate(theta, points.positions, plan).channels
                if constant := self.behind.get(site.network):
                    own = parameters_of(constant)
                    more = constant.evaluate(own, points.positions, plan).channels
                    channels[site] = channels[site] + more
        return channels, waves

    def moved(self, theta: Tensor, own: Sequence[Tensor | None], shared: Tensor) -> Tensor:
        """θ with each box's columns moved by `own`, and the constants by the last of `shared`."""
        parts = split(self.field, theta.clone())
        boxes = [k for k, x in enumerate(own) if x is not None]
        moves = torch.stack([x for x in own if x is not None])
        for name, net in self.local.items():
            c = net.by_box(parts[name])
            c[boxes] += moves[:, self.of[name]].view(-1, net.outputs, net.features)
        for i, name in enumerate(self.constants):
            parts[name] += shared[len(shared) - len(self.constants) + i]
        return torch.cat([parts[name] for name in self.field.networks()])


def _add(out: Tensor, seeds: Tensor, waves: Sequence[Tensor]) -> None:
    """Σ seeds (S, n, outputs) · waves, added to the columns (n, outputs · m) of a network."""
    features = waves[0].shape[1]
    for o in range(seeds.shape[2]):
        columns = out[:, o * features : (o + 1) * features]
        for s, wave in zip(seeds[:, :, o], waves, strict=True):
            if bool(s.any()):
                columns.addcmul_(s[:, None], wave)
