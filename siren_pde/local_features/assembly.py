"""The linear model of all residuals and all faces, box by box."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.collocation.collocated import Rows
from siren_pde.collocation.expression import Site
from siren_pde.fields.base import Field, Network
from siren_pde.fields.local_sines import LocalSines
from siren_pde.fields.parameters import split
from siren_pde.local_features.layout import Matching
from siren_pde.local_features.points import Placed
from siren_pde.numerics.multifrontal import Leaf

NUMBERS = 1 << 23
"""Numbers of a matrix that is assembled at once."""
SCALED = 16
"""Points of a box at which the size of a condition's rows is measured."""
MEAN_SQUARE = 0.5
"""Of a sine: rows of all conditions are scaled to that of values."""


class Equation(NamedTuple):
    """A condition's residual with its points by box, and the scale (K, m) of its rows in each.

    `nominal` is how many rows of a box count fully.
    """

    rows: Rows
    placed: Placed
    nominal: int
    weight: float
    scale: Tensor | None = None


@dataclass(frozen=True, eq=False)
class Incidence:
    """A matching from the boxes' side: which node (n,) each box (n,) has, and on which side."""

    matching: Matching
    boxes: Tensor
    nodes: Tensor
    side: Tensor
    starts: Tensor
    first: int

    @staticmethod
    def of(matching: Matching, boxes: int, first: int) -> Incidence:
        """By box; unknowns at nodes are numbered from `first`."""
        n = matching.sides.shape[1]
        both = matching.sides.flatten()
        nodes = torch.arange(n).repeat(2)
        side = torch.arange(2).repeat_interleave(n)
        order = torch.argsort(both, stable=True)
        sizes = torch.bincount(both, minlength=boxes)
        starts = torch.cat([torch.zeros((1,), dtype=torch.long), torch.cumsum(sizes, 0)])
        return Incidence(matching, both[order], nodes[order], side[order], starts, first)


