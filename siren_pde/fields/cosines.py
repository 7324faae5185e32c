"""One layer of sines whose frequencies fill a lattice, so that they factor by axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

import torch
from torch import Tensor, nn

from siren_pde.calculus.derivatives import Key, Laplace
from siren_pde.errors import ConfigError
from siren_pde.fields.base import Evaluation, Network, written
from siren_pde.fields.engine.plan import Plan
from siren_pde.fields.engine.workspace import Workspace
from siren_pde.fields.siren import Siren
from siren_pde.fields.templates import require_size
from siren_pde.files.json_values import JSON, Description, reals, wholes

Orders = tuple[int, ...]

SPARSE = 4
"""Points whose coordinates make a grid of at most so many times as many are summed as that grid."""
WAVES = 2000
"""Features beside these at most: they do not factor by axis."""


@final
class Cosines(Network):
    """u(x) = Σₖ cₖ Πᵢ cos(π kᵢ (xᵢ − lowᵢ) / (highᵢ − lowᵢ)), 0 ≤ kᵢ < countsᵢ.

    A product of cosines is a sum of sines of k·x with signs and phases: this is one layer of sines
    with frequencies on a lattice, frozen, of which only the output layer is sought. It needs no
    more time for tens of thousands of waves than others for hundreds, as waves factor by axis, and
    points that share coordinates, such as pixels, share the work. What vanishes normally to the
    sides of the box (∂u/∂n = 0) is represented best.

    Shapes: (n, d) → (n,). `low` and `high` are the corners of the box of the waves, the problem's
    bounding box if left out. Raises ConfigError for counts below 1 and empty boxes.
    """

    low: Tensor
    high: Tensor

    def __init__(
        self,
        counts: Sequence[int],
        *,
        low: Sequence[float] | None = None,
        high: Sequence[float] | None = None,
        dtype: torch.dtype = torch.float64,
        device: torch.device | str = "cpu",
    ) -> None:
        super().__init__()
        self.counts = tuple(int(k) for k in counts)
        d = len(self.counts)
        self.given_low, self.given_high = (None if b is None else tuple(b) for b in (low, high))
        ends = (self.given_low or (-1.0,) * d, self.given_high or (1.0,) * d)
        fits = all(len(end) == d for end in ends) and all(a < b for a, b in zip(*ends, strict=True))
        if not d or min(self.counts) < 1 or not fits:
            raise ConfigError(
                f"`Cosines` needs a count ≥ 1 and low < high for each coordinate, got "
                f"counts={self.counts}, low={low}, high={high}."
            )
        self.inputs, self.outputs, self.has_given_layers = d, 1, True
        self.output_size, self.breadth = math.prod(self.counts), max(self.counts)
        self.register_buffer("low", torch.tensor(ends[0], dtype=dtype, device=device))
        self.register_buffer("high", torch.tensor(ends[1], dtype=dtype, device=device))
        zero = torch.zeros(self.output_size, dtype=dtype, device=device)
        self.coefficients = nn.Parameter(zero)

    def scaled_to(self, low: Tensor, high: Tensor, frequency: Tensor) -> Cosines:
        """A copy with the same coefficients, in the box given."""
        box = {
            "low": self.given_low or tuple(low.tolist()),
            "high": self.given_high or tuple(high.tolist()),
        }
        copy = Cosines(self.counts, **box, dtype=self.low.dtype, device=self.low.device)
        copy.coefficients.data.copy_(self.coefficients)
        return copy

    def with_random_features(
        self, width: int, frequency: Tensor, seed: int, order: int = 0
    ) -> Cosines:
        """A copy: its waves are frozen already."""
        return self.scaled_to(self.low, self.high, frequency)

    def companion(self, share: float, *, widening: float = 1.0, seed: int = 0) -> Siren:
        """Waves in all directions, as fast as the fastest of these, `WAVES` of them at most."""
        counts = self.low.new_tensor(self.counts)
        fastest = widening * math.pi * counts / (self.high - self.low)
        waves = Siren(self.inputs, dtype=self.low.dtype, device=self.low.device)
        waves = waves.scaled_to(self.low, self.high, fastest)
        width = min(max(round(share * self.output_size), 1), WAVES)
        return waves.with_random_features(width, fastest, seed)

    def describe(self) -> dict[str, JSON]:
        """The arguments that make a field of this shape."""
        low, high = self.low.tolist(), self.high.tolist()
        return {"counts": list(self.counts), "low": low, "high": high}

    @classmethod
    def from_description(
        cls, description: Description, template: nn.Module | None, numbers: int
    ) -> Cosines:
        """The waves described."""
        counts = wholes(description, "counts")
        require_size("field of `Cosines`", math.prod(counts), numbers)
        return Cosines(counts, low=reals(description, "low"), high=reals(description, "high"))

    def forward(self, x: Tensor) -> Tensor:
        """Values (n,) at x (n, d), as an ordinary differentiable module."""
        part = self.coefficients.view(1, *self.counts).expand(len(x), *self.counts)
        for i, count in enumerate(self.counts):
            k = torch.arange(count, dtype=x.dtype, device=x.device)
            z = (x[:, i] - self.low[i]) * math.pi / (self.high[i] - self.low[i])
            part = torch.einsum("nk,nk...->n...", torch.cos(z[:, None] * k), part)
        return part

    # ── the engine ────────────────────────────────────────────────────────────────────────────

    def evaluate(
        self, theta: Tensor, x: Tensor, plan: Plan, space: Workspace | None = None
    ) -> Evaluation:
        """The channels at x (n, d)."""
        factors = Factors.of(x, self.low, self.high, self.counts, plan)
        return Evaluation(factors.values(theta), plan, factors)

    def vjp(self, theta: Tensor, at: Evaluation, seeds: Tensor) -> Tensor:
        """Jᵀ·seeds (p,)."""
        return at.tape_as(Factors).adjoint(seeds[:, :, 0])

    def jacobian_rows(
        self, theta: Tensor, at: Evaluation, seeds: Tensor, out: Tensor | None = None
    ) -> Tensor:
        """Per-point gradients (n, p)."""
        return written(at.tape_as(Factors).jacobian_rows(seeds[:, :, 0]), out)

    def output_jacobian_rows(self, theta: Tensor, at: Evaluation, seeds: Tensor) -> Tensor:
        """All columns: there is nothing but an output layer."""
        return self.jacobian_rows(theta, at, seeds)

    def jvp(self, theta: Tensor, at: Evaluation, direction: Tensor) -> Tensor:
        """J·direction (S, n, 1): the channels are linear in the coefficients."""
        return at.tape_as(Factors).values(direction)


@dataclass(frozen=True)
class Factors:
    """The waves of each axis at n points, each coordinate that occurs computed once.

    `tables` hold, by axis and order of differentiation, waves (u, count) at the u different
    coordinates, and `index` (n,) by axis which of them each point has. `first` is the axis with the
    fewest: coefficients are summed over it before anything is done point by point. `orders` are the
    derivatives whose sum each required channel is; all others of the `channels` stay
    zero.
    """

    tables: tuple[dict[int, Tensor], ...]
    index: tuple[Tensor, ...]
    first: int
    counts: tuple[int, ...]
    orders: dict[int, tuple[Orders, ...]]
    channels: int

    @staticmethod
    def of(x: Tensor, low: Tensor, high: Tensor, counts: Orders, plan: Plan) -> Factors:
        """The factors of the derivatives in a plan, at x (n, d)."""
        orders = {i: _orders(plan.keys[i], len(counts)) for i in plan.required}
        tables, index = [], []
        for i, count in enumerate(counts):
            ticks, where = torch.unique(x[:, i], return_inverse=True)
            k = torch.arange(count, dtype=x.dtype, device=x.device) * math.pi / (high[i] - low[i])
            z = (ticks - low[i])[:, None] * k
            wanted = {alpha[i] for terms in orders.values() for alpha in terms}
            tables.append({m: torch.cos(z + m * math.pi / 2) * k**m for m in sorted(wanted)})
            index.append(where)
        sizes = [len(next(iter(table.values()))) for table in tables]
        first = sizes.index(min(sizes))
        return Factors(tuple(tables), tuple(index), first, counts, orders, len(plan.keys))

    def _rest(self, alpha: Orders) -> Tensor:
        """The products of the waves of all axes but the first, point by point (n, k)."""
        out = self.tables[0][alpha[0]].new_ones((len(self.index[0]), 1))
        for i, table in enumerate(self.tables):
            if i != self.first:
                out = (out[:, :, None] * table[alpha[i]][self.index[i]][:, None, :]).flatten(1)
        return out

    @cached_property
    def cells(self) -> Tensor | None:
        """Where points (n,) are on the grid of their coordinates, if they fill most of it."""
        sizes = self.ticks
        if math.prod(sizes) > SPARSE * len(self.index[0]):
            return None
        flat = torch.zeros_like(self.index[0])
        for where, size in zip(self.index, sizes, strict=True):
            flat = flat * size + where
        return flat

    @property
    def ticks(self) -> list[int]:
        """How many different coordinates there are, by axis."""
        return [len(next(iter(table.values()))) for table in self.tables]

    def _along(self, x: Tensor, alpha: Orders, *, back: bool) -> Tensor:
        """A tensor with one axis per coordinate from coefficients to the grid, or back, so that the
        axis with the fewest ticks is the small one for as long as can be.
        """
        ticks = self.ticks
        for i in sorted(range(len(ticks)), key=ticks.__getitem__, reverse=back):
            table = self.tables[i][alpha[i]]
            x = torch.tensordot(x, table, dims=([i], [0 if back else 1])).movedim(-1, i)
        return x

    def values(self, coefficients: Tensor) -> Tensor:
        """The channels (S, n, 1) for coefficients (p,)."""
        if self.cells is not None:
            whole = coefficients.view(self.counts)
            values = coefficients.new_zeros((self.channels, len(self.cells), 1))
            for channel, terms in self.orders.items():
                for alpha in terms:
                    grid = self._along(whole, alpha, back=False)
                    values[channel, :, 0] += grid.flatten()[self.cells]
            return values
        inner = coefficients.view(self.counts).movedim(self.first, 0)
        inner = inner.reshape(self.counts[self.first], -1)
        sums = {m: table @ inner for m, table in self.tables[self.first].items()}
        where = self.index[self.first]
        values = coefficients.new_zeros((self.channels, len(where), 1))
        for channel, terms in self.orders.items():
            for alpha in terms:
                values[channel, :, 0] += (sums[alpha[self.first]][where] * self._rest(alpha)).sum(1)
        return values

    def adjoint(self, seeds: Tensor) -> Tensor:
        """The gradient (p,) of ⟨seeds, channels⟩, for seeds (S, n)."""
        if self.cells is not None:
            whole = seeds.new_zeros(self.counts)
            for channel, terms in self.orders.items():
                grid = seeds.new_zeros(math.prod(self.ticks))
                grid.index_add_(0, self.cells, seeds[channel])
                for alpha in terms:
                    whole += self._along(grid.view(self.ticks), alpha, back=True)
            return whole.flatten()
        first, where = self.tables[self.first], self.index[self.first]
        others = [count for i, count in enumerate(self.counts) if i != self.first]
        total = seeds.new_zeros((self.counts[self.first], math.prod(others)))
        for channel, terms in self.orders.items():
            for alpha in terms:
                table = first[alpha[self.first]]
                gathered = seeds.new_zeros((len(table), total.shape[1]))
                gathered.index_add_(0, where, seeds[channel, :, None] * self._rest(alpha))
                total.addmm_(table.T, gathered)
        shape = (self.counts[self.first], *others)
        return total.view(shape).movedim(0, self.first).flatten()

    def jacobian_rows(self, seeds: Tensor) -> Tensor:
        """Per-point gradients (n, p) of Σ seeds · channels."""
        n = seeds.shape[1]
        total = seeds.new_zeros((n, *self.counts))
        for channel, terms in self.orders.items():
            for alpha in terms:
                wave = seeds[channel].view(n, *[1] * len(self.counts))
                for i, table in enumerate(self.tables):
                    shape = [n, *(k if j == i else 1 for j, k in enumerate(self.counts))]
                    wave = wave * table[alpha[i]][self.index[i]].view(shape)
                total += wave
        return total.flatten(1)


def _orders(key: Key, d: int) -> tuple[Orders, ...]:
    """The derivatives whose sum a key is, by how often each axis occurs."""
    keys = [(i, i) for i in key.axes] if isinstance(key, Laplace) else [key]
    return tuple(tuple(k.count(i) for i in range(d)) for k in keys)
