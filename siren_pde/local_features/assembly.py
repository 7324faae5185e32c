"""The linear model of all residuals and all faces, box by box."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from siren_pde.collocation.evaluation import Rows
from siren_pde.fields.base import Field
from siren_pde.local_features.block import Block, part_of, ranges
from siren_pde.local_features.columns import Columns, Parts
from siren_pde.local_features.faces import Incidence
from siren_pde.local_features.fluxes import Weights
from siren_pde.local_features.points import Located
from siren_pde.numerics.multifrontal import Part
from siren_pde.numerics.shares import Shares
from siren_pde.processes.processes import Processes

NUMBERS = 1 << 23
"""Numbers of a matrix that is assembled at once."""
SCALED = 16
"""Points of a box at which the size of a condition's rows is measured."""
MEAN_SQUARE = 0.5
"""Of a sine: rows of all conditions are scaled to that of values."""


@dataclass(frozen=True, eq=False)
class Equation:
    """A condition's residual with its points by box, and the scale (K, m) of its rows in each.

    `nominal` is how many rows of a box count fully.
    """

    rows: Rows
    located: Located
    nominal: int
    weight: float
    scale: Tensor | None = None

    def at(self, boxes: Tensor) -> Tensor:
        """The scale (n, m) of rows in boxes. Raises ValueError before it was measured."""
        if self.scale is None:
            raise ValueError("rows are scaled at some θ first.")
        return self.scale[boxes]