@dataclass(frozen=True, eq=False)
class Assembly:
    """All equations and faces of a field on boxes, whose rows come box by box.

    Columns of a box are the coefficients of its waves in every network that has some, one network
    after the other; shared unknowns are the values at nodes of faces, and networks without a place,
    which come last. `whole` (K,) says which boxes are wholly inside the domain.
    """

    field: Field
    equations: Sequence[Equation]
    incidences: Sequence[Incidence]
    boxes: int
    whole: Tensor

    @property
    def local(self) -> dict[str, LocalSines]:
        """The networks on boxes."""
        networks = self.field.networks().items()
        return {name: net for name, net in networks if isinstance(net, LocalSines)}

    @property
    def constants(self) -> dict[str, Network]:
        """The networks that are the same everywhere."""
        networks = self.field.networks().items()
        return {name: net for name, net in networks if not isinstance(net, LocalSines)}

    @property
    def columns(self) -> dict[str, slice]:
        """The columns of each network in a box."""
        out, start = {}, 0
        for name, net in self.local.items():
            out[name] = slice(start, start + net.outputs * net.features)
            start = out[name].stop
        return out

    @property
    def width(self) -> int:
        """How many columns a box has."""
        return sum(net.outputs * net.features for net in self.local.values())

    @property
    def traces(self) -> int:
        """How many values are shared at faces."""
        return sum(_per_node(self.local, i.matching) * i.matching.sides.shape[1] for i in self.incidences)  # noqa: E501

    def uses(self) -> Tensor:
        """How many leaves have a part in each shared unknown."""
        total, used = self.traces, torch.zeros((self.boxes,), dtype=torch.long)
        used[self.used] = 1
        uses = torch.zeros((total + len(self.constants),), dtype=torch.long)
        for i in self.incidences:
            below, above = i.matching.sides
            each = used[below] + torch.where(below == above, 0, used[above])
            k = _per_node(self.local, i.matching)
            uses[i.first : i.first + len(each) * k] = each.repeat_interleave(k)
        uses[total:] = len(self.used)
        return uses

    @property
    def used(self) -> list[int]:
        """The boxes with some equation."""
        sizes = sum(e.placed.starts[1:] - e.placed.starts[:-1] for e in self.equations)
        assert isinstance(sizes, Tensor)
        return sizes.nonzero()[:, 0].tolist()

    # ── the measure ───────────────────────────────────────────────────────────────────────────

    def scaled(self, theta: Tensor) -> Assembly:
        """The same equations, the rows of each scaled box by box as they are at θ.

        Columns get the mean square that a value's have, whatever the derivatives in a row.
        """
        parts = split(self.field, theta)
        equations = [e._replace(scale=self._scale(e, parts)) for e in self.equations]
        return replace(self, equations=equations)

    def _scale(self, equation: Equation, parts: Mapping[str, Tensor]) -> Tensor:
        few = Placed.of(equation.placed.points, equation.placed.boxes, self.boxes, SCALED)
        sums = few.points.positions.new_zeros((self.boxes, equation.rows.residual.components))
        for first, last in self._chunks():
            points, boxes = few.part(first, last)
            if len(points):
                _, own, _ = self.linearised(equation.rows, parts, points, boxes)
                sums.index_add_(0, boxes, own.square().sum(2))
        counts = few.starts[1:] - few.starts[:-1]
        sizes = equation.placed.starts[1:] - equation.placed.starts[:-1]
        features = max(net.features for net in self.local.values())
        mean = sums / counts.clamp_min(1)[:, None] / features
        scale = (MEAN_SQUARE / mean.clamp_min(torch.finfo(mean.dtype).tiny)).sqrt()
        scale = torch.where(mean > 0, scale, torch.zeros_like(scale))
        crowded = (equation.nominal / sizes.clamp_min(1)).clamp_max(1.0).sqrt()
        return scale * crowded[:, None] * math.sqrt(equation.weight)

    def squares(self, theta: Tensor) -> Tensor:
        """The sum of squares (K,) of each box's scaled residuals, half of its faces' mismatch too.
        """
        parts = split(self.field, theta)
        total = theta.new_zeros((self.boxes,))
        for _, boxes, square in self._pointwise(parts):
            total.index_add_(0, boxes, square)
        for incidence in self.incidences:
            self._add_mismatch(incidence.matching, parts, total)
        return total

    def data(self, theta: Tensor) -> float:
        """The size of the scaled residuals of the zero field."""
        parts = split(self.field, torch.zeros_like(theta))
        return math.sqrt(sum(float(square.sum()) for _, _, square in self._pointwise(parts)))

    def _pointwise(
        self, parts: Mapping[str, Tensor]
    ) -> Iterator[tuple[Points, Tensor, Tensor]]:
        """Points, their boxes, and the squares (n,) of their scaled residuals."""
        for e in self.equations:
            assert e.scale is not None
            for first, last in self._chunks():
                points, boxes = e.placed.part(first, last)
                if len(points):
                    channels = self._channels(e.rows, parts, points, boxes)
                    with torch.no_grad():
                        r = e.rows.residual.residual(self.field, points, channels)
                    yield points, boxes, (e.scale[boxes] * r).square().sum(1)

    def _channels(
        self, rows: Rows, parts: Mapping[str, Tensor], points: Points, boxes: Tensor
    ) -> dict[Site, Tensor]:
        networks, channels = self.field.networks(), {}
        for site, plan in rows.residual.plans.items():
            net, theta = networks[site.network], parts[site.network]
            if isinstance(net, LocalSines):
                c = theta.view_as(net.coefficients)[boxes]
                waves = net.derivatives(net.wrapped(points.positions), boxes, plan.keys)
                channels[site] = torch.stack([torch.einsum("nom,nm->no", c, v) for v in waves])
            else:
                channels[site] = net.evaluate(theta, points.positions, plan).channels
        return channels

    def _add_mismatch(
        self, matching: Matching, parts: Mapping[str, Tensor], total: Tensor
    ) -> None:
        for name in matching.orders:
            net, keys = self.local[name], matching.keys(name)
            c = parts[name].view_as(net.coefficients)
            both = [
                [torch.einsum("nom,nm->no", c[boxes], v) for v in net.derivatives(x, boxes, keys)]
                for boxes, x in zip(matching.sides, matching.x, strict=True)
            ]
            for key, one, other in zip(keys, *both, strict=True):
                scale = (matching.half / net.band) ** len(key)
                square = 0.25 * (scale[:, None] * (one - other)).square().sum(1)
                for boxes in matching.sides:
                    total.index_add_(0, boxes, square)

    # ── rows ──────────────────────────────────────────────────────────────────────────────────

    def leaves(self, theta: Tensor) -> Iterator[Leaf | None]:
        """The rows of each box in turn, linearised at θ; None for a box without equations."""
        parts, used = split(self.field, theta), set(self.used)
        for first, last in self._chunks():
            blocks: list[list[tuple[Tensor, Tensor, Tensor, Tensor]]] = [
                [] for _ in range(last - first)
            ]
            for equation in self.equations:
                self._add_equation(equation, parts, first, last, blocks)
            for incidence in self.incidences:
                self._add_faces(incidence, parts, first, last, blocks)
            for k, own in enumerate(blocks):
                yield self._leaf(own, theta) if first + k in used else None

    def _chunks(self) -> Iterator[tuple[int, int]]:
        """Ranges of boxes whose rows are assembled together."""
        rows = sum(
            (e.placed.starts[1:] - e.placed.starts[:-1]) * e.rows.residual.components
            for e in self.equations
        )
        rows = rows + sum(
            (i.starts[1:] - i.starts[:-1]) * _per_node(self.local, i.matching)
            for i in self.incidences
        )
        assert isinstance(rows, Tensor)
        most = max(NUMBERS // self.width, 1)
        first, count = 0, 0
        for k, n in enumerate(rows.tolist()):
            if k > first and count + n > most:
                yield first, k
                first, count = k, 0
            count += n
        yield first, self.boxes

    def _leaf(self, blocks: list[tuple[Tensor, Tensor, Tensor, Tensor]], like: Tensor) -> Leaf:
        """One box's rows: own columns, columns of constants, and a face's value subtracted."""
        own = torch.cat([b[0] for b in blocks])
        right = torch.cat([b[2] for b in blocks])
        names = torch.cat([b[3] for b in blocks])  # the trace of a row, negative for none
        ids = torch.unique(names[names >= 0])
        shared = like.new_zeros((len(own), len(ids)))
        on = (names >= 0).nonzero()[:, 0]
        weights = torch.cat([b[1][:, 0] for b in blocks])
        shared[on, torch.searchsorted(ids, names[on])] = -weights[on]
        if self.constants:
            constants = torch.cat([b[1][:, 1:] for b in blocks])
            shared = torch.cat([shared, constants], dim=1)
            ids = torch.cat([ids, self.traces + torch.arange(len(self.constants))])
        return Leaf(own, shared, ids, right)

    def _add_equation(
        self,
        equation: Equation,
        parts: Mapping[str, Tensor],
        first: int,
        last: int,
        blocks: list[list[tuple[Tensor, Tensor, Tensor, Tensor]]],
    ) -> None:
        points, boxes = equation.placed.part(first, last)
        if not len(points):
            return
        r, own, constants = self.linearised(equation.rows, parts, points, boxes)
        n, components, _ = own.shape
        sizes = torch.bincount(boxes - first, minlength=last - first)
        assert equation.scale is not None
        scale = equation.scale[boxes]
        own *= scale[:, :, None]
        constants *= scale[:, :, None]
        right = -scale * r
        for k, (start, end) in _ranges(sizes):
            piece = slice(start, end)
            rows = (end - start) * components
            shared = torch.cat(
                [own.new_ones((rows, 1)), constants[piece].reshape(rows, -1)], dim=1
            )
            none = torch.full((rows,), -1)
            blocks[k].append((own[piece].reshape(rows, -1), shared, right[piece].flatten(), none))

    def linearised(
        self, rows: Rows, parts: Mapping[str, Tensor], points: Points, boxes: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Residuals (n, m) of a condition, their derivatives (n, m, columns) by the coefficients of
        each point's box, and those by the constants (n, m, constants).
        """
        networks = self.field.networks()
        channels, waves = {}, {}
        for site, plan in rows.residual.plans.items():
            net, theta = networks[site.network], parts[site.network]
            if isinstance(net, LocalSines):
                x = net.wrapped(points.positions)
                values = net.derivatives(x, boxes, plan.keys)
                waves[site] = values
                c = theta.view_as(net.coefficients)[boxes]
                channels[site] = torch.stack([torch.einsum("nom,nm->no", c, v) for v in values])
            else:
                channels[site] = net.evaluate(theta, points.positions, plan).channels
        r, seeds = rows.residual.seeds(self.field, points, channels)
        n, m = r.shape
        own, names = r.new_zeros((n, m, self.width)), list(self.constants)
        constants = r.new_zeros((n, m, len(names)))
        for j, seed in enumerate(seeds):
            for site, s in seed.items():
                if site in waves:
                    self._fill(own[:, j, self.columns[site.network]], s, waves[site])
                else:
                    constants[:, j, names.index(site.network)] += s[0, :, 0]
        return r, own, constants

    def _fill(self, out: Tensor, seeds: Tensor, waves: list[Tensor]) -> None:
        """Σ seeds · waves (n, outputs · m), added to the columns of a network."""
        outputs, features = seeds.shape[2], waves[0].shape[1]
        for o in range(outputs):
            columns = out[:, o * features : (o + 1) * features]
            for k, wave in enumerate(waves):
                s = seeds[k, :, o]
                if bool(s.any()):
                    columns.addcmul_(s[:, None], wave)

    def _add_faces(
        self,
        incidence: Incidence,
        parts: Mapping[str, Tensor],
        first: int,
        last: int,
        blocks: list[list[tuple[Tensor, Tensor, Tensor, Tensor]]],
    ) -> None:
        piece = slice(int(incidence.starts[first]), int(incidence.starts[last]))
        boxes = incidence.boxes[piece]
        if not len(boxes):
            return
        matching, nodes, side = incidence.matching, incidence.nodes[piece], incidence.side[piece]
        x, half = matching.x[side, nodes], matching.half[nodes]
        k = _per_node(self.local, matching)
        own, right, j = x.new_zeros((len(x), k, self.width)), x.new_zeros((len(x), k)), 0
        for name in matching.orders:
            net = self.local[name]
            c = parts[name].view_as(net.coefficients)[boxes]
            for key, wave in zip(
                matching.keys(name),
                net.derivatives(x, boxes, matching.keys(name)),
                strict=True,
            ):
                wave = wave * ((half / net.band) ** len(key))[:, None]
                for o in range(net.outputs):
                    start = self.columns[name].start + o * net.features
                    own[:, j, start : start + net.features] = wave
                    right[:, j] = -(c[:, o] * wave).sum(1)
                    j += 1
        ids = incidence.first + nodes[:, None] * k + torch.arange(k)
        sizes = torch.bincount(boxes - first, minlength=last - first)
        for box, (start, end) in _ranges(sizes):
            rows, part = (end - start) * k, slice(start, end)
            shared = own.new_zeros((rows, 1 + len(self.constants)))
            shared[:, 0] = 1.0
            blocks[box].append(
                (own[part].reshape(rows, -1), shared, right[part].flatten(), ids[part].flatten())
            )

    # ── solutions ─────────────────────────────────────────────────────────────────────────────

    def moved(self, theta: Tensor, own: Sequence[Tensor | None], shared: Tensor) -> Tensor:
        """θ plus a solution of the linear model."""
        parts = split(self.field, theta.clone())
        boxes = [k for k, x in enumerate(own) if x is not None]
        moves = torch.stack([x for x in own if x is not None])
        for name, net in self.local.items():
            c = parts[name].view_as(net.coefficients)
            c[boxes] += moves[:, self.columns[name]].view(-1, net.outputs, net.features)
        for i, name in enumerate(self.constants):
            parts[name] += shared[self.traces + i]
        return torch.cat([parts[name] for name in self.field.networks()])


def _per_node(local: Mapping[str, LocalSines], matching: Matching) -> int:
    """How many values are shared at a node."""
    return sum(local[name].outputs * order for name, order in matching.orders.items())


def _ranges(sizes: Tensor) -> Iterator[tuple[int, tuple[int, int]]]:
    """The boxes that have rows, and where these start and end."""
    ends = torch.cumsum(sizes, 0).tolist()
    for k, (n, end) in enumerate(zip(sizes.tolist(), ends, strict=True)):
        if n:
            yield k, (end - n, end)
