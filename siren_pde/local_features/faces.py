"""What is compared on faces: values and normal derivatives of both sides with one between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from siren_pde.calculus.derivatives import Alpha
from siren_pde.local_features.block import Block, ranges
from siren_pde.local_features.columns import Columns, Parts
from siren_pde.local_features.fluxes import Output, Weights
from siren_pde.local_features.layout import Matching


@dataclass(frozen=True, eq=False)
class Incidence:
    """A matching seen from the boxes: each one's nodes, and on which side of them it is.

    `boxes`, `nodes` and `side` (n,) are in the order of boxes, whose begin at `starts` (K + 1,).
    Values between the sides are numbered from `first`, `each` of them at a node.
    """

    matching: Matching
    boxes: Tensor
    nodes: Tensor
    side: Tensor
    starts: Tensor
    first: int
    each: int
    weights: Weights

    @staticmethod
    def of(
        matching: Matching, columns: Columns, *, boxes: int, first: int, weights: Weights
    ) -> Incidence:
        """By box, of which there are so many."""
        n = matching.sides.shape[1]
        both = matching.sides.flatten()
        order = torch.argsort(both, stable=True)
        sizes = torch.bincount(both, minlength=boxes)
        starts = torch.cat([sizes.new_zeros((1,)), torch.cumsum(sizes, 0)])
        nodes = torch.arange(n, device=both.device).repeat(2)[order]
        side = torch.arange(2, device=both.device).repeat_interleave(n)[order]
        each = sum(columns.local[n].outputs * order for n, order in matching.orders.items())
        pairs = {output: weight[matching.sides] for output, weight in weights.items()}
        return Incidence(matching, both[order], nodes, side, starts, first, each, pairs)

    def _weight(self, output: Output, key: Alpha) -> Tensor:
        """What nodes (n,) count: a gap between values costs what it does in the softer side, one
        between fluxes what it does in the stiffer one.
        """
        pair = self.weights.get(output)
        if pair is None:
            return torch.ones_like(self.matching.half)
        return pair.amax(0) if key else pair.amin(0)

    @property
    def traces(self) -> int:
        """How many values there are between sides."""
        return self.each * self.matching.sides.shape[1]

    def uses(self, used: Tensor) -> Tensor:
        """How many boxes that are `used` (K,) have a part in each value."""
        below, above = self.matching.sides
        each = used[below] + torch.where(below == above, 0, used[above])
        return each.repeat_interleave(self.each)

    def blocks(
        self, columns: Columns, parts: Parts, first: int, last: int
    ) -> Iterator[tuple[int, Block]]:
        """The rows of the boxes first … last − 1, which are counted from `first`."""
        piece = slice(int(self.starts[first]), int(self.starts[last]))
        boxes, nodes, side = self.boxes[piece], self.nodes[piece], self.side[piece]
        if not len(boxes):
            return
        x, half = self.matching.x[side, nodes], self.matching.half[nodes]
        own = x.new_zeros((len(x), self.each, columns.width))
        constants = x.new_zeros((len(x), self.each, len(columns.constants)))
        right, j = x.new_zeros((len(x), self.each)), 0
        for name in self.matching.orders:
            net, keys = columns.local[name], self.matching.keys(name)
            c = net.by_box(parts[name])[boxes]
            waves, behind = net.derivatives(x, boxes, keys), columns.behind_at(name, x, boxes, keys)
            for key, wave, more in zip(keys, waves, behind, strict=True):
                scale = _scale(key, half, net.band)[:, 0]
                value = torch.einsum("nom,nm->no", c, wave) + more
                for o in range(net.outputs):
                    flux = self.matching.flux(name, o, key)
                    factor = scale * self._weight((name, o), key)[nodes]
                    if flux is None:
                        own[:, j, columns.outputs[name, o]] = wave * factor[:, None]
                        right[:, j] = -factor * value[:, o]
                    else:
                        model = flux.linearised(columns, parts, flux.points(side, nodes), boxes)
                        factor = factor * flux.factor[nodes]
                        right[:, j] = -factor * model[0]
                        own[:, j], constants[:, j] = (factor[:, None] * by for by in model[1:])
                    j += 1
        ids = self.first + nodes[:, None] * self.each + torch.arange(self.each, device=nodes.device)
        for box, part in ranges(boxes, first):
            flat, more = own[part].flatten(0, 1), constants[part].flatten(0, 1)
            yield box, Block(flat, more, right[part].flatten(), ids[part].flatten())

    def add_mismatch(self, columns: Columns, parts: Parts, total: Tensor, *, nodes: slice) -> None:
        """Add to each box (K,) half the squares by which both sides of its faces differ from what
        is between them, at some nodes.
        """
        matching = self.matching.at(nodes)
        if not len(matching.half):
            return
        for name in matching.orders:
            net, keys = columns.local[name], matching.keys(name)
            c = net.by_box(parts[name])
            one, other = (
                [
                    torch.einsum("nom,nm->no", c[boxes], wave) + more
                    for wave, more in zip(
                        net.derivatives(x, boxes, keys),
                        columns.behind_at(name, x, boxes, keys),
                        strict=True,
                    )
                ]
                for boxes, x in zip(matching.sides, matching.x, strict=True)
            )
            for key, a, b in zip(keys, one, other, strict=True):
                apart = a - b
                for o in range(net.outputs):
                    if (flux := matching.flux(name, o, key)) is not None:
                        apart[:, o] = flux.apart(columns, parts, matching.sides)
                    apart[:, o] *= self._weight((name, o), key)[nodes]
                square = (_scale(key, matching.half, net.band) * apart / 2).square().sum(1)
                for boxes in matching.sides:
                    total.index_add_(0, boxes, square)


def _scale(key: Alpha, half: Tensor, band: float) -> Tensor:
    """What makes derivatives (n, …) of waves as large as their values."""
    return ((half / band) ** len(key))[:, None]
