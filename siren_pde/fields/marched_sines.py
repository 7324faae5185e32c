"""A field of local features that march: their coefficients are polynomials in each step of time."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import final

import torch
from torch import Tensor, nn

from siren_pde.calculus.derivatives import Alpha, Key, Laplace
from siren_pde.errors import ConfigError, StorageError
from siren_pde.fields.base import Evaluation, Network, written
from siren_pde.fields.engine.plan import Plan
from siren_pde.fields.engine.workspace import Workspace
from siren_pde.fields.local_sines import LocalSines
from siren_pde.fields.storage import described, restored_network
from siren_pde.files.json_values import JSON, Description, entry, reals, whole


@final
class MarchedSines(Network):
    """N(x, t) = Σ cₖⱼ(t) sin(Wⱼ ξ + bⱼ) in box k of space, with Hermite polynomials c in time.

    At `times` (L,) the values of c and their first `data` − 1 derivatives are given; between two of
    them c is the polynomial that has those of both, before and after all of them it stays. They are
    the coefficients of `levels`, whose outputs are those of N for each derivative of each time.
    Raises ConfigError if the numbers do not match.
    """

    def __init__(self, levels: LocalSines, times: Sequence[float], data: int) -> None:
        super().__init__()
        if len(times) < 2 or data < 1 or levels.outputs % (len(times) * data):
            raise ConfigError(
                f"{levels.outputs} outputs cannot be {data} derivatives each at {len(times)} times."
            )
        if len(levels.constant) != 1:
            raise ConfigError("levels are constant along one axis, which is time.")
        self.levels, self.data = levels, data
        self.times = nn.Buffer(levels.low.new_tensor(list(times)))
        self.time = levels.constant[0]
        self.inputs, self.outputs = levels.inputs, levels.outputs // (len(times) * data)
        self.period, self.of = levels.period, levels.of
        self.has_given_layers, self.breadth = True, levels.features

    @property
    def shape(self) -> tuple[int, ...]:
        """(K, L, data, outputs, m): boxes, times, derivatives, outputs and waves."""
        k, _, m = self.levels.coefficients.shape
        return k, len(self.times), self.data, self.outputs, m

    def forward(self, x: Tensor) -> Tensor:
        """Values (n,) or (n, outputs) at x (n, inputs)."""
        u = self.evaluate(self.levels.coefficients.flatten(), x, Plan.closing({()})).channels[0]
        return u[:, 0] if self.outputs == 1 else u

    def fineness(self, x: Tensor) -> Tensor:
        """The sides (n,) of the box of each point beside those of the largest box."""
        return self.levels.fineness(x)

    def scaled_to(self, low: Tensor, high: Tensor, frequency: Tensor) -> MarchedSines:
        """A copy: its boxes have their scales."""
        return copy.deepcopy(self)

    def describe(self) -> dict[str, JSON]:
        """Its levels and times."""
        return {"levels": described(self.levels), "times": self.times.tolist(), "data": self.data}

    @classmethod
    def from_description(
        cls, description: Description, template: nn.Module | None, numbers: int
    ) -> MarchedSines:
        """The field described, its boxes to be filled in."""
        levels = restored_network(entry(description, "levels"), template, numbers)
        if not isinstance(levels, LocalSines):
            raise StorageError(f"the levels of a march are `LocalSines`, got {type(levels)}.")
        return cls(levels, reals(description, "times"), whole(description, "data"))

    # ── the engine ────────────────────────────────────────────────────────────────────────────

    def evaluate(
        self, theta: Tensor, x: Tensor, plan: Plan, space: Workspace | None = None
    ) -> Evaluation:
        """The channels (S, n, outputs), each point by the waves of its box and time."""
        channels = x.new_zeros((len(plan.keys), len(x), self.outputs))
        y, boxes = self.levels.wrapped(x), self.levels.boxes(x)
        for block, terms in self._terms(y, boxes, plan):
            for i, at, weight, wave in terms:
                c = self._gathered(theta, boxes[block], at, weight)
                channels[i, block] += torch.einsum("nom,nm->no", c, wave)
        return Evaluation(channels, plan, (y, boxes))

    def jvp(self, theta: Tensor, at: Evaluation, direction: Tensor) -> Tensor:
        """J·direction (S, n, outputs)."""
        return self.evaluate(direction, at.tape_as(tuple)[0], at.plan).channels

    def vjp(self, theta: Tensor, at: Evaluation, seeds: Tensor) -> Tensor:
        """Jᵀ·seeds (p,)."""
        out = theta.new_zeros(self.shape)
        y, boxes = at.tape_as(tuple)
        for block, terms in self._terms(y, boxes, at.plan):
            for i, level, weight, wave in terms:
                part = seeds[i, block][:, :, None] * wave[:, None, :]
                for k in range(self.data):
                    index = (boxes[block], level, torch.full_like(level, k))
                    out.index_put_(index, weight[:, k, None, None] * part, accumulate=True)
        return out.flatten()

    def jacobian_rows(
        self, theta: Tensor, at: Evaluation, seeds: Tensor, out: Tensor | None = None
    ) -> Tensor:
        """Per-point gradients (n, p): zero but for the box that a point is in."""
        y, boxes = at.tape_as(tuple)
        dense = theta.new_zeros((len(y), *self.shape))
        for block, terms in self._terms(y, boxes, at.plan):
            n = torch.arange(len(y))[block]
            for i, level, weight, wave in terms:
                part = seeds[i, block][:, :, None] * wave[:, None, :]
                for k in range(self.data):
                    dense[n, boxes[block], level, k] += weight[:, k, None, None] * part
        return written(dense.flatten(1), out)

    def output_jacobian_rows(self, theta: Tensor, at: Evaluation, seeds: Tensor) -> Tensor:
        """No columns (n, 0): steps are determined one after the other."""
        return seeds.new_zeros((seeds.shape[1], 0))

    def _gathered(self, theta: Tensor, boxes: Tensor, level: Tensor, weight: Tensor) -> Tensor:
        """The coefficients (n, outputs, m) of a level in the boxes, its derivatives weighed."""
        own = theta.view(self.shape)[boxes, level]
        return torch.einsum("nd,ndom->nom", weight, own)

    def _terms(
        self, y: Tensor, boxes: Tensor, plan: Plan
    ) -> Iterator[tuple[slice, Iterator[tuple[int, Tensor, Tensor, Tensor]]]]:
        """Blocks of points, and what each channel is a sum of there: its number, a level (n,), the
        weights (n, data) of its derivatives, and a derivative of the waves (n, m).
        """
        size = max((1 << 21) // (self.levels.features * self.data * self.outputs), 1)
        for start in range(0, len(y), size):
            block = slice(start, start + size)
            yield block, self._of(y[block], boxes[block], plan)

    def _of(
        self, y: Tensor, boxes: Tensor, plan: Plan
    ) -> Iterator[tuple[int, Tensor, Tensor, Tensor]]:
        keys = [(i, *term) for i, key in enumerate(plan.keys) for term in self._split(key)]
        alphas = list(dict.fromkeys(alpha for *_, alpha in keys))
        waves = dict(zip(alphas, self.levels.derivatives(y, boxes, alphas), strict=True))
        t = y[:, self.time].contiguous()
        step = torch.searchsorted(self.times[1:-1].contiguous(), t)
        length = (self.times[step + 1] - self.times[step]).clamp_min(1e-300)
        share = ((t - self.times[step]) / length).clamp(0.0, 1.0)
        for i, order, alpha in keys:
            for end in (0, 1):
                weight = self._weights(share, length, order, end)
                yield i, step + end, weight, waves[alpha]

    def _split(self, key: Key) -> list[tuple[int, Alpha]]:
        """The derivatives whose sum a key is: an order in time and a derivative in space."""
        alphas = [(i, i) for i in key.axes] if isinstance(key, Laplace) else [key]
        return [(a.count(self.time), tuple(i for i in a if i != self.time)) for a in alphas]

    def _weights(self, share: Tensor, length: Tensor, order: int, end: int) -> Tensor:
        """What derivatives at one end of a step count (n, data) in one of some order within."""
        polynomials = _hermite(self.data)[end].to(share)
        degree = polynomials.shape[1]
        powers = torch.stack(
            [
                math.perm(p, order) * share ** max(p - order, 0)
                if p >= order
                else torch.zeros_like(share)
                for p in range(degree)
            ],
            1,
        )
        scale = torch.stack([length ** (k - order) for k in range(self.data)], 1)
        return (powers @ polynomials.T) * scale


@lru_cache(maxsize=8)
def _hermite(data: int) -> tuple[Tensor, Tensor]:
    """The monomials (data, 2 data) of the polynomials on [0, 1] that have one derivative at one of
    both ends, and no other.
    """
    size = 2 * data
    rows = torch.zeros((size, size), dtype=torch.float64, device="cpu")
    for k in range(data):
        rows[k, k] = math.factorial(k)
        for p in range(k, size):
            rows[data + k, p] = math.perm(p, k)
    inverse = torch.linalg.inv(rows).T
    return inverse[:data].contiguous(), inverse[data:].contiguous()