@dataclass(frozen=True, eq=False)
class Assembly:
    """All equations and faces of a field on boxes, whose rows come box by box.

    `whole` (K,) says which boxes are wholly inside the domain. Shared unknowns are the values at
    nodes of faces, and last the networks without a place. Where several `processes` share the
    boxes, each has the rows of its own, and all call for what is one number for all.
    """

    columns: Columns
    equations: Sequence[Equation]
    incidences: Sequence[Incidence]
    whole: Tensor
    weights: Weights
    processes: Processes = Processes()

    @property
    def boxes(self) -> int:
        """K, the number of boxes."""
        return len(self.whole)

    @cached_property
    def counts(self) -> Tensor:
        """How many rows (K,) equations have in each box."""
        counts = torch.zeros_like(self.whole, dtype=torch.long)
        for e in self.equations:
            counts += e.located.counts * e.rows.residual.components
        return counts

    @property
    def used(self) -> Tensor:
        """Which boxes (K,) have some equation."""
        return self.counts > 0

    @property
    def unknowns(self) -> int:
        """How many coefficients there are."""
        return int(self.used.sum()) * self.columns.width

    @property
    def traces(self) -> int:
        """How many values are shared at faces."""
        return sum(incidence.traces for incidence in self.incidences)

    def uses(self) -> Tensor:
        """How many boxes have a part in each shared unknown."""
        used = self.used.long()
        faces = [incidence.uses(used) for incidence in self.incidences]
        return torch.cat([*faces, used.sum().repeat(len(self.columns.constants))])

    @cached_property
    def shares(self) -> Shares:
        """Which boxes are this process's own: subtrees that take about as long as the others'."""
        if not self.processes.several:
            return Shares.alone(self.boxes)
        at_faces = torch.zeros_like(self.counts)
        for i in self.incidences:
            at_faces += (i.starts[1:] - i.starts[:-1]) * i.each
        rows = self.counts + at_faces + self.columns.width
        columns = self.columns.width + len(self.columns.constants) + at_faces
        work = self.used * rows.double() * columns.square()
        tree = next(iter(self.columns.local.values())).tree
        return Shares.of(tree.children.tolist(), work.tolist(), self.processes)

    # ── the measure ───────────────────────────────────────────────────────────────────────────

    def scaled(self, theta: Tensor) -> Assembly:
        """The same equations, the rows of each scaled box by box as they are at θ.

        Columns get the mean square that a value's have, whatever the derivatives in a row, and
        then the weight of the output that a row says most of.
        """
        parts = self.columns.split(theta)
        equations = [replace(e, scale=self._scale(e, parts)) for e in self.equations]
        return replace(self, equations=equations)

    def _scale(self, equation: Equation, parts: Parts) -> Tensor:
        located, rows = equation.located, equation.rows
        few = Located.of(located.points, located.boxes, self.boxes, SCALED)
        m, outputs = rows.residual.components, self.columns.outputs
        sums = few.points.positions.new_zeros((self.boxes, m))
        by_output = sums.new_zeros((len(outputs), m))
        for first, last in self._chunks():
            points, boxes = few.part(first, last)
            if len(points):
                _, own, _ = self.columns.linearised(rows.residual, parts, points, boxes)
                squares = own.square()
                sums.index_add_(0, boxes, squares.sum(2))
                for i, columns in enumerate(outputs.values()):
                    by_output[i] += squares[:, :, columns].sum((0, 2))
        sums, by_output = self.processes.summed(sums, by_output)
        mean = sums / few.counts.clamp_min(1)[:, None] / self.columns.features
        scale = (MEAN_SQUARE / mean.clamp_min(torch.finfo(mean.dtype).tiny)).sqrt()
        scale = torch.where(mean > 0, scale, torch.zeros_like(scale))
        thinned = (equation.nominal / located.counts.clamp_min(1)).clamp_max(1.0).sqrt()
        largest, names = by_output.argmax(0), list(outputs)
        for output, weight in self.weights.items():
            scale[:, largest == names.index(output)] *= weight[:, None]
        return scale * thinned[:, None] * math.sqrt(equation.weight)

    def squares(self, theta: Tensor) -> Tensor:
        """The sum of squares (K,) of each box's scaled residuals, half of its faces' mismatch too.

        The total is that which least squares minimise.
        """
        parts, total = self.columns.split(theta), theta.new_zeros((self.boxes,))
        for _, boxes, square in self._pointwise(parts):
            total.index_add_(0, boxes, square)
        for incidence in self.incidences:
            nodes = self.processes.part(len(incidence.matching.half))
            incidence.add_mismatch(self.columns, parts, total, nodes=nodes)
        return self.processes.summed(total)[0]

    def data(self, theta: Tensor) -> float:
        """The size of the scaled residuals of the zero field."""
        parts = self.columns.split(torch.zeros_like(theta))
        return math.sqrt(self._total(square for *_, square in self._pointwise(parts)))

    def squares_of(self, field: Field) -> float:
        """The sum of squares of the scaled residuals of any field of these unknowns."""
        return self._total(
            (e.at(boxes) * e.rows.residual.at(field, points)).square()
            for e in self.equations
            for points, boxes in [e.located.part(self.shares.own.start, self.shares.own.stop)]
        )

    def _total(self, squares: Iterable[Tensor]) -> float:
        own = sum(float(square.sum()) for square in squares)
        return float(self.processes.summed(self.whole.new_tensor(own, dtype=torch.float64))[0])

    def peaks(self, theta: Tensor) -> Tensor:
        """Where in each box the scaled residuals are largest (K, d); NaN without any."""
        like = self.equations[0].located.points.positions
        x = like.new_full((self.boxes, like.shape[1]), math.nan)
        largest = like.new_full((self.boxes,), -1.0)
        for positions, boxes, square in self._pointwise(self.columns.split(theta)):
            top = largest.scatter_reduce(0, boxes, square, "amax")
            here = ((square == top[boxes]) & (square > largest[boxes])).nonzero()[:, 0]
            x[boxes[here]] = positions[here]
            largest = top
        own = slice(self.shares.own.start, self.shares.own.stop)
        return self.processes.gathered(x[own])

    def _pointwise(self, parts: Parts) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Points (n, d) of own boxes, these (n,), and the squares (n,) of scaled residuals."""
        for e in self.equations:
            for first, last in self._chunks():
                points, boxes = e.located.part(first, last)
                if len(points):
                    r = self.columns.residual(e.rows.residual, parts, points, boxes)
                    yield points.positions, boxes, (e.at(boxes) * r).square().sum(1)

    # ── rows ──────────────────────────────────────────────────────────────────────────────────

    def linear_model(self, theta: Tensor) -> Iterator[Part | None]:
        """The rows of each own box in turn, linearised at θ; None for one without equations."""
        parts, used, traces = self.columns.split(theta), self.used.tolist(), self.traces
        for first, last in self._chunks():
            blocks: list[list[Block]] = [[] for _ in range(last - first)]
            for equation in self.equations:
                for box, block in self._equation(equation, parts, first, last):
                    blocks[box].append(block)
            for incidence in self.incidences:
                for box, block in incidence.blocks(self.columns, parts, first, last):
                    blocks[box].append(block)
            for k, own in enumerate(blocks):
                yield part_of(own, traces) if used[first + k] else None

    def _equation(
        self, equation: Equation, parts: Parts, first: int, last: int
    ) -> Iterator[tuple[int, Block]]:
        points, boxes = equation.located.part(first, last)
        if not len(points):
            return
        r, own, constants = self.columns.linearised(equation.rows.residual, parts, points, boxes)
        scale = equation.at(boxes)
        own *= scale[:, :, None]
        constants *= scale[:, :, None]
        right = -scale * r
        for box, part in ranges(boxes, first):
            flat = own[part].flatten(0, 1)
            none = torch.full((len(flat),), -1, device=flat.device)
            yield box, Block(flat, constants[part].flatten(0, 1), right[part].flatten(), none)

    def _chunks(self) -> Iterator[tuple[int, int]]:
        """Ranges of own boxes whose rows are assembled together."""
        rows = self.counts.clone()
        for i in self.incidences:
            rows += (i.starts[1:] - i.starts[:-1]) * i.each
        most = max(NUMBERS // self.columns.width, 1)
        own = self.shares.own
        first, count, each = own.start, 0, rows.tolist()
        for k in own:
            n = each[k]
            if k > first and count + n > most:
                yield first, k
                first, count = k, 0
            count += n
        if own:
            yield first, own.stop
