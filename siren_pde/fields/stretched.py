"""A field in stretched coordinates, u(x) = N(ξ(x)): layers become wide, and so easy to resolve.

Each axis is stretched by itself, by ξ = Σ asinh((x − c)/δ), scaled so that the interval maps to
itself: around each centre c a layer of width δ takes as much room as all the rest.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor

from siren_pde.derivatives import Key, Laplace, partitions
from siren_pde.fields.base import Evaluation, Leaf
from siren_pde.fields.plan import Plan
from siren_pde.fields.workspace import Workspace


@dataclass(frozen=True)
class Stretch:
    """A map ξ of [low, high] onto itself along one axis, steep at `centres` over their `widths`.

    Source: sinh maps of Tee and Trefethen, SIAM J. Sci. Comput. 28 (2006), here their sum.
    """

    axis: int
    low: float
    high: float
    centres: tuple[float, ...]
    widths: tuple[float, ...]

    def _raw(self, x: Tensor | float, order: int) -> Any:
        """The derivative of `order` of Σ asinh((x − c)/δ)."""
        total: Any = 0.0
        for c, width in zip(self.centres, self.widths, strict=True):
            y = (x - c) / width
            if isinstance(y, float):
                total += math.asinh(y)
                continue
            q = 1 + y * y
            if order == 0:
                term = torch.asinh(y)
            elif order == 1:
                term = q**-0.5
            elif order == 2:
                term = -y * q**-1.5
            elif order == 3:
                term = (2 * y * y - 1) * q**-2.5
            else:
                term = y * (9 - 6 * y * y) * q**-3.5
            total = total + term / width**order
        return total

    def derivative(self, x: Tensor, order: int) -> Tensor:
        """ξ⁽ᵏ⁾ at x (n,), k = `order` ≤ 4."""
        first, last = self._raw(self.low, 0), self._raw(self.high, 0)
        scale = (self.high - self.low) / (last - first)
        if order == 0:
            return self.low + scale * (self._raw(x, 0) - first)
        found: Tensor = scale * self._raw(x, order)
        return found

    def inverse(self, xi: Tensor) -> Tensor:
        """x with ξ(x) = xi, by bisection to rounding."""
        low, high = torch.full_like(xi, self.low), torch.full_like(xi, self.high)
        for _ in range(60):
            middle = (low + high) / 2
            below = self.derivative(middle, 0) < xi
            low, high = torch.where(below, middle, low), torch.where(below, high, middle)
        return (low + high) / 2


@dataclass(frozen=True)
class Entry:
    """factor (n,) times an inner channel: one summand of an outer channel."""

    channel: int
    inner: int
    factor: Tensor | float


@final
class Stretched(Leaf):
    """The field N(ξ(x)) around a leaf N; `stretch` says how one axis is stretched.

    Its derivatives follow from those of N by the chain rule, so every product with the Jacobian is
    one of N with other seeds.
    """

    def __init__(self, leaf: Leaf, stretch: Stretch) -> None:
        super().__init__()
        self.leaf, self.stretch = leaf, stretch
        self.inputs, self.outputs = leaf.inputs, leaf.outputs
        self.output_size, self.sized, self.period = leaf.output_size, leaf.sized, leaf.period

    def forward(self, x: Tensor) -> Tensor:
        """Values (n,) or (n, outputs) at x (n, inputs)."""
        return self.leaf(self._stretched(x))

    def placed(self, low: Tensor, high: Tensor, frequency: Tensor) -> Stretched:
        """The same stretch of the placed leaf; the box is mapped to itself."""
        return Stretched(self.leaf.placed(low, high, frequency), self.stretch)  # type: ignore[arg-type]

    def featured(self, width: int, frequency: Tensor, seed: int, order: int = 0) -> Stretched:
        """The same stretch of frozen features."""
        return Stretched(self.leaf.featured(width, frequency, seed, order), self.stretch)  # type: ignore[arg-type]

    def _stretched(self, x: Tensor) -> Tensor:
        axis = self.stretch.axis
        columns = list(x.unbind(1))
        columns[axis] = self.stretch.derivative(columns[axis], 0)
        return torch.stack(columns, 1)

    def _inner(self, plan: Plan) -> Plan:
        return Plan.closing({k for key in plan.keys for k, _ in self._terms(key)})

    def _terms(self, key: Key) -> list[tuple[Key, list[tuple[int, tuple[int, ...]]]]]:
        """∂^key of N(ξ) as inner keys, each with (count, orders of ξ's derivatives) to multiply."""
        axis = self.stretch.axis
        if isinstance(key, Laplace):
            if axis not in key.axes:
                return [(key, [(1, ())])]
            return [term for i in key.axes for term in self._terms((i, i))]
        times = Counter(key)[axis]
        rest = tuple(i for i in key if i != axis)
        powers: dict[int, list[tuple[int, tuple[int, ...]]]] = {}
        for count, blocks in partitions((0,) * times):
            powers.setdefault(len(blocks), []).append(
                (count, tuple(len(b) for b in blocks if isinstance(b, tuple)))
            )
        return [(tuple(sorted((*rest, *[axis] * j))), found) for j, found in powers.items()]

    def _table(self, x: Tensor, plan: Plan, inner: Plan) -> list[Entry]:
        place = x[:, self.stretch.axis]
        slopes = {k: self.stretch.derivative(place, k) for k in range(1, plan.order + 1)}
        table = []
        for channel, key in enumerate(plan.keys):
            for k, found in self._terms(key):
                factor: Tensor | float = 0.0
                for count, orders in found:
                    term: Tensor | float = float(count)
                    for order in orders:
                        term = term * slopes[order]
                    factor = factor + term
                table.append(Entry(channel, inner.index[k], factor))
        return table

    def _combined(self, at: Evaluation, plan: Plan, table: list[Entry]) -> Evaluation:
        channels = at.channels.new_zeros((len(plan.keys), *at.channels.shape[1:]))
        for e in table:
            channels[e.channel] += _times(e.factor, at.channels[e.inner])
        return Evaluation(channels, plan, (at, table))

    def evaluate(
        self, theta: Tensor, x: Tensor, plan: Plan, space: Workspace | None = None
    ) -> Evaluation:
        """The channels at x (n, inputs), by the chain rule."""
        inner = self._inner(plan)
        at = self.leaf.evaluate(theta, self._stretched(x), inner, space)
        return self._combined(at, plan, self._table(x, plan, inner))

    def evaluate_once(
        self, theta: Tensor, x: Tensor, plan: Plan, space: Workspace | None = None
    ) -> Evaluation:
        """As `evaluate`, for one `pullback`."""
        inner = self._inner(plan)
        at = self.leaf.evaluate_once(theta, self._stretched(x), inner, space)
        return self._combined(at, plan, self._table(x, plan, inner))

    def evaluate_output(self, theta: Tensor, x: Tensor, plan: Plan) -> Evaluation:
        """As `evaluate`, for the output layer alone."""
        inner = self._inner(plan)
        at = self.leaf.evaluate_output(theta, self._stretched(x), inner)
        return self._combined(at, plan, self._table(x, plan, inner))

    @staticmethod
    def _seeds(at: Evaluation, seeds: Tensor) -> tuple[Evaluation, Tensor]:
        inner, table = at.tape
        found = seeds.new_zeros((len(inner.plan.keys), *seeds.shape[1:]))
        for e in table:
            found[e.inner] += _times(e.factor, seeds[e.channel])
        return inner, found

    def pullback(self, theta: Tensor, at: Evaluation, seeds: Tensor) -> Tensor:
        """Jᵀ·seeds (p,)."""
        return self.leaf.pullback(theta, *self._seeds(at, seeds))

    def rows(
        self, theta: Tensor, at: Evaluation, seeds: Tensor, out: Tensor | None = None
    ) -> Tensor:
        """Per-point gradients (n, p)."""
        return self.leaf.rows(theta, *self._seeds(at, seeds), out)

    def output_rows(self, theta: Tensor, at: Evaluation, seeds: Tensor) -> Tensor:
        """The columns (n, output_size) of the output layer."""
        return self.leaf.output_rows(theta, *self._seeds(at, seeds))

    def push(self, theta: Tensor, at: Evaluation, direction: Tensor) -> Tensor:
        """J·direction (S, n, outputs)."""
        inner, table = at.tape
        moved = self.leaf.push(theta, inner, direction)
        return self._combined(Evaluation(moved, inner.plan, None), at.plan, table).channels


def _times(factor: Tensor | float, values: Tensor) -> Tensor:
    return factor * values if isinstance(factor, float) else factor[:, None] * values
