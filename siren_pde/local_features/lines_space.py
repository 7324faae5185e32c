"""An evolution in boxes of space: its conditions for all times, those at the start, and sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from siren_pde.calculus.derivatives import Alpha
from siren_pde.calculus.points import Points
from siren_pde.collocation.collocated import Collocated
from siren_pde.collocation.objective import Objective
from siren_pde.fields.local_sines import LocalSines
from siren_pde.local_features.assembly import Assembly, Equation
from siren_pde.local_features.columns import Columns
from siren_pde.local_features.discretised import Waves, assembled, redrawn
from siren_pde.local_features.newton import minimised
from siren_pde.local_features.points import Located
from siren_pde.local_features.stage import Stage
from siren_pde.numerics.box_tree import BoxTree
from siren_pde.random_features.evolution import Evolution
from siren_pde.random_features.waves import terms_of

SAMPLED = 3000
"""Places at which sizes of functions are measured."""


@dataclass(frozen=True, eq=False)
class Tables:
    """The waves of an equation's points in their boxes, for each network and derivative in space:
    made once, as `most` points (k, most, m) of each of the k boxes that have some. Point i is
    number `slots[i]` of them.
    """

    located: Located
    boxes: Tensor
    most: int
    slots: Tensor
    made: dict[tuple[str, Alpha], Tensor]

    @staticmethod
    def of(located: Located) -> Tables:
        """None made yet."""
        boxes, counts = torch.unique_consecutive(located.boxes, return_counts=True)
        most, first = int(counts.max()) if len(counts) else 0, torch.cumsum(counts, 0) - counts
        which = torch.arange(len(boxes), device=counts.device).repeat_interleave(counts)
        slots = which * most + torch.arange(len(which), device=which.device) - first[which]
        return Tables(located, boxes, most, slots, {})

    def values(self, net: LocalSines, name: str, alpha: Alpha, theta: Tensor) -> Tensor:
        """The derivative ∂^alpha (n, outputs) of a network with coefficients θ."""
        key = (name, alpha)
        if key not in self.made:
            x = net.wrapped(self.located.points.positions)
            (waves,) = net.derivatives(x, self.located.boxes, [alpha])
            table = waves.new_zeros((len(self.boxes) * self.most, net.features))
            table[self.slots] = waves
            self.made[key] = table.view(len(self.boxes), self.most, net.features)
        c = net.by_box(theta)[self.boxes].transpose(1, 2)
        return torch.bmm(self.made[key], c).flatten(0, 1)[self.slots]


@dataclass(frozen=True, eq=False)
class Space:
    """An evolution on boxes that are not cut in time, with `waves` in each: the equations for all
    times, at their points.
    """

    whole: Objective
    lasting: Objective
    time: Evolution
    tree: BoxTree
    waves: Waves
    assembly: Assembly
    local: Objective

    @staticmethod
    def of(whole: Objective, time: Evolution, tree: BoxTree, waves: Waves) -> Space:
        """On those boxes."""
        first = time.initial(whole.collocated.problem)
        selected = whole.collocated.select(lambda rows: rows.condition not in first)
        assert selected is not None
        lasting = replace(whole, collocated=selected)
        assembly, local = assembled(lasting, tree, waves, time=time.axis)
        return Space(whole, lasting, time, tree, waves, assembly, local)

    @property
    def columns(self) -> Columns:
        """The unknowns."""
        return self.assembly.columns

    @cached_property
    def zero(self) -> Tensor:
        """θ of nothing."""
        return torch.zeros_like(self.local.parameters)

    @cached_property
    def tables(self) -> list[Tables]:
        """Of each equation."""
        return [Tables.of(e.located) for e in self.assembly.equations]

    @cached_property
    def judging(self) -> Space:
        """The same boxes, with a few fresh points in each."""
        seed, few = 1 + self.whole.seed, max(self.waves.features // 2, 1)
        fresh = redrawn(self.assembly, self.lasting, self.waves, seed=seed)
        equations = [
            replace(e, located=Located.of(e.located.points, e.located.boxes, len(self.tree), few))
            for e in fresh.equations
        ]
        return replace(self, assembly=replace(fresh, equations=equations))

    @cached_property
    def moving(self) -> tuple[str, ...]:
        """The networks whose derivatives in time enter an equation."""
        return tuple(
            name
            for name in self.columns.local
            if any(
                any(order for order, _ in terms_of(key, self.time.axis))
                for rows in self.lasting.collocated.rows
                for site, plan in rows.residual.plans.items()
                if site.network == name
                for key in plan.keys
            )
        )

    def staged(self, stage: Stage, at: float) -> Assembly:
        """The equations at one time and a stage."""
        columns = replace(self.columns, stage=stage)
        equations = [
            replace(e, located=replace(e.located, points=self.points(e.located.points, at)))
            for e in self.assembly.equations
        ]
        return replace(self.assembly, columns=columns, equations=equations)

    def squares(self, stage: Stage, at: float, parts: Sequence[Tensor]) -> tuple[Tensor, float]:
        """The squares (K,) of scaled residuals in each box, and those of the data of a stage: what
        is left where its unknown vanishes.
        """
        scaled = self.staged(stage, at).scaled(parts[0])
        total, data = self.zero.new_zeros((len(self.tree),)), 0.0
        nothing = stage.derivatives(self.zero, lambda part: torch.cat(list(part.values())))
        for number, equation in enumerate(scaled.equations):
            boxes = equation.located.boxes
            scale = equation.at(boxes)
            square = (scale * self.residual(number, at, parts)).square().sum(1)
            total.index_add_(0, boxes, square)
            data += float((scale * self.residual(number, at, nothing)).square().sum())
        return total, data

    def points(self, points: Points, at: float) -> Points:
        """The same places at one time."""
        x = points.positions.clone()
        x[:, self.time.axis] = at
        return replace(points, positions=x)

    def residual(self, number: int, at: float, parts: Sequence[Tensor | None]) -> Tensor:
        """The residuals (n, m) of an equation, with coefficients θ of the unknown and of each of
        its derivatives in time; None is zero.
        """
        equation, tables = self.assembly.equations[number], self.tables[number]
        located, bound = equation.located, equation.rows.residual
        points = self.points(located.points, at)
        split = [None if part is None else self.columns.split(part) for part in parts]
        channels = bound.zero_channels(points)
        for site, plan in bound.plans.items():
            net = self.columns.local[site.network]
            for i in plan.required:
                for order, alpha in terms_of(plan.keys[i], self.time.axis):
                    if (part := split[order]) is not None:
                        theta = part[site.network]
                        channels[site][i] += tables.values(net, site.network, alpha, theta)
        with torch.no_grad():
            return bound.residual(self.columns.field, points, channels)

    # ── the start ─────────────────────────────────────────────────────────────────────────────

    def initial(self) -> list[Tensor]:
        """θ of the initial values, and of derivatives in time below the order."""
        first = self.time.initial_residuals(self.whole.collocated)
        below: list[Tensor] = []
        for _ in range(self.time.order):
            known = [self.columns.split(part) for part in below]
            stage = Stage.initial(self.time.axis, known, self.time.order)
            columns = replace(self.columns, stage=stage)
            assembly = replace(self.assembly, columns=columns, equations=self._starting(first))
            below.append(minimised(assembly, self.tree, self.zero, affine=first.affine).theta)
        return below

    def _starting(self, first: Collocated) -> list[Equation]:
        """The initial conditions at the points of equations inside, at the start of time."""
        out = []
        d = len(self.whole.collocated.problem.axes)
        inner = next(e for e in self.assembly.equations if e.rows.condition.domain.dimension == d)
        points = self.points(inner.located.points, self.time.low)
        size = float((self.tree.high - self.tree.low).max())
        for rows in first.rows:
            mask = rows.condition.domain.contains(points.positions, 1e-9 * size)
            index = mask.nonzero()[:, 0]
            chosen = Located.of(points.select(index), inner.located.boxes[index], len(self.tree))
            weight = self.whole.collocated.weights[rows.condition.name]
            out.append(Equation(rows, chosen, inner.nominal, weight))
        return out

    # ── sizes ─────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def _sample(self) -> dict[str, tuple[Tensor, Tensor]]:
        """The boxes (n,) of some places inside, and the waves (n, m) of each network there."""
        d = len(self.whole.collocated.problem.axes)
        out = {}
        for name, net in self.columns.local.items():
            inner = next(
                e.located
                for e in self.assembly.equations
                if e.rows.condition.domain.dimension == d and name in e.rows.residual.networks
            )
            every = max(len(inner.boxes) // SAMPLED, 1)
            x = net.wrapped(inner.points.positions[::every])
            weights = self._volumes[inner.boxes[::every]]
            (table,) = net.derivatives(x, inner.boxes[::every], [()])
            out[name] = inner.boxes[::every], table * (weights / weights.sum()).sqrt()[:, None]
        return out

    @cached_property
    def _volumes(self) -> Tensor:
        """Of boxes (K,), all of which have as many points."""
        return (self.tree.high - self.tree.low).prod(1)

    def sizes(self, theta: Tensor) -> Tensor:
        """The root mean squares (networks,) of functions in space."""
        parts, out = self.columns.split(theta), []
        for name, net in self.columns.local.items():
            boxes, table = self._sample[name]
            c = net.by_box(parts[name])[boxes]
            out.append(torch.einsum("nom,nm->no", c, table).square().sum().sqrt())
        return torch.stack(out)

    @cached_property
    def counted(self) -> Tensor:
        """Which networks (networks,) errors are measured of: those that move."""
        moving = [name in self.moving for name in self.columns.local]
        return torch.tensor(moving, device=self.tree.low.device)
